"""Deleting while FFmpeg runs: it is told to stop, and nothing of the recording is left anywhere."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

import pytest
from support.analytics_fakes import FakeWatched
from support.fakes import FakeQueue, FakeUploads
from support.live_fakes import no_remains
from support.media import RECORDING_ID
from support.processes import our_encoders

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.messages import DeleteMessage, parse_message
from chalicelib.services.lifecycle import Lifecycle
from chalicelib.services.recordings import RecordingLibrary

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.pipeline import Pipeline

NOISE = "nullsrc=s=1280x720:r=30:d=8,geq=lum='random(1)*255':cb=128:cr=128"


@pytest.fixture
def slow(pipeline: Pipeline, make_source: Callable[..., bytes]) -> Pipeline:
    """Eight seconds of noise with sound, uploaded; its pictures keep an encoder busy for many seconds."""
    body = make_source(
        *("-f", "lavfi", "-i", NOISE, "-f", "lavfi", "-i", "sine=d=8", "-c:v", "libx264", "-preset", "ultrafast"),
        *("-pix_fmt", "yuv420p", "-g", "60", "-c:a", "aac"),
    )
    assert pipeline.upload(body) is not None
    pipeline.scratch.mkdir(exist_ok=True)
    return pipeline


def left(pipeline: Pipeline) -> list[object]:
    """Everything that buckets, tables and the scratch folder hold."""
    tables = (pipeline.recordings.rows, pipeline.jobs.rows, pipeline.jobs.task_rows, pipeline.ledger.rows)
    found = [row for table in tables for row in table]
    return [*found, *pipeline.source.bodies, *pipeline.media.bodies, *pipeline.scratch.iterdir()]


def test_deleting_a_recording_whose_chunk_is_being_encoded(slow: Pipeline) -> None:
    """FFmpeg is gone, buckets, tables and scratch are empty, and messages that are still to come do nothing."""
    owner = slow.recording.owner
    for _ in range(2):
        slow.step()
    assert len(slow.media.bodies) > 0
    # One thread of the slowest preset: what comes now does not end by itself.
    object.__setattr__(slow.worker, "limits", replace(slow.worker.limits, preset="veryslow", threads=1))
    worker = Thread(target=slow.step)
    worker.start()
    deadline = time.monotonic() + 90
    while not our_encoders():
        assert worker.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    deletes = FakeQueue()
    library = RecordingLibrary(slow.recordings, deletes, slow.clock, max_upload_bytes=1 << 40)
    library.delete(Caller(owner, Role.PUBLISHER), RECORDING_ID)
    lifecycle = Lifecycle(
        slow.recordings,
        slow.jobs,
        FakeUploads(slow.source),
        source=slow.source,
        media=slow.media,
        queue=deletes,
        ledger=slow.ledger,
        live=no_remains(),
        watched=FakeWatched(),
        clock=slow.clock,
    )
    run_next(lifecycle, deletes)
    worker.join(60)
    assert (worker.is_alive(), our_encoders()) == (False, [])
    slow.work()
    while deletes.messages:
        slow.clock.time += 1000
        run_next(lifecycle, deletes)
    assert left(slow) == []


def run_next(lifecycle: Lifecycle, deletes: FakeQueue) -> None:
    """Deliver the next delete message."""
    message = parse_message(deletes.messages.popleft()[0])
    assert isinstance(message, DeleteMessage)
    lifecycle.delete(message)
