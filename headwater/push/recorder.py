"""Carries out the cutter's orders: bytes into the spool's segments, runs begun and ended."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from headwater.push.cutter import LEEWAY_S, Close, Cutter, Data, Open
from headwater.push.transport_stream import TICKS

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headwater.push.clock import CaptureClock
    from headwater.push.progress import Progress
    from headwater.push.spool import Recording, Spool

SLIP_S = 2.0
SHORTEST_S = 0.2
"""The server takes nothing shorter: the last pictures before an end are left out when they are so few."""


class Pace:
    """Tells when media time runs slower than real time, at 2 s and each time it has doubled."""

    def __init__(self) -> None:
        """Begin before the first segment."""
        self._began = 0.0
        self._told_s = SLIP_S / 2

    def slipped(self, offset_s: float, *, fresh: bool) -> float:
        """Take the distance of the two clocks at a segment; returns the seconds to tell of, 0 for none."""
        if fresh:
            self._began, self._told_s = offset_s, SLIP_S / 2
        slip_s = offset_s - self._began
        if slip_s < 2 * self._told_s:
            return 0.0
        self._told_s = slip_s
        return slip_s


class Recorder:
    """Records one opening of an input; each unbroken stretch of it is a run."""

    def __init__(self, spool: Spool, progress: Progress, clock: CaptureClock, target_s: int) -> None:
        """Cut near every `target_s` seconds."""
        self._spool = spool
        self._progress = progress
        self._clock = clock
        self._target = target_s
        self._run: Recording | None = None
        self._begin = 0
        self._pace = Pace()

    def record(self, pieces: Iterable[bytes], *, switch: bool = False) -> bytes | None:
        """Record to the end; with `switch` stop at a segment that has no key frame where it should end.

        That segment is taken back: its bytes so far are returned, and begin what must be encoded instead.
        """
        cutter = Cutter(self._target)
        for piece in pieces:
            for order in cutter.feed(piece):
                self._carry_out(order)
            if switch and self._run and cutter.open_s > self._target + LEEWAY_S:
                return self._run.take_back() + cutter.rest
        for order in cutter.finish():
            self._carry_out(order)
        return None

    def _carry_out(self, order: Open | Data | Close) -> None:
        match order:
            case Open(at, fresh):
                if fresh or self._run is None:
                    self._run = self._spool.begin()
                self._begin = at
                self._run.open()
            case Data(data) if self._run:
                self._run.write(data)
            case Close(at) if self._run:
                self._close(self._run, at)

    def _close(self, run: Recording, at: int) -> None:
        began_at = self._clock.began_at(self._begin, at, time.time())
        length_s = (at - self._begin) / TICKS
        if length_s < SHORTEST_S:
            run.take_back()
        elif segment := run.close(length_s, began_at):
            self._progress.recorded(segment)
            if slipped_s := self._pace.slipped(began_at - self._begin / TICKS, fresh=segment.n == 0):
                self._progress.slow(slipped_s)
        if lost := self._spool.take_dropped():
            self._progress.made_room(lost)
