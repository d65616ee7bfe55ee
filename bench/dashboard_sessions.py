"""Sessions as players would report them, and what any number of them comes to: for bench_dashboards.

Forty kinds of session are made up, event by event, and folded by the product's own code. A million sessions are
these kinds over and over; as sums add up, what they come to is known without folding a million times.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.levels import ABRConfig
from chalicelib.domain.abr.reports import Event, EventKind
from chalicelib.domain.analytics.measures import Measures
from chalicelib.domain.analytics.periods import begin_of
from chalicelib.domain.analytics.readings import Arrival, read_event
from chalicelib.domain.analytics.session import SessionFacts
from chalicelib.domain.analytics.summing import Context, Share, share_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

LENGTH_S = 1800.0
SEGMENT_MS = 2000
PEOPLE = 30
"""Of KINDS sessions: some come back."""
KINDS = 40
LINKS = {"4g": 9000, "wifi": 24_000, "3g": 900, "slow": 350}
PROFILE = ABRConfig().profile


def events_of(kind: int, day: str, length: int = 0) -> list[dict[str, Any]]:
    """Return one session's events; the same kind on another day differs in its times only.

    `length` is how many segments it has, a few to a few hundred unless told.
    """
    dice = random.Random(kind)  # noqa: S311  made-up sessions
    at_ms = round(1000 * begin_of(day)) + dice.randrange(6 * 3600, 20 * 3600) * 1000
    link, device = dice.choice([*LINKS.values()]), dice.choice(["phone", "desktop", "desktop", "tv"])
    join = {"kind": "join", "vid": f"person-{kind % PEOPLE:014d}", "device": device, "width": 1280, "height": 720}
    told: list[dict[str, Any]] = [join | {"at_ms": at_ms}]
    if dice.random() < 0.04:
        return _numbered([*told, {"kind": "end", "reason": "left", "at_ms": at_ms + 3000}])
    startup = round(dice.lognormvariate(6.6, 0.6))
    told.append({"kind": "start", "startup_ms": startup, "at_ms": at_ms + startup})
    played, at_ms = 0, at_ms + startup
    for index in range(length or min(880, round(dice.lognormvariate(4.2, 1.1)))):
        level = dice.choice([one for one in PROFILE.levels if one.kbps < link] or PROFILE.levels[:1])
        size, rate = level.kbps * SEGMENT_MS // 8, link * dice.uniform(0.4, 1.4)
        took = round(8 * size / rate) + 60
        seen = [[played, played + SEGMENT_MS]]
        played, at_ms = played + SEGMENT_MS, at_ms + SEGMENT_MS
        transfer = {"bytes": size, "duration_ms": took, "ttfb_ms": 60, "d": SEGMENT_MS, "index": index, "bl": 9000}
        told.append({"kind": "segment", "br": level.kbps, "wt": played, "seen": seen, "at_ms": at_ms, **transfer})
        if dice.random() < 0.01:
            stall = dice.randrange(200, 6000)
            at_ms += stall
            told.append({"kind": "stall", "stall_ms": stall, "wt": played, "at_ms": at_ms})
    return _numbered([*told, {"kind": "end", "reason": "left", "wt": played, "at_ms": at_ms + 100}])


def _numbered(told: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return [event | {"seq": number} for number, event in enumerate(told)]


def readings_of(events: Sequence[Mapping[str, Any]], name: str) -> list[dict[str, Any]]:
    """Return events as analytics reads them; `name` is the viewer's."""
    last = int(max(event["at_ms"] for event in events))
    arrival = Arrival(last, int(events[0]["at_ms"]), PROFILE, SEGMENT_MS, lambda _: name)
    return [read_event(Event(EventKind(event["kind"]), event["seq"], event), arrival) for event in events]


def facts_of(kind: int, day: str, name: str) -> SessionFacts:
    """Return a session's facts."""
    return SessionFacts().after(readings_of(events_of(kind, day), name))


def scaled(measures: Measures, times: int) -> Measures:
    """Return what so many of the same come to."""
    values = {field.name: getattr(measures, field.name) for field in fields(measures)}
    return Measures(**{name: _times(value, times) for name, value in values.items()})


def _times(value: Any, times: int) -> Any:
    return value * times if isinstance(value, int) else {name: number * times for name, number in value.items()}


@dataclass(frozen=True, slots=True)
class Crowd:
    """What the first n kinds come to, n from 0 to KINDS: on their day, and over all time. Slots are of the day."""

    day: Sequence[Measures]
    ever: Sequence[Measures]

    def on_day(self, count: int) -> Measures:
        """Return what `count` sessions come to on their day."""
        return _many(self.day, count)

    def over_all(self, count: int) -> Measures:
        """Return what `count` sessions come to over all time."""
        return _many(self.ever, count)


def _many(prefixes: Sequence[Measures], count: int) -> Measures:
    rounds, rest = divmod(count, KINDS)
    return scaled(prefixes[KINDS], rounds) + prefixes[rest]


def crowd(day: str) -> Crowd:
    """Fold every kind once, and add up. People of each round of KINDS are others, and some come back within it."""
    on_day, ever, met = [Measures()], [Measures()], set[int]()
    for kind in range(KINDS):
        share: Share = share_of(facts_of(kind, day, f"v{kind % PEOPLE}"), Context(LENGTH_S, f"v{kind % PEOPLE}"))
        new = int(bool(share.viewer) and kind % PEOPLE not in met)
        met |= {kind % PEOPLE} if share.viewer else set()
        (only,) = share.days.values()
        on_day.append(on_day[-1] + replace(only, viewers=only.viewers + new))
        ever.append(ever[-1] + replace(share.total, viewers=share.total.viewers + new))
    return Crowd(on_day, ever)
