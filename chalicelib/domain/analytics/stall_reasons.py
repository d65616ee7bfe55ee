"""Why the picture stood still: a rule for each cause, the plainest first, and a sentence with the numbers in it."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.domain.analytics.course import Moment

FAILED, AFTER_SEEK, SLOW_FIRST_BYTE = "failed_request", "after_seek", "slow_first_byte"
FELL, TOO_HIGH, UNKNOWN = "throughput_fell", "rung_too_high", "unknown"
CODES = (FELL, TOO_HIGH, SLOW_FIRST_BYTE, FAILED, AFTER_SEEK, UNKNOWN)
MOST_REASONS = 200
SEEK_MS = 4000
"""A stall that begins so soon after a jump is the jump's: nothing was buffered there."""
FAILED_MS = 15_000
"""A request that failed so shortly before is why the buffer ran dry."""
LATE_MS = 1000
"""A first byte may take so long before it counts."""
AFTER_MS = 2000
"""The segment that ended the stall may be told of a little later."""
FELL_TO = 0.6
"""Of the throughput before."""
_FAILURES = frozenset({"failed", "timeout", "error"})
_BEFORE = 5
_MBIT = 1000


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one stall was; `at_ms` is when it was over, from the session's start."""

    at_ms: int
    stall_ms: float
    code: str
    text: str


def why(moments: Sequence[Moment]) -> list[Reason]:
    """Return a reason for each stall of a session, in order; `moments` are in order as well."""
    stalls = [moment for moment in moments if moment.kind == "stall" and moment.stall_ms]
    found = ((stall, *_explained(stall, moments)) for stall in stalls[:MOST_REASONS])
    return [Reason(stall.at_ms, stall.stall_ms or 0.0, code, text) for stall, code, text in found]


def _explained(stall: Moment, moments: Sequence[Moment]) -> tuple[str, str]:
    rules = (_failed, _after_seek, _slow_first_byte, _fell, _too_high)
    told = (rule(stall, moments) for rule in rules)
    return next((one for one in told if one), (UNKNOWN, _unknown(stall, moments)))


def _failed(stall: Moment, moments: Sequence[Moment]) -> tuple[str, str] | None:
    near = [one for one in moments if stall.begun_ms - FAILED_MS <= one.at_ms <= stall.at_ms + AFTER_MS]
    broken = [one for one in near if one.kind == "error" or (one.is_transfer and one.outcome in _FAILURES)]
    if not broken:
        return None
    what = f" ({broken[-1].code})" if broken[-1].code else ""
    return FAILED, f"A request for media failed{what}, and the buffer ran out before it came by another try."


def _after_seek(stall: Moment, moments: Sequence[Moment]) -> tuple[str, str] | None:
    seeks = [one for one in moments if one.kind == "seek" and stall.begun_ms - SEEK_MS <= one.at_ms <= stall.at_ms]
    if not seeks:
        return None
    where = "" if seeks[-1].pt_s is None else f" to {_clock(seeks[-1].pt_s)}"
    return AFTER_SEEK, f"The viewer had just jumped{where}, where nothing was buffered yet."


def _slow_first_byte(stall: Moment, moments: Sequence[Moment]) -> tuple[str, str] | None:
    culprit = _culprit(stall, moments)
    if culprit is None or culprit.ttfb_ms is None or culprit.duration_ms is None:
        return None
    if culprit.ttfb_ms < LATE_MS or 2 * culprit.ttfb_ms < culprit.duration_ms:
        return None
    took = f"{culprit.duration_ms / 1000:.1f} s for {_rung(culprit)}"
    return SLOW_FIRST_BYTE, f"The first byte came after {culprit.ttfb_ms / 1000:.1f} s, of {took} in all."


def _fell(stall: Moment, moments: Sequence[Moment]) -> tuple[str, str] | None:
    culprit, usual = _culprit(stall, moments), _usual(stall, moments)
    speed = _speed(culprit)
    if culprit is None or speed is None or usual is None or speed > FELL_TO * usual:
        return None
    if culprit.kbps is not None and usual < culprit.kbps:
        return None  # it would not have done at its usual speed either
    lasted_s = (culprit.duration_ms or 0.0) / 1000
    took = f" {_rung(culprit, begin=True)} took {lasted_s:.1f} s, longer than the buffer lasted." if lasted_s else ""
    return FELL, f"The link fell from {_rate(usual)} to {_rate(speed)}.{took}"


def _too_high(stall: Moment, moments: Sequence[Moment]) -> tuple[str, str] | None:
    culprit = _culprit(stall, moments)
    speed = _speed(culprit)
    if culprit is None or speed is None or culprit.kbps is None or culprit.kbps <= speed:
        return None
    return TOO_HIGH, f"{_rung(culprit, begin=True)} was too much for a link of {_rate(speed)}."


def _unknown(stall: Moment, moments: Sequence[Moment]) -> str:
    speed = _speed(_culprit(stall, moments))
    if speed is None:
        return "No transfer was reported around this time, so nothing tells why."
    return f"What was fetched came at {_rate(speed)}, fast enough for its bitrate: the link was not the reason."


def _culprit(stall: Moment, moments: Sequence[Moment]) -> Moment | None:
    """Return what was awaited: of the transfers under way while the picture stood still the longest."""
    return max(_awaited(stall, moments), key=lambda one: one.duration_ms or 0.0, default=None)


def _awaited(stall: Moment, moments: Sequence[Moment]) -> Iterator[Moment]:
    for one in moments:
        if one.is_transfer and one.at_ms >= stall.begun_ms and one.begun_ms <= stall.at_ms:
            yield one


def _usual(stall: Moment, moments: Sequence[Moment]) -> float | None:
    """Return the throughput of the last transfers that ended before."""
    before = [s for one in moments if one.at_ms < stall.begun_ms and (s := _speed(one)) is not None]
    return median(before[-_BEFORE:]) if before else None


def _speed(moment: Moment | None) -> float | None:
    return moment.throughput_kbps if moment is not None and moment.is_transfer else None


def _rung(moment: Moment, *, begin: bool = False) -> str:
    name = moment.rung or (f"{moment.kbps:.0f} kbit/s" if moment.kbps else "")
    if name:
        return f"A segment of {name}" if begin else f"a segment of {name}"
    return "A segment" if begin else "a segment"


def _rate(kbps: float) -> str:
    return f"{kbps / _MBIT:.1f} Mbit/s" if kbps >= _MBIT else f"{kbps:.0f} kbit/s"


def _clock(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
