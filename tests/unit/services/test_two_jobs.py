"""Two jobs on one recording: neither spoils the other's playlists, and the one asked for last is shown."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import TYPE_CHECKING

import m3u8
import pytest
from support.fakes import FakeProbe
from support.media import RECORDING_ID, audio, source, video
from support.pipeline import Pipeline
from support.stand_in import stand_in

from chalicelib.domain.job import JobStatus
from chalicelib.domain.keys import master_key
from chalicelib.domain.ladder import DEFAULT_PROFILES, RESCUE_PROFILE

if TYPE_CHECKING:
    from pathlib import Path

    from chalicelib.domain.job import Job

SHARED = DEFAULT_PROFILES[0]


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """Seven seconds of 720p: three rungs by default."""
    picture = video(1280, 720, 30, duration_s=Fraction(7))
    return stand_in(Pipeline(tmp_path, probe=FakeProbe(source(7, picture=picture, sound=audio()))))


def shown(pipeline: Pipeline) -> list[int]:
    """Heights in the master, which names this job's playlists only."""
    parsed = m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode())
    for uri in [variant.uri for variant in parsed.playlists] + [sound.uri for sound in parsed.media]:
        assert pipeline.media.bodies[uri.removeprefix("/")].endswith(b"#EXT-X-ENDLIST\n")
        assert pipeline.recording.job_id in uri
    return sorted(v.stream_info.resolution[1] for v in parsed.playlists if v.stream_info.resolution)


def start(pipeline: Pipeline, *, small: bool) -> Job:
    """Ask for a ladder: the default one, or its shared rung and the rescue rung."""
    return pipeline.transcoder.queue_job(pipeline.recording, [SHARED, RESCUE_PROFILE] if small else None)[0]


def test_jobs_that_share_a_rendition_do_not_mix(pipeline: Pipeline) -> None:
    """Their messages interleaved, every playlist is append-only and names chunks of its own job's commits."""
    first = pipeline.upload(b"media")
    assert first is not None
    mine = list(pipeline.queue.messages)
    pipeline.queue.messages.clear()
    second = start(pipeline, small=True)
    theirs = list(pipeline.queue.messages)
    pipeline.queue.messages.clear()
    for n in range(max(len(mine), len(theirs))):
        pipeline.queue.messages.extend([*mine[n : n + 1], *theirs[n : n + 1]])
    pipeline.work()
    assert {r.id for r in first.plan.video} > {r.id for r in second.plan.video}
    assert [pipeline.jobs.rows[job.id].status for job in (first, second)] == [JobStatus.COMPLETED] * 2
    for key, versions in pipeline.media.history.items():
        if "/index-" in key:
            for before, after in itertools.pairwise(versions):
                assert after.startswith(before)
    assert shown(pipeline) == [360, 720]


def test_asking_again_for_an_earlier_ladder_shows_it_again(pipeline: Pipeline) -> None:
    """Nothing is encoded anew; the recording stays ready all the time."""
    pipeline.upload(b"media")
    pipeline.work()
    assert shown(pipeline) == [360, 720, 720]
    start(pipeline, small=True)
    pipeline.work()
    assert shown(pipeline) == [360, 720]
    runs = pipeline.encoder.runs  # type: ignore[attr-defined]
    again = start(pipeline, small=False)
    assert len(pipeline.queue.messages) == 1
    pipeline.work()
    assert shown(pipeline) == [360, 720, 720]
    assert pipeline.jobs.rows[again.id].status is JobStatus.COMPLETED
    assert pipeline.encoder.runs == runs  # type: ignore[attr-defined]
