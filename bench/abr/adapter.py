"""Headwater's engine as a controller, for the simulator here and for anybody else's.

Takes what it is told as it comes: numpy's numbers, records without a first byte's time or of no duration, the whole
history or its end, a last level of -1 before the first segment. What is no number teaches nothing.
"""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.link import glimpse, observe, start
from chalicelib.domain.abr.policy import Policy, Transfer, View

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.abr.link import LinkState
    from chalicelib.domain.abr.table import Table

_USUAL_RTT_S = 0.05


class HeadwaterController:
    """Chooses rungs as the product does: the same link filter, table and comparison."""

    def __init__(self, table: Table | None = None) -> None:
        """Take the product's tables, or this one."""
        self._table = table

    def reset(
        self, ladder_kbps: Sequence[float], segment_s: float, max_buffer_s: float, info: dict[str, Any] | None = None
    ) -> None:
        """Begin a session. Without `info["sizes_bits"][segment][level]` segments are taken to be as large as usual."""
        ladder, segment_s, max_buffer_s = (
            tuple(round(kbps) for kbps in ladder_kbps),
            float(segment_s),
            float(max_buffer_s),
        )
        self._policy = (
            Policy(ladder, segment_s, max_buffer_s, self._table)
            if self._table
            else Policy.for_config(ladder, segment_s, max_buffer_s)
        )
        self._usual = [kbps * 1000.0 * segment_s for kbps in ladder]
        sizes = (info or {}).get("sizes_bits")
        self._sizes: Sequence[Sequence[float]] = () if sizes is None else sizes
        self._link, self._seen = start(), 0
        self._last: int | None = None
        self._rtt_s = _USUAL_RTT_S
        self._given_up: tuple[int, int, LinkState] | None = None

    def choose(self, buffer_s: float, last_level: int | None, history: Sequence[dict[str, Any]] = ()) -> int:
        """Return the level of the next segment."""
        for record in history:
            self.on_segment(record)
        if last_level is not None:
            self._last = self._level(last_level)
        return self._policy.choose(self._link, self._view(self._seen, buffer_s, len(self._usual) - 1)).level

    def on_segment(self, record: Mapping[str, Any]) -> None:
        """Learn from a finished segment, once, however often it is told."""
        index = int(record.get("index", self._seen))
        if index < self._seen:
            return
        self._seen, self._last = index + 1, self._level(record.get("level", -1))
        if self._given_up and self._given_up[:2] == (index, self._last):
            self._link = self._given_up[2]  # it went on after all
        self._given_up = None
        ttfb_s, took_s = _positive(record.get("ttfb_ms")) / 1000, _positive(record.get("duration_ms")) / 1000
        if 0 < took_s < ttfb_s:
            ttfb_s = 0.0  # longer than the whole: no measurement
        self._rtt_s = ttfb_s or self._rtt_s
        bits = _positive(record.get("bytes")) * 8
        if bits > 0 and took_s > 0:
            body_s = max(took_s - ttfb_s, 1e-3)
            self._link = observe(self._link, bits / body_s / 1000, body_s, ttfb_s)
        elif (kbps := _positive(record.get("throughput_kbps"))) > 0:
            self._link = observe(self._link, kbps, took_s, ttfb_s)

    def should_abandon(self, p: Mapping[str, Any]) -> int | None:
        """Return the lower level that is worth more than going on, None to go on."""
        level, index = self._level(p["level"]), int(p.get("index", self._seen))
        if level is None:
            return None
        if self._given_up and self._given_up[:2] == (index, level):
            self._link = self._given_up[2]  # asked again about what should have ended
        view = self._view(index, p.get("buffer_s"), level)
        size = _positive(p.get("size_bits")) or float(view.sizes_bits[level])
        transfer = Transfer(
            level, size, _positive(p.get("got_bits")), _positive(p.get("elapsed_s")), _positive(p.get("ttfb_s"))
        )
        lower = self._policy.should_abandon(self._link, view, transfer)
        if lower is not None:
            self._given_up = (index, level, self._link)
            body_s = transfer.elapsed_s - (transfer.ttfb_s or self._rtt_s)
            self._link = glimpse(self._link, transfer.got_bits, body_s)
        return lower

    def on_wait(self, s: float) -> None:
        """Waiting for room teaches nothing."""

    def _level(self, level: float | None) -> int | None:
        """Return a level as a plain number; None for none of the ladder's, -1 among them."""
        return int(level) if level is not None and 0 <= level < len(self._usual) else None

    def _view(self, index: int, buffer_s: float | None, top: int) -> View:
        given = self._sizes[index] if 0 <= index < len(self._sizes) else self._usual
        if len(given) != len(self._usual):
            given = self._usual
        sizes = [_positive(bits) or usual for bits, usual in zip(given, self._usual, strict=True)]
        return View(_positive(buffer_s), self._last, sizes, top, self._rtt_s)


def _positive(value: float | None) -> float:
    """Return a plain float; 0 for nothing, for less than it, and for what is no finite number."""
    known = float(value) if value is not None else 0.0
    return known if isfinite(known) and known > 0 else 0.0
