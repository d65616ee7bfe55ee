"""What really lies in a package, read out of its archives: every part with its version, licence, digests and places.

A place is a file or a folder, written as the archive and the path in it: `layers/python.zip/python/boto3`. Each file of
archives and site lies in the place of one part: what belongs to nothing that is known raises InventoryError.
"""

from __future__ import annotations

import hashlib
import tempfile
import zipfile
from importlib.metadata import distribution
from pathlib import Path
from typing import TYPE_CHECKING

import chalicelib
from infra.supply import builds, licences, wheel_parts
from infra.supply.parts import InventoryError, Part, digest
from layers import wheels
from layers.python import build as python

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[2]
CODE = "deployment.zip"
SITE = "site"
LAYERS = tuple(f"layers/{name}.zip" for name in ("ffmpeg", "probe", "python"))
_OUR_LAYER_FILES = {*(f"{layer}/{wheels.MANIFEST}" for layer in LAYERS), f"{LAYERS[0]}/share"}
_OURS = ("app.py", "chalicelib", "__pycache__")
_ENCODER = "@mediabunny/aac-encoder"
_NOTES = {
    "botocore": "without its descriptions of services that nothing here calls",
    _ENCODER: "names mediabunny by path (web/vendor/update.sh); holds FFmpeg's AAC encoder as WebAssembly",
}


def take(root: Path, machine: str) -> tuple[Part, list[Part]]:
    """Return Headwater itself, and all else in the package in `root`; `machine` is the wheels' word for its own."""
    packages = wheels.default_target("python", machine)
    others = [
        _chalice(root),
        *wheel_parts.read(root, LAYERS[2], python.wheels_of(packages), _NOTES),
        _probe(root, machine),
        _ffmpeg(root, machine),
        *_vendored(root),
    ]
    base = Part(f"AWS Lambda {python.RUNTIME} on Amazon Linux 2023, {machine}", "", kind="platform", outside=True)
    return ours(root, others), [*others, base]


def ours(root: Path, others: Iterable[Part]) -> Part:
    """Return Headwater itself: what no other part has, as long as it lies where ours lies; raises InventoryError."""
    taken = {place for part in others for place in part.places}
    left = tuple(place for place in sorted(set(map(wheel_parts.place_of, files(root)))) if place not in taken)
    known = (f"{SITE}/", *(f"{CODE}/{name}" for name in _OURS))
    for place in left:
        if not place.startswith(known) and place not in _OUR_LAYER_FILES:
            raise InventoryError(f"{place} belongs to nothing that infra/supply/inventory.py knows.")
    archives = [Part(name, "", kind="file", sha256=digest(root / name)) for name in (CODE, *LAYERS)]
    return Part(licences.OURS, chalicelib.__version__, "Apache-2.0", "application", places=left, parts=tuple(archives))


def files(root: Path) -> Iterator[str]:
    """Yield each file of the archives and the site."""
    for archive in (CODE, *LAYERS):
        with zipfile.ZipFile(root / archive) as opened:
            yield from (f"{archive}/{name}" for name in opened.namelist())
    yield from (str(path.relative_to(root)) for path in sorted((root / SITE).rglob("*")) if path.is_file())


def _chalice(root: Path) -> Part:
    """Chalice puts its own runtime into the code: two of its files."""
    packed = distribution("chalice")
    with zipfile.ZipFile(root / CODE) as opened:
        inside = [name for name in opened.namelist() if name.startswith("chalice/") and name.endswith(".py")]
        parts = [Part(name, "", kind="file", sha256=hashlib.sha256(opened.read(name)).hexdigest()) for name in inside]
    return Part(
        "chalice",
        packed.version,
        licences.of_package(packed.metadata),
        purl=("pypi", "chalice"),
        places=(f"{CODE}/chalice",),
        parts=tuple(parts),
        notes="its runtime alone, as `chalice package` copies it",
    )


def _probe(root: Path, machine: str) -> Part:
    """PyAV, with the libraries in its wheel and what FFmpeg's says of itself."""
    pin = wheels.read_pin(ROOT / "layers/probe/lock.toml", machine)
    (found,) = wheel_parts.read(root, LAYERS[1], {f"{pin.package}-{pin.version}-{pin.platform}": pin.sha256}, {})
    with tempfile.TemporaryDirectory(prefix="headwater-sbom-") as folder, zipfile.ZipFile(root / LAYERS[1]) as opened:
        library = next(name for name in opened.namelist() if "/libavutil-" in name)
        built = builds.read(Path(opened.extract(library, folder)))
    return found.noted(f"bundles FFmpeg {built.version} under {built.licence}; its libraries have numbers of their own")


def _ffmpeg(root: Path, machine: str) -> Part:
    pin = wheels.read_pin(ROOT / "layers/ffmpeg/lock.toml", machine)
    with tempfile.TemporaryDirectory(prefix="headwater-sbom-") as folder, zipfile.ZipFile(root / LAYERS[0]) as opened:
        program = Path(opened.extract("bin/ffmpeg", folder))
        built, sha256 = builds.read(program), digest(program)
    source = f"out of PyPI's {pin.package} {pin.version}, wheel {pin.sha256}"
    return Part(
        "ffmpeg",
        built.version,
        built.licence,
        "application",
        purl=("generic", "ffmpeg"),
        sha256=sha256,
        artefact="bin/ffmpeg",
        places=(f"{LAYERS[0]}/bin",),
        parts=tuple(Part(name, "") for name in built.linked),
        notes=f"{source}; its parts are those that its configuration names",
    )


def _vendored(root: Path) -> Iterable[Part]:
    for folder in sorted(path for path in (root / SITE / "vendor").iterdir() if path.is_dir()):
        name, _, version = folder.name.rpartition("-")
        inside = sorted(path for path in folder.rglob("*") if path.is_file())
        package = licences.npm_name(name)
        yield Part(
            package,
            version,
            licences.of_vendored(name),
            purl=("npm", package),
            places=(f"{SITE}/vendor/{folder.name}",),
            parts=tuple(Part(path.name, "", kind="file", sha256=digest(path)) for path in inside),
            notes=_NOTES.get(package, ""),
        )
