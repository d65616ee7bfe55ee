"""The state of a stream, step by step."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from hypothesis import given, settings
from support.live import HIGH, LOW, SOUND, STREAM_ID, deliveries, segment

from chalicelib.domain.job import Rendition
from chalicelib.domain.live.health import Refusal
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.live.stream import LiveStream, StreamStatus

if TYPE_CHECKING:
    from support.live import Delivery

RENDITIONS = (
    Rendition(SOUND, "audio", "Audio", 128),
    Rendition(LOW, "video", "360p 250k", 250, 640, 360),
    Rendition(HIGH, "video", "720p 500k", 500, 1280, 720),
)


def state(*segments: Any, now: float = 0.0) -> LiveState:
    """One with a ladder that has taken these."""
    made = LiveState(STREAM_ID, "rec_1", renditions=RENDITIONS)
    for one in segments:
        made = made.accept(one, now)
    return made


def test_it_begins_as_the_stream_was_asked_for() -> None:
    """Target duration and window are the stream's; nothing can be played yet."""
    stream = LiveStream(STREAM_ID, "room", "ann", "rec_1", StreamStatus.ACTIVE, 1.0, target_s=4, dvr_window_s=120)
    made = LiveState.begin(stream)
    assert (made.stream_id, made.recording_id, made.version) == (STREAM_ID, "rec_1", 0)
    assert (made.window.target_s, made.window.window_s, made.playable) == (4, 120, False)


def test_the_ladder_is_planned_once() -> None:
    """Two first segments may be packaged at the same time; the second plan is dropped."""
    made = LiveState(STREAM_ID, "rec_1").planned(RENDITIONS)
    assert (made.renditions, made.version) == (RENDITIONS, 1)
    assert made.planned(RENDITIONS[:1]) is made
    assert (made.audio, made.video) == (RENDITIONS[0], RENDITIONS[1:])


def test_every_change_is_a_version() -> None:
    """And what changes nothing is none."""
    made = state(segment(0))
    assert (made.version, made.playable) == (1, True)
    assert made.accept(segment(0), 1.0) is made
    assert made.tick(1.0) is made
    held = made.accept(segment(2), 1.0)
    assert held.version == 2
    assert held.tick(5.0).version == 3
    ended = held.end(2.0)
    assert (ended.version, ended.window.ended) == (3, True)
    assert ended.end(3.0) is ended


def test_health_counts_what_came_and_what_was_made_of_it() -> None:
    """Segments when they come, gaps and discontinuities when they are listed."""
    made = state(segment(0), segment(2)).accept(segment(0, run=1), 0.0)
    assert (made.health.segments, made.health.gaps, made.health.discontinuities) == (3, 0, 0)
    made = made.tick(4.0)
    assert (made.health.segments, made.health.gaps, made.health.discontinuities) == (3, 1, 1)


def test_codecs_are_those_of_the_bitstream() -> None:
    """Where they change, the most demanding stands."""
    made = state(segment(0))
    assert made.codecs == {SOUND: "mp4a.40.2", LOW: "avc1.64001E", HIGH: "avc1.64001F"}
    other = segment(1)
    renditions = tuple(type(r)(r.rendition_id, "avc1.640015", r.init_tag, r.pieces) for r in other.renditions[1:])
    lower = type(other)(**{n: getattr(other, n) for n in other.__slots__} | {"renditions": renditions})
    assert made.accept(lower, 0.0).codecs == made.codecs


def test_a_refusal_is_noted() -> None:
    """It changes the health, not the window."""
    made = state(segment(0)).refused(Refusal(5.0, "1.m4s", "segment_too_long", "It lasts 9 s."))
    assert (made.version, made.health.refused, made.window) == (2, {"segment_too_long": 1}, state(segment(0)).window)


def test_what_was_added_can_be_told() -> None:
    """From an entry on; from before the window, all of it."""
    made = state(*map(segment, range(500)))
    assert [e.msn for e in made.added_since(497)] == [498, 499]
    assert made.window.media_sequence > 0
    assert made.added_since(-1) == made.window.entries


@settings(max_examples=50)
@given(deliveries(2))
def test_it_survives_json(sent: list[Delivery]) -> None:
    """Window, renditions, codecs and health."""
    made = state()
    for one in sent:
        made = made.accept(one.segment, one.now, one.first) if one.segment else made.tick(one.now)
        made = made.refused(Refusal(one.now, "x.m4s", "code", "Why."))
    assert LiveState.from_dict(json.loads(json.dumps(made.to_dict()))) == made
