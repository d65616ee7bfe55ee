"""The Python distributions in a layer, read from what their wheels left there: METADATA, RECORD, their own SBOMs."""

from __future__ import annotations

import csv
import hashlib
import json
import re
import zipfile
from email.parser import Parser
from typing import TYPE_CHECKING, Any, cast

from infra.supply import licences
from infra.supply.parts import InventoryError, Part
from layers.locks import normal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from importlib.metadata import PackageMetadata
    from pathlib import Path

HOME = "python/"
"""What Lambda has on its path of a layer."""
_LIBRARY = re.compile(r"(?P<name>lib[\w+-]+?)-[0-9a-f]{8}\.so(?:\.(?P<version>[\d.]+))?")
"""As auditwheel names what it bundles."""
_DEEP = ("deployment.zip/__pycache__/", f"layers/python.zip/{HOME}__pycache__/")
_DEPTHS = {"layers/python.zip": 4, "layers/probe.zip": 4, "layers/ffmpeg.zip": 3, "deployment.zip": 2, "site": 2}


def place_of(file: str) -> str:
    """Return the place that a file lies in: the first folder, or file, below where parts lie beside each other."""
    if file.startswith(_DEEP):
        return file
    depth = next(depth for archive, depth in _DEPTHS.items() if file.startswith(f"{archive}/"))
    return "/".join(file.split("/")[: depth + (file.startswith("site/vendor/"))])


def read(root: Path, archive: str, fetched: Mapping[str, str], notes: Mapping[str, str]) -> list[Part]:
    """Return a part for each distribution in a layer; `fetched` are the wheels' digests by file name."""
    by_name = {normal(name.split("-", 1)[0]): (name, sha256) for name, sha256 in fetched.items()}
    with zipfile.ZipFile(root / archive) as opened:
        infos = sorted({name.split("/")[1] for name in opened.namelist() if ".dist-info/" in name})
        found = [_distribution(opened, archive, info, by_name, notes) for info in infos]
    taken = [place for part in found for place in part.places]
    if shared := sorted({place for place in taken if taken.count(place) > 1}):
        raise InventoryError(f"{shared[0]} is in the records of two distributions.")
    return found


def _distribution(
    opened: zipfile.ZipFile, archive: str, info: str, fetched: Mapping[str, tuple[str, str]], notes: Mapping[str, str]
) -> Part:
    home = f"{HOME}{info}"
    metadata = cast("PackageMetadata", Parser().parsestr(opened.read(f"{home}/METADATA").decode()))
    name = normal(metadata["Name"])
    if name not in fetched:
        raise InventoryError(f"{archive} holds {name}, and nothing says which wheel it came from.")
    recorded = {row[0] for row in csv.reader(opened.read(f"{home}/RECORD").decode().splitlines()) if row}
    there = {f"{archive}/{file}" for file in opened.namelist() if _owns(recorded, file.removeprefix(HOME))}
    wheel, sha256 = fetched[name]
    own = [_own_sbom(opened.read(file)) for file in opened.namelist() if file.startswith(f"{home}/sboms/")]
    return Part(
        name,
        metadata["Version"],
        licences.of_package(metadata),
        purl=("pypi", name),
        sha256=sha256,
        artefact=wheel,
        places=tuple(sorted({place_of(file) for file in there})),
        parts=(*_libraries(opened, recorded), *_once(part for parts in own for part in parts)),
        notes=notes.get(name, ""),
    )


def _owns(recorded: set[str], file: str) -> bool:
    """True for a file of the record, and for the bytecode that was made of one."""
    folder, between, name = file.rpartition("__pycache__/")
    return file in recorded or bool(between and f"{folder}{name.partition('.')[0]}.py" in recorded)


def _libraries(opened: zipfile.ZipFile, recorded: set[str]) -> list[Part]:
    found = ((file, _LIBRARY.fullmatch(file.rpartition("/")[2])) for file in sorted(recorded) if ".libs/" in file)
    return [
        Part(
            named["name"],
            named["version"] or "",
            sha256=hashlib.sha256(opened.read(HOME + file)).hexdigest(),
            artefact=file,
        )
        for file, named in found
        if named
    ]


def _own_sbom(content: bytes) -> list[Part]:
    """Return what a wheel's author says is compiled into it: Rust crates, OpenSSL, libraries of a distribution."""
    document: dict[str, Any] = json.loads(content)
    itself = document.get("metadata", {}).get("component", {}).get("purl")
    every = (one for one in document.get("components", []) if one.get("purl") not in {None, itself})
    # What stands behind the question mark is where its author's machine had it
    return [
        Part(one["name"], one.get("version", ""), _licence(one), purl=one["purl"].partition("?")[0]) for one in every
    ]


def _licence(component: dict[str, Any]) -> str:
    said = [one.get("expression") or one.get("license", {}).get("id", "") for one in component.get("licenses", [])]
    return said[0] if len(said) == 1 and licences.is_spdx(said[0]) else ""


def _once(parts: Iterable[Part]) -> list[Part]:
    return list({part.purl: part for part in parts}.values())
