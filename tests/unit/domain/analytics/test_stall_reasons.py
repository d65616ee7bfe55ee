"""Why the picture stood still, for each cause a session that shows it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.analytics.course import Moment
from chalicelib.domain.analytics.stall_reasons import MOST_REASONS, why


def segment(at_ms: int, kbps: float, *, took_ms: float = 500, rung: int = 1000, **more: float | str) -> Moment:
    """A transfer that ended then."""
    told = Moment(at_ms, "segment", throughput_kbps=kbps, kbps=rung, rung=f"720p {rung}k", duration_ms=took_ms)
    return replace(told, **more)  # type: ignore[arg-type]


STALL = Moment(14_000, "stall", stall_ms=4000)
WELL = [segment(at, 4000.0) for at in (2000, 4000, 6000, 8000)]
FELL_LATE = segment(13_900, 400.0, took_ms=6000)


@pytest.mark.parametrize(
    ("moments", "code", "words"),
    [
        ([*WELL, STALL, FELL_LATE], "throughput_fell", "fell from 4.0 Mbit/s to 400 kbit/s. A segment of 720p 1000k"),
        (
            [*(segment(at, 700.0, rung=2000) for at in (2000, 8000)), STALL, segment(13_900, 690.0, rung=2000)],
            "rung_too_high",
            "A segment of 720p 2000k was too much for a link of 690 kbit/s",
        ),
        (
            [*WELL, STALL, segment(13_900, 500.0, took_ms=5000, ttfb_ms=4500)],
            "slow_first_byte",
            "after 4.5 s, of 5.0 s for a segment of 720p 1000k",
        ),
        ([*WELL, segment(9000, 1.0, outcome="failed", code="fragLoadError"), STALL], "failed_request", "fragLoadError"),
        ([*WELL, Moment(9500, "error", code="networkError"), STALL], "failed_request", "networkError"),
        ([*WELL, Moment(9000, "seek", pt_s=754.0), STALL, FELL_LATE], "after_seek", "jumped to 12:34"),
        ([*WELL, STALL, segment(13_900, 4100.0)], "unknown", "came at 4.1 Mbit/s, fast enough"),
        ([STALL], "unknown", "No transfer was reported"),
        # The first of all: there is no usual speed to have fallen from.
        ([STALL, segment(13_900, 300.0, took_ms=13_000)], "rung_too_high", "300 kbit/s"),
        # A bitrate that nobody knows cannot be too high, but the link fell all the same.
        ([*WELL, STALL, replace(FELL_LATE, kbps=None, rung="")], "throughput_fell", "A segment took 6.0 s"),
    ],
)
def test_reasons(moments: list[Moment], code: str, words: str) -> None:
    """A stable code, and a sentence with the numbers."""
    (reason,) = why(moments)
    assert (reason.at_ms, reason.stall_ms, reason.code) == (14_000, 4000, code)
    assert words in reason.text


def test_what_was_long_before_is_no_reason() -> None:
    """A jump and a failure of a minute ago explain nothing now."""
    past = [Moment(1000, "seek"), segment(1000, 1.0, outcome="failed")]
    stall = replace(STALL, at_ms=64_000)
    (reason,) = why([*past, segment(50_000, 4000.0), stall, segment(63_000, 400.0, took_ms=5000)])
    assert reason.code == "throughput_fell"


def test_one_for_each_stall_up_to_a_bound() -> None:
    """In the order in which they were; transfers and pauses need none."""
    stalls = [Moment(at, "stall", stall_ms=100.0) for at in range(MOST_REASONS + 9)]
    found = why([Moment(0, "pause"), *stalls, Moment(5, "stall")])
    assert [reason.at_ms for reason in found] == list(range(MOST_REASONS))
