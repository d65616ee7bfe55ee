"""Scores of a session, against numbers computed by hand."""

from __future__ import annotations

import math

import pytest

from bench.abr.metrics import Scores, good, interval, mean, quality, score, strict
from bench.abr.simulator import Config, Session

FOUR, TWO = Config("", 4, 30, content_s=12), Config("", 2, 30, content_s=12)


def session(config: Config, levels: list[int], stalls: list[float], startup: float) -> Session:
    """A session of these levels and stalls."""
    records = [{"level": level, "stall_s": stall} for level, stall in zip(levels, stalls, strict=True)]
    return Session(config, startup, records)


def test_linear_quality() -> None:
    """(0.5 + 2 + 2 Mbit/s, less 4.3 x 1.5 s, less one change of 1.5) over three units."""
    assert quality(FOUR, [0, 2, 2], 1.5) == pytest.approx((4.5 - 6.45 - 1.5) / 3)


def test_log_quality() -> None:
    """0 + ln 4 + ln 4, less 2.66 x 1.5 s, less the change."""
    assert quality(FOUR, [0, 2, 2], 1.5, log=True) == pytest.approx((math.log(4) - 2.66 * 1.5) / 3)


def test_a_short_segment_weighs_as_much_as_it_lasts() -> None:
    """Two seconds count half; stalls and switches count whole."""
    assert quality(TWO, [0, 0, 2, 2, 2, 2], 1.5) == pytest.approx((4.5 - 6.45 - 1.5) / 3)


def test_all_scores() -> None:
    """Rebuffering is a share of the time spent watching; the opening ends after 20 s of content."""
    config = Config("", 4, 30, content_s=24)
    scores = score(session(config, [0, 0, 1, 1, 1, 3], [0, 0, 1, 0, 0, 5], 2.0))
    assert scores.opening == pytest.approx((4 - 4.3 * 3 - 0.5) / 5)
    assert scores.linear == pytest.approx((8 - 4.3 * 8 - 3.5) / 6)
    assert (scores.stall_s, scores.startup_s, scores.switches) == (6, 2, 2)
    assert scores.rebuffering == pytest.approx(6 / 30)
    assert scores.mean_kbps == pytest.approx(8000 / 6)


def made(rebuffering: float, startup: float, kbps: float) -> Scores:
    """Only what the thresholds look at."""
    return Scores(0, 0, 0, rebuffering, 0, startup, kbps, 0)


@pytest.mark.parametrize(
    ("scores", "optimum", "is_good", "is_strict"),
    [
        (made(0.005, 2, 2000), 4000, True, True),
        (made(0.01, 4, 1000), 4000, True, False),
        (made(0.0101, 2, 4000), 4000, False, False),
        (made(0, 4.1, 4000), 4000, False, False),
        (made(0, 1, 999), 4000, False, False),
        (made(0, 1, 560), 700, True, True),
        (made(0, 1, 500), 700, True, False),
        (made(0, 1, 480), 700, False, False),
    ],
)
def test_thresholds(scores: Scores, optimum: float, *, is_good: bool, is_strict: bool) -> None:
    """The bounds are within; the bitrate is held against the lesser of a number and a share of the optimum's."""
    assert (good(scores, optimum), strict(scores, optimum)) == (is_good, is_strict)


def test_the_interval_is_repeatable_and_holds_the_mean() -> None:
    """Same seed, same bounds; equal values leave no doubt."""
    values = [0.1, -0.2, 0.4, 0.3, 0.25, 0.0, 0.5, 0.2]
    low, high = interval(values)
    assert (low, high) == interval(values) != interval(values, rounds=5)
    assert min(values) < low < mean(values) < high < max(values)
    assert interval([0.5] * 9) == (0.5, 0.5)


def test_the_mean_of_nothing_is_no_number() -> None:
    """A class without traces has no mean."""
    assert math.isnan(mean([]))
