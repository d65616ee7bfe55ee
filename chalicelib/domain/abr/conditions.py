"""What the network is like: a name for it that does not flap, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from math import erf, inf, log, sqrt
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.domain.abr.metrics import bounded
from chalicelib.domain.abr.stats import NetworkStats

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.abr.metrics import Cleaned


class NetworkClass(StrEnum):
    """A name for what a network can carry, least first."""

    OFFLINE = "offline"
    G2 = "2g"
    G3 = "3g"
    WIFI_SLOW = "wifi-slow"
    G4 = "4g"
    BROADBAND = "broadband"


class Spread(Protocol):
    """A predicted distribution of bandwidth in kbit/s, by its tenth, half and nine tenths."""

    @property
    def p10(self) -> float:
        """One transfer in ten is slower."""

    @property
    def p50(self) -> float:
        """The median."""

    @property
    def p90(self) -> float:
        """One transfer in ten is faster."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """A Spread as measured."""

    p10: float
    p50: float
    p90: float


_Z90 = 1.2816
"""Nine tenths of a normal distribution lie below so many standard deviations."""
_LEAST_SPREAD = 0.05


def mass(spread: Spread, low: float, high: float) -> float:
    """Return the share of a prediction between two bandwidths: log-normal, each half with its own width."""
    return _below(spread, high) - _below(spread, low)


def _below(spread: Spread, kbps: float) -> float:
    if kbps <= 0 or kbps == inf:
        return 0.0 if kbps <= 0 else 1.0
    middle = max(spread.p50, 1e-3)
    side = spread.p10 if kbps < middle else spread.p90
    width = max(abs(log(max(side, 1e-3) / middle)) / _Z90, _LEAST_SPREAD)
    return 0.5 * (1 + erf(log(kbps / middle) / width / sqrt(2)))


_SLOW, _MIDDLE, _FAST, _VERY_FAST = 150.0, 2000.0, 6000.0, 25000.0
_NEAR_S, _FAR_S = 0.06, 0.15
"""First bytes within 60 ms come over a wire or Wi-Fi; later than 150 ms nothing feels like broadband."""
_STEADY = 0.3
"""Variation that mobile links exceed and slow fixed ones do not (medians of the traces: 0.4 and 0.24)."""
_OFFLINE_KBPS = 16.0
_OFFLINE_FAILURES = 2
_MARGIN, _CHALLENGES = 0.2, 3
"""How much likelier another name has to be, and how often in a row, to replace the one that stands."""


def bounds(stats: NetworkStats) -> dict[NetworkClass, tuple[float, float]]:
    """Return what each class means in kbit/s, seamless; latency and variation tell Wi-Fi from mobile networks."""
    latency = stats.latency_floor_s
    near = latency is not None and latency <= _NEAR_S
    ranges = {NetworkClass.OFFLINE: (0.0, _OFFLINE_KBPS), NetworkClass.G2: (_OFFLINE_KBPS, _SLOW)}
    if near:
        edge = _FAST if stats.variation <= _STEADY else _MIDDLE
        ranges |= {NetworkClass.WIFI_SLOW: (_SLOW, edge), NetworkClass.G4: (edge, _VERY_FAST)}
    elif latency is None:
        ranges |= {NetworkClass.G3: (_SLOW, _MIDDLE), NetworkClass.WIFI_SLOW: (_MIDDLE, _FAST)}
        ranges |= {NetworkClass.G4: (_FAST, _VERY_FAST)}
    else:
        edge = _VERY_FAST if latency <= _FAR_S else inf
        ranges |= {NetworkClass.G3: (_SLOW, _MIDDLE), NetworkClass.G4: (_MIDDLE, edge)}
    return ranges | {NetworkClass.BROADBAND: (max(high for _, high in ranges.values()), inf)}


@dataclass(frozen=True, slots=True)
class NetworkCondition:
    """A name, how sure it is (0 to 1), and the figures behind it."""

    name: NetworkClass
    confidence: float
    stats: NetworkStats

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values for an explanation."""
        stats = self.stats
        known = stats.latency_s is not None
        return {
            "class": str(self.name),
            "confidence": round(self.confidence, 3),
            "transfers": stats.transfers,
            "mean_kbps": round(stats.mean_kbps, 1),
            "p10_kbps": round(stats.percentile(0.1), 1),
            "p50_kbps": round(stats.percentile(0.5), 1),
            "p90_kbps": round(stats.percentile(0.9), 1),
            "variation": round(stats.variation, 3),
            "trend": round(stats.trend, 4),
            "latency_ms": round(1000 * (stats.latency_s or 0.0), 1) if known else None,
            "jitter_ms": round(1000 * stats.jitter_s, 1),
            "loss": round(stats.loss, 4),
        }


@dataclass(slots=True)
class NetworkConditionDetector:
    """Names the network after each transfer. Another name needs to be clearly more likely, three times in a row."""

    stats: NetworkStats = field(default_factory=NetworkStats)
    name: NetworkClass | None = None
    challenger: NetworkClass | None = None
    challenges: int = 0
    """Times in a row that the challenger was clearly more likely."""

    def observe(self, transfer: Cleaned, prediction: Spread | None = None) -> NetworkCondition:
        """Take one transfer and, if there is one, the engine's prediction of the next; return what it looks like."""
        self.stats = self.stats.after(transfer)
        masses = self._masses(prediction)
        best = max(masses, key=lambda name: masses[name])
        if self.name is None or NetworkClass.OFFLINE in {best, self.name}:
            self.name, self.challenges = best, 0
        elif masses[best] < masses.get(self.name, 0.0) + _MARGIN:
            self.challenges = 0
        else:
            self.challenges = self.challenges + 1 if best == self.challenger else 1
            self.challenger = best
        if self.challenges >= _CHALLENGES:
            self.name, self.challenges = best, 0
        return self.condition(prediction)

    def condition(self, prediction: Spread | None = None) -> NetworkCondition:
        """Return the current name; before any measurement it is 3g with no confidence, the careful guess."""
        if self.name is None:
            return NetworkCondition(NetworkClass.G3, 0.0, self.stats)
        count = self.stats.transfers
        likely = self._masses(prediction).get(self.name, 0.0)
        return NetworkCondition(self.name, likely * count / (count + 2), self.stats)

    def _masses(self, prediction: Spread | None) -> Mapping[NetworkClass, float]:
        stats = self.stats
        if stats.failures_in_a_row >= _OFFLINE_FAILURES:
            return {NetworkClass.OFFLINE: 1 - 0.5**stats.failures_in_a_row}
        if not stats.kbps:
            return {NetworkClass.G3: 0.0}
        spread = prediction or Percentiles(*(stats.percentile(share) for share in (0.1, 0.5, 0.9)))
        return {name: mass(spread, *span) for name, span in bounds(stats).items()}

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        names = {"name": self.name, "challenger": self.challenger, "challenges": self.challenges}
        return {"stats": self.stats.to_dict(), **names}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> NetworkConditionDetector:
        """Read what `to_dict` wrote; names that are not known are forgotten."""
        stats = data.get("stats")
        return cls(
            NetworkStats.from_dict(stats if isinstance(stats, dict) else {}),
            _named(data.get("name")),
            _named(data.get("challenger")),
            int(bounded(data.get("challenges"), 0, _CHALLENGES) or 0),
        )


_NAMES: Sequence[str] = tuple(NetworkClass)


def _named(value: object) -> NetworkClass | None:
    return NetworkClass(value) if isinstance(value, str) and value in _NAMES else None
