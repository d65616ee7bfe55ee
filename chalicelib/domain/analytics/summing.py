"""What a session adds to which sums, and when that is worth writing."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.analytics import judging, marks
from chalicelib.domain.analytics.judging import Experience
from chalicelib.domain.analytics.measures import Measures, total
from chalicelib.domain.analytics.slots import day_of, place_of, watch_by_slot

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.analytics.session import SessionFacts

STARTUP_CLASSES_MS = (250, 500, 750, 1000, 1500, 2000, 3000, 4000, 6000, 10_000, 20_000)
"""Upper bounds; `inf` is above the last."""
UNKNOWN = "unknown"
_SLACK_MS = 5_000
"""How much more than the time that passed a player may say it played: clocks and counters are read apart."""
SOONEST_S, LATEST_S = 60.0, 300.0
"""Seconds from one writing of sums to the next: a fifth of the session's age within these."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is known of a session beside its events."""

    duration_s: float = 0.0
    """Of the recording, 0 while that is not known or a stream is on."""
    viewer: str = ""
    """Who it was, under a name that says nothing; empty for nobody in particular."""
    country: str = ""
    closed: bool = False
    """True when it was given up: nothing has come for long."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a session came to."""

    watch_ms: int
    stall_ms: int
    startup_ms: int | None
    mean_kbps: float | None
    latency_ms: int | None
    network: str
    device: str
    completion: float
    failure: str
    ended: bool
    good: bool | None
    qoe: float | None


@dataclass(frozen=True, slots=True)
class Share:
    """What a session has added to the sums, or should have: by UTC day, and what counts over all time only."""

    days: Mapping[str, Measures] = field(default_factory=dict)
    seen: Mapping[str, int] = field(default_factory=dict)
    viewer: str = ""
    """Whose view it is; empty for none, or for one that is nobody's in particular."""
    day: str = ""
    """The day it began, which its counts belong to."""

    @property
    def total(self) -> Measures:
        """What it adds over all time: no slots, but what was seen."""
        return replace(total(self.days.values()), slots={}, seen=self.seen)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        days = {day: measures.to_dict() for day, measures in self.days.items()}
        return {"days": days, "seen": dict(self.seen), "viewer": self.viewer, "day": self.day}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Share:
        """Read what `to_dict` wrote."""
        days = {day: Measures.from_dict(measures) for day, measures in data.get("days", {}).items()}
        return cls(days, data.get("seen", {}), data.get("viewer", ""), data.get("day", ""))


def outcome_of(facts: SessionFacts, context: Context) -> Outcome:
    """Return what a session came to so far."""
    passed_ms = facts.last_ms - facts.begun_ms
    told_ms = facts.watch_ms or 1000 * facts.seconds.bit_count()
    watch_ms = min(told_ms, passed_ms + _SLACK_MS)
    stall_ms = min(facts.stall_ms, passed_ms)
    startup_ms = facts.start[1] if facts.start else None
    mean_kbps = 1000 * facts.kbit / facts.picture_ms if facts.picture_ms else None
    failure = facts.failure[1] if facts.failure else ""
    limits = [limit for limit in (facts.link.mean_kbps, facts.cap[1] if facts.cap else None) if limit is not None]
    experience = Experience(
        started=facts.started,
        failed=bool(failure),
        watch_ms=watch_ms,
        stall_ms=stall_ms,
        startup_ms=startup_ms,
        mean_kbps=mean_kbps,
        changes_kbps=facts.ups_and_downs,
        attainable_kbps=min(limits, default=None),
    )
    long_enough = judging.judged(experience)
    return Outcome(
        watch_ms=watch_ms,
        stall_ms=stall_ms,
        startup_ms=startup_ms,
        mean_kbps=mean_kbps,
        latency_ms=round(facts.latency_ms / facts.latencies) if facts.latencies else None,
        network=facts.link.network,
        device=facts.device[1] if facts.device else "",
        completion=0.0 if facts.live else marks.completion(facts.seconds, context.duration_s),
        failure=failure,
        ended=facts.over or context.closed,
        good=judging.good(experience) if long_enough else None,
        qoe=judging.qoe(experience) if long_enough else None,
    )


def share_of(facts: SessionFacts, context: Context) -> Share:
    """Return what a session adds to the sums."""
    if not facts.told:
        return Share()
    outcome, day = outcome_of(facts, context), day_of(facts.begun_ms)
    days = {day: _counts(facts, context, outcome)}
    for slot, ms in watch_by_slot(facts.reached, facts.begun_ms, outcome.watch_ms).items():
        slot_day, place = place_of(slot)
        days[slot_day] = days.get(slot_day, Measures()) + Measures(slots={place: ms})
    played = [] if facts.live else marks.hundredths(facts.seconds, context.duration_s)
    return Share(days, {str(part): 1 for part in played}, context.viewer if facts.started else "", day)


def due(facts: SessionFacts, before: SessionFacts, *, since_s: float) -> bool:
    """True when the sums should hear of a session: it began to play, ended or failed, or some time has passed.

    `since_s` is how long ago they heard last.
    """
    news = (
        facts.started and not before.started,
        facts.over and not before.over,
        facts.failure is not None and before.failure is None,
    )
    age_s = (facts.last_ms - facts.begun_ms) / 1000
    return any(news) or since_s >= min(max(age_s / 5, SOONEST_S), LATEST_S)


def _counts(facts: SessionFacts, context: Context, outcome: Outcome) -> Measures:
    started, told_start = facts.started, facts.started and outcome.startup_ms is not None
    startup_ms = outcome.startup_ms or 0
    counts = Measures(
        sessions=1,
        views=int(started),
        live_views=int(started and facts.live),
        viewers=int(started and not context.viewer),
        exits_before_start=int(outcome.ended and not started and not outcome.failure),
        failures=int(bool(outcome.failure)),
        watch_ms=outcome.watch_ms,
        stall_ms=outcome.stall_ms,
        stalls=facts.stalls,
        startup_ms=startup_ms if told_start else 0,
        startups=int(told_start),
        picture_ms=facts.picture_ms,
        kbit=facts.kbit,
        switches=facts.switches,
        seeks=facts.seeks,
        latency_ms=facts.latency_ms,
        latencies=facts.latencies,
        judged=int(outcome.good is not None),
        good=int(outcome.good is True),
        qoe_milli=round(1000 * (outcome.qoe or 0.0)),
        rungs=dict(facts.rungs),
        startup_classes={startup_class(startup_ms): 1} if told_start else {},
    )
    return replace(counts, by=_by(counts, outcome, context.country))


def startup_class(startup_ms: int) -> str:
    """Return the upper bound of a start-up time's class."""
    return next((str(bound) for bound in STARTUP_CLASSES_MS if startup_ms <= bound), "inf")


def _by(counts: Measures, outcome: Outcome, country: str) -> dict[str, int]:
    """Count a session under each of its dimensions; what is not known has a name too, so that these add up as well."""
    names = ("sessions", "views", "watch_ms", "stall_ms", "judged", "good", "qoe_milli")
    values = {name: getattr(counts, name) for name in names}
    dimensions = {"network": outcome.network, "device": outcome.device, "country": country}
    return {
        f"{dimension}/{value or UNKNOWN}/{name}": number
        for dimension, value in dimensions.items()
        for name, number in values.items()
        if number
    }
