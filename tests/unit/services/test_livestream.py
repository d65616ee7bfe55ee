"""Streams started and stopped, with every crash in between."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import pytest
from support.fakes import FakeClock, FakeObjects, FakeQueue, FakeRecordings, FakeUploads
from support.live_fakes import FakeStreams

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.keys import source_key
from chalicelib.domain.live.messages import FinishMessage
from chalicelib.domain.live.stream import StreamStatus
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.errors import HeadwaterError
from chalicelib.services.livestream import STARTING_S, Ending, LiveStreams, Wishes, key_sha

ID, OTHER = "rec_0123456789abcdefghij", "rec_0123456789abcdefghik"
ANNA = Caller("anna", Role.PUBLISHER)


class Died(Exception):
    """The function was killed here."""


@dataclass
class Studio:
    """Two of Anna's recordings that wait for a stream, in one room."""

    clock: FakeClock = field(default_factory=FakeClock)
    source: FakeObjects = field(default_factory=FakeObjects)
    streams: FakeStreams = field(default_factory=FakeStreams)
    queue: FakeQueue = field(default_factory=FakeQueue)

    def __post_init__(self) -> None:
        self.recordings = FakeRecordings(self.clock)
        self.uploads = FakeUploads(self.source)
        for recording_id in (ID, OTHER):
            self.recordings.rows[recording_id] = Recording(
                recording_id, "anna", "Talk", "", "", 0, RecordingStatus.WAITING, 0.0, 0.0, room_id="hall"
            )
        ending = Ending(self.streams, self.queue, self.clock)
        self.live = LiveStreams(
            self.recordings, self.uploads, self.source, self.streams, ending, self.clock, default_profiles=("low",)
        )

    def change(self, **changes: object) -> None:
        """Set fields of the first recording."""
        self.recordings.update(ID, **changes)

    def refusal(self, recording_id: str = ID, caller: Caller = ANNA) -> str:
        """Return the code that a start is refused with."""
        with pytest.raises(HeadwaterError) as refused:
            self.live.start(caller, recording_id, Wishes())
        return refused.value.code


@pytest.fixture
def studio() -> Studio:
    """Return one."""
    return Studio()


def test_a_start(studio: Studio) -> None:
    """The recording is live with its stream, the room is held, and of the key only a digest is kept."""
    started = studio.live.start(ANNA, ID, Wishes(4, 60, 30, ("high",)))
    stream = studio.streams.rows[started.stream.id]
    assert stream == started.stream
    assert (stream.room_id, stream.owner, stream.recording_id, stream.status) == ("hall", "anna", ID, "active")
    assert (stream.target_s, stream.dvr_window_s, stream.silence_s, stream.profiles) == (4, 60, 30, ("high",))
    assert (len(started.key), started.key[:3], stream.key_sha) == (43, "sk_", key_sha(started.key))
    recording = studio.recordings.rows[ID]
    assert (recording.status, recording.stream_id) == (RecordingStatus.LIVE, stream.id)
    assert started.recording == recording


def test_a_room_has_one_stream(studio: Studio) -> None:
    """The recording in it says so; another room is free, and without a room there is the recording's own."""
    first = studio.live.start(ANNA, ID, Wishes())
    assert first.stream.profiles == ("low",)
    assert (studio.refusal(), studio.refusal(OTHER)) == ("stream_active", "room_busy")
    assert studio.recordings.rows[OTHER].status is RecordingStatus.WAITING
    studio.recordings.update(OTHER, room_id="")
    assert studio.live.start(ANNA, OTHER, Wishes()).stream.room_id == OTHER


def test_a_room_named_like_a_recording_blocks_nobody(studio: Studio) -> None:
    """Whoever knows an id of somebody else's cannot keep that one from starting."""
    studio.recordings.update(OTHER, room_id=ID)
    studio.change(room_id="")
    assert studio.live.start(ANNA, OTHER, Wishes()).stream.room_id == OTHER
    assert studio.live.start(ANNA, ID, Wishes()).stream.room_id == ID


@pytest.mark.parametrize(
    ("caller", "code"),
    [
        (Caller("bob", Role.PUBLISHER), "recording_not_found"),
        (Caller("anna", Role.VIEWER), "forbidden_role"),
    ],
)
def test_whose(studio: Studio, caller: Caller, code: str) -> None:
    """Nobody but its owner, and only while a publisher."""
    assert studio.refusal(ID, caller) == code
    assert studio.refusal("rec_nonsense") == "recording_not_found"
    assert studio.streams.rows == {}


@pytest.mark.parametrize("status", [RecordingStatus.READY, RecordingStatus.PROCESSING, RecordingStatus.ERRORED])
def test_what_has_content_takes_no_stream(studio: Studio, status: RecordingStatus) -> None:
    """It would have to be thrown away."""
    studio.change(status=status)
    assert studio.refusal() == "recording_not_empty"


def test_an_upload_without_a_byte_is_given_up(studio: Studio) -> None:
    """Its multipart upload goes; one that holds a part, or is complete, stays."""
    upload_id = studio.uploads.begin(source_key(ID), content_type="video/mp4")
    studio.change(status=RecordingStatus.UPLOADING, upload_id=upload_id, filename="a.mp4", size_bytes=9)
    studio.uploads.open[upload_id][1] = b"part"
    assert studio.refusal() == "recording_not_empty"
    studio.uploads.open[upload_id].clear()
    studio.source.put_bytes(source_key(ID), b"x", content_type="a/b", cache_control="none")
    assert studio.refusal() == "recording_not_empty"
    studio.source.delete([source_key(ID)])

    started = studio.live.start(ANNA, ID, Wishes())
    row = started.recording
    assert (row.status, row.upload_id, row.filename, row.size_bytes) == (RecordingStatus.LIVE, "", "", 0)
    assert studio.uploads.open == {}


def test_a_start_that_died_in_the_middle(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its stream has no key that anybody knows: the next start takes the room over, but not from one in progress."""

    def die(*_args: object, **_kwargs: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(studio.recordings, "update", die)
        with pytest.raises(Died):
            studio.live.start(ANNA, ID, Wishes())
    (left,) = studio.streams.rows
    assert studio.refusal() == "stream_active"
    studio.clock.time += STARTING_S
    started = studio.live.start(ANNA, ID, Wishes())
    assert started.stream.id != left
    assert list(studio.streams.rows) == [started.stream.id]


def test_a_recording_that_changed_meanwhile(studio: Studio, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleted between look and write: nothing is left of the stream."""
    update = studio.recordings.update

    def late(recording_id: str, **changes: object) -> Recording | None:
        row = studio.recordings.rows[recording_id]
        studio.recordings.rows[recording_id] = replace(row, status=RecordingStatus.DELETING)
        return update(recording_id, **changes)  # type: ignore[arg-type]

    monkeypatch.setattr(studio.recordings, "update", late)
    assert studio.refusal() == "recording_not_found"
    assert studio.streams.rows == {}


def test_a_stop(studio: Studio) -> None:
    """The room is free at once and the recording is asked for; again changes nothing but the asking."""
    started = studio.live.start(ANNA, ID, Wishes())
    studio.clock.time += 60
    stopped = studio.live.stop(Caller("anna", Role.VIEWER), ID)
    assert (stopped.status, stopped.stopped_at) == (StreamStatus.STOPPED, studio.clock.time)
    studio.clock.time += 60
    assert studio.live.stop(ANNA, ID) == stopped
    message = (FinishMessage(stopped.id).dumps(), stopped.id, 0)
    assert list(studio.queue.messages) == [message, message]
    assert studio.streams.active_by_room("hall") is None
    assert studio.refusal() == "stream_finishing"

    studio.streams.rows[stopped.id] = replace(stopped, finished_at=1.0)
    studio.live.stop(ANNA, ID)
    assert len(studio.queue.messages) == 2
    assert started.stream.id == stopped.id


def test_nothing_to_stop(studio: Studio) -> None:
    """Never started, or somebody else's."""
    for caller, code in ((ANNA, "stream_not_found"), (Caller("bob", Role.PUBLISHER), "recording_not_found")):
        with pytest.raises(HeadwaterError) as refused:
            studio.live.stop(caller, ID)
        assert refused.value.code == code


def test_nothing_came_of_it(studio: Studio) -> None:
    """A recording that waits again takes another stream; stopping the one before is still no error."""
    first = studio.live.start(ANNA, ID, Wishes()).stream
    studio.live.stop(ANNA, ID)
    studio.streams.rows[first.id] = replace(studio.streams.rows[first.id], finished_at=1.0)
    studio.change(status=RecordingStatus.WAITING, stream_id="")
    assert studio.live.stop(ANNA, ID).id == first.id
    assert studio.live.start(ANNA, ID, Wishes()).stream.id != first.id


def test_a_start_whose_answer_was_lost_is_a_start(studio: Studio) -> None:
    """The SDK asked twice, and the second time the recording was live already: by this very stream."""
    update = studio.recordings.update

    def update_twice(recording_id: str, **changes: object) -> Recording | None:
        update(recording_id, **changes)  # type: ignore[arg-type]
        return update(recording_id, **changes)  # type: ignore[arg-type]

    studio.recordings.update = update_twice  # type: ignore[method-assign,assignment]
    started = studio.live.start(ANNA, ID, Wishes())
    assert studio.streams.get(started.stream.id) == started.stream
    assert (started.recording.status, started.recording.stream_id) == (RecordingStatus.LIVE, started.stream.id)
