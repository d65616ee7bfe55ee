"""Whether a stream can go as it is, or must be encoded first. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass

from headwater.push.cutter import LEEWAY_S
from headwater.push.transport_stream import AAC, H264, PACKET, TICKS, Picture, Reader, payload

_IDR = re.compile(rb"\x00\x00\x01[\x05\x25\x45\x65]")


@dataclass(frozen=True, slots=True)
class Choice:
    """What to copy; `reason` says why not, for a person, and is empty when all is copied."""

    copy_video: bool
    copy_audio: bool
    reason: str = ""

    @property
    def copy(self) -> bool:
        """True when nothing has to be encoded."""
        return self.copy_video and self.copy_audio


class Chooser:
    """Looks at the begin of a stream until two key frames tell how it is built."""

    def __init__(self, target_s: float) -> None:
        """Ask for key frames near every `target_s` seconds."""
        self._limit = (target_s + LEEWAY_S) * TICKS
        self._reader = Reader()
        self._rest = b""
        self._first: Picture | None = None
        self._second = bytearray()
        self._collecting = False
        self.seen: list[bytes] = []
        """Everything that was fed."""

    def feed(self, data: bytes) -> Choice | None:
        """Take more of the stream; returns the choice once it can be made."""
        self.seen.append(data)
        data = self._rest + data
        whole = len(data) // PACKET * PACKET
        self._rest, data = data[whole:], data[:whole]
        done = 0
        for picture in self._reader.pictures(data):
            self._collect(data[done : picture.at])
            done = picture.at
            if choice := self._look(picture):
                return choice
        self._collect(data[done:])
        return None

    def finish(self) -> Choice:
        """The stream is over already: it is short enough to be one segment."""
        return self._coded() or self._choice(copy_video=True)

    def _look(self, picture: Picture) -> Choice | None:
        if coded := self._coded():
            return coded
        if self._reader.programme and self._reader.programme.video is None:
            return self._choice(copy_video=True)
        if self._collecting:
            closed = _IDR.search(self._second)
            return self._choice(copy_video=bool(closed), reason="" if closed else "its groups of pictures are open")
        if self._first is None:
            self._first = picture if picture.key else None
        elif picture.pts - self._first.pts > self._limit:
            return self._choice(
                copy_video=False, reason=f"its key frames are more than {self._limit / TICKS:g} s apart"
            )
        else:
            self._collecting = picture.key
        return None

    def _collect(self, data: bytes) -> None:
        """Keep the bytes of the second key picture, to see whether decoding could begin there."""
        if not self._collecting:
            return
        for at in range(0, len(data), PACKET):
            packet = data[at : at + PACKET]
            if ((packet[1] & 0x1F) << 8 | packet[2]) == self._reader.pid:
                self._second += payload(packet)

    def _coded(self) -> Choice | None:
        video = self._reader.programme.video if self._reader.programme else None
        if video and video[0] != H264:
            return self._choice(copy_video=False, reason="its picture is not H.264")
        return None

    def _choice(self, *, copy_video: bool, reason: str = "") -> Choice:
        audio = self._reader.programme.audio if self._reader.programme else None
        copy_audio = audio is None or audio[0] == AAC
        return Choice(copy_video, copy_audio, reason or ("" if copy_audio else "its sound is not AAC"))
