"""Which CDN origin a session fetches from: shared out by measured health, the same for a session as long as it can be.

Each session ranks the origins by a weighted hash (rendezvous hashing, Thaler and Ravishankar 1998; weights as
Schindelhauer and Schomaker 2005), so a change of health moves only the sessions it has to. An origin that keeps failing
is left out; after a pause that doubles, a sixteenth of the sessions try it again.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import blake2b
from math import exp, log
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.metrics import bounded, number
from chalicelib.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

MAX_ORIGINS = 16
_FORGET_S = 120.0
"""Figures lose all but 1/e of their weight in this time."""
_TYPICAL_BITS = 2_000_000
"""Half a second of latency and half a second of transfer are equally bad: cost is of one typical segment."""
_OPEN_AFTER = 3
_PAUSE_S, _LONGEST_PAUSE_S = 10.0, 300.0
_PROBE_SHARE = 1 / 16
_SHARPNESS = 2.0
"""Twice as slow gets a quarter of the sessions."""


class Circuit(StrEnum):
    """Whether an origin is used: all sessions, none, or a few that try."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


@dataclass(frozen=True, slots=True)
class OriginHealth:
    """Decayed figures of one origin. Times are seconds of one clock that the caller has."""

    weight: float = 0.0
    """Requests, decayed."""
    good: float = 0.0
    """Of these, successes."""
    ttfb_s: float = 0.0
    bit_s: float = 0.0
    """Seconds for each bit: the harmonic side of bandwidth, so that slow transfers count by their time."""
    updated_s: float = 0.0
    failures: int = 0
    """In a row."""
    trips: int = 0
    """How often it was left out since it last was well."""
    open_until_s: float = 0.0

    @property
    def success(self) -> float:
        """Share of requests that succeed, with one imagined success so that nobody starts from nothing."""
        return (self.good + 1) / (self.weight + 1)

    @property
    def cost_s(self) -> float:
        """Expected seconds for a typical segment, retries included; 0 while nothing was measured."""
        return (self.ttfb_s + _TYPICAL_BITS * self.bit_s) / self.success

    def circuit(self, now_s: float) -> Circuit:
        """Return whether it is used at this moment."""
        if not self.trips:
            return Circuit.CLOSED
        return Circuit.OPEN if now_s < self.open_until_s else Circuit.HALF_OPEN

    def after(self, now_s: float, *, ok: bool, ttfb_s: float | None, kbps: float | None) -> OriginHealth:
        """Return the figures with one more request."""
        kept = self.weight * exp(-max(now_s - self.updated_s, 0.0) / _FORGET_S)
        share = kept / self.weight if self.weight else 0.0
        health = replace(self, weight=kept + 1, good=self.good * share + ok, updated_s=max(now_s, self.updated_s))
        return _well(health, ttfb_s, kbps) if ok else _unwell(health, now_s)


def _well(health: OriginHealth, ttfb_s: float | None, kbps: float | None) -> OriginHealth:
    gain = max(1 / health.good, 1 / 16)
    first = ttfb_s if ttfb_s is not None else health.ttfb_s
    per_bit = 1 / (1000 * kbps) if kbps else health.bit_s
    return replace(
        health,
        ttfb_s=health.ttfb_s + gain * (first - health.ttfb_s),
        bit_s=health.bit_s + gain * (per_bit - health.bit_s),
        failures=0,
        trips=0,
    )


def _unwell(health: OriginHealth, now_s: float) -> OriginHealth:
    failures = health.failures + 1
    probing = health.circuit(now_s) is Circuit.HALF_OPEN
    if not probing and (health.trips or failures < _OPEN_AFTER):
        return replace(health, failures=failures)
    pause = min(_PAUSE_S * 2 ** min(health.trips, 8), _LONGEST_PAUSE_S)
    return replace(health, failures=failures, trips=health.trips + 1, open_until_s=now_s + pause)


@dataclass(frozen=True, slots=True)
class OriginChoice:
    """Where to fetch from, where to turn to next, and why."""

    origin: str
    fallbacks: tuple[str, ...]
    reason: str
    """`healthy`, `probe`, or `last-resort` when every origin is left out."""


@dataclass(slots=True)
class OriginBalancer:
    """Shares sessions out among origins.

    Raises BadRequest `abr_origins_invalid` for none, too many or repeated ones.
    """

    origins: tuple[str, ...]
    health: dict[str, OriginHealth] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= len(self.origins) <= MAX_ORIGINS or len(set(self.origins)) != len(self.origins):
            raise BadRequest("abr_origins_invalid", f"There are 1 to {MAX_ORIGINS} different origins.")

    def record(
        self, origin: str, now_s: float, *, ok: bool, ttfb_s: float | None = None, kbps: float | None = None
    ) -> None:
        """Take one request's result; figures that make no sense are left out, origins that are not ours ignored."""
        now = bounded(now_s, 0, 1e12)
        if origin not in self.origins or now is None:
            return
        rate = number(kbps)
        known = self.health.get(origin, OriginHealth())
        self.health[origin] = known.after(
            now, ok=ok, ttfb_s=bounded(ttfb_s, 0, 600), kbps=min(rate, 1e7) if rate is not None and rate >= 1 else None
        )

    def weights(self, now_s: float) -> dict[str, float]:
        """Return each origin's share of the sessions, 1 in all; 0 for those left out."""
        raw = {origin: self._weight(origin, now_s) for origin in self.origins}
        total = sum(raw.values())
        return {origin: weight / total if total else 0.0 for origin, weight in raw.items()}

    def _weight(self, origin: str, now_s: float) -> float:
        health = self.health.get(origin, OriginHealth())
        if health.circuit(now_s) is not Circuit.CLOSED:
            return 0.0
        measured = [h.cost_s for h in self.health.values() if h.cost_s > 0]
        best = min(measured, default=1.0)
        return float((best / health.cost_s) ** _SHARPNESS) if health.cost_s > 0 else 1.0

    def choose(self, session: str, now_s: float) -> OriginChoice:
        """Return where this session fetches now: the same answer for the same health and session."""
        weights = self.weights(now_s)
        ranked = sorted(self.origins, key=lambda origin: (-_score(session, origin, weights[origin]), origin))
        healthy = [origin for origin in ranked if weights[origin] > 0]
        for origin in self.origins:
            health = self.health.get(origin, OriginHealth())
            tries = _uniform(f"{session}|{origin}|{health.trips}") < _PROBE_SHARE
            if healthy and tries and health.circuit(now_s) is Circuit.HALF_OPEN:
                return OriginChoice(origin, tuple(healthy), "probe")
        if healthy:
            return OriginChoice(healthy[0], tuple(healthy[1:]), "healthy")
        soonest = sorted(self.origins, key=lambda origin: (self.health[origin].open_until_s, origin))
        return OriginChoice(soonest[0], tuple(soonest[1:]), "last-resort")

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        slots = OriginHealth.__slots__
        return {origin: [getattr(health, name) for name in slots] for origin, health in self.health.items()}

    @classmethod
    def from_dict(cls, origins: tuple[str, ...], data: Mapping[str, Any]) -> OriginBalancer:
        """Read what `to_dict` wrote for those of these origins that are in it; nonsense starts anew."""
        known = {origin: _health(data[origin]) for origin in origins if origin in data}
        return cls(origins, {origin: health for origin, health in known.items() if health is not None})


def _health(values: object) -> OriginHealth | None:
    if not isinstance(values, list) or len(values) != len(OriginHealth.__slots__):
        return None
    plain = [bounded(value, 0, 1e12) for value in values]
    if any(value is None for value in plain):
        return None
    weight, good, ttfb_s, bit_s, updated_s, failures, trips, until_s = (value or 0.0 for value in plain)
    return OriginHealth(
        weight, min(good, weight), min(ttfb_s, 600.0), min(bit_s, 1e-3), updated_s, int(failures), int(trips),
        min(until_s, updated_s + _LONGEST_PAUSE_S),
    )  # fmt: skip


def _uniform(text: str) -> float:
    """Return a number in (0, 1) that is the text's own."""
    return (int.from_bytes(blake2b(text.encode("utf-8", "replace"), digest_size=8).digest()) + 0.5) / 2**64


def _score(session: str, origin: str, weight: float) -> float:
    return -weight / log(_uniform(f"{session}|{origin}"))
