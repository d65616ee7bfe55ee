"""Was a session good? A yes or no, and a score: by the definitions that the adaptive engine is measured with."""

from __future__ import annotations

from dataclasses import dataclass

GOOD_REBUFFERING, GOOD_STARTUP_MS, GOOD_KBPS, GOOD_SHARE = 0.01, 4000, 1000.0, 0.7
UNIT_S, STALL_WEIGHT = 4.0, 4.3
"""Content is weighed in pieces of four seconds; a second of waiting costs 4.3 Mbit/s (Yin et al., SIGCOMM 2015)."""
LEAST_MS = 10_000
"""Of playing and stalls: a shorter session is not judged."""
_WORST, _BEST = -100.0, 100.0


@dataclass(frozen=True, slots=True)
class Experience:
    """What a session was like. Times in ms, bitrates in kbit/s; None is not known."""

    started: bool
    failed: bool
    watch_ms: int
    stall_ms: int
    startup_ms: int | None
    mean_kbps: float | None
    """Of what was fetched to be shown."""
    changes_kbps: int
    """Sum of its ups and downs."""
    attainable_kbps: float | None
    """What link, device and ladder allowed."""


def judged(session: Experience) -> bool:
    """True for a session that is long enough, and of which the bitrate is known."""
    return session.started and session.mean_kbps is not None and session.watch_ms + session.stall_ms >= LEAST_MS


def good(session: Experience) -> bool:
    """True when it did not fail, stood still for up to 1 % of the time, began within 4 s, and looked good enough.

    Good enough is a mean of 1000 kbit/s, or 70 % of what was attainable where that is less.
    """
    floor = min(GOOD_KBPS, GOOD_SHARE * (session.attainable_kbps or GOOD_KBPS / GOOD_SHARE))
    return (
        not session.failed
        and session.stall_ms <= GOOD_REBUFFERING * (session.watch_ms + session.stall_ms)
        and (session.startup_ms or 0) <= GOOD_STARTUP_MS
        and (session.mean_kbps or 0.0) >= floor
    )


def qoe(session: Experience) -> float:
    """Return the linear quality of experience per 4 s of content watched, kept within -100 and 100."""
    units = max(session.watch_ms / 1000, UNIT_S) / UNIT_S
    waited_s = (session.stall_ms + (session.startup_ms or 0)) / 1000
    lost = STALL_WEIGHT * waited_s + session.changes_kbps / 1000
    return min(max((session.mean_kbps or 0.0) / 1000 - lost / units, _WORST), _BEST)
