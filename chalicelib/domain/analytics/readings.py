"""What of a reported event analytics believes: known keys, each a number within bounds, a word of ours, or left out.

Whatever a player sends, a reading is small, plain JSON, and says nothing of who it was but a name without meaning.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.device import DeviceCapabilities
from chalicelib.domain.abr.following import device_of
from chalicelib.domain.abr.metrics import Outcome, bounded, rate_of
from chalicelib.domain.abr.reports import EventKind, clock_ms, is_transfer, level_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.domain.abr.levels import BitrateProfile
    from chalicelib.domain.abr.reports import Event

DAY_MS = 24 * 3600 * 1000
EARLY_MS, LATE_MS = 5 * 60 * 1000, DAY_MS
"""How far a player's clock may be ahead of ours, and how long ago something may have happened that is told now."""
LONGEST_MS = 3 * DAY_MS
"""After so long a session's clock stands still: who watches for days is more than one session."""
DEVICES = ("phone", "tablet", "desktop", "tv", "other")
_VIEWER_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
_WORD = re.compile(r"[A-Za-z0-9_.:/-]{1,64}")
_TEN_MINUTES = 600_000
_BOUNDS = {
    "wt": LONGEST_MS,
    "pt": DAY_MS,
    "bl": _TEN_MINUTES,
    "bl_before": _TEN_MINUTES,
    "stall_ms": _TEN_MINUTES,
    "startup_ms": _TEN_MINUTES,
    "latency_ms": 3_600_000,
    "ttfb_ms": _TEN_MINUTES,
    "duration_ms": _TEN_MINUTES,
    "bytes": 1_000_000_000,
    "d": 30_000,
    "index": 10_000_000,
}
"""Whole numbers from 0 to these."""
_MOST_RANGES = 16
_TELLING_BYTES, _TELLING_MS = 4096, 3.0
"""What is smaller or faster says nothing about the link (as in the engine)."""
_LEAST_KBPS, _MOST_KBPS = 1.0, 10_000_000.0
_WITH_RUNG = (EventKind.SEGMENT, EventKind.ABANDON, EventKind.SWITCH)


@dataclass(frozen=True, slots=True)
class Arrival:
    """What a report's events are read against: our clock when it came, and when the session's first one came (ms)."""

    now_ms: int
    opened_ms: int
    profile: BitrateProfile
    segment_ms: int
    viewer_name: Callable[[str], str]
    """Makes of a browser's random id a name that says nothing."""

    def clock(self, reported_ms: float | None) -> int:
        """Return when something happened, within what can be."""
        told = self.now_ms if reported_ms is None else reported_ms
        low = max(self.now_ms, self.opened_ms) - LATE_MS
        high = min(self.now_ms + EARLY_MS, self.opened_ms + LONGEST_MS)
        return int(min(max(told, low), max(low, high)))


def read_event(event: Event, arrival: Arrival) -> dict[str, Any]:
    """Return what is believed of an event, as plain JSON values; never raises, whatever it holds."""
    data, kind = event.data, event.kind
    reading: dict[str, Any] = {"seq": event.sequence, "kind": kind.value, "at_ms": arrival.clock(clock_ms(event))}
    for name, most in _BOUNDS.items():
        value = bounded(data.get(name), 0, most)
        if value is not None:
            reading[name] = round(value)
    if kind in _WITH_RUNG and (kind is EventKind.SWITCH or is_transfer(event)):
        reading |= _rung(data, arrival.profile)
    if is_transfer(event):
        reading |= _transfer(reading, data, kind)
        reading.setdefault("d", arrival.segment_ms)
    if kind is EventKind.JOIN:
        reading |= _joined(data, arrival)
    for name in ("reason", "code"):
        word = data.get(name)
        if isinstance(word, str) and _WORD.fullmatch(word):
            reading[name] = word
    if data.get("fatal") is True:
        reading["fatal"] = True
    seen = _ranges(data.get("seen"))
    return reading | ({"seen": seen} if seen else {})


def shown(reading: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a reading is kept for looking into a session: nothing of who it was."""
    return {name: value for name, value in reading.items() if name not in {"viewer", "cap_kbps", "seen"}}


def _rung(data: Mapping[str, Any], profile: BitrateProfile) -> dict[str, Any]:
    level = level_of(data, profile)
    return {"kbps": profile[level].kbps, "rung": profile[level].name} if level <= profile.top else {}


def _transfer(reading: Mapping[str, Any], data: Mapping[str, Any], kind: EventKind) -> dict[str, Any]:
    outcome = data.get("outcome")
    usual = Outcome.ABORTED if kind is EventKind.ABANDON else Outcome.COMPLETE
    known = isinstance(outcome, str) and outcome in tuple(Outcome)
    size, duration_ms = reading.get("bytes", 0), reading.get("duration_ms", 0)
    rate = rate_of(size, duration_ms, min(reading.get("ttfb_ms", 0), duration_ms))
    telling = size >= _TELLING_BYTES and duration_ms >= _TELLING_MS and rate is not None
    kbps = {"throughput_kbps": round(bounded(rate, _LEAST_KBPS, _MOST_KBPS) or 0)} if telling else {}
    return {"outcome": str(outcome) if known else usual.value, **kbps}


def _joined(data: Mapping[str, Any], arrival: Arrival) -> dict[str, Any]:
    viewer, device = data.get("vid"), data.get("device")
    barred = DeviceCapabilities.from_dict(device_of(data)).limits(arrival.profile, measured=True).barred
    left = [level.kbps for level in arrival.profile.levels if level.index not in barred]
    joined: dict[str, Any] = {"cap_kbps": max(left, default=arrival.profile[0].kbps)}
    if isinstance(viewer, str) and _VIEWER_ID.fullmatch(viewer):
        joined["viewer"] = arrival.viewer_name(viewer)
    if isinstance(device, str) and device in DEVICES:
        joined["device"] = device
    return joined | ({"live": True} if data.get("live") is True else {})


def _ranges(listed: object) -> list[list[int]]:
    ranges: list[list[int]] = []
    for pair in (listed if isinstance(listed, list) else [])[:_MOST_RANGES]:
        if isinstance(pair, list) and len(pair) == 2:  # noqa: PLR2004  from and to
            first, last = (bounded(value, 0, DAY_MS) for value in pair)
            if first is not None and last is not None and last > first:
                ranges.append([round(first), round(last)])
    return [pair for pair in ranges if pair[1] > pair[0]]
