"""Pictures that carry their own number, and tones whose phase tells the time: made, encoded and read back."""

from __future__ import annotations

import cmath
import math
import subprocess
from array import array
from fractions import Fraction
from typing import TYPE_CHECKING

from support.pipeline import FFMPEG

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

BITS = 12
SIZE = "320x180"
TONE_HZ = 480
RATE = 48_000
_WINDOW = 1000
"""Samples: ten periods of the tone."""


def numbered(rate: object, seconds: object) -> tuple[str, ...]:
    """Arguments for a picture of twelve stripes: the bits of its number, lowest first."""
    paint = f"geq=lum='16+219*mod(floor(N/pow(2,X)),2)',scale={SIZE}:flags=neighbor,format=yuv420p"
    return ("-f", "lavfi", "-i", f"color=black:s={BITS}x2:r={rate}:d={seconds},format=gray,{paint}")


def tone(seconds: object) -> tuple[str, ...]:
    """Arguments for a sine that begins with time: its phase at any instant is known."""
    return ("-f", "lavfi", "-i", f"sine={TONE_HZ}:r={RATE}:d={seconds}")


def numbers(media: bytes) -> list[int]:
    """Decode and read each picture's number, in order of presentation."""
    command = [FFMPEG, "-v", "error", "-f", "mp4", "-i", "pipe:0", "-fps_mode", "passthrough"]
    command += ["-vf", f"scale={BITS}:2:flags=area,format=gray", "-f", "rawvideo", "pipe:1"]
    raw = subprocess.run(command, input=media, capture_output=True, check=True, timeout=60).stdout
    frames = [raw[i : i + BITS] for i in range(0, len(raw), BITS * 2)]
    return [sum(1 << bit for bit, level in enumerate(frame) if level > 127) for frame in frames]


def resampled(times: Sequence[Fraction], rate: Fraction, frames: int) -> list[int]:
    """Which of the pictures shown from `times` on (seconds) is shown at each of `frames` instants of a steady rate.

    A picture belongs to the nearest instant, half-way to the later one; of several the last is shown.
    """
    places = [math.floor(time * rate + Fraction(1, 2)) for time in times]
    shown, number = [], 0
    for instant in range(frames):
        while number + 1 < len(places) and places[number + 1] <= instant:
            number += 1
        shown.append(number)
    return shown


def heard(media: bytes, channel: int = 0) -> array[int]:
    """Decode one channel, 16 bits."""
    command = [
        FFMPEG,
        "-v",
        "error",
        "-f",
        "mp4",
        "-i",
        "pipe:0",
        "-af",
        f"pan=mono|c0=c{channel}",
        "-f",
        "s16le",
        "pipe:1",
    ]
    raw = subprocess.run(command, input=media, capture_output=True, check=True, timeout=60).stdout
    return array("h", raw)


def phases(sound: Sequence[int], hertz: float = TONE_HZ) -> list[float]:
    """Phase of the tone, in periods from -0.5 to 0.5, in each window of ten periods; 0 for a sine from time zero."""
    turn = [cmath.exp(-2j * math.pi * hertz * n / RATE) for n in range(RATE)]
    found = []
    for start in range(0, len(sound) - _WINDOW + 1, _WINDOW):
        total = sum(sound[start + n] * turn[(start + n) % RATE] for n in range(_WINDOW))
        found.append(cmath.phase(total * 1j) / (2 * math.pi))
    return found


def thumbnails(path: Path) -> list[bytes]:
    """Decode each picture to 32 x 18 greys, in order of presentation."""
    command = [FFMPEG, "-v", "error", "-i", str(path), "-an", "-fps_mode", "passthrough"]
    command += ["-vf", "scale=32:18:flags=area,format=gray", "-f", "rawvideo", "pipe:1"]
    raw = subprocess.run(command, capture_output=True, check=True, timeout=60).stdout
    return [raw[i : i + 576] for i in range(0, len(raw), 576)]


def distance(one: bytes, other: bytes) -> float:
    """Mean difference of two thumbnails, in grey levels."""
    return sum(abs(a - b) for a, b in zip(one, other, strict=True)) / len(one)
