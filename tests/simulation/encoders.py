"""FFmpeg and the probe in the simulation: what they make follows from what they read, and it takes virtual time."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, Self

from support.media import audio, source, video
from support.stand_in import StandInEncoder, picture

from chalicelib.errors import Permanent, Transient
from chalicelib.services.ports import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from support.studio_deaths import Remembering

    from chalicelib.domain.media import SourceMedia
    from chalicelib.services.ports import Beat, Taker
    from simulation.hub import Hub
    from simulation.stores import Stores

BEAT_S = 1.5
PREPARED = b"prepared "


def a_source(tag: bytes, seconds: int, *, sound: bool = True, seekable: bool = True, width: int = 640) -> bytes:
    """Return the body of a source: its facts in words. `tag` is the byte that its samples will consist of."""
    facts = (tag.decode(), str(seconds), str(int(sound)), str(int(seekable)), str(width))
    return " ".join(facts).encode()


def tag_of(body: bytes) -> bytes:
    """Return a source's mark."""
    return body.removeprefix(PREPARED)[:1]


def media_of(body: bytes) -> SourceMedia:
    """Return what a probe finds in a source; raises Permanent("source_not_media") for anything else."""
    try:
        _, seconds, sound, seekable, width = body.removeprefix(PREPARED).decode().split()
    except ValueError:
        raise Permanent("source_not_media", "This is not a video or audio file.") from None
    picture = video(int(width), int(width) * 9 // 16, 30, duration_s=Fraction(seconds))
    indexed = bool(int(seekable)) or body.startswith(PREPARED)
    more = {} if indexed else {"container": "mpegts"}
    return source(seconds, picture=picture, sound=audio() if int(sound) else None, seekable=indexed, **more)


def key_of(url: str) -> str:
    """Return the key that a presigned address opens."""
    return url.split("/", 3)[3].partition("?")[0]


@dataclass
class SimProbe:
    """ports.Probe."""

    hub: Hub
    stores: Stores

    def probe(self, url: str, *, size_bytes: int) -> SourceMedia:
        """Read the facts; takes a moment."""
        assert size_bytes >= 0
        self.hub.pause(self.hub.chance.uniform(0.05, 1))
        if self.hub.bad_luck(self.hub.weather.fails / 4):
            self.hub.fault("probe failed")
            raise Transient("probe_timeout", "Slow (simulated).")
        body = self.stores.source.bodies.get(key_of(url))
        if body is None:
            raise Transient("source_unreadable", "It cannot be read.")
        return media_of(body)


@dataclass
class SimEncoder:
    """ports.Encoder. Sources are words (`a_source`), what live encoders sent is real and packaged by real FFmpeg."""

    hub: Hub
    stores: Stores
    real: Remembering

    def run_to_file(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat) -> float:
        """Write the files that the command names."""
        body = self._source(arguments)
        if body is None:
            took = self._take(self.hub.chance.uniform(0.1, 1.5), timeout_s, beat)
            self._really(arguments)
            return took
        took = self._take(self.hub.chance.uniform(0.5, 8), timeout_s, beat)
        if "-filter_complex" not in arguments:
            Path(arguments[-1]).write_bytes(PREPARED + body)
            return took
        self._stand_in(body).run_to_file(arguments, timeout_s=timeout_s, beat=lambda *_: True)
        return took

    def run_to_pipe(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat, take: Taker) -> float:
        """Make sound, handed over in pieces while time passes."""
        body = self._source(arguments)
        if body is None:
            return self.real.run_to_pipe(arguments, timeout_s=60, beat=lambda *_: True, take=take)
        pieces: list[bytes] = []
        self._stand_in(body).run_to_pipe(arguments, timeout_s=timeout_s, beat=lambda *_: True, take=pieces.append)
        step_s = self.hub.chance.uniform(0.05, 4)
        took = 0.0
        for piece in pieces:
            took += self._take(step_s, timeout_s - took, beat)
            take(piece)
        return took

    def _really(self, arguments: Sequence[str]) -> None:
        """Run FFmpeg on what live encoders sent. Of their stills nothing is asked but that there are some."""
        output = Path(arguments[-1])
        if output.suffix == ".jpg":
            output.write_bytes(picture("[0:v]null[still]", "[still]"))
        else:
            self.real.run_to_file(arguments, timeout_s=60, beat=lambda *_: True)

    def _source(self, arguments: Sequence[str]) -> bytes | None:
        """What lies where the command reads now; None when it reads local files."""
        url = next((a for a in arguments if a.startswith(self.stores.source.url)), None)
        if url is None:
            return None
        body = self.stores.source.bodies.get(key_of(url))
        if body is None:
            raise Transient("encode_interrupted", "FFmpeg ended with 1: 404 (simulated).")
        return body

    def _stand_in(self, body: bytes) -> StandInEncoder:
        job: Any = SimpleNamespace(plan=SimpleNamespace(media=media_of(body)))
        return StandInEncoder(lambda: job, fill=tag_of(body))

    def _take(self, seconds: float, timeout_s: float, beat: Beat) -> float:
        """Let time pass, with reports; raises what FFmpeg would end with."""
        hub = self.hub
        if hub.bad_luck(hub.weather.hangs):
            hub.fault("FFmpeg hangs")
            seconds = hub.chance.uniform(30, 400)
        fails = hub.bad_luck(hub.weather.fails)
        left = min(seconds, timeout_s)
        while left > 0:
            hub.pause(min(left, BEAT_S))
            left -= BEAT_S
            if not beat(0, 0.0):
                raise Cancelled
        if fails or seconds > timeout_s:
            hub.fault("FFmpeg failed")
            raise Transient("encode_interrupted", "FFmpeg ended with -9 (simulated).")
        return seconds


class Serial:
    """Stands for a pool of threads: the calls of one process are made one after the other."""

    def __init__(self, workers: int) -> None:
        """Take what a pool takes."""
        assert workers > 0

    def __enter__(self) -> Self:
        """Begin."""
        return self

    def __exit__(self, *_: object) -> None:
        """End."""

    def map(self, act: Callable[[Any], Any], *items: Any) -> list[Any]:
        """Call for each."""
        return list(map(act, *items))
