"""When a media time was captured. Pure."""

from __future__ import annotations

from headwater.push.transport_stream import PACKET, TICKS, Reader


class CaptureClock:
    """Compares arrivals with media times: the picture that came with the least delay says how the two clocks lie."""

    def __init__(self) -> None:
        """Begin without an observation."""
        self._reader = Reader()
        self._rest = b""
        self._offset: float | None = None

    def observe(self, data: bytes, now: float) -> None:
        """See pictures come by at Unix time `now`."""
        data = self._rest + data
        whole = len(data) // PACKET * PACKET
        self._rest = data[whole:]
        for picture in self._reader.pictures(data[:whole]):
            offset = now - picture.dts / TICKS
            self._offset = offset if self._offset is None else min(self._offset, offset)

    def began_at(self, begin: int, end: int, now: float) -> float:
        """Return the Unix time at which a segment's begin was captured, it being over `now`; then observe anew."""
        offset, self._offset = self._offset, None
        return now - (end - begin) / TICKS if offset is None else offset + begin / TICKS
