"""The end of recordings, with every crash in between."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
from support.analytics_fakes import FakeWatched
from support.fakes import FakeClock, FakeJobs, FakeLedger, FakeObjects, FakeQueue, FakeRecordings, FakeUploads
from support.live import STREAM_ID, segment
from support.live_fakes import FakeAnnouncer, FakeSegments, FakeStreams

from chalicelib.domain.cost import Bill
from chalicelib.domain.job import Job, JobStatus
from chalicelib.domain.keys import media_prefix, source_key
from chalicelib.domain.live.keys import window_key
from chalicelib.domain.live.stream import LiveStream, StreamStatus
from chalicelib.domain.messages import DeleteMessage, parse_message
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.services.lifecycle import ABANDONED_AFTER_S, FINAL_DELAY_S, REDRIVE_AFTER_S, Lifecycle
from chalicelib.services.live_remains import LiveRemains
from chalicelib.services.recordings import fair_group

ID = "rec_0123456789abcdefghij"
OTHER = "rec_0123456789abcdefghi"


class Died(Exception):
    """The function was killed here."""


@dataclass
class World:
    """A recording with everything a recording can have, and another one that nobody may touch."""

    clock: FakeClock = field(default_factory=FakeClock)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    source: FakeObjects = field(default_factory=FakeObjects)
    media: FakeObjects = field(default_factory=FakeObjects)
    queue: FakeQueue = field(default_factory=FakeQueue)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    streams: FakeStreams = field(default_factory=FakeStreams)
    segments: FakeSegments = field(default_factory=FakeSegments)
    announcer: FakeAnnouncer = field(default_factory=FakeAnnouncer)
    watched: FakeWatched = field(default_factory=lambda: FakeWatched([ID, f"{OTHER}k"]))

    def __post_init__(self) -> None:
        self.recordings = FakeRecordings(self.clock)
        self.uploads = FakeUploads(self.source)
        self.remains = LiveRemains(self.streams, self.segments, self.source, self.announcer, self.clock)
        self.lifecycle = Lifecycle(
            self.recordings,
            self.jobs,
            self.uploads,
            source=self.source,
            media=self.media,
            queue=self.queue,
            ledger=self.ledger,
            live=self.remains,
            watched=self.watched,
            clock=self.clock,
        )
        for recording_id, status in ((ID, RecordingStatus.DELETING), (f"{OTHER}k", RecordingStatus.READY)):
            upload_id = self.uploads.begin(source_key(recording_id), content_type="video/mp4")
            self.recordings.rows[recording_id] = Recording(
                id=recording_id,
                owner="anna",
                title="Title",
                filename="a.mp4",
                content_type="video/mp4",
                size_bytes=1,
                status=status,
                created_at=self.clock.time,
                updated_at=self.clock.time,
                upload_id=upload_id,
                job_id=f"job-{recording_id}",
            )
            job = Job(f"job-{recording_id}", recording_id, "anna", JobStatus.IN_PROGRESS, cast("Any", None), 0.0)
            self.jobs.create(job)
            self.ledger.record(Bill("1", job.id, "on_encode", 3538, 1000))
            self.write(self.source, source_key(recording_id))
            self.write(self.media, f"{media_prefix(recording_id)}master.m3u8", f"{media_prefix(recording_id)}v/1.mp4")

    @staticmethod
    def write(bucket: FakeObjects, *keys: str) -> None:
        """Put small objects."""
        for key in keys:
            bucket.put_bytes(key, b"x", content_type="video/mp4", cache_control="none")

    def left_of(self, recording_id: str) -> list[str]:
        """Names of everything that still exists of a recording."""
        return sorted(
            [key for key in (*self.source.bodies, *self.media.bodies) if recording_id in key]
            + [job.id for job in self.jobs.by_recording(recording_id)]
            + [upload for upload in self.uploads.open if recording_id in upload]
            + [job_id for job_id, _ in self.ledger.rows if recording_id in job_id]
            + [row for row in self.watched.rows if row == recording_id]
        )


@pytest.fixture
def world() -> World:
    """Everything is there; the delete has just been accepted."""
    return World()


def test_delete_in_two_passes(world: World) -> None:
    """The first takes everything and asks for the second, which takes stragglers and the row."""
    untouched = world.left_of(f"{OTHER}k")
    assert world.lifecycle.delete(DeleteMessage(ID)) is True
    assert world.left_of(ID) == []
    final = DeleteMessage(ID, final=True, jobs=(f"job-{ID}",))
    assert list(world.queue.messages) == [(final.dumps(), fair_group("anna"), FINAL_DELAY_S)]
    assert ID in world.recordings.rows
    world.write(world.media, f"{media_prefix(ID)}v/2-late.mp4")
    world.ledger.record(Bill("late", f"job-{ID}", "on_encode", 3538, 1000))
    assert world.lifecycle.delete(final) is True
    assert world.left_of(ID) == []
    assert ID not in world.recordings.rows
    assert untouched == world.left_of(f"{OTHER}k")


def test_messages_may_come_twice_and_late(world: World) -> None:
    """After the end they find nothing to do, and what a worker wrote even later."""
    for message in (DeleteMessage(ID), DeleteMessage(ID), DeleteMessage(ID, final=True)):
        world.lifecycle.delete(message)
    world.write(world.media, f"{media_prefix(ID)}v/3-late.mp4")
    sent = len(world.queue.messages)
    assert world.lifecycle.delete(DeleteMessage(ID, final=True)) is True
    assert world.left_of(ID) == []
    assert len(world.queue.messages) == sent


@pytest.mark.parametrize("step", ["abort", "bills", "job", "media", "source", "watched", "send", "row"])
@pytest.mark.parametrize("final", [False, True])
def test_a_crash_at_any_step_is_made_good(
    world: World, monkeypatch: pytest.MonkeyPatch, step: str, *, final: bool
) -> None:
    """The row goes last, so that whoever comes next still knows what to do."""
    target, name = {
        "abort": (world.uploads, "abort"),
        "bills": (world.ledger, "delete"),
        "job": (world.jobs, "delete"),
        "media": (world.media, "delete"),
        "source": (world.source, "delete"),
        "watched": (world.watched, "purge"),
        "send": (world.queue, "send"),
        "row": (world.recordings, "delete"),
    }[step]

    def die(*_args: object, **_kwargs: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(target, name, die)
        if (step, final) not in {("send", True), ("row", False)}:
            with pytest.raises(Died):
                world.lifecycle.delete(DeleteMessage(ID, final=final))
    assert ID in world.recordings.rows
    world.lifecycle.delete(DeleteMessage(ID))
    world.lifecycle.delete(DeleteMessage(ID, final=True))
    assert world.left_of(ID) == []
    assert ID not in world.recordings.rows


@pytest.mark.parametrize("recording_id", [f"{OTHER}k", "", "rec_", "../other", f"{ID}/"])
def test_nothing_but_what_is_being_deleted(world: World, recording_id: str) -> None:
    """A message alone deletes nothing, least of all by a prefix that means everything."""
    before = (dict(world.media.bodies), dict(world.source.bodies), dict(world.recordings.rows))
    assert world.lifecycle.delete(DeleteMessage(recording_id)) is False
    assert before == (world.media.bodies, world.source.bodies, world.recordings.rows)


def test_lost_delete_messages_are_sent_again(world: World) -> None:
    """Once an hour, not once a minute."""
    assert world.lifecycle.redrive_deletes() == 0
    world.clock.time += REDRIVE_AFTER_S + 1
    assert world.lifecycle.redrive_deletes() == 1
    assert world.lifecycle.redrive_deletes() == 0
    assert list(world.queue.messages) == [(DeleteMessage(ID).dumps(), fair_group("anna"), 0)]


def test_abandoned_uploads_are_closed(world: World) -> None:
    """After a week: parts and object go, the row stays and says why."""
    row = replace(world.recordings.rows[ID], status=RecordingStatus.UPLOADING)
    world.recordings.rows[ID] = row
    assert world.lifecycle.close_abandoned_uploads() == 0
    world.clock.time += ABANDONED_AFTER_S + 1
    assert world.lifecycle.close_abandoned_uploads() == 1
    assert world.lifecycle.close_abandoned_uploads() == 0
    closed = world.recordings.rows[ID]
    assert (closed.status, closed.error_code) == (RecordingStatus.ERRORED, "upload_abandoned")
    assert "seven days" in closed.error_detail
    assert not world.source.heads.get(source_key(ID))
    assert [upload for upload in world.uploads.open if ID in upload] == []


def test_an_upload_that_just_finished_is_left_alone(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The index is late: the row is no longer uploading when it is written, and its source stays."""
    stale = replace(world.recordings.rows[ID], status=RecordingStatus.UPLOADING)
    world.recordings.rows[ID] = replace(stale, status=RecordingStatus.PROCESSING)
    monkeypatch.setattr(world.recordings, "by_status", lambda *_args, **_kwargs: [stale])
    world.clock.time += ABANDONED_AFTER_S + 1
    assert world.lifecycle.close_abandoned_uploads() == 0
    assert world.source.heads.get(source_key(ID))


def test_a_stream_goes_with_its_recording(world: World) -> None:
    """It is stopped first, so that nothing more comes; its row goes last, so that what still came is found."""
    stream = LiveStream(STREAM_ID, "hall", "anna", ID, StreamStatus.ACTIVE, 1.0)
    world.streams.start(stream)
    world.segments.put(segment(0))
    world.write(world.source, window_key(STREAM_ID), f"ingest/{STREAM_ID}/1/0.m4s")
    world.lifecycle.delete(DeleteMessage(ID))
    left = world.streams.rows[STREAM_ID]
    assert (left.status, left.finished_at, world.announcer.ended) == (
        StreamStatus.STOPPED,
        world.clock.time,
        [STREAM_ID],
    )
    assert (world.segments.rows, [key for key in world.source.bodies if STREAM_ID in key]) == ({}, [])
    world.write(world.source, f"ingest/{STREAM_ID}/1/1.m4s")
    world.lifecycle.delete(DeleteMessage(ID, final=True))
    assert (world.streams.rows, [key for key in world.source.bodies if STREAM_ID in key]) == ({}, [])
    assert world.announcer.ended == [STREAM_ID]


def test_what_is_billed_of_a_job_that_is_gone_goes_in_the_second_pass(world: World) -> None:
    """Also of one that was never the recording's own: only the first pass knew of it."""
    other = replace(world.jobs.rows[f"job-{ID}"], id=f"job-{ID}-other")
    world.jobs.create(other)
    world.lifecycle.delete(DeleteMessage(ID))
    world.ledger.record(Bill("late", other.id, "on_upload", 1024, 1000))
    (body, _, _) = world.queue.messages.pop()
    final = parse_message(body)
    assert isinstance(final, DeleteMessage)
    world.lifecycle.delete(final)
    assert world.left_of(ID) == []
