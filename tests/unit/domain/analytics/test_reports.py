"""Sums as people read them: no division by zero, null and never NaN, days and ranges that agree."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from math import isfinite
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.analytics.measures import Measures
from chalicelib.domain.analytics.percentiles import percentile
from chalicelib.domain.analytics.periods import DAY_S, Period, begin_of, elapsed_s, period
from chalicelib.domain.analytics.reports import range_report, ratio, share, shown, slots_report
from chalicelib.errors import BadRequest

DAY = "2026-11-28"
NOON = begin_of(DAY) + DAY_S / 2
ONE = Measures(
    sessions=10,
    views=8,
    viewers=5,
    exits_before_start=2,
    failures=1,
    watch_ms=7_200_000,
    stall_ms=72_000,
    stalls=6,
    startup_ms=8000,
    startups=8,
    picture_ms=7_200_000,
    kbit=14_400_000,
    switches=3,
    latency_ms=9000,
    latencies=3,
    judged=8,
    good=6,
    qoe_milli=24_000,
    slots={"0": 300_000, "1": 1_200_000},
    startup_classes={"1000": 4, "2000": 3, "inf": 1},
)
COUNTS = st.integers(min_value=0, max_value=10**12)
CLASSES = st.dictionaries(st.sampled_from(["100", "250", "500", "1000", "2000", "4000", "inf"]), COUNTS)
SUMS = st.builds(
    Measures,
    **{f.name: COUNTS for f in fields(Measures) if f.default == 0},
    slots=st.dictionaries(st.integers(0, 287).map(str), COUNTS, max_size=5),
    startup_classes=CLASSES,
)


def numbers(value: Any) -> list[Any]:
    """Return every plain value of a document."""
    if isinstance(value, dict):
        return [one for of in value.values() for one in numbers(of)]
    return [one for of in value for one in numbers(of)] if isinstance(value, list) else [value]


def test_measures_by_their_formulas() -> None:
    """One day's sums, worked out by hand."""
    document = shown(ONE, viewers=5)
    assert document == {
        "sessions": 10,
        "views": 8,
        "viewers": 5,
        "watch_s": 7200.0,
        "average_viewers": None,
        "peak_viewers": None,
        "startup_ms": 1000.0,
        "startup_p50_ms": 1000.0,
        "startup_p95_ms": 20_000.0,
        "rebuffer_ratio": round(72 / 7272, 6),
        "stalls": 6,
        "stalls_per_hour": 3.0,
        "mean_kbps": 2000.0,
        "switches": 3,
        "failures": 1,
        "failure_rate": 0.1,
        "exits_before_start": 2,
        "exit_rate": 0.2,
        "latency_ms": 3000.0,
        "good_share": 0.75,
        "qoe": 3.0,
    }


def test_nothing_is_null_and_no_division_by_zero() -> None:
    """Counts of nothing are 0, what is made of them is unknown."""
    document = shown(Measures())
    counts = {"sessions", "views", "stalls", "switches", "failures", "exits_before_start", "watch_s"}
    assert {name for name, value in document.items() if value == 0} == counts
    assert {name for name, value in document.items() if value is None} == document.keys() - counts


@given(SUMS)
def test_every_number_is_finite_and_every_share_one(sums: Measures) -> None:
    """Whatever the sums, also those that late events have put ahead of others."""
    document = shown(sums, viewers=sums.viewers)
    assert all(value is None or isfinite(value) for value in document.values())
    json.dumps(document, allow_nan=False)
    for name in ("rebuffer_ratio", "failure_rate", "exit_rate", "good_share"):
        assert document[name] is None or 0 <= document[name] <= 1


@given(st.floats(0, 1e12), st.floats(0, 1e12))
def test_ratios(part: float, whole: float) -> None:
    """None of nothing, else the quotient; shares stay within 0 and 1."""
    found = ratio(part, whole)
    assert (found is None) == (whole == 0)
    assert found is None or found == pytest.approx(part / whole, abs=1e-6)
    assert share(part, whole) == (None if found is None else min(1.0, found))


@given(CLASSES, st.floats(0, 1), st.floats(0, 1))
def test_percentiles(classes: dict[str, int], one: float, other: float) -> None:
    """Never decreasing, within what was counted, None exactly without a member."""
    low, high = (percentile(classes, part) for part in sorted((one, other)))
    if not sum(classes.values()):
        assert (low, high) == (None, None)
        return
    assert low is not None
    assert high is not None
    bounds = [float(bound) for bound, count in classes.items() if count and bound != "inf"]
    assert 0 <= low <= high <= max(bounds, default=0)


@pytest.mark.parametrize(
    ("classes", "part", "expected"),
    [
        ({"1000": 10}, 0.5, 500.0),
        ({"1000": 1, "2000": 1}, 0.5, 1000.0),
        ({"1000": 1, "2000": 1}, 0.75, 1500.0),
        ({"1000": 50, "inf": 50}, 0.95, 1000.0),
        ({"inf": 3}, 0.5, 0.0),
        ({"1000": 0}, 0.5, None),
        ({}, 0.5, None),
    ],
)
def test_percentiles_by_hand(classes: dict[str, int], part: float, expected: float | None) -> None:
    """Spread evenly within a class; of the open one its lower bound."""
    assert percentile(classes, part) == expected


def test_classes_that_nobody_is_in_are_classes() -> None:
    """What took more than a second and up to two did not take half a second."""
    assert percentile({"2000": 4}, 0.5, (500, 1000, 2000)) == 1500.0
    assert percentile({"inf": 1}, 0.5, (500, 1000, 2000)) == 2000.0
    assert percentile({"500": 1, "2000": 1}, 0.5, (500, 1000, 2000)) == 500.0


def test_a_range() -> None:
    """Every day is there; viewers of several days are unknown, of one they are not; the days before are beside it."""
    days = {"2026-11-28": ONE, "2026-11-27": ONE, "2026-11-25": ONE}
    report = range_report(days, Period(date(2026, 11, 27), date(2026, 11, 28)), now=NOON)
    assert [day["day"] for day in report["days"]] == ["2026-11-27", "2026-11-28"]
    assert (report["from"], report["to"], report["days_count"]) == ("2026-11-27", "2026-11-28", 2)
    assert (report["totals"]["sessions"], report["before"]["sessions"]) == (20, 10)
    assert (report["totals"]["viewers"], report["days"][0]["viewers"]) == (None, 5)
    assert report["totals"]["qoe"] == 3.0
    single = range_report(days, Period(date(2026, 11, 26), date(2026, 11, 26)), now=NOON)
    assert (single["totals"]["viewers"], single["before"]["viewers"]) == (0, 5)


def test_average_and_peak() -> None:
    """Watching over the time that has passed, and the fullest five minutes of any day: days do not add up in them."""
    days = {"2026-11-27": ONE, "2026-11-28": ONE}
    report = range_report(days, Period(date(2026, 11, 27), date(2026, 11, 28)), now=NOON)
    whole, half = report["days"]
    assert whole["average_viewers"] == pytest.approx(1500 / 86_400, abs=1e-6)
    assert half["average_viewers"] == pytest.approx(1500 / 43_200, abs=1e-6)
    assert (whole["peak_viewers"], report["totals"]["peak_viewers"]) == (4.0, 4.0)
    assert report["totals"]["average_viewers"] == pytest.approx(3000 / 129_600, abs=1e-6)
    tomorrow = range_report(days, Period(date(2026, 11, 29), date(2026, 11, 29)), now=NOON)
    assert (tomorrow["totals"]["average_viewers"], tomorrow["totals"]["peak_viewers"]) == (None, None)


@given(st.lists(st.tuples(st.integers(1, 40), SUMS), max_size=6), st.integers(1, 30))
def test_totals_are_the_days(given_days: list[tuple[int, Measures]], count: int) -> None:
    """Counts of a range are the sum of its days', and everything in it is a number or null."""
    days = {f"2026-{10 + (place > 30)}-{(place - 1) % 30 + 1:02}": sums for place, sums in given_days}
    asked = Period(date(2026, 10, 1), date(2026, 10, count))
    report = range_report(days, asked, now=NOON)
    for name in ("sessions", "views", "stalls", "switches", "failures", "exits_before_start"):
        assert report["totals"][name] == sum(day[name] for day in report["days"])
    json.dumps(report, allow_nan=False)
    assert all(isinstance(value, int | float | str | None) for value in numbers(report))


def test_slots_of_short_ranges_only() -> None:
    """Five minutes each, up to now; longer ranges have none."""
    found = slots_report({DAY: ONE}, Period(date(2026, 11, 28), date(2026, 11, 28)), now=begin_of(DAY) + 600)
    assert found == [(begin_of(DAY), 1.0), (begin_of(DAY) + 300, 4.0), (begin_of(DAY) + 600, 0.0)]
    assert slots_report({}, Period(date(2026, 11, 26), date(2026, 11, 28)), now=NOON) is None
    two = slots_report({}, Period(date(2026, 11, 26), date(2026, 11, 27)), now=NOON)
    assert two is not None
    assert len(two) == 576


def test_the_week_up_to_today() -> None:
    """That is what is meant when nothing is said; one end alone counts from the other."""
    assert period(None, None, now=NOON) == Period(date(2026, 11, 22), date(2026, 11, 28))
    assert period(date(2026, 11, 1), None, now=NOON) == Period(date(2026, 11, 1), date(2026, 11, 28))
    assert period(None, date(2026, 3, 3), now=NOON) == Period(date(2026, 2, 25), date(2026, 3, 3))
    assert period(date(2026, 3, 1), date(2026, 3, 3), now=NOON).before == Period(date(2026, 2, 26), date(2026, 2, 28))


@pytest.mark.parametrize(
    ("first", "last"),
    [
        (date(2026, 11, 2), date(2026, 11, 1)),
        (date(2025, 1, 1), date(2026, 11, 1)),
        (date.min, date.min),
        (None, date.min),
        (date(9998, 1, 1), date.max),
    ],
)
def test_ranges_that_make_no_sense(first: date | None, last: date) -> None:
    """The wrong way round, more than thirteen months, or beyond what calendars hold."""
    with pytest.raises(BadRequest) as refused:
        period(first, last, now=NOON)
    assert refused.value.code == "invalid_request"


@given(st.dates(date(1972, 6, 1), date(8998, 1, 1)), st.integers(0, 399))
def test_any_range_up_to_thirteen_months(first: date, more: int) -> None:
    """Days are all there, once, and those before end where they begin."""
    asked = period(first, date.fromordinal(first.toordinal() + more), now=NOON)
    assert len(asked.days) == len(set(asked.days)) == asked.count == more + 1
    assert date.fromisoformat(asked.before.days[-1]).toordinal() + 1 == first.toordinal()
    assert asked.before.count == asked.count


def test_how_much_of_a_day_has_passed() -> None:
    """All, a part, none."""
    assert [elapsed_s(day, NOON) for day in ("2026-11-27", DAY, "2026-11-29")] == [86_400.0, 43_200.0, 0.0]
