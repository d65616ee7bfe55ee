"""Which licences what we install and ship is under, held to a list: `python -m infra.supply.licences`.

Reads what is installed, nothing from the network: .venv, the layers and the environments of tools that are built, the
npm locks, web/vendor. licences.toml has the list, and what people found out about packages that do not say it.
"""

from __future__ import annotations

import json
import sys
import tomllib
from dataclasses import dataclass
from functools import cache, partial
from importlib.metadata import distributions
from pathlib import Path
from typing import TYPE_CHECKING, Any

from license_expression import ExpressionError, get_spdx_licensing

from infra.supply import builds
from layers.locks import normal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from importlib.metadata import PackageMetadata

ROOT = Path(__file__).resolve().parents[2]
OURS = "headwater"
NPM = ("tests/conformance", "tests/pages")
ENVIRONMENTS = (".venv", "build/checkov", "build/tools")
_LAYERS = ("build/layers/python/python", "build/layers/probe/python")


class LicenceError(Exception):
    """Nobody has said, in words that are known, which licence something is under; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Found:
    """One thing with its licence, or with the reason why that will not do."""

    where: str
    name: str
    version: str
    licence: str
    problem: str = ""


_licensing = cache(get_spdx_licensing)


@cache
def _rules() -> dict[str, Any]:
    return tomllib.loads(Path(__file__).with_suffix(".toml").read_text("utf-8"))


def words(metadata: PackageMetadata) -> str:
    """Return what a package says of its licence: the first of expression, field and classifiers that can be read.

    When none can, the first that says anything.
    """
    field = _header(metadata, "License").strip().partition("\n")[0].strip()
    every = (one for one in metadata.get_all("Classifier") or [] if one.startswith("License ::"))
    classes = ", ".join(one.rpartition(" :: ")[2] for one in every)
    said = [one for one in (_header(metadata, "License-Expression"), field, classes) if one and one != "UNKNOWN"]
    return next(filter(_spdx, said), said[0] if said else "nothing")


def _header(metadata: PackageMetadata, name: str) -> str:
    found: list[str] = metadata.get_all(name) or [""]
    return found[0]


def of_package(metadata: PackageMetadata) -> str:
    """Return a Python package's licence as an SPDX expression; raises LicenceError."""
    name, said = normal(metadata["Name"]), words(metadata)
    if name in _rules()["exceptions"]:
        return str(_rules()["exceptions"][name]["is"])
    if expression := _spdx(said):
        return expression
    read = _rules()["packages"].get(name)
    if read is None:
        raise LicenceError(f"{name} says {said!r}, which infra/supply/licences.toml does not know.")
    if read["said"] != said:
        raise LicenceError(f"{name} says {said!r} where it said {read['said']!r}: read its licence again.")
    return str(read["is"])


def _spdx(said: str) -> str | None:
    """Put a package's words into SPDX's; several classifiers all hold."""
    if is_spdx(said):
        return said
    each = [_rules()["words"].get(one) for one in said.split(", ")]
    return None if None in each else " AND ".join(dict.fromkeys(map(str, each)))


def npm_name(folder: str) -> str:
    """Return npm's name of a library of the pages, by its folder without the version."""
    return str(_rules()["vendored"].get(folder, {}).get("package", folder))


def of_vendored(folder: str) -> str:
    """Return the licence of a library of the pages; raises LicenceError."""
    known = _rules()["vendored"].get(folder)
    if known is None:
        raise LicenceError(f"web/vendor has {folder}, which infra/supply/licences.toml does not name.")
    return str(known["is"])


def refused(name: str, expression: str) -> str:
    """Say why something may not be here under `expression`; empty when it may."""
    if not is_spdx(expression):
        return f"{expression} is no SPDX expression"
    exception = _rules()["exceptions"].get(name)
    if exception is not None and exception["is"] == expression:
        return ""
    return "" if _allowed(_licensing().parse(expression)) else f"{expression} is not on the list"


@cache
def is_spdx(expression: str) -> bool:
    """True for an SPDX expression of licences that there are."""
    try:
        return _licensing().parse(expression, validate=True, strict=True) is not None
    except ExpressionError:
        return False


def _allowed(expression: Any) -> bool:
    """True when every part of an AND is on the list, or one of an OR; a licence with an exception counts as a whole."""
    if not expression.args:
        return str(expression) in _rules()["allowed"]
    together: Callable[[Iterable[bool]], bool] = any if isinstance(expression, _licensing().OR) else all
    return together([_allowed(one) for one in expression.args])


def installed(folder: Path, where: str) -> list[Found]:
    """Look at every distribution in a folder of packages."""
    every = (one.metadata for one in distributions(path=[str(folder)]))
    return [_found(where, one["Name"], one["Version"], partial(of_package, one)) for one in every]


def npm(folder: str) -> list[Found]:
    """Look at every package of an npm lock, for whichever machine."""
    lock = json.loads((ROOT / folder / "package-lock.json").read_text("utf-8"))["packages"]
    named = {path.rpartition("node_modules/")[2]: one for path, one in lock.items() if path}
    return [_found(folder, name, one["version"], partial(_npm_licence, name, one)) for name, one in named.items()]


def _npm_licence(name: str, entry: dict[str, Any]) -> str:
    # npm says of the encoder what its scripts are under; the stricter words are ours
    exception = _rules()["exceptions"].get(name)
    return str(exception["is"] if exception else entry.get("license", "nothing"))


def vendored() -> list[Found]:
    """Look at every library of the pages."""
    every = [folder.name.rpartition("-") for folder in sorted((ROOT / "web/vendor").iterdir()) if folder.is_dir()]
    return [_found("web/vendor", npm_name(name), version, partial(of_vendored, name)) for name, _, version in every]


def programs(layers: Path) -> list[Found]:
    """Look at FFmpeg as it was built."""
    built = builds.read(layers / "ffmpeg/bin/ffmpeg")
    return [_found("build/layers/ffmpeg", "ffmpeg", built.version, lambda: built.licence)]


def _found(where: str, name: str, version: str, licence: Callable[[], str]) -> Found:
    try:
        expression = licence()
    except (LicenceError, builds.BuildError) as error:
        return Found(where, name, version, "", str(error))
    return Found(where, name, version, expression, refused(name, expression))


def everything() -> list[Found]:
    """Look at all that is there; ours is under our own LICENSE."""
    packages = [
        found
        for environment in ENVIRONMENTS
        for folder in sorted((ROOT / environment).glob("lib/python3*/site-packages"))
        for found in installed(folder, environment)
    ]
    layers = [found for folder in _LAYERS if (ROOT / folder).is_dir() for found in installed(ROOT / folder, folder)]
    ours = [one for one in packages if normal(one.name) != OURS]
    program = programs(ROOT / "build/layers") if (ROOT / "build/layers/ffmpeg").is_dir() else []
    return [*ours, *layers, *program, *(found for folder in NPM for found in npm(folder)), *vendored()]


def main() -> int:
    """Print how many of what there are, and what may not be; returns the exit code."""
    found = everything()
    for where in dict.fromkeys(one.where for one in found):
        print(f"{sum(one.where == where for one in found):5} in {where}")  # noqa: T201  a command
    bad = [one for one in found if one.problem]
    for one in bad:
        print(f"licences: {one.name} {one.version} in {one.where}: {one.problem}", file=sys.stderr)  # noqa: T201  a command
    if not bad:
        print(f"licences: {len(found)}, each allowed")  # noqa: T201  a command
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
