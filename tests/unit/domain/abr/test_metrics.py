"""What is believed of a segment's report, what is clamped and what is refused."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.abr import ABRConfig, Cleaned, Outcome, Refusal, Seen, SegmentMetrics, clean

CONFIG = ABRConfig()
NAN, INF = float("nan"), float("inf")
GOOD = SegmentMetrics(
    index=7, level=2, bytes=250_000, duration_ms=1040, ttfb_ms=40, buffer_before_s=8, buffer_after_s=9,
    dropped_frames=2, total_frames=48, t_ms=20_000,
)  # fmt: skip
BEFORE = Seen(index=6, t_ms=18_000)


def believed(**changes: Any) -> Cleaned:
    """Clean a good report with some fields changed; it must be believed."""
    cleaned = clean(replace(GOOD, **changes), BEFORE, CONFIG)
    assert isinstance(cleaned, Cleaned)
    return cleaned


def refused(previous: Seen = BEFORE, now_ms: float | None = None, **changes: Any) -> str:
    """Clean a good report with some fields changed; return why it is refused."""
    refusal = clean(replace(GOOD, **changes), previous, CONFIG, now_ms)
    assert isinstance(refusal, Refusal)
    return refusal.reason


def test_a_good_report_is_believed() -> None:
    """Bandwidth is of the body: 2 Mbit in the second after the first byte."""
    cleaned = believed()
    assert (cleaned.kbps, cleaned.body_s, cleaned.ttfb_s) == (2000.0, 1.0, 0.04)
    assert (cleaned.buffer_after_s, cleaned.dropped_frames, cleaned.total_frames) == (9.0, 2, 48)
    assert GOOD.throughput_kbps == 2000.0
    assert Seen(7, 20_000.0) == BEFORE.after(cleaned)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"bytes": NAN}, "not_a_number"),
        ({"bytes": None}, "not_a_number"),
        ({"duration_ms": INF}, "not_a_number"),
        ({"duration_ms": "12"}, "not_a_number"),
        ({"index": True}, "not_a_number"),
        ({"index": 10**400}, "not_a_number"),
        ({"t_ms": NAN}, "not_a_number"),
        ({"t_ms": -1}, "negative"),
        ({"bytes": -1}, "negative"),
        ({"level": -1}, "negative"),
        ({"duration_ms": -0.1}, "negative"),
        ({"duration_ms": 0}, "zero_duration"),
        ({"duration_ms": 600_001}, "absurd_duration"),
        ({"bytes": 0}, "no_bytes"),
        ({"level": 5}, "unknown_level"),
        ({"level": 1.5}, "unknown_level"),
        ({"index": 10_000_001}, "unknown_segment"),
        ({"outcome": "splendid"}, "unknown_outcome"),
        ({"outcome": ["complete"]}, "unknown_outcome"),
        ({"bytes": 5_000_000}, "bytes_not_of_level"),
        ({"level": 4, "bytes": 4_000_000, "duration_ms": 3, "ttfb_ms": 0}, "absurd_rate"),
        ({"index": 6}, "duplicate"),
        ({"t_ms": 17_999}, "out_of_order"),
        ({"t_ms": 18_000 + 3_600_001}, "future"),
    ],
)
def test_what_cannot_be_true_is_refused(changes: dict[str, Any], reason: str) -> None:
    """Each with its own stable word."""
    assert reason == refused(**changes)


@pytest.mark.parametrize(
    ("changes", "field", "kept"),
    [
        ({"ttfb_ms": -5}, "ttfb_s", None),
        ({"ttfb_ms": NAN}, "ttfb_s", None),
        ({"ttfb_ms": 5000}, "ttfb_s", 1.04),
        ({"buffer_after_s": -1}, "buffer_after_s", 0.0),
        ({"buffer_after_s": 1e300}, "buffer_after_s", 62.0),
        ({"buffer_before_s": NAN}, "buffer_before_s", None),
        ({"stall_s": -INF}, "stall_s", 0.0),
        ({"stall_s": 9999}, "stall_s", 600.0),
        ({"played_level": 1}, "played_level", 1),
        ({"played_level": 5}, "played_level", 2),
        ({"played_level": NAN}, "played_level", 2),
        ({"dropped_frames": 99}, "dropped_frames", 48),
        ({"dropped_frames": None}, "dropped_frames", 0),
        ({"total_frames": -3}, "total_frames", 0),
        ({"total_frames": 10**400}, "total_frames", 0),
    ],
)
def test_what_is_beside_the_point_is_clamped(changes: dict[str, Any], field: str, kept: float | None) -> None:
    """A bad buffer or frame count does not cost the bandwidth that was measured."""
    assert kept == getattr(believed(**changes), field)


@pytest.mark.parametrize(
    "changes",
    [
        {"duration_ms": 2.9, "ttfb_ms": 1},
        {"bytes": 4095, "duration_ms": 800},
        {"bytes": 0, "outcome": "failed"},
        {"bytes": 0, "outcome": "timeout", "duration_ms": 8000},
    ],
)
def test_caches_and_crumbs_say_nothing_about_the_link(changes: dict[str, Any]) -> None:
    """They happened, but measured nothing."""
    assert believed(**changes).kbps is None


def test_an_aborted_download_counts_by_what_arrived() -> None:
    """A crumb in a second or more is a measurement too."""
    aborted = believed(outcome="aborted", bytes=2000, duration_ms=4040)
    assert (aborted.kbps, aborted.outcome) == (4.0, Outcome.ABORTED)


def test_a_burst_after_a_long_wait_was_gathered_on_the_way() -> None:
    """A proxy that buffers would otherwise make any link look endless."""
    assert believed(duration_ms=1000, ttfb_ms=960).kbps == 2000.0


def test_a_segment_comes_again_after_it_was_given_up() -> None:
    """At a lower level, as the same segment."""
    given_up = BEFORE.after(believed(outcome="aborted"))
    again = clean(replace(GOOD, level=0, bytes=60_000, t_ms=21_000), given_up, CONFIG)
    assert isinstance(again, Cleaned)


def test_going_back_in_the_recording_is_no_disorder() -> None:
    """Time went on; only the viewer went back. Without times the index has to tell."""
    assert isinstance(clean(replace(GOOD, index=2), BEFORE, CONFIG), Cleaned)
    assert refused(index=2, t_ms=None) == "out_of_order"


def test_our_own_clock_has_the_last_word() -> None:
    """It refuses what is ahead of it by more than five seconds, and vouches for a long pause."""
    assert refused(now_ms=14_999) == "future"
    assert isinstance(clean(GOOD, BEFORE, CONFIG, now_ms=15_000), Cleaned)
    after_lunch = replace(GOOD, t_ms=8_000_000)
    assert isinstance(clean(after_lunch, BEFORE, CONFIG, now_ms=8_000_000), Cleaned)


def test_a_leap_of_the_clock_needs_a_second_witness() -> None:
    """One wild time cannot lock everything out; a pause over lunch is believed from its second report."""
    wild = clean(replace(GOOD, t_ms=1e15), BEFORE, CONFIG)
    assert isinstance(wild, Refusal)
    assert isinstance(clean(GOOD, wild.seen, CONFIG), Cleaned)
    assert isinstance(clean(replace(GOOD, t_ms=1e15 + 2000), wild.seen, CONFIG), Cleaned)


def test_from_dict_takes_what_it_knows() -> None:
    """Unknown keys are left; missing numbers are refused by cleaning, not by an exception."""
    metrics = SegmentMetrics.from_dict({"index": 1, "level": 0, "bytes": 9000, "throughput_kbps": 5, "nonsense": {}})
    assert metrics.throughput_kbps == 0.0
    refusal = clean(metrics, Seen(), CONFIG)
    assert isinstance(refusal, Refusal)
    assert refusal.reason == "not_a_number"


ANYTHING = st.one_of(
    st.floats(), st.integers(), st.none(), st.booleans(), st.text(max_size=3), st.lists(st.integers(), max_size=2),
    st.sampled_from([10**400, -(10**400), "complete", "aborted", 1e308, 5e-324, 0, 1, 2, 1000]),
)  # fmt: skip
REPORTS = st.fixed_dictionaries({f.name: ANYTHING for f in fields(SegmentMetrics)})


@given(REPORTS, st.none() | st.floats(allow_nan=False))
def test_no_report_raises_or_leaves_bounds(report: dict[str, Any], now_ms: float | None) -> None:
    """Whatever the fields hold."""
    cleaned = clean(SegmentMetrics(**report), BEFORE, CONFIG, now_ms)
    assert SegmentMetrics(**report).throughput_kbps >= 0
    if isinstance(cleaned, Cleaned):
        assert cleaned.kbps is None or 0 < cleaned.kbps <= 10_000_000
        assert 0 < cleaned.body_s <= cleaned.duration_s <= 600
        assert 0 <= cleaned.dropped_frames <= cleaned.total_frames <= 240 * 60
        assert cleaned.buffer_after_s is None or 0 <= cleaned.buffer_after_s <= 62
