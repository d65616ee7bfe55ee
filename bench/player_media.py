"""Media for comparing players: the default ladder's rates on a picture that costs nothing to decode."""

from __future__ import annotations

import math
import random
import struct
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/e2e/web")]

from e2e.web.web_media import Chunk, Ladder, parse, run_ffmpeg  # noqa: E402

FFMPEG = ROOT / "build/layers/ffmpeg/bin/ffmpeg"
RUNGS = {
    "v-250k": (640, 360, 250),
    "v-500k": (1280, 720, 500),
    "v-1000k": (1280, 720, 1000),
    "v-2000k": (1920, 1080, 2000),
    "v-4000k": (1920, 1080, 4000),
}
SEGMENT_S = 2
AUDIO_KBPS = 96
FPS = 24
_SIGMA, _MOST = math.sqrt(math.log(1 + 0.2**2)), 1.6
_MOVFLAGS = "+cmaf+empty_moov+default_base_moof+frag_discont+skip_trailer+frag_keyframe"


def make(folder: Path, seconds: int, seed: int) -> Ladder:
    """Encode one small picture and one tone; each rung is that picture, its segments filled up to the rung's sizes.

    Sizes are log-normal (cv 0.2, at most 1.6 times nominal), the same factor on every rung, as scenes have it.
    """
    picture = _picture(folder, seconds)
    sound = _sound(folder, seconds)
    draw = random.Random(seed)  # noqa: S311  the same sizes each time
    factors = [min(_MOST, draw.lognormvariate(-(_SIGMA**2) / 2, _SIGMA)) for _ in picture.segments]
    chunks = {name: (_filled(picture, kbps, factors),) for name, (_, _, kbps) in RUNGS.items()}
    return Ladder({**chunks, "a-main": (sound,)}, RUNGS, seconds)


def _picture(folder: Path, seconds: int) -> Chunk:
    path = folder / "picture.mp4"
    source = f"testsrc2=size=160x90:rate={FPS}:duration={seconds}"
    codec = f"-c:v libx264 -preset ultrafast -profile:v high -pix_fmt yuv420p -crf 40 -g {SEGMENT_S * FPS}".split()
    cut = f"-keyint_min {SEGMENT_S * FPS} -sc_threshold 0 -bf 0 -video_track_timescale 24000".split()
    run_ffmpeg(
        FFMPEG, "-f", "lavfi", "-i", source, *codec, *cut, "-movflags", _MOVFLAGS, "-use_editlist", "0", str(path)
    )
    return parse(path.read_bytes(), samples_per_second=FPS)


def _sound(folder: Path, seconds: int) -> Chunk:
    path = folder / "sound.mp4"
    tone = f"sine=frequency=330:sample_rate=48000:duration={seconds}"
    mux = f"-movflags +empty_moov+default_base_moof -use_editlist 0 -frag_duration {SEGMENT_S}000000".split()
    codec = f"-ac 2 -c:a aac -b:a {AUDIO_KBPS}k -avoid_negative_ts make_zero".split()
    run_ffmpeg(FFMPEG, "-f", "lavfi", "-i", tone, *codec, *mux, str(path))
    return parse(path.read_bytes(), samples_per_second=48000 / 1024)


def _filled(picture: Chunk, kbps: int, factors: list[float]) -> Chunk:
    """Add to each segment a `free` box, which a decoder passes over, of what it lacks."""
    body = bytearray(picture.body[: picture.init_length])
    segments = []
    for (offset, length, seconds), factor in zip(picture.segments, factors, strict=True):
        begin = len(body)
        body += picture.body[offset : offset + length]
        lacks = int(125 * kbps * seconds * factor) - length
        if lacks > 8:  # a box's header
            body += struct.pack(">I4s", lacks, b"free") + bytes(lacks - 8)
        segments.append((begin, len(body) - begin, seconds))
    return Chunk(bytes(body), picture.init_length, tuple(segments))
