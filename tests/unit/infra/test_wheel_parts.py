"""The distributions of a layer, read from its archive: which files are whose, what their own bills say is in them."""

from __future__ import annotations

import json
import zipfile
from typing import TYPE_CHECKING

import pytest

from infra.supply import wheel_parts
from infra.supply.parts import InventoryError

if TYPE_CHECKING:
    from pathlib import Path

LAYER = "layers/python.zip"
FETCHED = {"Tiny_One-1.0-py3-none-any.whl": "aa", "other-2-py3-none-any.whl": "bb"}
BILL = {
    "metadata": {"component": {"name": "tiny", "purl": "pkg:pypi/tiny@1.0"}},
    "components": [
        {"name": "tiny", "purl": "pkg:pypi/tiny@1.0"},
        {"name": "crate", "version": "3", "purl": "pkg:cargo/crate@3?download_url=file:///their/machine"},
        {
            "name": "crate",
            "version": "3",
            "purl": "pkg:cargo/crate@3",
            "licenses": [{"expression": "MIT OR Apache-2.0"}],
        },
        {"name": "nameless"},
    ],
}


def distribution(name: str, version: str, files: dict[str, str]) -> dict[str, str]:
    """What a wheel leaves in a layer."""
    info = f"{name}-{version}.dist-info"
    mine = {**files, f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nLicense: MIT\n"}
    record = "".join(f"{file},,\n" for file in [*mine, f"{info}/RECORD"])
    return {f"python/{file}": text for file, text in {**mine, f"{info}/RECORD": record}.items()}


def layer(root: Path, *distributions: dict[str, str]) -> Path:
    """Pack them."""
    (root / "layers").mkdir()
    with zipfile.ZipFile(root / LAYER, "w") as out:
        for name, text in {name: text for one in distributions for name, text in one.items()}.items():
            out.writestr(name, text)
    return root


def test_a_distribution_has_its_files_its_bytecode_and_its_wheel(tmp_path: Path) -> None:
    """A module of one file has its bytecode in a folder that it shares with others'."""
    tiny = distribution("Tiny_One", "1.0", {"tiny.py": "", "Tiny_One-1.0.dist-info/sboms/own.json": json.dumps(BILL)})
    other = distribution("other", "2", {"other/__init__.py": "", "other.libs/libfoo-0123abcd.so.4.5": "so"})
    compiled = {f"python/__pycache__/{name}.cpython-313.pyc": "" for name in ("tiny", "stray")}
    found = wheel_parts.read(layer(tmp_path, tiny, other, compiled), LAYER, FETCHED, {"other": "noted"})
    assert [(one.name, one.version, one.licence, one.sha256, one.notes) for one in found] == [
        ("tiny-one", "1.0", "MIT", "aa", ""),
        ("other", "2", "MIT", "bb", "noted"),
    ]
    assert [place.removeprefix(f"{LAYER}/python/") for place in found[0].places] == [
        *("Tiny_One-1.0.dist-info", "__pycache__/tiny.cpython-313.pyc", "tiny.py"),
    ]
    assert [(one.name, one.version, one.licence, one.purl) for one in found[0].parts] == [
        ("crate", "3", "MIT OR Apache-2.0", "pkg:cargo/crate@3"),
    ]
    assert [(one.name, one.version, one.artefact) for one in found[1].parts] == [
        ("libfoo", "4.5", "other.libs/libfoo-0123abcd.so.4.5"),
    ]


def test_a_distribution_from_nowhere_is_refused(tmp_path: Path) -> None:
    """Nothing was fetched under that name."""
    root = layer(tmp_path, distribution("stranger", "1", {"stranger.py": ""}))
    with pytest.raises(InventoryError, match="stranger, and nothing says which wheel"):
        wheel_parts.read(root, LAYER, FETCHED, {})


def test_two_distributions_do_not_share_a_place(tmp_path: Path) -> None:
    """One folder of two would be one part's in the bill."""
    both = (distribution("Tiny_One", "1.0", {"same/a.py": ""}), distribution("other", "2", {"same/b.py": ""}))
    with pytest.raises(InventoryError, match="python/same is in the records of two"):
        wheel_parts.read(layer(tmp_path, *both), LAYER, FETCHED, {})
