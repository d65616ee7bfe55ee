"""Build the FFmpeg layer: `python -m layers.ffmpeg.build [--arch x86_64|aarch64] [--out DIR]`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from layers import wheels

if TYPE_CHECKING:
    import zipfile

HERE = Path(__file__).resolve().parent


def lay(wheel: zipfile.ZipFile, pin: wheels.Pin, target: Path) -> None:
    """Put the program at bin/ffmpeg and its licence beside it; raises LayerError on other bytes than the pinned."""
    program = target / "bin" / "ffmpeg"
    wheels.copy_member(wheel, pin.binary, program)
    if wheels.sha256(program) != pin.binary_sha256:
        raise wheels.LayerError("The FFmpeg in the wheel is not the pinned one (its SHA-256 differs).")
    program.chmod(0o755)
    licences = target / "share" / "licenses" / "ffmpeg"
    licences.mkdir(parents=True)
    for name in ("GPL-3.0.txt", "LICENCE-NOTES.txt"):
        (licences / name).write_bytes((HERE / name).read_bytes())
    if pin.arch == wheels.host_arch():
        _must_run(program)


def _must_run(program: Path) -> None:
    try:
        done = subprocess.run([program, "-hide_banner", "-version"], capture_output=True, check=False, timeout=60)  # noqa: S603  the checked program
    except OSError as error:
        raise wheels.LayerError(f"The pinned FFmpeg does not start here ({error.strerror}).") from error
    if done.returncode != 0:
        raise wheels.LayerError("The pinned FFmpeg does not run here; it needs Linux with glibc 2.28 or newer.")


if __name__ == "__main__":
    sys.exit(wheels.main("ffmpeg", lay))
