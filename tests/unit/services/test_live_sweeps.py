"""What the schedule does for live streams, minute after minute."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from support.fakes import FakeClock, FakeObjects, FakeQueue, FakeRecordings
from support.live_fakes import FakeAnnouncer, FakeStreams, put_state

from chalicelib.domain.live.health import IngestHealth
from chalicelib.domain.live.messages import FinishMessage
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.live.stream import LiveStream, StreamStatus
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.services.live_states import LiveStates
from chalicelib.services.live_sweeps import AGAIN_S, FINISH_AFTER_S, LiveSweeps
from chalicelib.services.livestream import Ending

ID, RECORDING = "live_0123456789abcdefghij", "rec_0123456789abcdefghij"


@dataclass
class Night:
    """One stream that is on, of two seconds' segments, closed after thirty of silence."""

    clock: FakeClock = field(default_factory=FakeClock)
    streams: FakeStreams = field(default_factory=FakeStreams)
    source: FakeObjects = field(default_factory=FakeObjects)
    queue: FakeQueue = field(default_factory=FakeQueue)
    announcer: FakeAnnouncer = field(default_factory=FakeAnnouncer)
    swept: list[str] = field(default_factory=list)
    sweep_s: float = 0.0

    def __post_init__(self) -> None:
        self.recordings = FakeRecordings(self.clock)
        ending = Ending(self.streams, self.queue, self.clock)
        states = LiveStates(self.source)
        self.sweeps = LiveSweeps(self.streams, self.recordings, states, ending, self.announcer, self, self.clock)
        self.streams.rows[ID] = LiveStream(
            ID, "hall", "anna", RECORDING, StreamStatus.ACTIVE, self.clock.time, silence_s=30
        )
        self.recordings.rows[RECORDING] = Recording(
            RECORDING, "anna", "Talk", "", "", 0, RecordingStatus.LIVE, 0.0, 0.0, stream_id=ID
        )

    def sweep(self, stream_id: str) -> int:
        """Find one viewer gone, after so many seconds."""
        self.swept.append(stream_id)
        self.clock.time += self.sweep_s
        return 1

    def segment_came(self) -> None:
        """Note a segment, now."""
        health = IngestHealth(last_segment_at=self.clock.time, segments=1)
        put_state(self.source, replace(LiveState.begin(self.streams.rows[ID]), health=health))

    def minute(self, after_s: float = 60.0) -> tuple[int, int]:
        """Run the sweeps some seconds later."""
        self.clock.time += after_s
        return self.sweeps.look_after(), self.sweeps.finish_stopped()

    @property
    def status(self) -> StreamStatus:
        """As stored."""
        return self.streams.rows[ID].status


@pytest.fixture
def night() -> Night:
    """Return one."""
    return Night()


def test_a_pause_is_noticed_once_and_its_end_too(night: Night) -> None:
    """After two segments' time and a second; viewers are told each time."""
    night.segment_came()
    assert (night.minute(5.0), night.status) == ((0, 0), StreamStatus.ACTIVE)
    assert (night.minute(0.1), night.status) == ((1, 0), StreamStatus.PAUSED)
    assert (night.minute(5.0), night.status) == ((0, 0), StreamStatus.PAUSED)
    night.segment_came()
    assert (night.minute(1.0), night.status) == ((1, 0), StreamStatus.ACTIVE)
    assert night.announcer.told == [(ID, StreamStatus.PAUSED), (ID, StreamStatus.ACTIVE)]


def test_a_lost_race_is_left_to_the_next_sweep(night: Night) -> None:
    """Announced twice, which is no harm; the encoder's claim stays."""
    night.streams.races = 1
    assert (night.minute(6.0), night.status) == ((0, 0), StreamStatus.ACTIVE)
    assert (night.minute(6.0), night.status) == ((1, 0), StreamStatus.PAUSED)
    assert len(night.announcer.told) == 2


def test_the_index_is_late(night: Night, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stream that has been stopped meanwhile is not paused."""
    listed = night.streams.rows[ID]
    night.streams.stop(ID, now=night.clock.time)
    monkeypatch.setattr(night.streams, "by_status", lambda status, **_: [listed] if status == "active" else [])
    assert (night.minute(6.0), night.status, night.announcer.told) == ((0, 0), StreamStatus.STOPPED, [])


def test_a_silent_stream_is_closed(night: Night) -> None:
    """Whether it had begun or not: the room is free and the recording asked for."""
    assert (night.minute(30.0), night.status) == ((1, 0), StreamStatus.PAUSED)
    assert (night.minute(0.5), night.status) == ((1, 0), StreamStatus.STOPPED)
    assert list(night.queue.messages) == [(FinishMessage(ID).dumps(), ID, 0)]
    assert (night.minute(1.0), night.streams.active_by_room("hall")) == ((0, 0), None)


def test_what_a_start_left_behind_goes(night: Night) -> None:
    """Its recording knows nothing of it, and nobody its key: there is nothing to finish."""
    night.recordings.update(RECORDING, stream_id="live_other")
    assert night.minute(31.0) == (1, 0)
    assert (night.streams.rows, list(night.queue.messages)) == ({}, [])


def test_a_stream_is_finished_in_the_end(night: Night) -> None:
    """Its message may be lost; it is sent again after two minutes, and then every ten."""
    night.streams.stop(ID, now=night.clock.time)
    assert [night.minute()[1] for _ in range(13)] == [0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0]
    assert (FINISH_AFTER_S, AGAIN_S) == (120, 600)
    stopped = night.streams.rows[ID]
    night.streams.rows[ID] = replace(stopped, finished_at=1.0)
    assert [night.minute()[1] for _ in range(10)] == [0] * 10


def test_every_streams_viewers_have_their_turn(night: Night) -> None:
    """Once in ten minutes; a sweep that takes long leaves some to their next turn."""
    ids = [f"live_{n:020d}" for n in range(40)]
    night.streams.rows = {name: replace(night.streams.rows[ID], id=name) for name in ids}
    found = []
    for _ in range(10):
        found.append(night.sweeps.count_out_viewers())
        night.clock.time += 60
    assert (sorted(night.swept), sum(found)) == (ids, 40)
    night.sweep_s = 60.0
    assert night.sweeps.count_out_viewers() <= 1
