"""A session's link over all its transfers: the same, whatever order they are told in."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from math import exp, log
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.conditions import Percentiles, bounds, mass
from chalicelib.domain.abr.metrics import bounded
from chalicelib.domain.abr.stats import WINDOW, NetworkStats

if TYPE_CHECKING:
    from collections.abc import Mapping

_STEP = 0.1
"""Bandwidths are counted in classes of ten per cent."""
_LEAST = 3
"""Fewer transfers do not name a network."""


@dataclass(frozen=True, slots=True)
class LinkFacts:
    """How many transfers were how fast, the quickest first byte, and what came in which time in all."""

    classes: Mapping[int, int] = field(default_factory=dict)
    quickest_ms: int | None = None
    kbit: int = 0
    ms: int = 0

    def after(self, reading: Mapping[str, Any]) -> LinkFacts:
        """Return the facts with one more transfer, if it says anything of the link."""
        kbps = reading.get("throughput_kbps")
        if not kbps:
            return self
        name = round(log(kbps) / _STEP)
        ttfb_ms = reading.get("ttfb_ms") or None
        known = [value for value in (self.quickest_ms, ttfb_ms) if value is not None]
        size = round(8 * reading["bytes"] / 1000)
        return replace(
            self,
            classes={**self.classes, name: self.classes.get(name, 0) + 1},
            quickest_ms=min(known, default=None),
            kbit=self.kbit + size,
            ms=self.ms + max(1, round(1000 * size / kbps)),
        )

    @property
    def mean_kbps(self) -> float | None:
        """What the link carried while it carried anything."""
        return 1000 * self.kbit / self.ms if self.ms else None

    @property
    def network(self) -> str:
        """The engine's name for such a network, by its own bounds, over the whole session; empty for few transfers."""
        if sum(self.classes.values()) < _LEAST:
            return ""
        quickest_s = None if self.quickest_ms is None else self.quickest_ms / 1000
        stats = NetworkStats(self._ranked(), latency_floor_s=quickest_s)
        spread = Percentiles(*(stats.percentile(share) for share in (0.1, 0.5, 0.9)))
        masses = {name: mass(spread, *span) for name, span in bounds(stats).items()}
        return str(max(masses, key=lambda name: masses[name]))

    def _ranked(self) -> tuple[float, ...]:
        """Return as many bandwidths as the engine's window holds, evenly from the slowest to the fastest."""
        ranked: list[float] = []
        count, passed, ordered = sum(self.classes.values()), 0, sorted(self.classes)
        for name in ordered:
            passed += self.classes[name]
            while len(ranked) < WINDOW and (len(ranked) + 0.5) / WINDOW * count <= passed:
                ranked.append(exp(name * _STEP))
        return tuple(ranked)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        classes = [[name, self.classes[name]] for name in sorted(self.classes)]
        return {"classes": classes, "quickest_ms": self.quickest_ms, "kbit": self.kbit, "ms": self.ms}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> LinkFacts:
        """Read what `to_dict` wrote."""
        quickest = bounded(data.get("quickest_ms"), 0, 600_000)
        return cls(
            {int(name): int(count) for name, count in data.get("classes", ())},
            None if quickest is None else int(quickest),
            int(data.get("kbit", 0)),
            int(data.get("ms", 0)),
        )
