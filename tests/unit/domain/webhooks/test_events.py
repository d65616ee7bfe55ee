"""Events: stable ids, and what they say of recordings and streams that go on changing."""

from __future__ import annotations

import json
from dataclasses import replace

from chalicelib.domain.live.stream import LiveStream, StreamStatus
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.domain.webhooks.changes import Change, EventType
from chalicelib.domain.webhooks.events import body_of, event_id, event_of, made_up_event, recording_facts, stream_facts

RECORDING = Recording(
    id="rec_0123456789abcdefghij",
    owner="ada",
    title="Lecture é",
    filename="a.mp4",
    content_type="video/mp4",
    size_bytes=3,
    status=RecordingStatus.READY,
    created_at=1.0,
    updated_at=2.0,
    duration_s=60.5,
)
STREAM = LiveStream("live_1", "room", "ada", RECORDING.id, StreamStatus.STOPPED, 100.0, key_sha="ab", stopped_at=160.0)
PLAYABLE = Change(EventType.RECORDING_PLAYABLE, 1_800_000_000.5)


def test_an_event_says_how_it_was_then() -> None:
    """The recording has become ready since; of a recording's event the stream is no part, nor is any key."""
    facts = recording_facts(RECORDING, "https://x.test")
    event = event_of(PLAYABLE, RECORDING.id, owner="ada", recording=facts, stream=stream_facts(STREAM))
    assert json.loads(body_of(event.payload)) == {
        "type": "recording.playable",
        "timestamp": "2027-01-15T08:00:00.500Z",
        "data": {
            "recording": {
                "id": RECORDING.id,
                "title": "Lecture é",
                "room_id": None,
                "status": "playable",
                "duration_s": 60.5,
                "playback_url": f"https://x.test/watch/{RECORDING.id}",
            },
            "stream": None,
            "error": None,
        },
    }


def test_streams_events_name_the_stream() -> None:
    """With its status at that moment, and without its key."""
    paused = Change(EventType.LIVE_PAUSED, 120.0)
    data = event_of(paused, STREAM.id, owner="ada", recording={"id": "r"}, stream=stream_facts(STREAM)).data
    assert data["stream"] == {
        "id": "live_1",
        "room_id": "room",
        "status": "paused",
        "started_at": "1970-01-01T00:01:40.000Z",
        "stopped_at": "1970-01-01T00:02:40.000Z",
    }


def test_failures_carry_code_and_sentence() -> None:
    """So that a receiver need not ask."""
    failed = Change(EventType.RECORDING_ERRORED, 1.0, ("no_video", "No picture."))
    data = event_of(failed, RECORDING.id, owner="ada", recording={}, stream=None).data
    assert data["error"] == {"code": "no_video", "detail": "No picture."}


def test_ids_depend_on_the_change_alone() -> None:
    """The same change is the same event whoever makes it; another recording, type or moment is another."""
    others = [
        event_id("rec_2", PLAYABLE),
        event_id(RECORDING.id, replace(PLAYABLE, at=PLAYABLE.at + 0.001)),
        event_id(RECORDING.id, replace(PLAYABLE, type=EventType.RECORDING_READY)),
    ]
    assert event_id(RECORDING.id, PLAYABLE) == event_id(RECORDING.id, Change.loads(PLAYABLE.dumps()))
    assert len({event_id(RECORDING.id, PLAYABLE), *others}) == 4


def test_a_test_looks_like_the_real_thing() -> None:
    """The same keys as any event."""
    real = event_of(PLAYABLE, RECORDING.id, owner="a", recording=recording_facts(RECORDING, ""), stream=None)
    made_up = made_up_event("evt_1", "a", 5.0)
    assert made_up.payload["type"] == "webhook.test"
    assert set(made_up.data) == set(real.data)
    assert set(made_up.data["recording"]) == set(real.data["recording"])
