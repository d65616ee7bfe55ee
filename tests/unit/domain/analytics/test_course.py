"""Reported events as one timeline, whatever they hold."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.analytics.course import Moment, course
from chalicelib.domain.analytics.stall_reasons import CODES, why

BEGUN = 1_800_000_000.0
AT = 1_800_000_000_000
ODD = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=9), st.lists(st.integers()))
KEYS = ("at_ms", "rung", "kbps", "throughput_kbps", "duration_ms", "ttfb_ms", "bl", "stall_ms", "pt", "code", "outcome")
EVENTS = st.lists(
    st.dictionaries(st.sampled_from(KEYS), st.one_of(ODD, st.integers(AT, AT + 90_000)))
    | st.fixed_dictionaries(
        {"at_ms": st.integers(AT, AT + 90_000), "kind": st.sampled_from(["segment", "stall", "seek", "error"])},
        optional={name: st.integers() for name in ("stall_ms", "throughput_kbps", "duration_ms", "kbps", "ttfb_ms")},
    ),
    max_size=20,
)


def test_a_segment() -> None:
    """When it had come, what it was, how fast."""
    event = {"kind": "segment", "seq": 3, "at_ms": AT + 2500, "rung": "720p 1000k", "kbps": 1000, "bytes": 250_000}
    event |= {
        "throughput_kbps": 2000.0,
        "duration_ms": 1000,
        "ttfb_ms": 60,
        "bl": 4200,
        "reason": "planned",
        "pt": 1500,
    }
    expected = Moment(
        at_ms=2500,
        kind="segment",
        throughput_kbps=2000.0,
        buffer_s=4.2,
        kbps=1000.0,
        rung="720p 1000k",
        reason="planned",
        pt_s=1.5,
        ttfb_ms=60.0,
        duration_ms=1000.0,
    )
    assert course([event], BEGUN) == [expected]
    assert expected.begun_ms == 1500


def test_what_lasts_has_a_beginning() -> None:
    """Players tell of transfers and stalls when they are over."""
    stall = {"kind": "stall", "at_ms": AT + 9000, "stall_ms": 3000}
    pause = {"kind": "pause", "at_ms": AT + 7000, "stall_ms": 7}
    found = course([stall, pause], BEGUN)
    assert [(one.kind, one.begun_ms, one.at_ms) for one in found] == [("pause", 7000, 7000), ("stall", 6000, 9000)]


def test_what_a_player_leaves_out() -> None:
    """It stays out; nothing is made up."""
    assert course([{"kind": "pause", "at_ms": AT}], BEGUN) == [Moment(0, "pause")]
    assert course([{"kind": "pause"}, {"at_ms": AT}, {"kind": 7, "at_ms": AT}], BEGUN) == []


@given(EVENTS)
def test_any_events_make_a_timeline(events: list[dict[str, Any]]) -> None:
    """In order, finite, and every stall has a reason that people know."""
    found = course(events, BEGUN)
    assert [one.at_ms for one in found] == sorted(one.at_ms for one in found)
    assert all(one.at_ms >= 0 for one in found)
    reasons = why(found)
    assert len(reasons) == len([one for one in found if one.kind == "stall" and one.stall_ms])
    assert all(one.code in CODES and one.text.endswith(".") for one in reasons)
    values = [getattr(one, name) for one in found for name in Moment.__slots__]
    json.dumps(values, allow_nan=False)
