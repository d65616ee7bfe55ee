"""Clips cut into segments as encoders cut them, and a stream that takes them."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

import pytest
from support.pipeline import FFMPEG
from support.studio import Studio

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


@pytest.fixture
def studio(tmp_path: Path) -> Studio:
    """A stream with a small ladder."""
    return Studio(tmp_path)


@pytest.fixture(scope="session")
def cut(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., list[bytes]]:
    """Run FFmpeg's HLS muxer with the arguments given: segments of `container` in order; of fMP4 the init first."""
    made: dict[tuple[str, ...], list[bytes]] = {}

    def cutting(*arguments: str, container: str = "fmp4", target: float = 2) -> list[bytes]:
        key = (*arguments, container, str(target))
        if key not in made:
            folder = tmp_path_factory.mktemp("cut")
            suffix = "m4s" if container == "fmp4" else "ts"
            hls = ["-f", "hls", "-hls_time", str(target), "-hls_list_size", "0", "-hls_segment_type", container]
            names = ["-hls_segment_filename", str(folder / f"%05d.{suffix}"), str(folder / "live.m3u8")]
            command = [FFMPEG, "-v", "error", "-nostdin", *arguments, *hls, *names]
            subprocess.run(command, check=True, timeout=120)
            inits = [folder / "init.mp4"] if container == "fmp4" else []
            made[key] = [path.read_bytes() for path in (*inits, *sorted(folder.glob(f"*.{suffix}")))]
        return made[key]

    return cutting
