"""The bill of materials against the package it was written for, both ways. Collected by test_deployment.py.

The package is read here by other means than those that wrote the bill: importlib.metadata, sha256, SHA256SUMS.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from importlib.metadata import PathDistribution
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from infra.supply import inventory, licences, sbom
from infra.supply.parts import InventoryError
from layers import locks, wheels
from layers.python import build as python

if TYPE_CHECKING:
    from collections.abc import Iterator

    from conftest import Planned

ROOT = Path(inventory.__file__).resolve().parents[2]
ARCHIVES = ("deployment.zip", "layers/ffmpeg.zip", "layers/probe.zip", "layers/python.zip")


def bill(planned: Planned) -> dict[str, Any]:
    """The bill as it was written."""
    found: dict[str, Any] = json.loads((planned.root / sbom.NAME).read_text("utf-8"))
    return found


def parts(planned: Planned) -> dict[str, dict[str, Any]]:
    """What is in the package, by name: Headwater, and all else but what is outside."""
    document = bill(planned)
    every = [document["metadata"]["component"], *document["components"]]
    return {one["name"]: one for one in every if one.get("scope") != "excluded"}


def places(part: dict[str, Any]) -> list[str]:
    """Where a part lies."""
    return [one["location"] for one in part["evidence"]["occurrences"]]


def sha256(content: bytes) -> str:
    """Of these bytes."""
    return hashlib.sha256(content).hexdigest()


def packed(root: Path) -> Iterator[str]:
    """Every file that goes to AWS as code, layer or page."""
    for archive in ARCHIVES:
        with zipfile.ZipFile(root / archive) as opened:
            yield from (f"{archive}/{entry.filename}" for entry in opened.infolist() if not entry.is_dir())
    yield from (path.relative_to(root).as_posix() for path in (root / "site").rglob("*") if path.is_file())


def within(file: str, place: str) -> bool:
    """True for the place itself and what lies below it."""
    return file == place or file.startswith(f"{place}/")


def every_component(component: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield it and all that is in it."""
    yield component
    for one in component.get("components", []):
        yield from every_component(one)


def test_the_bill_is_cyclonedx(planned: Planned) -> None:
    """By CycloneDX's own schema of 1.6, with no reference twice."""
    text = (planned.root / sbom.NAME).read_text("utf-8")
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    document = json.loads(text)
    tops = [document["metadata"]["component"], *document["components"]]
    references = [one["bom-ref"] for top in tops for one in every_component(top)]
    assert sorted(set(references)) == sorted(references)
    assert len(references) > 250


def test_each_file_is_one_part_s_and_each_part_has_files(planned: Planned) -> None:
    """No file without a component, no file with two, no place of a component that is empty."""
    owned = {(name, place) for name, part in parts(planned).items() for place in places(part)}
    files = list(packed(planned.root))
    assert len(files) > 1500
    owners = {file: [name for name, place in owned if within(file, place)] for file in files}
    assert {file: found for file, found in owners.items() if len(found) != 1} == {}
    assert {place for _, place in owned if not any(within(file, place) for file in files)} == set()
    assert {name for found in owners.values() for name in found} == set(parts(planned))


def test_every_distribution_is_in_the_bill_and_no_other(planned: Planned) -> None:
    """Names, versions and files as importlib.metadata reads them in the layers; Chalice's runtime is in the code."""
    found: dict[str, str] = {}
    for archive in ARCHIVES[2:]:
        with zipfile.ZipFile(planned.root / archive) as opened:
            names = set(opened.namelist())
            infos = {name.partition(".dist-info/")[0] for name in names if ".dist-info/" in name}
            for info in infos:
                one = PathDistribution(zipfile.Path(opened, f"{info}.dist-info/"))  # type: ignore[arg-type]
                name = locks.normal(one.metadata["Name"])
                found[name] = one.version
                recorded = {f"python/{file}" for file in one.files or []} & names
                assert recorded
                mine = places(parts(planned)[name])
                assert [
                    file for file in recorded if not any(within(f"{archive}/{file}", place) for place in mine)
                ] == []
    listed = {name: one for name, one in parts(planned).items() if one.get("purl", "").startswith("pkg:pypi/")}
    assert {name: one["version"] for name, one in listed.items()} == found | {"chalice": listed["chalice"]["version"]}
    assert {one["purl"] for one in listed.values()} == {
        f"pkg:pypi/{name}@{one['version']}" for name, one in listed.items()
    }
    assert listed["chalice"]["version"] == locks.read(python.RUN)["chalice"].version


def test_digests_are_of_what_was_locked_and_of_what_is_packed(planned: Planned) -> None:
    """Wheels: the locked ones. FFmpeg, archives, Chalice: the bytes in the package. Pages' libraries: SHA256SUMS."""
    found = parts(planned)
    locked = {name: one.hashes for name, one in locks.read(python.LOCK).items()}
    pin = wheels.read_pin(ROOT / "layers/probe/lock.toml", "x86_64")
    locked[pin.package] = frozenset({pin.sha256})
    assert {name for name in locked if found[name]["hashes"][0]["content"] not in locked[name]} == set()
    with zipfile.ZipFile(planned.root / "layers/ffmpeg.zip") as opened:
        assert found["ffmpeg"]["hashes"][0]["content"] == sha256(opened.read("bin/ffmpeg"))
    archives = {one["name"]: one["hashes"][0]["content"] for one in found["headwater"]["components"]}
    assert archives == {name: sha256((planned.root / name).read_bytes()) for name in ARCHIVES}
    with zipfile.ZipFile(planned.root / "deployment.zip") as opened:
        runtime = {one["name"]: one["hashes"][0]["content"] for one in found["chalice"]["components"]}
        assert runtime == {name: sha256(opened.read(name)) for name in ("chalice/__init__.py", "chalice/app.py")}
    sums = dict(line.split("  ./")[::-1] for line in (ROOT / "web/vendor/SHA256SUMS").read_text().splitlines())
    for part in (one for one in found.values() if one.get("purl", "").startswith("pkg:npm/")):
        (place,) = places(part)
        inside = {one["name"]: one["hashes"][0]["content"] for one in part["components"]}
        assert inside == {name: sums[f"{place.removeprefix('site/vendor/')}/{name}"] for name in inside}


def test_what_was_built_in_is_named(planned: Planned) -> None:
    """FFmpeg's libraries, PyAV's as files, the crates of Rust: nested in what brings them."""
    inside = {name: {one["name"] for one in part.get("components", [])} for name, part in parts(planned).items()}
    assert {"libx264", "libx265", "libdav1d", "openssl"} <= inside["ffmpeg"]
    assert {"libavcodec", "libx264", "libxcb"} <= inside["av"]
    assert {"asn1", "openssl"} <= inside["cryptography"]
    with zipfile.ZipFile(planned.root / "layers/probe.zip") as opened:
        libraries = {name.rpartition("/")[2] for name in opened.namelist() if "/av.libs/" in name}
    listed = [one["properties"][0]["value"] for one in parts(planned)["av"]["components"] if "hashes" in one]
    assert {name.rpartition("/")[2] for name in listed} == libraries


def test_every_part_s_licence_is_allowed(planned: Planned) -> None:
    """By the same list as what is installed."""
    said = {name: part["licenses"][0] for name, part in parts(planned).items()}
    found = {name: one.get("expression") or one["license"]["id"] for name, one in said.items()}
    assert {name: why for name, licence in found.items() if (why := licences.refused(name, licence))} == {}


def test_the_same_package_has_the_same_bill(planned: Planned) -> None:
    """To the byte, without a clock or chance; another part makes it another bill."""
    written = (planned.root / sbom.NAME).read_text("utf-8")
    us, others = inventory.take(planned.root, "x86_64")
    assert sbom.document(us, others[::-1]) == written
    assert "timestamp" not in written
    assert json.loads(sbom.document(us, others[1:]))["serialNumber"] != json.loads(written)["serialNumber"]


def test_the_provider_is_the_locked_one(planned: Planned) -> None:
    """Init, which has run, took the one that is locked; on another machine it may have added what it saw there."""
    lock = (ROOT / "infra/.terraform.lock.hcl").read_text("utf-8")
    assert set(lock.splitlines()) <= set((planned.root / ".terraform.lock.hcl").read_text("utf-8").splitlines())
    assert lock.count("provider ") == (ROOT / "infra/versions.tf").read_text("utf-8").count("source  =") == 1
    assert (lock.count('"h1:'), lock.count('"zh:')) == (1, 15)


def test_a_file_that_nobody_can_name_stops_the_packaging(planned: Planned, tmp_path: Path) -> None:
    """In the code; in a layer, beside the distributions."""
    _, others = inventory.take(planned.root, "x86_64")
    for archive, stray in (("deployment.zip", "stray/module.py"), ("layers/python.zip", "python/stray.py")):
        root = tmp_path / archive.replace("/", "-")
        (root / "layers").mkdir(parents=True)
        (root / "site").symlink_to(planned.root / "site")
        for name in ARCHIVES:
            (root / name).symlink_to(planned.root / name)
        (root / archive).unlink()
        shutil.copyfile(planned.root / archive, root / archive)
        with zipfile.ZipFile(root / archive, "a") as opened:
            opened.writestr(stray, "")
        with pytest.raises(InventoryError, match=r"stray.* belongs to nothing"):
            inventory.ours(root, others)
