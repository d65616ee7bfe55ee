"""Fetch one pinned wheel, refuse any other bytes, lay it out once and know it again later."""

from __future__ import annotations

import argparse
import hashlib
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import tomllib
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

MANIFEST = "manifest.json"
ARCHITECTURES = ("x86_64", "aarch64")
ROOT = Path(__file__).resolve().parents[1]


class LayerError(Exception):
    """A layer cannot be built; the message is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Pin:
    """One wheel, named down to its bytes. Hashes are lower-case hex SHA-256."""

    package: str
    version: str
    arch: str
    platform: str
    sha256: str
    binary: str = ""
    """Member of the wheel that is the program, when the layer is one program."""
    binary_sha256: str = ""


class Fetch(Protocol):
    """Put the pinned wheel into `folder` and return its path; raises LayerError."""

    def __call__(self, pin: Pin, folder: Path) -> Path: ...  # noqa: D102  the class says it


class Lay(Protocol):
    """Lay the opened wheel out under `target` as it shall lie below /opt; raises LayerError."""

    def __call__(self, wheel: zipfile.ZipFile, pin: Pin, target: Path) -> None: ...  # noqa: D102  the class says it


def host_arch() -> str:
    """Return this machine's architecture in the words of the lock files."""
    machine = platform.machine().lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


def read_pin(lock: Path, arch: str) -> Pin:
    """Read the pin for `arch`; raises LayerError when the lock names none."""
    data = tomllib.loads(lock.read_text())
    if arch not in data:
        raise LayerError(f"{lock.name} pins no wheel for {arch}; there is one for {' and '.join(ARCHITECTURES)}.")
    return Pin(package=data["package"], version=data["version"], arch=arch, **data[arch])


def sha256(path: Path) -> str:
    """Return the file's SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def pip_download(pin: Pin, folder: Path) -> Path:
    """Let pip fetch the wheel by name and hash, from whatever index this machine is set up for."""
    wanted = folder / "pinned.txt"
    wanted.write_text(f"{pin.package}=={pin.version} --hash=sha256:{pin.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "-qq", "--no-deps", "--require-hashes", "--only-binary=:all:"]
    command += ["--python-version", "3.11", "--platform", pin.platform, "--dest", str(folder), "-r", str(wanted)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own pip
    if done.returncode != 0:
        raise LayerError(_why(pin, done.stderr))
    return next(folder.glob("*.whl"))


def _why(pin: Pin, stderr: str) -> str:
    name = f"{pin.package} {pin.version} for {pin.arch}"
    if "HASHES" in stderr or "DO NOT MATCH" in stderr:
        return f"{name}: the download is not the pinned file (its SHA-256 differs). Nothing was installed."
    if "No module named pip" in stderr:
        return f"{name}: this Python has no pip. Run `make layers`, which makes an environment first."
    last = (stderr.strip().splitlines() or ["pip gave no reason"])[-1]
    return f"{name} could not be downloaded. Is there a way to a Python package index? pip said: {last}"


def intact(target: Path, pin: Pin) -> bool:
    """True when `target` was built from this pin and every file of it still has its bytes."""
    try:
        manifest = json.loads((target / MANIFEST).read_text())
        files: dict[str, str] = manifest["files"]
        return manifest["wheel_sha256"] == pin.sha256 and all(sha256(target / name) == files[name] for name in files)
    except (OSError, ValueError, KeyError, TypeError):
        return False


def build(pin: Pin, target: Path, *, lay: Lay, fetch: Fetch) -> bool:
    """Make `target` from the pin; returns False when it was there already. Appears whole or not at all."""
    if intact(target, pin):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        wheel = fetch(pin, Path(scratch))
        if sha256(wheel) != pin.sha256:
            raise LayerError(f"{wheel.name} is not the pinned file (its SHA-256 differs). Nothing was installed.")
        fresh = Path(scratch) / "layer"
        fresh.mkdir()
        with zipfile.ZipFile(wheel) as opened:
            lay(opened, pin, fresh)
        _write_manifest(fresh, pin)
        if target.exists():
            target.rename(Path(scratch) / "old")
        fresh.rename(target)
    return True


def _write_manifest(layer: Path, pin: Pin) -> None:
    files = {str(path.relative_to(layer)): sha256(path) for path in sorted(layer.rglob("*")) if path.is_file()}
    head = {"package": pin.package, "version": pin.version, "arch": pin.arch, "wheel_sha256": pin.sha256}
    (layer / MANIFEST).write_text(json.dumps({**head, "files": files}, indent=1) + "\n")


def copy_member(wheel: zipfile.ZipFile, member: str, to: Path) -> None:
    """Copy one member of the wheel to `to` without holding it in memory; raises LayerError when it is missing."""
    to.parent.mkdir(parents=True, exist_ok=True)
    try:
        with wheel.open(member) as source, to.open("wb") as sink:
            shutil.copyfileobj(source, sink, 1 << 20)
    except KeyError:
        raise LayerError(f"The wheel holds no {member}.") from None


def main(name: str, lay: Lay, *, argv: Sequence[str] | None = None, fetch: Fetch = pip_download) -> int:
    """Build layer `name` as a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog=f"python -m layers.{name}.build", description=f"Build the {name} layer.")
    parser.add_argument("--arch", default=host_arch(), help="x86_64 or aarch64; this machine's when left out")
    parser.add_argument("--out", type=Path, help="folder to make; build/layers/NAME when left out")
    options = parser.parse_args(argv)
    try:
        pin = read_pin(ROOT / "layers" / name / "lock.toml", options.arch)
        target = options.out or default_target(name, options.arch)
        built = build(pin, target, lay=lay, fetch=fetch)
    except LayerError as error:
        print(f"layers/{name}: {error}", file=sys.stderr)  # noqa: T201  a command
        return 1
    print(f"layers/{name}: {pin.package} {pin.version} {'built' if built else 'is up to date'}")  # noqa: T201  a command
    return 0


def default_target(name: str, arch: str) -> Path:
    """Return build/layers/NAME for this machine, build/layers-ARCH/NAME for another kind, so that both can stand."""
    return ROOT / "build" / ("layers" if arch == host_arch() else f"layers-{arch}") / name
