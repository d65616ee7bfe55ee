"""Sources made on the spot, and a pipeline that reads them over HTTP."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from support.http_files import serve
from support.pipeline import FFMPEG, Pipeline

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def pipeline(tmp_path: Path) -> Iterator[Pipeline]:
    """A pipeline whose source bucket answers on loopback."""
    built = Pipeline(tmp_path)
    with serve(built.source.bodies) as url:
        built.source.url = url
        yield built


@pytest.fixture(scope="session")
def make_source(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Run FFmpeg with the arguments given; returns the file it wrote. Made once per session and arguments."""
    made: dict[tuple[str, ...], bytes] = {}

    def make(*arguments: str, suffix: str = "mp4") -> bytes:
        key = (*arguments, suffix)
        if key not in made:
            path = tmp_path_factory.mktemp("source") / f"source.{suffix}"
            command = [FFMPEG, "-v", "error", "-nostdin", *arguments, "-y", str(path)]
            subprocess.run(command, check=True, timeout=60)
            made[key] = path.read_bytes()
        return made[key]

    return make


@pytest.fixture
def counted(make_source: Callable[..., bytes]) -> bytes:
    """Seven seconds, 30 fps, 1080p-shaped but small: the grey of each picture is its number modulo 13; a tone."""
    grey = "color=black:s=320x180:r=30,format=gray,geq=lum='16+17*mod(N,13)':interpolation=nearest"
    tone = ["-f", "lavfi", "-i", "sine=440:r=48000", "-t", "7", "-c:a", "aac", "-ac", "2", "-b:a", "96k"]
    return make_source(
        *("-f", "lavfi", "-i", grey, *tone),
        *("-c:v", "libx264", "-preset", "ultrafast", "-g", "75", "-pix_fmt", "yuv420p"),
    )
