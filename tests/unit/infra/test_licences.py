"""Licences: what is installed and shipped is on the list, what is unknown is not let through, NOTICE says the same."""

from __future__ import annotations

import json
from email.message import Message
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from infra.supply import builds, licences

if TYPE_CHECKING:
    from importlib.metadata import PackageMetadata

ROOT = Path(licences.__file__).resolve().parents[2]
LAYERS = ROOT / "build/layers"


def metadata(name: str, **fields: str | list[str]) -> PackageMetadata:
    """What a package would say of itself."""
    message = Message()
    message["Name"] = name
    for field, value in fields.items():
        for one in value if isinstance(value, list) else [value]:
            message[field.replace("_", "-")] = one
    return cast("PackageMetadata", message)


def test_all_that_is_installed_and_shipped_is_allowed() -> None:
    """Every package of this environment, of the layers that are built, of the npm locks, and every vendored library."""
    found = licences.everything()
    places = {one.where for one in found}
    assert {".venv", "build/layers/ffmpeg", "build/layers/probe/python", *licences.NPM, "web/vendor"} <= places
    assert [one for one in found if one.problem or not one.licence] == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"License_Expression": "MIT OR GPL-3.0-only", "License": "whatever"}, "MIT OR GPL-3.0-only"),
        ({"License": "Apache 2.0\nand a text of it"}, "Apache-2.0"),
        ({"License": "UNKNOWN", "Classifier": ["License :: OSI Approved :: MIT License"]}, "MIT"),
        (
            {
                "License": "see LICENSE",
                "Classifier": ["License :: OSI Approved :: MIT License", "License :: ISC License"],
            },
            "MIT AND ISC",
        ),
    ],
)
def test_the_first_words_that_can_be_read_count(fields: dict[str, str | list[str]], expected: str) -> None:
    """An expression, else the field, else the classifiers, which then all hold."""
    assert licences.of_package(metadata("tiny", **fields)) == expected


@pytest.mark.parametrize(
    "fields",
    [{}, {"License": "UNKNOWN"}, {"License": "BSD"}, {"Classifier": ["License :: OSI Approved :: BSD License"]}],
)
def test_an_unknown_licence_is_no_licence(fields: dict[str, str | list[str]]) -> None:
    """Nothing, or a word that more than one licence goes by."""
    with pytest.raises(licences.LicenceError, match="tiny says"):
        licences.of_package(metadata("tiny", **fields))


def test_what_a_person_read_holds_for_the_words_of_then() -> None:
    """Sympy said BSD; once it says something else that nobody knows, somebody reads it again."""
    assert licences.of_package(metadata("sympy", License="BSD")) == "BSD-3-Clause"
    assert licences.of_package(metadata("sympy", License_Expression="MIT")) == "MIT"
    with pytest.raises(licences.LicenceError, match="read its licence again"):
        licences.of_package(metadata("sympy", License="Ours alone"))


@pytest.mark.parametrize(
    ("name", "expression", "why"),
    [
        ("tiny", "MIT AND (AGPL-3.0-only OR BSD-2-Clause)", ""),
        ("tiny", "MIT AND AGPL-3.0-only", "is not on the list"),
        ("tiny", "GPL-3.0-or-later WITH GCC-exception-3.1", "is not on the list"),
        ("tiny", "GPL-3.0-or-later", "is not on the list"),
        ("ffmpeg", "GPL-3.0-or-later", ""),
        ("ffmpeg", "GPL-2.0-or-later", "is not on the list"),
        ("tiny", "Freeware", "is no SPDX expression"),
    ],
)
def test_an_exception_is_for_one_thing_and_one_licence(name: str, expression: str, why: str) -> None:
    """Of an AND every part has to be allowed, of an OR one."""
    said = licences.refused(name, expression)
    assert (said.removeprefix(f"{expression} "), bool(said)) == (why, bool(why))


def test_npm_s_packages_come_by_their_hashes() -> None:
    """Each that npm would install, on whichever machine, has a SHA-512; none runs a script, none names an address."""
    for folder in licences.NPM:
        lock = json.loads((ROOT / folder / "package-lock.json").read_text("utf-8"))
        entries = {path: one for path, one in lock["packages"].items() if path}
        assert entries
        assert [path for path, one in entries.items() if not one.get("integrity", "").startswith("sha512-")] == []
        assert [path for path, one in entries.items() if one.get("hasInstallScript") or "resolved" in one] == []
    assert "exec npm ci --ignore-scripts " in (ROOT / "tests/npm-install.sh").read_text("utf-8")


def test_ffmpeg_is_under_what_notice_says() -> None:
    """The build itself: GPL, version 3 or later, nothing that may not be passed on; and so the layer's own notes."""
    built = builds.read(LAYERS / "ffmpeg/bin/ffmpeg")
    assert (built.licence, {"libx264", "libx265"} <= set(built.linked)) == ("GPL-3.0-or-later", True)
    notice = " ".join((ROOT / "NOTICE").read_text("utf-8").split())
    notes = " ".join((ROOT / "layers/ffmpeg/LICENCE-NOTES.txt").read_text("utf-8").split())
    number = built.version.removeprefix("n").partition("-")[0]
    assert f"FFmpeg {number} (https://ffmpeg.org), from the PyPI package" in notice
    assert "That build is licensed under the GNU General Public License version 3." in notice
    assert built.version.rpartition("-")[0] in notes
    assert "it is licensed under the GNU General Public License, version 3" in notes
    shipped = (LAYERS / "ffmpeg/share/licenses/ffmpeg/GPL-3.0.txt").read_text("utf-8")
    assert shipped.split()[:7] == ["GNU", "GENERAL", "PUBLIC", "LICENSE", "Version", "3,", "29"]


def test_pyav_s_libraries_are_under_what_notice_says() -> None:
    """They are not configured as GPL, but hold x264 and x265, which are."""
    (library,) = (LAYERS / "probe/python/av.libs").glob("libavutil-*")
    built = builds.read(library)
    assert (built.licence, "gpl" in built.switches) == ("GPL-3.0-or-later", False)
    notice = " ".join((ROOT / "NOTICE").read_text("utf-8").split())
    assert f"with the FFmpeg {built.version.rpartition('.')[0]} libraries it bundles" in notice
    assert (
        "Its wheel holds libx264 and libx265, so the built layer as a whole is under the GNU General Public" in notice
    )


def test_a_build_that_nobody_may_pass_on_is_refused(tmp_path: Path) -> None:
    """--enable-nonfree; and a file that says nothing of its build."""
    program = tmp_path / "ffmpeg"
    program.write_bytes(b"\0FFmpeg version n9.0\0--prefix=/x --enable-gpl --enable-nonfree --enable-libfdk-aac\0")
    built = builds.read(program)
    assert (built.version, built.linked) == ("n9.0", ["libfdk-aac"])
    with pytest.raises(builds.BuildError, match="nobody may pass that on"):
        _ = built.licence
    program.write_bytes(b"\0FFmpeg version 7.1\0--prefix=/x --enable-zlib\0")
    assert builds.read(program).licence == "LGPL-2.1-or-later"
    program.write_bytes(b"\0another program\0")
    with pytest.raises(builds.BuildError, match="does not say how it was built"):
        builds.read(program)
