"""A stand-in for FFmpeg, and a killer of processes: for tests of what survives which death."""

from __future__ import annotations

import re
import struct
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.domain.job import Job
    from chalicelib.services.ports import Beat, Taker
    from support.pipeline import Pipeline


class Died(BaseException):
    """The process was killed here."""


def box(kind: bytes, *parts: bytes) -> bytes:
    """One MP4 box."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), kind) + body


def init(timescale: int, codec: bytes) -> bytes:
    """An init segment with just what the product reads."""
    mdhd = box(b"mdhd", struct.pack(">IIIII", 0, 0, 0, timescale, 0))
    trex = box(b"trex", struct.pack(">IIIIII", 0, 1, 1, 0, 0, 0))
    return box(b"moov", box(b"trak", box(b"mdia", mdhd, codec)), box(b"mvex", trex))


def fragment(start: int, samples: int, ticks: int, fill: bytes = b"x") -> bytes:
    """One moof+mdat of equal samples of one byte each, the first one sync."""
    tfhd = box(b"tfhd", struct.pack(">IIII", 0x020008, 1, ticks, 0)[:12])
    tfdt = box(b"tfdt", struct.pack(">IQ", 0x01000000, start))
    trun = box(b"trun", struct.pack(">II", 0, samples))
    return box(b"moof", box(b"traf", tfhd, tfdt, trun)) + box(b"mdat", fill * samples)


AVC = box(b"avcC", bytes([1, 0x64, 0, 0x1F]))
ESDS = box(b"esds", bytes([0, 0, 0, 0, 3, 25, 0, 0, 0, 4, 17, *[0] * 13, 5, 2, 0x11, 0x90]))


def frames_of(graph: str, label: str) -> tuple[Fraction, Fraction]:
    """Frame rate and start in seconds of one labelled output of a filter graph: its nearest `fps` upstream."""
    while True:
        chain = next(c for c in graph.split(";") if label in re.findall(r"\[\w+\]", c[1:]))
        found = re.search(r"fps=fps=([\d/]+):start_time=([\d.]+)", chain)
        if found:
            return Fraction(found[1]), Fraction(found[2]).limit_denominator(1000)
        label = chain[: chain.index("]") + 1]


POSTER = "[still]"


def picture(graph: str, label: str) -> bytes:
    """A JPEG with just what the product reads: of the size, and the tiles, of one output of a filter graph."""
    chain = next(c for c in graph.split(";") if c.endswith(label))
    scale, tile = re.search(r"scale=(\d+):(\d+)", chain), re.search(r"tile=(\d+)x(\d+)", chain)
    columns, rows = (int(tile[1]), int(tile[2])) if tile else (1, 1)
    width, height = (int(scale[1]), int(scale[2])) if scale else (16, 16)
    frame = struct.pack(">BBHBHHB", 0xFF, 0xC0, 17, 8, rows * height, columns * width, 3) + bytes(9)
    return b"\xff\xd8" + frame + b"\xff\xd9"


@dataclass
class StandInEncoder:
    """Makes well-formed output for the command it is given, in no time. `fail` is raised as often as it says."""

    plan: Callable[[], Job]
    fail: list[Exception] = field(default_factory=list)
    runs: int = 0
    during: Callable[[], None] = lambda: None

    posters: int = 0
    fill: bytes = b"x"
    """What its samples consist of: one byte."""

    def run_to_file(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat) -> float:
        """Write the chunk that the command's output frames and start say."""
        if "-filter_complex" not in arguments:
            self._begin(beat)
            Path(arguments[-1]).write_bytes(b"seekable")
            return 0.1
        graph = arguments[arguments.index("-filter_complex") + 1]
        if graph.endswith(POSTER):
            assert beat(0, 0.0)
            self.posters += 1
        else:
            self._begin(beat)
        assert timeout_s > 0
        starts = [i for i, argument in enumerate(arguments) if argument == "-map"]
        for first, end in pairwise([*starts, len(arguments)]):
            Path(arguments[end - 1]).write_bytes(self._chunk(arguments[first:end], graph))
        return 0.1

    def _chunk(self, options: Sequence[str], graph: str) -> bytes:
        """The file of one output: as many frames as it may have and the source gives, from where the graph starts."""
        if "mjpeg" in options:
            return picture(graph, options[1])
        limit = int(options[options.index("-frames:v") + 1])
        group = int(options[options.index("-g") + 1])
        scale = int(options[options.index("-video_track_timescale") + 1])
        rate, start_s = frames_of(graph, options[1])
        frames = min(limit, round(self.plan().plan.media.duration_s * rate) - round(start_s * rate))
        tick, at = int(scale / rate), int(start_s * scale)
        starts = range(0, frames, group)
        body = [fragment(at + first * tick, min(group, frames - first), tick, self.fill) for first in starts]
        return b"".join([init(scale, AVC), *body])

    def run_to_pipe(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat, take: Taker) -> float:
        """Write two-second fragments of sound, in pieces that do not respect boxes."""
        self._begin(beat)
        assert arguments
        assert timeout_s > 0
        length = int(self.plan().plan.media.duration_s * 48_000)
        starts = range(0, length, 94 * 1024)
        sound = [fragment(start, min(94, -(-(length - start) // 1024)), 1024, self.fill) for start in starts]
        stream = b"".join([init(48_000, ESDS), *sound])
        for at in range(0, len(stream), 1000):
            take(stream[at : at + 1000])
        return 0.1

    def _begin(self, beat: Beat) -> None:
        self.runs += 1
        assert beat(0, 0.0)
        self.during()
        if self.fail:
            raise self.fail.pop(0)


def stand_in(pipeline: Pipeline) -> Pipeline:
    """Swap FFmpeg for the stand-in."""
    encoder = StandInEncoder(lambda: next(iter(pipeline.jobs.rows.values())))
    pipeline.encoder = encoder
    object.__setattr__(pipeline.worker, "encoder", encoder)
    object.__setattr__(pipeline.preparer, "encoder", encoder)
    object.__setattr__(pipeline.posters, "encoder", encoder)
    return pipeline


WRITES = (
    ("jobs", "create", "update", "lease", "heartbeat", "commit", "forget_attempts"),
    ("recordings", "update", "name_stills"),
    ("media", "put_file", "put_bytes", "replace"),
    ("queue", "send"),
    ("lifecycle_queue", "send"),
    ("ledger", "record"),
    ("source", "put_file"),
    ("prepare_queue", "send"),
    ("uploads_queue", "send"),
)


class Killer:
    """Kills the process at one of its writes: `before` it happens, or right after."""

    def __init__(self, pipeline: Pipeline, at: int, *, before: bool) -> None:
        self.count, self.at, self.before = 0, at, before
        for name, *methods in WRITES:
            port = getattr(pipeline, name)
            for method in methods:
                setattr(port, method, self.wrap(getattr(port, method)))

    def wrap(self, call: Callable[..., Any]) -> Callable[..., Any]:
        """Count the calls of one method."""

        def wrapped(*args: Any, **kwargs: Any) -> Any:
            self.count += 1
            here = self.count == self.at
            if here and self.before:
                raise Died
            answer = call(*args, **kwargs)
            if here:
                raise Died
            return answer

        return wrapped
