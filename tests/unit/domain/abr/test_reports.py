"""Players' reports: strict about the envelope, patient with what is in it."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.abr import (
    ABRConfig,
    BitrateProfile,
    Cleaned,
    Refusal,
    RefusalReason,
    Seen,
    SegmentMetrics,
    clean,
)
from chalicelib.domain.abr.reports import (
    MAX_EVENTS,
    MAX_SEQUENCE,
    Event,
    EventKind,
    is_transfer,
    level_of,
    read_batch,
    segment_metrics,
)
from chalicelib.errors import BadRequest

PROFILE = BitrateProfile.default()
SEGMENT: dict[str, Any] = {
    "kind": "segment",
    "seq": 7,
    "ot": "v",
    "br": 1000,
    "d": 2000,
    "bl": 14300,
    "ttfb_ms": 60,
    "duration_ms": 460,
    "stall_ms": 150,
    "rendition": "normal",
    "index": 41,
    "bytes": 200_000,
    "bl_before": 12800,
    "dropped_frames": 2,
    "total_frames": 48,
    "at_ms": 1_800_000_090_500,
}
MEASURED = [key for key in SEGMENT if key not in {"kind", "seq"}] + ["mtp", "outcome"]
JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)


def refusal(document: object) -> str:
    """Return what is wrong with a batch."""
    with pytest.raises(BadRequest) as refused:
        read_batch(document)
    assert refused.value.code == "invalid_request"
    return refused.value.detail


def event_of(**data: Any) -> Event:
    """Return a segment's event; a None takes the key away."""
    merged = {key: value for key, value in (SEGMENT | data).items() if value is not None}
    return read_batch({"events": [merged]})[0]


def test_a_batch_is_read_in_the_order_of_its_numbers() -> None:
    """However it arrives; of two with one number the first counts; keys nobody knows are nobody's mistake."""
    events = [
        {"kind": "end", "seq": 9},
        {"kind": "join", "seq": 0, "dpr": 2, "sid": "x", "com.example-colour": ["red"]},
        {"kind": "stall", "seq": 4, "stall_ms": 100},
        {"kind": "stall", "seq": 4, "stall_ms": 900},
    ]
    read = read_batch({"events": events, "v": 2})
    assert [(event.kind, event.sequence) for event in read] == [
        (EventKind.JOIN, 0),
        (EventKind.STALL, 4),
        (EventKind.END, 9),
    ]
    assert read[1].data["stall_ms"] == 100


@pytest.mark.parametrize("kind", EventKind)
def test_every_kind_is_taken(kind: EventKind) -> None:
    """Also those that only analytics will read."""
    assert read_batch({"events": [{"kind": kind.value, "seq": 1}]})[0].kind is kind


@pytest.mark.parametrize(
    ("document", "field"),
    [
        (None, "events "),
        ([], "events "),
        ({}, "events "),
        ({"events": {}}, "events "),
        ({"events": []}, "events "),
        ({"events": [SEGMENT] * (MAX_EVENTS + 1)}, "events "),
        ({"events": [SEGMENT, 5]}, "events.1 "),
        ({"events": [{"seq": 1}]}, "events.0.kind "),
        ({"events": [{"kind": "dance", "seq": 1}]}, "events.0.kind "),
        ({"events": [{"kind": ["segment"], "seq": 1}]}, "events.0.kind "),
        ({"events": [SEGMENT, {"kind": "seek"}]}, "events.1.seq "),
        ({"events": [{"kind": "seek", "seq": -1}]}, "events.0.seq "),
        ({"events": [{"kind": "seek", "seq": MAX_SEQUENCE + 1}]}, "events.0.seq "),
        ({"events": [{"kind": "seek", "seq": 1.0}]}, "events.0.seq "),
        ({"events": [{"kind": "seek", "seq": True}]}, "events.0.seq "),
        ({"events": [{"kind": "seek", "seq": "1"}]}, "events.0.seq "),
    ],
)
def test_a_malformed_envelope_is_told_by_its_field(document: object, field: str) -> None:
    """Where it is, from the outside in."""
    assert refusal(document).startswith(field)


def test_a_full_report_says_everything() -> None:
    """Milliseconds become seconds where the engine takes those."""
    assert segment_metrics(event_of(), PROFILE, 1_800_000_000_000.0) == SegmentMetrics(
        index=41,
        level=2,
        bytes=200_000,
        duration_ms=460,
        ttfb_ms=60,
        buffer_before_s=12.8,
        buffer_after_s=14.3,
        stall_s=0.15,
        dropped_frames=2,
        total_frames=48,
        t_ms=90_500,
    )


def test_cmcd_alone_is_enough() -> None:
    """What every CMCD player knows: bitrate, duration, throughput, buffer."""
    event = read_batch({"events": [{"kind": "segment", "seq": 3, "br": 1980, "d": 2000, "mtp": 4950, "bl": 9000}]})[0]
    cleaned = clean(segment_metrics(event, PROFILE), Seen(), ABRConfig())
    assert isinstance(cleaned, Cleaned)
    assert (cleaned.index, cleaned.level, cleaned.bytes, cleaned.buffer_after_s) == (3, 3, 495_000, 9.0)
    assert cleaned.kbps == pytest.approx(4950)


@pytest.mark.parametrize(
    ("data", "level"),
    [
        ({"rendition": "low", "br": 4000}, 1),
        ({"rendition": "none", "br": 4000}, None),
        ({"br": 250}, 0),
        ({"br": 5300}, 4),
        ({"br": 3100.5}, 4),
        ({"br": 9000}, None),
        ({"br": 0}, None),
        ({"br": -5}, None),
        ({"br": "1000"}, None),
        ({"br": float("inf")}, None),
        ({}, None),
    ],
)
def test_which_level_an_event_is_about(data: dict[str, Any], level: int | None) -> None:
    """The rendition's id before the bitrate, which need not be exact; another ladder's are none of ours."""
    found = level_of(data, PROFILE)
    assert (found if found <= PROFILE.top else None) == level


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ({"bytes": "many"}, RefusalReason.NOT_A_NUMBER),
        ({"bytes": -1}, RefusalReason.NEGATIVE),
        ({"duration_ms": 0}, RefusalReason.ZERO_DURATION),
        ({"duration_ms": None}, RefusalReason.NOT_A_NUMBER),
        ({"rendition": "none"}, RefusalReason.UNKNOWN_LEVEL),
        ({"outcome": "eaten"}, RefusalReason.UNKNOWN_OUTCOME),
        ({"index": 1.5}, RefusalReason.UNKNOWN_SEGMENT),
    ],
)
def test_nonsense_in_a_report_is_refused_by_the_engine(data: dict[str, Any], reason: RefusalReason) -> None:
    """Not by the envelope: the other events of its batch count."""
    refused = clean(segment_metrics(event_of(**data), PROFILE), Seen(), ABRConfig())
    assert isinstance(refused, Refusal)
    assert refused.reason is reason


def test_what_was_given_up_is_no_whole_segment() -> None:
    """The bytes so far tell of the link."""
    event = read_batch({"events": [SEGMENT | {"kind": "abandon"}]})[0]
    assert is_transfer(event)
    assert segment_metrics(event, PROFILE).outcome == "aborted"


def test_sound_is_not_picture() -> None:
    """Only picture has levels; who does not say what it is means picture."""
    assert [is_transfer(event_of(ot=ot)) for ot in ("v", "av", None, "a", "i")] == [True, True, True, False, False]
    assert not is_transfer(Event(EventKind.STALL, 1, {}))


@given(JSON_VALUES)
def test_any_document_is_read_or_refused(document: object) -> None:
    """Whatever JSON can hold."""
    with suppress(BadRequest):
        assert read_batch(document)


@given(st.dictionaries(st.sampled_from(MEASURED), JSON_VALUES))
def test_any_values_are_cleaned_or_refused(data: dict[str, Any]) -> None:
    """Whatever the known keys hold, no exception and only finite numbers."""
    event = Event(EventKind.SEGMENT, 1, {"kind": "segment", "seq": 1, **data})
    is_transfer(event)
    result = clean(segment_metrics(event, PROFILE), Seen(), ABRConfig())
    assert isinstance(result, Cleaned | Refusal)
    if isinstance(result, Cleaned):
        json.dumps([result.kbps, result.stall_s, result.buffer_after_s, result.body_s], allow_nan=False)
