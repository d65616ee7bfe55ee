"""A bare FFmpeg that puts an HLS stream to the embedded cloud, as anybody's encoder would."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from support.pipeline import FFMPEG

if TYPE_CHECKING:
    from collections.abc import Iterator


def encode(url: str, *, segment_s: int = 1, rate: int = 25) -> subprocess.Popen[bytes]:
    """Send a small test picture with a tone to an ingest address, in real time, until it is ended.

    Numbers count from the clock's seconds, so that an encoder that starts again counts on.
    """
    gop = str(segment_s * rate)
    command = [
        *(FFMPEG, "-v", "error", "-nostdin", "-re"),
        *("-f", "lavfi", "-i", f"testsrc2=size=640x360:rate={rate}"),
        *("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"),
        *("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-b:v", "400k", "-bf", "0"),
        *("-g", gop, "-keyint_min", gop, "-sc_threshold", "0", "-c:a", "aac", "-b:a", "96k", "-ac", "2"),
        *("-f", "hls", "-hls_time", str(segment_s), "-hls_list_size", "6", "-hls_segment_type", "fmp4"),
        *("-hls_start_number_source", "epoch", "-hls_fmp4_init_filename", "init.mp4"),
        *("-hls_segment_filename", f"{url}s%d.m4s", "-method", "PUT", "-ignore_io_errors", "1", f"{url}live.m3u8"),
    ]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def ended(encoders: list[subprocess.Popen[bytes]]) -> Iterator[list[subprocess.Popen[bytes]]]:
    """Yield the list, and kill whatever is in it at the end."""
    yield encoders
    for encoder in encoders:
        encoder.kill()
        encoder.wait(10)
