"""Build the Python layer: `python -m layers.python.build [--arch x86_64|aarch64] [--out DIR] [--lock]`.

`--lock` resolves requirements.txt anew for Lambda and writes layers/python/requirements.txt, versions and hashes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from layers import locks
from layers.wheels import ARCHITECTURES, ROOT, LayerError, default_target, host_arch, sha256

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
LOCK = HERE / "requirements.txt"
RUN = ROOT / "locks/run.txt"
PYTHON = "3.13"
"""Of the Lambda runtime: native wheels are made for one Python."""
RUNTIME = f"python{PYTHON}"
GLIBC = (2, 34)
"""Of Amazon Linux 2023, which has Python 3.12 and later. Python 3.11's has 2.26: too old for FFmpeg and PyAV."""
_OLDER_TAGS = ("2_34", "2_28", "2_17")
_IN_CODE = {"chalice"}
"""Chalice puts its own runtime into the functions' code."""
SERVICES = ("cloudfront", "dynamodb", "events", "s3", "secretsmanager", "sqs", "sts")
"""What functions call. botocore knows 440 more: half of the layer, and none of it is ever read."""
_MODELS = "botocore/data"
_HEAD = f"""\
# Everything that requirements.txt pulls in (Chalice puts its own runtime into the code), as wheels for {RUNTIME} on
# {" and ".join(ARCHITECTURES)}. Made by: python -m layers.python.build --lock
"""
_WHEEL = re.compile(
    r"(?P<name>[^-]+)-(?P<version>[^-]+)(?:-\d[^-]*)?-(?P<python>[^-]+)-(?P<abi>[^-]+)-(?P<platform>[^-]+)\.whl"
)
_GLIBC_TAG = re.compile(r"manylinux_(\d+)_(\d+)_(\w+)")


def unfit(wheel: str, arch: str) -> str | None:
    """Say why a wheel's file name does not fit Lambda on `arch`; None when it does."""
    found = _WHEEL.fullmatch(wheel)
    if found is None:
        return f"{wheel} is not named like a wheel"
    platforms = found["platform"].split(".")
    if "any" in platforms:
        return None
    for platform in platforms:
        tag = _GLIBC_TAG.fullmatch(platform)
        if tag and tag[3] == arch and (int(tag[1]), int(tag[2])) <= GLIBC:
            return None
    return f"{wheel} does not run on {arch} with glibc {GLIBC[0]}.{GLIBC[1]}"


def marker() -> str:
    """Return what a built layer is known by: the lock's and this module's SHA-256."""
    return hashlib.sha256(LOCK.read_bytes() + Path(__file__).read_bytes()).hexdigest()


def build(arch: str, target: Path) -> bool:
    """Make `target` from the lock; returns False when it was there already. Appears whole or not at all."""
    stamp = _stamp(target)
    if target.is_dir() and stamp.is_file() and stamp.read_text().startswith(marker()):
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{target.name}-", dir=target.parent) as scratch:
        wheels = Path(scratch) / "wheels"
        fetched: dict[str, str] = {}
        _pip(arch, wheels, "--no-deps", "--require-hashes", "-r", str(LOCK))
        home = Path(scratch) / "layer" / "python"
        for wheel in sorted(wheels.glob("*.whl")):
            if (why := unfit(wheel.name, arch)) is not None:
                raise LayerError(f"{why}.")
            fetched[wheel.name] = sha256(wheel)
            with zipfile.ZipFile(wheel) as opened:
                opened.extractall(home)
        _keep_services(home / _MODELS)
        stamp.unlink(missing_ok=True)
        if target.exists():
            shutil.rmtree(target)
        home.parent.rename(target)
        stamp.write_text(f"{marker()}\n{json.dumps(fetched, indent=1)}\n")
    return True


def wheels_of(target: Path) -> dict[str, str]:
    """Return the wheels that `target` was built from: file names to SHA-256."""
    found: dict[str, str] = json.loads(_stamp(target).read_text().partition("\n")[2])
    return found


def _stamp(target: Path) -> Path:
    return target.with_name(f".{target.name}.built")


def _keep_services(models: Path) -> None:
    """Leave the models of SERVICES, and what belongs to no service: regions, retries, defaults."""
    found = {path.name: path for path in models.iterdir() if path.is_dir()}
    if missing := set(SERVICES) - set(found):
        raise LayerError(f"botocore has no models of {', '.join(sorted(missing))}.")
    for name, path in found.items():
        if name not in SERVICES:
            shutil.rmtree(path)


def lock() -> str:
    """Resolve requirements.txt for both architectures and return the lock's text."""
    wanted = [line for line in (ROOT / "requirements.txt").read_text().splitlines() if line and line[0] != "#"]
    names = [line for line in wanted if line.partition("==")[0].lower() not in _IN_CODE]
    found: dict[tuple[str, str], set[str]] = {}
    run = locks.read(RUN)
    with tempfile.TemporaryDirectory(prefix="headwater-lock-") as scratch:
        # Versions alone: pip takes no hashes for what it has yet to resolve
        tested = Path(scratch) / "tested.txt"
        tested.write_text("".join(f"{one.name}=={one.version}\n" for one in run.values()))
        for arch in ARCHITECTURES:
            wheels = Path(scratch) / arch
            _pip(arch, wheels, "-c", str(tested), *names)
            for wheel in wheels.glob("*.whl"):
                name, version, _ = wheel.name.split("-", 2)
                digest = sha256(wheel)
                if digest not in run[locks.normal(name)].hashes:
                    raise LayerError(f"{wheel.name} is none of the files that locks/run.txt has the hashes of.")
                found.setdefault((locks.normal(name), version), set()).add(digest)
    rows = (
        " \\\n    ".join([f"{name}=={version}", *(f"--hash=sha256:{digest}" for digest in sorted(digests))])
        for (name, version), digests in sorted(found.items())
    )
    return _HEAD + "\n".join(rows) + "\n"


def _pip(arch: str, folder: Path, *arguments: str) -> None:
    platforms = [f"--platform=manylinux_{tag}_{arch}" for tag in _OLDER_TAGS] + [f"--platform=manylinux2014_{arch}"]
    command = [sys.executable, "-m", "pip", "download", "-qq", "--disable-pip-version-check", "--only-binary=:all:"]
    command += ["--implementation=cp", f"--python-version={PYTHON}", *platforms, f"--dest={folder}", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603  our own pip
    if done.returncode != 0:
        last = [line for line in done.stderr.splitlines() if not line.startswith("WARNING")][-1:] or ["no reason given"]
        raise LayerError(f"The wheels for {arch} could not be downloaded. pip said: {last[0]}")


def main(argv: Sequence[str] | None = None) -> int:
    """Build the layer, or its lock, as a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m layers.python.build", description="Build the Python layer.")
    parser.add_argument("--arch", default=host_arch(), help="x86_64 or aarch64; this machine's when left out")
    parser.add_argument("--out", type=Path, help="folder to make; build/layers/python when left out")
    parser.add_argument("--lock", action="store_true", help="resolve requirements.txt anew instead of building")
    options = parser.parse_args(argv)
    try:
        if options.lock:
            LOCK.write_text(lock())
            return 0
        built = build(options.arch, options.out or default_target("python", options.arch))
    except LayerError as error:
        print(f"layers/python: {error}", file=sys.stderr)  # noqa: T201  a command
        return 1
    print(f"layers/python: {'built' if built else 'is up to date'}")  # noqa: T201  a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
