"""The sources of trials: small, and with and without what makes work of different kinds."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from support.pipeline import FFMPEG

from faults.checks import Clip

_PICTURE = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p"]


def make() -> list[Clip]:
    """A second of silence twice, three seconds with sound once: half of all work is on sound, joins and posters."""
    short, long = _clip(1, sound=False), _clip(3, sound=True)
    return [short, long, short]


def _clip(seconds: int, *, sound: bool) -> Clip:
    source = ["-f", "lavfi", "-i", f"testsrc2=s=160x90:r=24:d={seconds}"]
    if sound:
        source += ["-f", "lavfi", "-i", f"sine=d={seconds}", "-c:a", "aac", "-shortest"]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "clip.mp4"
        command = [FFMPEG, "-v", "error", "-nostdin", *source, *_PICTURE, "-y", str(path)]
        subprocess.run(command, check=True, timeout=60)
        return Clip(path.read_bytes(), float(seconds), sound)
