"""What viewers, owners and others are told of a stream."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from support.fakes import FakeClock, FakeObjects, FakeQueue, FakeRecordings, FakeUploads
from support.live_fakes import FakeAudience, FakeStreams, put_state

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.live.health import IngestHealth, Refusal
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.live.stream import Container, Epoch, Input, LiveStream, StreamStatus
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.errors import NotFound
from chalicelib.services.live_states import LiveStates
from chalicelib.services.live_watching import LiveWatching
from chalicelib.services.livestream import Ending, LiveStreams

ID, RECORDING = "live_0123456789abcdefghij", "rec_0123456789abcdefghij"
ANNA, BOB = Caller("anna", Role.PUBLISHER), Caller("bob", Role.PUBLISHER)


@dataclass
class Stand:
    """One stream of Anna's that is on."""

    clock: FakeClock = field(default_factory=FakeClock)
    streams: FakeStreams = field(default_factory=FakeStreams)
    source: FakeObjects = field(default_factory=FakeObjects)
    audience: FakeAudience = field(default_factory=FakeAudience)

    def __post_init__(self) -> None:
        recordings = FakeRecordings(self.clock)
        ending = Ending(self.streams, FakeQueue(), self.clock)
        live = LiveStreams(recordings, FakeUploads(self.source), self.source, self.streams, ending, self.clock)
        self.watching = LiveWatching(live, LiveStates(self.source), self.audience, self.clock)
        self.streams.rows[ID] = LiveStream(ID, "hall", "anna", RECORDING, StreamStatus.ACTIVE, self.clock.time)
        self.recording = recordings.rows[RECORDING] = Recording(
            RECORDING, "anna", "Talk", "", "", 0, RecordingStatus.LIVE, 0.0, 0.0, stream_id=ID
        )


@pytest.fixture
def stand() -> Stand:
    """Return one."""
    return Stand()


def test_a_seat(stand: Stand) -> None:
    """With a token under the viewer's name, or none; once the stream is over there is nothing to connect to."""
    assert stand.watching.join(BOB, stand.recording).token == f"token-{ID}-bob"
    seat = stand.watching.join(None, stand.recording)
    assert (seat.token, seat.status) == (f"token-{ID}-", StreamStatus.ACTIVE)
    stand.clock.time += 60
    assert stand.watching.join(None, stand.recording).status is StreamStatus.PAUSED
    stand.streams.stop(ID, now=stand.clock.time)
    seat = stand.watching.join(BOB, stand.recording)
    assert (seat.token, seat.status) == ("", StreamStatus.STOPPED)


def test_no_stream(stand: Stand) -> None:
    """A recording that waits has none."""
    waiting = replace(stand.recording, stream_id="", status=RecordingStatus.WAITING)
    for ask in (stand.watching.join, stand.watching.stats):
        with pytest.raises(NotFound) as refused:
            ask(ANNA, waiting)
        assert refused.value.code == "stream_not_found"


def test_numbers(stand: Stand) -> None:
    """All of them for the owner, how many watch for whoever may watch."""
    epoch = Epoch(1, Input.BACKUP, Container.FMP4, stand.clock.time)
    stand.streams.replace(stand.streams.rows[ID].claimed(epoch, silent=True))
    refusal = Refusal(1_800_000_000.0, "7.m4s", "too_long", "Eight seconds.")
    health = IngestHealth(last_segment_at=1_800_000_000.5, segments=1).refuse(refusal)
    put_state(stand.source, replace(LiveState.begin(stand.streams.rows[ID]), health=health))

    shown = stand.watching.stats(ANNA, stand.recording)
    assert (shown["viewers"]["peak"], shown["latency"]["p50_s"]) == (3, 4.5)
    assert shown["on_air"] == {"epoch": 1, "input": "backup"}
    assert shown["ingest"]["last_segment_at"] == "2027-01-15T08:00:00.500Z"
    assert shown["ingest"]["refusals"] == [
        {"at": "2027-01-15T08:00:00.000Z", "name": "7.m4s", "code": "too_long", "detail": "Eight seconds."}
    ]
    few = {"stream_id": ID, "status": "active", "viewers": {"now": 2}}
    assert [stand.watching.stats(caller, stand.recording) for caller in (BOB, None)] == [few, few]


def test_before_the_first_encoder(stand: Stand) -> None:
    """Nothing is known of the ingest."""
    shown = stand.watching.stats(ANNA, stand.recording)
    assert (shown["ingest"], shown["on_air"], shown["stopped_at"]) == (None, None, None)


def test_a_viewer_is_shown_out(stand: Stand) -> None:
    """By the owner, once."""
    stand.audience.connections.add((ID, "c1"))
    with pytest.raises(NotFound):
        stand.watching.disconnect(BOB, RECORDING, "c1")
    stand.watching.disconnect(ANNA, RECORDING, "c1")
    with pytest.raises(NotFound) as refused:
        stand.watching.disconnect(ANNA, RECORDING, "c1")
    assert (refused.value.code, stand.audience.connections) == ("viewer_not_found", set())
