"""What analytics believes of an event."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.abr.levels import BitrateProfile
from chalicelib.domain.abr.reports import Event, EventKind, read_batch
from chalicelib.domain.analytics.readings import DAY_MS, LONGEST_MS, Arrival, read_event, shown
from chalicelib.domain.analytics.session import SessionFacts

NOW_MS = 1_800_000_000_000
PROFILE = BitrateProfile.from_kbps(250, 1000, 4000)
ARRIVAL = Arrival(NOW_MS, NOW_MS - 60_000, PROFILE, 2000, lambda viewer: f"name of {viewer}")
VIEWER = "0123456789abcdef"


def read(kind: str, **data: Any) -> dict[str, Any]:
    """Read one event, less what is always there."""
    (event,) = read_batch({"events": [{"kind": kind, "seq": 7, **data}]})
    reading = read_event(event, ARRIVAL)
    assert (reading.pop("seq"), reading.pop("kind")) == (7, kind)
    reading.pop("at_ms")
    return reading


@pytest.mark.parametrize(
    ("at_ms", "expected"),
    [
        (NOW_MS - 5000, NOW_MS - 5000),
        (NOW_MS - 2 * DAY_MS, NOW_MS - DAY_MS),
        (NOW_MS + DAY_MS, NOW_MS + 300_000),
        (None, NOW_MS),
        ("now", NOW_MS),
        (float("inf"), NOW_MS),
    ],
)
def test_clocks_are_believed_within_a_day(at_ms: object, expected: int) -> None:
    """And five minutes ahead; without one it is now."""
    reading = read_event(Event(EventKind.PAUSE, 1, {"at_ms": at_ms}), ARRIVAL)
    assert reading == {"seq": 1, "kind": "pause", "at_ms": expected}


def test_a_sessions_clock_stops_after_three_days() -> None:
    """What a session of weeks tells lies on its last day."""
    late = Arrival(NOW_MS, NOW_MS - LONGEST_MS - 1000, PROFILE, 2000, str)
    assert late.clock(NOW_MS) == NOW_MS - 1000


def test_a_transfer() -> None:
    """Its rung, its speed; the first byte's time is no transfer's; a duration that is not told is a segment's."""
    data = {"br": 1000, "bytes": 250_000, "duration_ms": 1040, "ttfb_ms": 40, "bl": 9000, "latency_ms": 2500}
    told = {name: data[name] for name in ("bytes", "duration_ms", "ttfb_ms", "bl", "latency_ms")}
    known = told | {"kbps": 1000, "rung": "1000k", "throughput_kbps": 2000, "d": 2000, "outcome": "complete"}
    assert read("segment", **data) == known
    assert read("abandon", **data, d=1900.4)["d"] == 1900
    assert read("abandon", **data)["outcome"] == "aborted"
    assert "kbps" not in read("segment", **data, ot="a")
    assert "throughput_kbps" not in read("segment", **data | {"bytes": 300})
    assert "rung" not in read("segment", **data | {"br": 99})


def test_who_joins() -> None:
    """Under a name that says nothing; the device by our words; the screen caps the ladder."""
    joined = read("join", vid=VIEWER, device="phone", live=True, width=10, height=10, embed=True)
    assert joined == {"viewer": f"name of {VIEWER}", "device": "phone", "live": True, "cap_kbps": 4000}
    assert read("join", vid="short", device="fridge", live=1, save_data=True) == {"cap_kbps": 1000}
    kept = shown(read_event(Event(EventKind.JOIN, 1, {"vid": VIEWER, "device": "tv", "seen": [[0, 9]]}), ARRIVAL))
    assert kept == {"seq": 1, "kind": "join", "at_ms": NOW_MS, "device": "tv"}


def test_ranges() -> None:
    """Sixteen at most, each with a beginning and a later end."""
    odd = [[5, 5], [9, 3], [1], "x", [1, "2"], [None, 2], [-5, 10.4], [0.1, 0.2]]
    assert read("pause", seen=[*odd, [100, 2000]])["seen"] == [[0, 10], [100, 2000]]
    assert len(read("pause", seen=[[n, n + 1] for n in range(99)])["seen"]) == 16
    assert "seen" not in read("pause", seen={"a": 1})


def test_words_are_short_and_plain() -> None:
    """What a player calls things is shown to people."""
    assert read("error", code="fragLoadError", reason="a b", fatal=1) == {"code": "fragLoadError"}
    assert read("error", code="<b>", fatal=True) == {"fatal": True}


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=5,
)
WORDS = "outcome reason code fatal seen vid device live rendition ot width height dpr codecs decoding"
NUMBERS = "at_ms wt pt bl stall_ms startup_ms latency_ms ttfb_ms duration_ms bytes d br index"
KEYS = f"{WORDS} {NUMBERS}".split()


@given(st.sampled_from(list(EventKind)), st.dictionaries(st.sampled_from(KEYS), JSON_VALUES))
def test_whatever_is_told_is_read(kind: EventKind, data: dict[str, Any]) -> None:
    """Small, plain JSON, that the facts can take and keep."""
    reading = read_event(Event(kind, 3, data), ARRIVAL)
    assert len(json.dumps(reading, allow_nan=False)) < 2000
    facts = SessionFacts().after([reading])
    assert SessionFacts.from_dict(json.loads(json.dumps(facts.to_dict(), allow_nan=False))) == facts
