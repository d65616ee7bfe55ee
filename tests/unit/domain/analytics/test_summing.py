"""What sessions add to sums, and when they should hear of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.analytics import marks
from chalicelib.domain.analytics.record import BURST, Pace, SessionRecord
from chalicelib.domain.analytics.session import SessionFacts
from chalicelib.domain.analytics.summing import Context, Share, due, outcome_of, share_of, startup_class

BEGUN = 1_800_057_600_000
SEEN = marks.with_seconds(0, [(0, 30_000)])
FACTS = SessionFacts(
    told=0b111, begun_ms=BEGUN, last_ms=BEGUN + 60_000, start=(1, 700), watch_ms=30_000, seconds=SEEN,
    reached={6_000_192: 30_000}, picture_ms=40_000, kbit=40_000, stalls=1, stall_ms=200,
)  # fmt: skip


def test_watch_time_is_what_time_allows() -> None:
    """A player cannot have played longer than it was there; without its own count, what was seen counts."""
    assert outcome_of(replace(FACTS, watch_ms=10**8), Context()).watch_ms == 65_000
    assert outcome_of(replace(FACTS, watch_ms=0), Context()).watch_ms == 30_000
    assert outcome_of(replace(FACTS, stall_ms=10**8), Context()).stall_ms == 60_000


def test_a_stream_has_no_completion() -> None:
    """There is no whole of it."""
    assert outcome_of(FACTS, Context(60.0)).completion == 0.5
    assert outcome_of(replace(FACTS, live=True), Context(60.0)).completion == 0.0
    assert share_of(replace(FACTS, live=True), Context(60.0)).seen == {}


@pytest.mark.parametrize(
    ("facts", "closed", "expected"),
    [
        (replace(FACTS, start=None, watch_ms=0), True, (1, 0, 1, 0)),
        (replace(FACTS, start=None, watch_ms=0), False, (1, 0, 0, 0)),
        (replace(FACTS, start=None, watch_ms=0, ended=2), False, (1, 0, 1, 0)),
        (replace(FACTS, start=None, watch_ms=0, failure=(2, "x")), True, (1, 0, 0, 1)),
        (FACTS, True, (1, 1, 0, 0)),
    ],
)
def test_counts(facts: SessionFacts, closed: bool, expected: tuple[int, ...]) -> None:  # noqa: FBT001  a parameter
    """Sessions, views, exits before start, failures."""
    total = share_of(facts, Context(closed=closed)).total
    assert (total.sessions, total.views, total.exits_before_start, total.failures) == expected


def test_every_dimension_adds_up_to_the_whole() -> None:
    """Also what is not known."""
    total = share_of(FACTS, Context(60.0, "v", "DE")).total
    for name in ("network/unknown", "device/unknown", "country/DE"):
        found = {key.rpartition("/")[2]: number for key, number in total.by.items() if key.startswith(f"{name}/")}
        assert found == {key: getattr(total, key) for key in found}
        assert {"sessions", "views", "watch_ms", "stall_ms", "judged", "good", "qoe_milli"} == set(found)


def test_shares_are_stored_as_they_are() -> None:
    """And nothing adds nothing."""
    share = share_of(FACTS, Context(60.0, "v"))
    assert Share.from_dict(share.to_dict()) == share
    assert (share.viewer, share.day, share.total.viewers) == ("v", "2027-01-16", 0)
    assert share_of(FACTS, Context()).total.viewers == 1
    assert share_of(SessionFacts(), Context()) == Share()


def test_classes_of_start_up() -> None:
    """By upper bound."""
    assert [startup_class(ms) for ms in (0, 250, 251, 20_000, 20_001)] == ["250", "250", "500", "20000", "inf"]


@pytest.mark.parametrize(
    ("age_s", "since_s", "expected"),
    [(10, 59, False), (10, 60, True), (600, 119, False), (600, 120, True), (9000, 300, True)],
)
def test_long_sessions_are_told_of_less_often(age_s: int, since_s: float, expected: bool) -> None:  # noqa: FBT001  as above
    """A fifth of their age, between one minute and five."""
    facts = replace(FACTS, last_ms=BEGUN + 1000 * age_s)
    assert due(facts, facts, since_s=since_s) is expected


def test_news_are_told_at_once() -> None:
    """The first picture, the end, a failure; each once."""
    waiting = replace(FACTS, start=None, watch_ms=0)
    for after, before in (
        (FACTS, waiting),
        (replace(FACTS, ended=2), FACTS),
        (replace(FACTS, failure=(2, "x")), FACTS),
    ):
        assert due(after, before, since_s=0.0)
        assert not due(after, after, since_s=0.0)


def test_a_pace_is_a_burst_and_then_one_a_second() -> None:
    """However long it was quiet before."""
    pace: Pace | None = Pace(at=0.0)
    for _ in range(int(BURST)):
        assert pace is not None
        pace = pace.after(1000.0)
    assert pace is not None
    assert pace.after(1000.9) is None
    assert pace.after(1001.0) == Pace(0.0, 1001.0)


def test_what_is_over_and_told_needs_no_looking_after() -> None:
    """Anything else does, a quarter of an hour after its last word, in steps; when it is over, a minute after."""
    going = SessionRecord(FACTS, opened_at=1.0)
    over = replace(going, facts=replace(FACTS, ended=2))
    assert going.sweep_at(1000.0, 60.0) == 2400.0
    assert going.told(60.0, 5.0).sweep_at(1200.0, 60.0) == 2400.0
    assert over.sweep_at(1000.0, 60.0) == 1080.0
    assert over.told(60.0, 5.0).sweep_at(1000.0, 60.0) is None
    assert over.forgotten().sweep_at(1000.0, 60.0) is None


def test_records_are_stored_as_they_are() -> None:
    """And begin now."""
    record = SessionRecord(FACTS, share_of(FACTS, Context()), 5.0, 4.0, "DE", "me", closed=True, pace=Pace(3.0, 4.0))
    assert SessionRecord.from_dict(record.to_dict(), now=9.0) == record
    assert SessionRecord.from_dict({}, now=9.0) == SessionRecord(opened_at=9.0)
    forgotten = record.forgotten().noting([7])
    assert SessionRecord.from_dict(forgotten.to_dict(), now=9.0) == forgotten
    assert (forgotten.facts, forgotten.viewer) == (SessionFacts(told=0b10000111), "")
