"""What of an MPEG transport stream the agent must understand: its tables, and where its pictures begin.

FFmpeg writes the stream, so packets are whole, tables fit one packet and a PES packet is never interrupted by another
of its kind. Times are ticks of 1/90,000 s, as in the stream.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

PACKET = 188
SYNC = 0x47
TICKS = 90_000
H264, HEVC, AAC = 0x1B, 0x24, 0x0F
VIDEO_TYPES = frozenset({0x01, 0x02, H264, HEVC, 0x33})
_PAT_PID = 0
_STARTS, _RANDOM_ACCESS, _HAS_PTS, _HAS_DTS = 0x40, 0x40, 0x80, 0x40


class NotTransportStream(ValueError):
    """What came is no MPEG transport stream."""


@dataclass(frozen=True, slots=True)
class Picture:
    """The begin of a picture (or, in a stream of sound alone, of an audio frame)."""

    at: int
    """Offset in the bytes it was found in."""
    pts: int
    dts: int
    key: bool


@dataclass(frozen=True, slots=True)
class Programme:
    """The elementary streams of a programme, (type, pid) each, in the table's order."""

    streams: tuple[tuple[int, int], ...]

    @property
    def video(self) -> tuple[int, int] | None:
        """The picture."""
        return next((stream for stream in self.streams if stream[0] in VIDEO_TYPES), None)

    @property
    def audio(self) -> tuple[int, int] | None:
        """The sound."""
        return next((stream for stream in self.streams if stream[0] not in VIDEO_TYPES), None)


class Reader:
    """Follows a stream that comes in pieces of whole packets."""

    def __init__(self) -> None:
        """Begin before the first table."""
        self.programme: Programme | None = None
        self._pmt_pid = -1
        self._tables: dict[int, bytes] = {}

    @property
    def tables(self) -> bytes:
        """The packets that a segment must begin with to be decodable alone."""
        return b"".join(self._tables[pid] for pid in sorted(self._tables))

    @property
    def pid(self) -> int:
        """The stream whose pictures are reported; -1 before the tables came."""
        streams = (self.programme.video or self.programme.audio) if self.programme else None
        return streams[1] if streams else -1

    def pictures(self, data: bytes) -> Iterator[Picture]:
        """Yield the pictures that begin in `data`. Raises NotTransportStream."""
        for at in range(0, len(data) - PACKET + 1, PACKET):
            if data[at] != SYNC:
                raise NotTransportStream("What FFmpeg sent is no transport stream.")
            if not data[at + 1] & _STARTS:
                continue
            pid = (data[at + 1] & 0x1F) << 8 | data[at + 2]
            if pid in {_PAT_PID, self._pmt_pid}:
                self._read_table(pid, data[at : at + PACKET])
            elif pid == self.pid and (picture := self._picture(data, at)):
                yield picture

    def _read_table(self, pid: int, packet: bytes) -> None:
        self._tables[pid] = packet
        section = payload(packet)
        section = section[1 + section[0] :]
        end = 3 + ((section[1] & 0x0F) << 8 | section[2]) - 4
        if pid == _PAT_PID:
            self._pmt_pid = (section[10] & 0x1F) << 8 | section[11]
            return
        at = 12 + ((section[10] & 0x0F) << 8 | section[11])
        streams = []
        while at + 5 <= end:
            streams.append((section[at], (section[at + 1] & 0x1F) << 8 | section[at + 2]))
            at += 5 + ((section[at + 3] & 0x0F) << 8 | section[at + 4])
        self.programme = Programme(tuple(streams))

    def _picture(self, data: bytes, at: int) -> Picture | None:
        head = payload(data[at : at + PACKET])
        if len(head) < 14 or not head[7] & _HAS_PTS:  # noqa: PLR2004  up to the end of the PTS
            return None
        pts = _timestamp(head, 9)
        dts = _timestamp(head, 14) if head[7] & _HAS_DTS else pts
        adapted = data[at + 3] & 0x20 and data[at + 4]
        key = bool(adapted and data[at + 5] & _RANDOM_ACCESS)
        sound_only = bool(self.programme and self.programme.video is None)
        return Picture(at, pts, dts, key or sound_only)


def payload(packet: bytes) -> bytes:
    """Return a packet's bytes after its header and adaptation field."""
    if not packet[3] & 0x10:
        return b""
    return packet[5 + packet[4] :] if packet[3] & 0x20 else packet[4:]


def _timestamp(data: bytes, at: int) -> int:
    high, middle = data[at] >> 1 & 0x07, data[at + 1] << 7 | data[at + 2] >> 1
    return high << 30 | middle << 15 | data[at + 3] << 7 | data[at + 4] >> 1


def salvage(data: bytes) -> tuple[bytes, int, int] | None:
    """Return what can be decoded of a segment whose writing was cut off, with its begin and end; None when nothing can.

    The last picture is given up: its bytes may be missing.
    """
    data = data[: len(data) // PACKET * PACKET]
    try:
        pictures = list(Reader().pictures(data))
    except (NotTransportStream, IndexError):
        return None
    if len(pictures) < 2 or not pictures[0].key:  # noqa: PLR2004  one to keep, one to give up
        return None
    kept, last = pictures[:-1], pictures[-1]
    end = max(picture.pts for picture in kept) + (last.dts - kept[-1].dts)
    return data[: last.at], kept[0].pts, end
