"""Facts that are a function of the set of events."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.watching import told

from chalicelib.domain.abr.levels import BitrateProfile
from chalicelib.domain.abr.reports import read_batch
from chalicelib.domain.analytics.readings import Arrival, read_event
from chalicelib.domain.analytics.session import MOST_EVENTS, SessionFacts
from chalicelib.domain.analytics.summing import Context, outcome_of, share_of

ARRIVAL = Arrival(1_800_057_600_000, 1_800_057_600_000, BitrateProfile.from_kbps(250, 1000), 2000, str)


def facts(*events: dict[str, Any]) -> SessionFacts:
    """Fold events, numbered as they come unless they say otherwise."""
    numbered = [{"seq": number, **event} for number, event in enumerate(events)]
    return SessionFacts().after(read_event(event, ARRIVAL) for event in read_batch({"events": numbered}))


def readings(seed: int) -> list[dict[str, Any]]:
    """A whole session's."""
    return [read_event(read_batch({"events": [event]})[0], ARRIVAL) for event in told(seed)]


@given(st.integers(0, 50), st.data())
@settings(max_examples=50)
def test_order_and_repeats_change_nothing(seed: int, data: st.DataObject) -> None:
    """Event by event, each stored and read again in between."""
    events = readings(seed)
    whole, pieces = SessionFacts().after(events), SessionFacts()
    for event in data.draw(st.permutations(events)):
        pieces = SessionFacts.from_dict(pieces.after([event]).after([event]).to_dict())
    context = Context(60.0, "v")
    assert outcome_of(pieces, context) == outcome_of(whole, context)
    assert share_of(pieces, context) == share_of(whole, context)


def test_a_number_is_taken_once_and_below_its_bound() -> None:
    """Whatever a second event of the same number says."""
    first = facts({"kind": "stall", "stall_ms": 100})
    again = first.after([{"seq": 0, "kind": "stall", "at_ms": 5, "stall_ms": 900}])
    assert (again, first.stall_ms, first.last_sequence) == (first, 100, 0)
    assert not first.takes(0)
    assert first.takes(MOST_EVENTS - 1)
    assert first.after([{"seq": MOST_EVENTS, "kind": "stall", "at_ms": 5}]) == first


def test_an_end_holds_until_something_comes_after_it() -> None:
    """By number, not by arrival."""
    ended = facts({"kind": "start"}, {"kind": "end", "seq": 5})
    assert ended.over
    assert ended.after([{"seq": 3, "kind": "pause", "at_ms": 1}]).over
    assert not ended.after([{"seq": 6, "kind": "resume", "at_ms": 1}]).over
    assert not SessionFacts().over


@pytest.mark.parametrize(
    ("events", "code"),
    [
        ([{"kind": "error", "code": "a", "fatal": True}, {"kind": "error", "code": "b", "fatal": True}], "a"),
        ([{"kind": "end", "reason": "failed"}], "unknown"),
        ([{"kind": "end", "reason": "failed"}, {"kind": "error", "code": "b", "fatal": True}], "b"),
        ([{"kind": "error", "code": "a"}, {"kind": "end", "reason": "left"}], None),
    ],
)
def test_failures(events: list[dict[str, Any]], code: str | None) -> None:
    """The first that says why; what the player mended is none."""
    for ordered in (events, events[::-1]):
        numbered = [{"seq": events.index(event), **event} for event in ordered]
        failure = facts(*numbered).failure
        assert (failure[1] if failure else None) == code


def test_who_and_with_what() -> None:
    """The first join says who; the last one that has asked the decoder, with what."""
    joined = facts(
        {"kind": "join", "vid": "first_viewer_0001", "device": "tablet", "live": True},
        {"kind": "join", "vid": "other_viewer_0002", "device": "desktop", "save_data": True, "width": 1, "height": 1},
    )
    assert joined.viewer == (0, "first_viewer_0001")
    assert joined.device == (1, "desktop")
    assert (joined.live, joined.started) == (True, False)


def test_what_is_fetched() -> None:
    """Whole segments are picture; all transfers are the link; half ones are no rung's."""
    rung = {"br": 1000, "bytes": 100_000, "duration_ms": 500, "d": 2000}
    found = facts(
        {"kind": "segment", **rung}, {"kind": "abandon", **rung}, {"kind": "segment", **rung, "outcome": "failed"}
    )
    assert (found.picture_ms, found.kbit, dict(found.rungs)) == (2000, 2000, {"1000k": 2000})
    assert sum(found.link.classes.values()) == 3
