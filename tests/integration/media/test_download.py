"""Renditions joined into files, for real: the segments' packets, in sync, none encoded again."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from support.fakes import FakeHold
from support.hls import joined, samples
from support.media import RECORDING_ID
from support.pipeline import FFMPEG

from chalicelib.adapters.ffmpeg import FfmpegEncoder
from chalicelib.domain.downloads import slug
from chalicelib.domain.job import TaskStatus
from chalicelib.domain.keys import playlist_key
from chalicelib.domain.messages import JoinMessage, parse_message
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict, NotFound, Transient
from chalicelib.services.downloads import Downloads
from chalicelib.services.joining import JoinWorker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.pipeline import Pipeline

    from chalicelib.domain.job import Job


def services(pipeline: Pipeline) -> tuple[Downloads, JoinWorker]:
    """The two ends of the queue."""
    downloads = Downloads(pipeline.jobs, pipeline.source, pipeline.prepare_queue, pipeline.clock)
    stores = (pipeline.recordings, pipeline.jobs, pipeline.source, pipeline.media)
    return downloads, JoinWorker(*stores, FfmpegEncoder(FFMPEG), pipeline.clock, str(pipeline.scratch))


@pytest.fixture
def ready(pipeline: Pipeline, counted: bytes) -> Job:
    """Seven seconds with sound, encoded."""
    job = pipeline.upload(counted)
    assert job is not None
    pipeline.work()
    return pipeline.jobs.rows[job.id]


def make(pipeline: Pipeline, name: str) -> bytes:
    """Ask, join, look; returns the file."""
    downloads, worker = services(pipeline)
    assert downloads.ask(pipeline.recording, name) is None
    message = parse_message(pipeline.prepare_queue.messages.popleft()[0])
    assert isinstance(message, JoinMessage)
    worker.handle(message, FakeHold(), remaining_s=60)
    found = downloads.look(pipeline.recording, name)
    assert found is not None
    (key,) = [key for key in pipeline.source.bodies if "/downloads/" in key and key in found.url]
    assert len(pipeline.source.bodies[key]) == found.size_bytes
    return pipeline.source.bodies[key]


def packets(path: Path, media: bytes, stream: str) -> list[tuple[str, str, str]]:
    """(pts, size, MD5) of each packet, in the container's order."""
    path.write_bytes(media)
    command = [FFMPEG, "-v", "error", "-i", str(path), "-map", stream, "-c", "copy", "-f", "framemd5", "-"]
    lines = subprocess.run(command, capture_output=True, check=True, timeout=60, text=True).stdout.splitlines()
    fields = [[field.strip() for field in line.split(",")] for line in lines if not line.startswith("#")]
    return [(field[2], field[4], field[5]) for field in fields]


def published(pipeline: Pipeline, job: Job, rendition: str) -> bytes:
    """What a player gets of a rendition."""
    return joined(pipeline.media.bodies, playlist_key(RECORDING_ID, job.plan.source_version, rendition, job.id))


def test_every_rendition_becomes_a_file(pipeline: Pipeline, ready: Job, tmp_path: Path) -> None:
    """Each packet as it was encoded, at its own time; picture and sound from zero, as long as planned."""
    assert ready.plan.audio is not None
    sound = published(pipeline, ready, ready.plan.audio.id)
    for rendition in ready.plan.video:
        body = make(pipeline, slug(rendition))
        assert body[4:8] == b"ftyp"
        assert body.index(b"moov") < body.index(b"mdat")
        picture = published(pipeline, ready, rendition.id)
        assert packets(tmp_path / "a", body, "0:v:0") == packets(tmp_path / "b", picture, "0:v:0")
        assert packets(tmp_path / "a", body, "0:a:0") == packets(tmp_path / "b", sound, "0:a:0")
        assert len(packets(tmp_path / "a", body, "0:v:0")) == round(7 * rendition.frame_rate)
        assert samples(body) == 7 * 48_000
    assert not list(pipeline.scratch.glob("tmp*"))


def test_sound_alone_is_a_file_too(pipeline: Pipeline, ready: Job, tmp_path: Path) -> None:
    """For listening."""
    assert ready.plan.audio is not None
    sound = published(pipeline, ready, ready.plan.audio.id)
    body = make(pipeline, ready.plan.audio.id)
    assert packets(tmp_path / "a", body, "0:a:0") == packets(tmp_path / "b", sound, "0:a:0")
    downloads, _ = services(pipeline)
    found = downloads.look(pipeline.recording, ready.plan.audio.id)
    assert found is not None
    assert found.filename.endswith(".m4a")


def test_asking_again_joins_nothing(pipeline: Pipeline, ready: Job) -> None:
    """The second of two messages finds the file; later requests are answered at once."""
    downloads, worker = services(pipeline)
    name = slug(ready.plan.video[0])
    assert downloads.ask(pipeline.recording, name) is None
    assert downloads.ask(pipeline.recording, name) is None
    messages = [parse_message(body) for body, _, _ in pipeline.prepare_queue.messages]
    for message in messages:
        assert isinstance(message, JoinMessage)
        worker.handle(message, FakeHold(), remaining_s=60)
    (key,) = [key for key in pipeline.source.bodies if "/downloads/" in key]
    assert len(pipeline.source.history[key]) == 1
    found = downloads.ask(pipeline.recording, name)
    assert found is not None
    assert found.filename == f"A talk {ready.plan.video[0].name}.mp4"
    assert downloads.renditions(pipeline.recording) == [
        (rendition, slug(rendition), rendition.id == ready.plan.video[0].id) for rendition in ready.plan.streams
    ]


def test_a_chunk_that_cannot_be_read_makes_no_file(pipeline: Pipeline, ready: Job) -> None:
    """FFmpeg would take the end of its input for the end of the film."""
    downloads, worker = services(pipeline)
    rendition = ready.plan.video[0]
    downloads.ask(pipeline.recording, rendition.id)
    message = parse_message(pipeline.prepare_queue.messages[0][0])
    assert isinstance(message, JoinMessage)
    last = pipeline.jobs.tasks(ready.id, rendition.id)[-1].result
    assert last is not None
    whole = pipeline.media.bodies[last.key]
    pipeline.media.bodies[last.key] = whole[:-10]
    with pytest.raises(Transient) as broken:
        worker.handle(message, FakeHold(), remaining_s=60)
    assert broken.value.code == "chunk_unreadable"
    assert downloads.look(pipeline.recording, rendition.id) is None
    worker.give_up(message)
    check_conflict(lambda: downloads.look(pipeline.recording, rendition.id), "download_failed")
    pipeline.media.bodies[last.key] = whole
    assert make_again(pipeline, rendition.id)
    worker.give_up(message)
    assert downloads.look(pipeline.recording, rendition.id)


def make_again(pipeline: Pipeline, name: str) -> bytes:
    """Ask anew after a failure."""
    pipeline.prepare_queue.messages.clear()
    return make(pipeline, name)


def check_conflict(call: Callable[[], Any], code: str) -> None:
    """The call is refused with that code."""
    with pytest.raises(Conflict) as refused:
        call()
    assert refused.value.code == code


def test_what_is_not_there_is_refused(pipeline: Pipeline, ready: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """Unfinished, unknown, too large, deleted meanwhile."""
    downloads, worker = services(pipeline)
    name = ready.plan.video[0].id
    with pytest.raises(NotFound) as unknown:
        downloads.ask(pipeline.recording, "8k")
    assert unknown.value.code == "rendition_not_found"
    check_conflict(lambda: downloads.ask(replace(pipeline.recording, job_id=""), name), "not_encoded_yet")
    downloads.ask(pipeline.recording, name)
    message = parse_message(pipeline.prepare_queue.messages[0][0])
    assert isinstance(message, JoinMessage)
    monkeypatch.setattr("chalicelib.services.downloads.MAX_BYTES", 1000)
    check_conflict(lambda: downloads.ask(pipeline.recording, name), "download_too_large")
    row = pipeline.jobs.task_rows[ready.id, name, 0]
    pipeline.jobs.task_rows[ready.id, name, 0] = replace(row, status=TaskStatus.LEASED, result=None)
    check_conflict(lambda: downloads.ask(pipeline.recording, name), "not_encoded_yet")
    worker.handle(message, FakeHold(), remaining_s=60)
    pipeline.jobs.task_rows[ready.id, name, 0] = row
    pipeline.recordings.update(RECORDING_ID, status=RecordingStatus.DELETING)
    worker.handle(message, FakeHold(), remaining_s=60)
    assert not [key for key in pipeline.source.bodies if "/downloads/" in key]


def test_the_source_keeps_its_name(pipeline: Pipeline, ready: Job, counted: bytes) -> None:
    """As it was uploaded; before the upload has ended there is none."""
    downloads, _ = services(pipeline)
    assert ready
    found = downloads.original(pipeline.recording)
    assert (found.filename, found.size_bytes) == ("talk.mp4", len(counted))
    assert "?talk.mp4True" in found.url
    uploading = replace(pipeline.recording, status=RecordingStatus.UPLOADING)
    check_conflict(lambda: downloads.original(uploading), "source_not_uploaded")
