"""Sources that cannot be seeked: prepared once, whatever dies, is repeated or comes too late."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from support.fakes import FakeHold
from support.media import RECORDING_ID, audio, source, video
from support.pipeline import Pipeline
from support.stand_in import Died, Killer, StandInEncoder, stand_in

from chalicelib.domain.keys import prepared_key, source_key
from chalicelib.domain.messages import PrepareMessage, parse_message
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict, Transient

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.domain.media import SourceMedia

SEEKABLE = source(7, picture=video(640, 360, 30, duration_s=Fraction(7)), sound=audio())
STREAM = replace(SEEKABLE, container="mpegts", seekable=False, duration_s=Fraction(0))


@dataclass
class Probe:
    """Finds a stream in the upload and an MP4 in what was made of it."""

    calls: int = 0

    def probe(self, url: str, *, size_bytes: int) -> SourceMedia:
        """Tell the two apart by their names."""
        assert size_bytes
        self.calls += 1
        return SEEKABLE if "/prepared-" in url else STREAM


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A stream of seven seconds."""
    return stand_in(Pipeline(tmp_path, probe=Probe()))


def encoder(pipeline: Pipeline) -> StandInEncoder:
    """The stand-in."""
    assert isinstance(pipeline.encoder, StandInEncoder)
    return pipeline.encoder


def key(pipeline: Pipeline) -> str:
    """Where the prepared source is to be."""
    return prepared_key(RECORDING_ID, pipeline.recording.source_version)


def check_whole(pipeline: Pipeline) -> None:
    """Ready, by one job that reads the prepared source."""
    (job,) = pipeline.jobs.rows.values()
    assert (pipeline.recording.status, pipeline.recording.stage) == (RecordingStatus.READY, "")
    assert (job.plan.source_key, job.plan.media) == (key(pipeline), SEEKABLE)
    assert job.plan.source_version == pipeline.recording.source_version
    assert not pipeline.prepare_queue.messages
    assert not pipeline.uploads_queue.messages


def test_a_stream_is_prepared_and_then_planned(pipeline: Pipeline) -> None:
    """Its owner sees what it waits for; no job is made of what cannot be seeked."""
    assert pipeline.land(b"media") is None
    assert not pipeline.jobs.rows
    seen = pipeline.transcoder.get_progress(pipeline.recording)
    assert (seen["recording_status"], seen["status"], seen["stage"]) == ("processing", "pending", "preparing")
    ((body, group, _),) = pipeline.prepare_queue.messages
    assert parse_message(body) == PrepareMessage(RECORDING_ID, pipeline.recording.source_version, STREAM)
    assert group == RECORDING_ID
    hold = FakeHold()
    assert pipeline.prepare(hold)
    assert hold.kept
    assert pipeline.transcoder.get_progress(pipeline.recording)["stage"] is None
    pipeline.work()
    check_whole(pipeline)


def test_what_can_be_seeked_is_not(tmp_path: Path) -> None:
    """And is probed once."""
    probe = Probe()
    probe.probe = lambda url, *, size_bytes: SEEKABLE  # type: ignore[method-assign]  # noqa: ARG005
    pipeline = stand_in(Pipeline(tmp_path, probe=probe))
    job = pipeline.upload(b"media")
    assert job is not None
    assert job.plan.source_key == source_key(RECORDING_ID)
    assert not pipeline.prepare_queue.messages


def test_everything_twice(pipeline: Pipeline) -> None:
    """The event before, the message during and after: one rewriting, one job."""
    assert pipeline.land(b"media") is None
    pipeline.event()
    assert len(pipeline.prepare_queue.messages) == 2
    late = pipeline.prepare_queue.messages[0]
    pipeline.prepare()
    runs = encoder(pipeline).runs
    pipeline.prepare()
    pipeline.prepare_queue.messages.append(late)
    pipeline.prepare()
    assert encoder(pipeline).runs == runs == 1
    pipeline.work()
    check_whole(pipeline)
    pipeline.event()
    check_whole(pipeline)


def test_two_workers_at_once(pipeline: Pipeline) -> None:
    """The slower one finds the recording past its preparing, and takes nothing away from it."""
    assert pipeline.land(b"media") is None
    message = pipeline.prepare_queue.messages[0]

    def meanwhile() -> None:
        encoder(pipeline).during = lambda: None
        pipeline.prepare_queue.messages.append(message)
        assert pipeline.prepare()

    encoder(pipeline).during = meanwhile
    pipeline.prepare()
    assert len(pipeline.source.history[key(pipeline)]) == 1
    pipeline.work()
    check_whole(pipeline)


def redeliver(pipeline: Pipeline) -> None:
    """Deliver event and messages until all are acknowledged, as the queues do."""
    event = True
    for _ in range(60):
        queues = [pipeline.uploads_queue, pipeline.prepare_queue, pipeline.queue]
        waiting = [queue for queue in queues if queue.messages]
        if not event and not waiting:
            return
        first = None if event else waiting[0].messages[0]
        try:
            if event:
                pipeline.event()
            elif waiting[0] is pipeline.uploads_queue:
                pipeline.event()
                pipeline.uploads_queue.messages.popleft()
            elif waiting[0] is pipeline.prepare_queue:
                pipeline.prepare()
            else:
                pipeline.step()
            event = False
        except (Died, Transient):
            if first and first not in waiting[0].messages:
                waiting[0].messages.append(first)
            pipeline.clock.time += 61
    pytest.fail("There is no end to it.")


@pytest.mark.parametrize("before", [True, False])
def test_death_at_every_write(tmp_path: Path, *, before: bool) -> None:
    """Killed before or after each single write, event and message come again and the recording gets ready."""
    at, died = 0, True
    while died:
        at += 1
        pipeline = stand_in(Pipeline(tmp_path, probe=Probe()))
        killer = Killer(pipeline, at, before=before)
        with suppress(Died):
            pipeline.land(b"media")
        redeliver(pipeline)
        died = killer.count >= at
        check_whole(pipeline)
    assert at > 8


def test_a_recording_that_is_deleted_is_left_alone(pipeline: Pipeline) -> None:
    """Before, and while it is worked on."""
    assert pipeline.land(b"media") is None
    message = pipeline.prepare_queue.messages[0]

    def delete() -> None:
        pipeline.recordings.update(RECORDING_ID, status=RecordingStatus.DELETING)

    encoder(pipeline).during = delete
    assert pipeline.prepare() is None
    assert encoder(pipeline).runs == 1
    pipeline.prepare_queue.messages.append(message)
    assert pipeline.prepare() is None
    assert encoder(pipeline).runs == 1
    assert key(pipeline) not in pipeline.source.bodies
    assert not pipeline.jobs.rows


def test_a_source_that_is_replaced_meanwhile(pipeline: Pipeline) -> None:
    """What was made of the old one, even of half of each, is not kept; the new one is prepared anew."""
    assert pipeline.land(b"media") is None
    old = key(pipeline)

    def overwrite() -> None:
        pipeline.source.put_bytes(source_key(RECORDING_ID), b"another", content_type="video/mp4", cache_control="none")

    encoder(pipeline).during = overwrite
    assert pipeline.prepare() is None
    encoder(pipeline).during = lambda: None
    assert pipeline.event() is None
    assert pipeline.prepare()
    pipeline.work()
    check_whole(pipeline)
    assert old not in pipeline.source.bodies


def test_the_second_way_is_tried_when_the_first_cannot_hold_it(pipeline: Pipeline) -> None:
    """FFmpeg's status says so at once."""
    assert pipeline.land(b"media") is None
    encoder(pipeline).fail = [Transient("encode_interrupted", "exit 1")]
    assert pipeline.prepare()
    assert encoder(pipeline).runs == 2


@pytest.mark.parametrize(("code", "runs"), [("encode_interrupted", 3), ("encode_timeout", 1), ("read_interrupted", 1)])
def test_a_failure_comes_again(pipeline: Pipeline, code: str, runs: int) -> None:
    """The message goes back to its queue; what no other way would help is not tried in other ways."""
    assert pipeline.land(b"media") is None
    message = pipeline.prepare_queue.messages[0]
    encoder(pipeline).fail = [Transient(code, "Failed.")] * runs
    with pytest.raises(Transient):
        pipeline.prepare()
    assert encoder(pipeline).runs == runs
    assert pipeline.recording.status is RecordingStatus.PROCESSING
    pipeline.prepare_queue.messages.append(message)
    assert pipeline.prepare()


def test_giving_up_tells_why_and_can_be_taken_back(pipeline: Pipeline) -> None:
    """Errored with a reason; messages left over do nothing; asking for the job begins anew."""
    assert pipeline.land(b"media") is None
    message = parse_message(pipeline.prepare_queue.messages[0][0])
    assert isinstance(message, PrepareMessage)
    pipeline.preparer.give_up(message)
    assert (pipeline.recording.status, pipeline.recording.error_code) == (RecordingStatus.ERRORED, "prepare_failed")
    assert (pipeline.recording.stage, pipeline.prepare()) == ("", None)
    with pytest.raises(Conflict) as refused:
        pipeline.transcoder.queue_job(pipeline.recording, None)
    assert refused.value.code == "source_preparing"
    assert (pipeline.recording.status, pipeline.recording.error_code) == (RecordingStatus.PROCESSING, "")
    assert pipeline.prepare()
    pipeline.preparer.give_up(message)
    pipeline.work()
    check_whole(pipeline)


def test_another_ladder_uses_what_is_there(pipeline: Pipeline) -> None:
    """Nothing is probed or prepared a second time."""
    assert pipeline.upload(b"media")
    probe = pipeline.probe
    assert isinstance(probe, Probe)
    calls = probe.calls
    first = pipeline.recording.job_id
    job, created = pipeline.transcoder.queue_job(pipeline.recording, pipeline.transcoder._default_profiles()[:1])
    assert (created, job.plan.source_key, probe.calls) == (True, key(pipeline), calls)
    assert job.id != first


def test_a_file_too_large_for_the_scratch_folder_is_refused_at_once(pipeline: Pipeline) -> None:
    """Nobody waits for what cannot end well."""
    pipeline.probe.probe = lambda url, *, size_bytes: replace(STREAM, size_bytes=8 * 1024**3)  # type: ignore[method-assign]  # noqa: ARG005
    assert pipeline.upload(b"media") is None
    assert pipeline.recording.error_code == "source_too_large_to_prepare"
    assert not pipeline.prepare_queue.messages
