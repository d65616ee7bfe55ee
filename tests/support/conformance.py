"""What was published, as strangers read it: npm's hls-parser in strict mode, and bytes over HTTP."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from support import cmaf
from support.pipeline import FFMPEG, ROOT

if TYPE_CHECKING:
    from collections.abc import Sequence

    import httpx

FOLDER = ROOT / "tests/conformance"


def read_strictly(url: str) -> dict[str, Any]:
    """Walk a multivariant playlist with hls-parser; anything it finds wrong fails the test."""
    installed = (FOLDER / "node_modules/hls-parser").is_dir()
    assert installed, "The parser is not installed: run `make conformance` (it needs Node.js and npm)."
    done = subprocess.run(
        ["node", str(FOLDER / "read.mjs"), url], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@dataclass(frozen=True)
class Piece:
    """A byte range and what the playlist says of it."""

    uri: str
    offset: int
    length: int
    duration: Fraction


class Listed:
    """One media playlist with the bytes it names."""

    def __init__(self, playlist: dict[str, Any], client: httpx.Client) -> None:
        self.facts = playlist
        self._client = client
        self.types: set[str] = set()
        """What the objects read so far called themselves."""
        self.pieces = [
            Piece(s["uri"], s["offset"], s["length"], Fraction(repr(s["duration"]))) for s in playlist["segments"]
        ]

    def fetch(self, uri: str, offset: int, length: int) -> bytes:
        """Read one range, which must be there to its last byte."""
        wanted = {"Range": f"bytes={offset}-{offset + length - 1}"}
        answer = self._client.get(uri, headers=wanted)
        assert answer.status_code == 206, uri
        self.types.add(answer.headers["content-type"])
        assert len(answer.content) == length
        return answer.content

    @cached_property
    def init(self) -> bytes:
        """The header that every segment shares."""
        ((uri, offset, length),) = {(s["map"]["uri"], s["map"]["offset"], s["map"]["length"]) for s in self._segments}
        return self.fetch(uri, offset, length)

    @cached_property
    def bodies(self) -> list[bytes]:
        """Every range's bytes."""
        return [self.fetch(p.uri, p.offset, p.length) for p in self.pieces]

    @cached_property
    def moments(self) -> list[cmaf.Moment]:
        """What the boxes of each segment say."""
        return [cmaf.moment(self.init, body) for body in self.bodies]

    @property
    def timescale(self) -> int:
        """Ticks a second."""
        return cmaf.timescale(self.init)

    @property
    def starts(self) -> list[Fraction]:
        """When each segment begins and, last, when all is over; seconds, by the boxes."""
        ends = [Fraction(m.start + m.ticks, self.timescale) for m in self.moments]
        return [*(Fraction(m.start, self.timescale) for m in self.moments), ends[-1]]

    @property
    def announced(self) -> list[Fraction]:
        """When each segment begins and, last, when all is over; seconds, by EXTINF."""
        return [Fraction(0), *accumulate(p.duration for p in self.pieces)]

    @property
    def _segments(self) -> list[dict[str, Any]]:
        segments: list[dict[str, Any]] = self.facts["segments"]
        return segments


def peak(pieces: Sequence[Piece], target_s: int) -> float:
    """Bits a second of the densest stretch of 0.5 to 1.5 target durations (R 4.4.6.2), by trying all."""
    rates = [0.0]
    for first in range(len(pieces)):
        for last in range(first, len(pieces)):
            stretch = pieces[first : last + 1]
            length = sum(p.duration for p in stretch)
            if Fraction(target_s, 2) <= length <= Fraction(3 * target_s, 2):
                rates.append(float(8 * sum(p.length for p in stretch) / length))
    return max(rates)


def average(pieces: Sequence[Piece]) -> float:
    """Bits a second over all of it."""
    return float(8 * sum(p.length for p in pieces) / sum(p.duration for p in pieces))


def decoded(source: str | bytes, *, cut: bool = False) -> list[str]:
    """Decode an address or bytes with FFmpeg; the hash of every picture or sound frame. Any complaint fails.

    `cut` expects one: that the file ends before its mdat says so, as a range of one key frame does.
    """
    where = ["-i", source] if isinstance(source, str) else ["-f", "mp4", "-i", "pipe:0"]
    command = [FFMPEG, "-v", "error", *where, "-f", "framemd5", "pipe:1"]
    body = b"" if isinstance(source, str) else source
    done = subprocess.run(command, input=body, capture_output=True, timeout=120, check=False)
    complaints = [line for line in done.stderr.decode().splitlines() if not (cut and line.endswith("partial file"))]
    assert (done.returncode, complaints) == (0, [])
    lines = done.stdout.decode().splitlines()
    return [line.rsplit(",", 1)[1].strip() for line in lines if not line.startswith("#")]
