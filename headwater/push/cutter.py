"""Decides where one segment ends and the next begins. Pure: bytes in, orders out.

MPEG-TS rather than fragmented MP4, since each segment decodes alone: a lost init segment cannot spoil a run, an encoder
may change its parameters, and the segment that was being written when the machine died is good up to its last picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from headwater.push.transport_stream import PACKET, TICKS, Picture, Reader

if TYPE_CHECKING:
    from collections.abc import Iterator

JUMP_S = 3
"""A clock that goes back, or ahead by more, is another run: also how the wrap of 33 bits every 26.5 hours ends."""
LEEWAY_S = 0.5
"""How much longer than the target a segment may be before the server has to cut it."""
SHORTEST_S = 0.5
DUE = 0.98
"""A key frame so near the target is on it."""


@dataclass(frozen=True, slots=True)
class Open:
    """A segment begins at this tick; `fresh`: the first of a run."""

    at: int
    fresh: bool


@dataclass(frozen=True, slots=True)
class Data:
    """Bytes of the open segment."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Close:
    """The open segment ends at this tick."""

    at: int


Order: TypeAlias = Open | Data | Close


class Cutter:
    """Cuts at key frames, near every `target_s` seconds; what comes before the first key frame is dropped."""

    def __init__(self, target_s: float) -> None:
        """Begin before the first byte."""
        self.reader = Reader()
        self._target = target_s * TICKS
        self.rest = b""
        """The begin of a packet whose end has not come."""
        self._begin: int | None = None
        self._fresh = True
        self._end = 0
        self._last: Picture | None = None
        self._last_key: int | None = None

    @property
    def open_s(self) -> float:
        """Seconds since the open segment's begin; 0 when none is open."""
        return 0.0 if self._begin is None or self._last is None else (self._last.dts - self._begin) / TICKS

    def feed(self, data: bytes) -> Iterator[Order]:
        """Take the next bytes of the stream. Raises NotTransportStream."""
        data = self.rest + data
        whole = len(data) // PACKET * PACKET
        self.rest = data[whole:]
        data, done = data[:whole], 0
        for picture in self.reader.pictures(data):
            if self._is_jump(picture):
                yield from self._ended(data[done : picture.at])
                done, self._fresh = picture.at, True
            if picture.key and (self._begin is None or self._is_due(picture.pts)):
                yield from self._turn(data[done : picture.at], picture.pts)
                done = picture.at
            self._note(picture)
        if self._begin is not None and data[done:]:
            yield Data(data[done:])

    def finish(self) -> Iterator[Order]:
        """The stream is over: end the open segment after its last picture."""
        yield from self._ended(b"")

    def _turn(self, before: bytes, at: int) -> Iterator[Order]:
        if self._begin is not None:
            if before:
                yield Data(before)
            yield Close(at)
        yield Open(at, self._fresh)
        yield Data(self.reader.tables)
        self._begin, self._fresh, self._end = at, False, at

    def _ended(self, before: bytes) -> Iterator[Order]:
        if self._begin is None:
            return
        if before:
            yield Data(before)
        yield Close(self._end)
        self._begin = self._last = self._last_key = None

    def _note(self, picture: Picture) -> None:
        length = picture.dts - self._last.dts if self._last else 0
        self._end = max(self._end, picture.pts + length)
        self._last = picture
        if picture.key:
            self._last_key = picture.pts

    def _is_jump(self, picture: Picture) -> bool:
        return self._last is not None and not 0 <= picture.dts - self._last.dts <= JUMP_S * TICKS

    def _is_due(self, at: int) -> bool:
        """True at the last key frame that does not make the segment too long, as far as the last interval tells."""
        assert self._begin is not None  # noqa: S101  asked only while a segment is open
        long, interval = at - self._begin, at - (self._last_key or self._begin)
        if long >= self._target * DUE:
            return True
        return long >= SHORTEST_S * TICKS and long + interval > self._target + LEEWAY_S * TICKS
