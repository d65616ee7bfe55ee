"""Leftovers of dead attempts and replaced sources are removed; what anything names is not."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from support.fakes import FakeProbe
from support.live import STREAM_ID, segment
from support.live_fakes import FakeSegments
from support.media import RECORDING_ID, audio, source, video
from support.pipeline import Pipeline
from support.stand_in import stand_in

from chalicelib.domain.keys import chunk_key, prepared_key
from chalicelib.domain.leftovers import AGE_S
from chalicelib.domain.live.keys import init_name, live_rendition_prefix, part_name
from chalicelib.domain.messages import TidyMessage, parse_message
from chalicelib.domain.recording import RecordingStatus
from chalicelib.services.tidying import LATER_S, Tidier

if TYPE_CHECKING:
    from pathlib import Path

MESSAGE = TidyMessage(RECORDING_ID)


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A finished recording of seven seconds, written long ago."""
    probe = FakeProbe(source(7, picture=video(640, 360), sound=audio()))
    built = stand_in(Pipeline(tmp_path, probe=probe))
    built.media.time = built.source.time = built.clock.now
    built.upload(b"media")
    built.work()
    built.clock.time += AGE_S + 1
    return built


def tidier(pipeline: Pipeline, segments: FakeSegments | None = None) -> Tidier:
    """The service over a pipeline's stores."""
    stores = pipeline.recordings, pipeline.jobs, segments or FakeSegments(), pipeline.source, pipeline.media
    return Tidier(*stores, pipeline.lifecycle_queue, pipeline.clock)


def leave(pipeline: Pipeline, attempt: str = "dead") -> str:
    """What an attempt left that died before it could commit; returns its key."""
    job = next(iter(pipeline.jobs.rows.values()))
    key = chunk_key(RECORDING_ID, job.plan.source_version, job.plan.video[0].id, 0, attempt)
    pipeline.media.put_bytes(key, b"x", content_type="video/mp4", cache_control="none")
    return key


def test_a_finished_job_asks_for_it(pipeline: Pipeline) -> None:
    """As late as SQS lets it: whoever works now has ended by then."""
    assert {(parse_message(body), delay) for body, _, delay in pipeline.lifecycle_queue.messages} == {
        (MESSAGE, LATER_S)
    }


def test_nothing_that_is_named_goes(pipeline: Pipeline) -> None:
    """Chunks, sprites, the poster, playlists, the source."""
    before = dict(pipeline.media.bodies), dict(pipeline.source.bodies)
    assert tidier(pipeline).tidy(MESSAGE) == 0
    assert (pipeline.media.bodies, pipeline.source.bodies) == before


def test_what_a_dead_attempt_left_goes_once_it_is_old(pipeline: Pipeline) -> None:
    """A young one is looked at again later: its worker may be about to commit it."""
    key, stale = leave(pipeline), prepared_key(RECORDING_ID, "0123456789ab")
    pipeline.source.put_bytes(stale, b"x", content_type="video/mp4", cache_control="none")
    pipeline.lifecycle_queue.messages.clear()
    assert tidier(pipeline).tidy(MESSAGE) == 0
    assert list(pipeline.lifecycle_queue.messages) == [(MESSAGE.dumps(), RECORDING_ID, LATER_S)]
    pipeline.clock.time += AGE_S + 1
    assert tidier(pipeline).tidy(MESSAGE) == 2
    assert key not in pipeline.media.bodies
    assert stale not in pipeline.source.bodies
    assert len(pipeline.lifecycle_queue.messages) == 1


def test_live_segments_that_have_a_row_stay(pipeline: Pipeline) -> None:
    """Their parts, and the init segment that they share with earlier ones."""
    first = segment(0)
    second = replace(segment(1), stem="000-00000001-second", init_stem=first.stem)
    segments = FakeSegments()
    segments.put(replace(first, init_stem=first.stem))
    segments.put(second)
    pipeline.recordings.update(RECORDING_ID, stream_id=STREAM_ID)
    folder = live_rendition_prefix(RECORDING_ID, first.renditions[0].rendition_id)
    named = {folder + part_name(first.stem, 0), folder + init_name(first.stem), folder + part_name(second.stem, 0)}
    for key in (*named, folder + part_name("000-00000001-dead", 0), folder + init_name("000-00000001-dead")):
        pipeline.media.put_bytes(key, b"x", content_type="video/mp4", cache_control="none")
    pipeline.clock.time += AGE_S + 1
    assert tidier(pipeline, segments).tidy(MESSAGE) == 2
    assert {key for key in pipeline.media.bodies if "/live/" in key} == named


@pytest.mark.parametrize("gone", [True, False])
def test_a_recording_that_is_deleted_is_left_to_its_delete(pipeline: Pipeline, *, gone: bool) -> None:
    """All of it goes, without anybody looking for names."""
    key = leave(pipeline)
    pipeline.clock.time += AGE_S + 1
    if gone:
        pipeline.recordings.delete(RECORDING_ID)
    else:
        pipeline.recordings.update(RECORDING_ID, status=RecordingStatus.DELETING)
    assert tidier(pipeline).tidy(MESSAGE) == 0
    assert key in pipeline.media.bodies


def test_a_name_that_is_none_of_ours_is_never_looked_up(pipeline: Pipeline) -> None:
    """A message may say anything."""
    assert tidier(pipeline).tidy(TidyMessage("../rec")) == 0
