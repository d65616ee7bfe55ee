"""Sums as people read them: rates, means and percentiles, null where nothing is known; docs/analytics.md says how."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.analytics.measures import Measures, total
from chalicelib.domain.analytics.percentiles import percentile
from chalicelib.domain.analytics.periods import SLOT_S, SLOTS, begin_of, elapsed_s
from chalicelib.domain.analytics.summing import STARTUP_CLASSES_MS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.analytics.periods import Period

HOUR_MS = 3_600_000
MOST_SLOT_DAYS = 2
"""Viewers by five minutes are shown for so many days at most."""
_DIGITS = 6


@dataclass(frozen=True, slots=True)
class Crowd:
    """Viewers at the same time, from five-minute slots; None where no time has passed."""

    average: float | None = None
    peak: float | None = None


def ratio(part: float, whole: float, *, times: float = 1) -> float | None:
    """Return `times` x part / whole, None for a share of nothing."""
    return round(times * part / whole, _DIGITS) if whole > 0 else None


def share(part: float, whole: float) -> float | None:
    """Return part / whole within 0 and 1: late events may have one sum ahead of the other."""
    found = ratio(part, whole)
    return None if found is None else min(1.0, max(0.0, found))


def shown(sums: Measures, *, viewers: int | None = None, crowd: Crowd | None = None) -> dict[str, Any]:
    """Return sums as the API shows them; `viewers` None where they cannot be added up."""
    crowd = crowd or Crowd()
    startups = sums.startup_classes
    return {
        "sessions": sums.sessions,
        "views": sums.views,
        "viewers": viewers,
        "watch_s": seconds(sums.watch_ms),
        "average_viewers": crowd.average,
        "peak_viewers": crowd.peak,
        "startup_ms": ratio(sums.startup_ms, sums.startups),
        "startup_p50_ms": percentile(startups, 0.5, STARTUP_CLASSES_MS),
        "startup_p95_ms": percentile(startups, 0.95, STARTUP_CLASSES_MS),
        "rebuffer_ratio": share(sums.stall_ms, sums.watch_ms + sums.stall_ms),
        "stalls": sums.stalls,
        "stalls_per_hour": ratio(sums.stalls, sums.watch_ms, times=HOUR_MS),
        "mean_kbps": ratio(sums.kbit, sums.picture_ms, times=1000),
        "switches": sums.switches,
        "failures": sums.failures,
        "failure_rate": share(sums.failures, sums.sessions),
        "exits_before_start": sums.exits_before_start,
        "exit_rate": share(sums.exits_before_start, sums.sessions),
        "latency_ms": ratio(sums.latency_ms, sums.latencies),
        "good_share": share(sums.good, sums.judged),
        "qoe": ratio(sums.qoe_milli, sums.judged, times=0.001),
    }


def range_report(days: Mapping[str, Measures], asked: Period, *, now: float) -> dict[str, Any]:
    """Return `from`, `to`, `totals`, those of the days before, and every day; absent days are zeros."""
    return {
        "from": asked.first.isoformat(),
        "to": asked.last.isoformat(),
        "days_count": asked.count,
        "totals": _totals(days, asked, now),
        "before": _totals(days, asked.before, now),
        "days": [{"day": day, **_day(days.get(day, Measures()), day, now)} for day in asked.days],
    }


def slots_report(days: Mapping[str, Measures], asked: Period, *, now: float) -> list[tuple[float, float]] | None:
    """Return viewers by five minutes, (Unix seconds, viewers), up to now; None for ranges too long to show them."""
    if asked.count > MOST_SLOT_DAYS:
        return None
    places = [(day, begin_of(day), slot) for day in asked.days for slot in range(SLOTS)]
    return [
        (begun + slot * SLOT_S, _slot_viewers(days.get(day, Measures()), slot))
        for day, begun, slot in places
        if begun + slot * SLOT_S <= now
    ]


def seconds(milliseconds: float) -> float:
    """Return milliseconds as seconds."""
    return round(milliseconds / 1000, 3)


def _day(sums: Measures, day: str, now: float) -> dict[str, Any]:
    return shown(sums, viewers=sums.viewers, crowd=_crowd({day: sums}, [day], now))


def _totals(days: Mapping[str, Measures], asked: Period, now: float) -> dict[str, Any]:
    names = asked.days
    sums = total(days[day] for day in names if day in days)
    # One viewer on two days is one viewer, which the sum does not know: only a single day can say how many.
    viewers = sums.viewers if asked.count == 1 else None
    return shown(sums, viewers=viewers, crowd=_crowd(days, names, now))


def _crowd(days: Mapping[str, Measures], names: list[str], now: float) -> Crowd:
    passed_s = sum(elapsed_s(day, now) for day in names)
    if not passed_s:
        return Crowd()
    watched = [ms for day in names if day in days for ms in days[day].slots.values()]
    peak = max(watched, default=0) / (SLOT_S * 1000)
    return Crowd(ratio(sum(watched) / 1000, passed_s), round(peak, _DIGITS))


def _slot_viewers(sums: Measures, slot: int) -> float:
    return round(sums.slots.get(str(slot), 0) / (SLOT_S * 1000), _DIGITS)
