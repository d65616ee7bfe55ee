"""dash.js's default, DYNAMIC: throughput while the buffer is low, BOLA when it is not.

Spiteri, Sitaraman and Sparacio (MMSys 2018): throughput wins at start and in short buffers, BOLA in long ones. It
changes over at 10 s, if the other rule's level is no worse; the abandon rule is the throughput rule's. A buffer that
never holds 10 s, as in live, changes over at half of what it holds: better here than never to.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .bola import Bola
from .rule import DashThroughput
from .throughput import SAFETY, dash_abandons

if TYPE_CHECKING:
    from ..simulator import Progress, Record

CHANGE_S = 10.0
SAFETY_FIRST, SAFETY_LOW = 0.9, 0.5


class Dynamic(Bola):
    """Two rules, of which one decides."""

    def begin(self) -> None:
        """Throughput first."""
        super().begin()
        self.change_s = min(CHANGE_S, (self.max_buffer_s - self.segment_s) / 2)
        self.link, self.by_bola, self.last, self.safety = DashThroughput(self.segment_s), False, 0, SAFETY_FIRST

    def by_throughput(self, buffer_s: float) -> int:
        """0.9 of the estimate, and the insufficient buffer rule."""
        level = self.sustainable(SAFETY * self.link.kbps, self.link.latency_s)
        safe = self.safety * (buffer_s - self.link.latency_s) * self.link.kbps
        self.safety = max(self.safety * SAFETY_FIRST, SAFETY_LOW)
        return next((n for n in range(level) if self.kbps[n + 1] * self.segment_s > safe), level)

    def by_score(self, buffer_s: float) -> int:
        """BOLA, not stepping up beyond what the throughput carries."""
        level, carried = self.by_buffer(buffer_s), self.sustainable(self.link.kbps, self.link.latency_s)
        if level > self.last and level > carried:
            level = max(carried, self.last)
        return level

    def choose(self, buffer_s: float, last_level: int | None, history: list[Record]) -> int:
        """The lowest first."""
        del last_level, history
        if not self.link.known:
            return 0
        score, throughput = self.by_score(buffer_s), self.by_throughput(buffer_s)
        if self.by_bola and buffer_s < self.change_s and score < throughput:
            self.by_bola = False
        elif not self.by_bola and buffer_s > self.change_s and score >= throughput:
            self.by_bola = True
        return score if self.by_bola else throughput

    def on_segment(self, record: Record) -> None:
        """Take its throughput in."""
        self.link.add(record)
        self.last = record["level"]

    def should_abandon(self, progress: Progress) -> int | None:
        """As dash.js does."""
        return dash_abandons(self, progress)
