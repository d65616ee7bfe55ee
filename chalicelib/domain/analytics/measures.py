"""Sums over sessions. Every number adds up, so that a day is the sum of its sessions and a month of its days."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping


@dataclass(frozen=True, slots=True)
class Measures:
    """Whole numbers that add up; a later report of a session adds the difference, which may be negative.

    Times are milliseconds. Maps go from a name to a sum; what is 0 is left out of them.
    """

    sessions: int = 0
    """Players that were opened, whether anything played or not."""
    views: int = 0
    """Sessions that showed a first picture."""
    viewers: int = 0
    """Views whose viewer had none before in this sum's time (the day, or ever); views without a name count each."""
    live_views: int = 0
    """Views that watched a stream: its timeline moves, so that they say nothing about the parts of its recording."""
    exits_before_start: int = 0
    failures: int = 0
    """Sessions that a fatal error ended."""
    watch_ms: int = 0
    stall_ms: int = 0
    stalls: int = 0
    startup_ms: int = 0
    """Sum over views that told it; how many did is `startups`."""
    startups: int = 0
    picture_ms: int = 0
    """Media time whose bitrate is known; `kbit` is its sum of kbit/s x s, so that kbit / picture_ms is the mean."""
    kbit: int = 0
    switches: int = 0
    seeks: int = 0
    latency_ms: int = 0
    """Of live sessions: sum over reports that told it; how many did is `latencies`."""
    latencies: int = 0
    judged: int = 0
    """Sessions long enough to judge; `good` of them were GOOD, `qoe_milli` is the sum of their scores x 1000."""
    good: int = 0
    qoe_milli: int = 0
    rungs: Mapping[str, int] = field(default_factory=dict)
    """Media time by rung (`720p 1000k`)."""
    slots: Mapping[str, int] = field(default_factory=dict)
    """Watch time by slot of five minutes of the day, `0` to `287`."""
    seen: Mapping[str, int] = field(default_factory=dict)
    """Audience retention: views that played hundredth `0` to `99` of the recording."""
    startup_classes: Mapping[str, int] = field(default_factory=dict)
    """Views by start-up time, by upper bound in ms, `inf` at the end."""
    by: Mapping[str, int] = field(default_factory=dict)
    """`dimension/value/measure`: the sums of sessions, views, watch_ms, stall_ms, judged, good and qoe_milli for each
    value of the dimensions `network`, `device` and `country`."""

    def __add__(self, other: Measures) -> Measures:
        """Return the sum."""
        return Measures(**{f.name: _added(getattr(self, f.name), getattr(other, f.name)) for f in fields(self)})

    def __neg__(self) -> Measures:
        """Return what takes this away."""
        return Measures(**{f.name: _negated(getattr(self, f.name)) for f in fields(self)})

    def __sub__(self, other: Measures) -> Measures:
        """Return the difference."""
        return self + -other

    def to_dict(self) -> dict[str, Any]:
        """Return what is not 0 as plain JSON values."""
        found = ((f.name, getattr(self, f.name)) for f in fields(self))
        return {name: dict(value) if not isinstance(value, int) else value for name, value in found if value}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Measures:
        """Read what `to_dict` returned; names that a later version wrote are left out."""
        return cls(**{f.name: values[f.name] for f in fields(cls) if f.name in values})


def total(measures: Iterable[Measures]) -> Measures:
    """Return the sum of all, which is empty for none."""
    result = Measures()
    for one in measures:
        result += one
    return result


def _added(one: Any, other: Any) -> Any:
    if isinstance(one, int):
        return one + other
    names = dict.fromkeys([*one, *other])
    sums = {name: one.get(name, 0) + other.get(name, 0) for name in names}
    return {name: value for name, value in sums.items() if value}


def _negated(value: Any) -> Any:
    return -value if isinstance(value, int) else {name: -number for name, number in value.items()}
