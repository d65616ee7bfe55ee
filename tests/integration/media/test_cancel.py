"""A cancel against a real FFmpeg: it is gone soon, not when its chunk is done, and leaves nothing."""

from __future__ import annotations

import time
from dataclasses import replace
from threading import Thread
from typing import TYPE_CHECKING

from support.processes import our_encoders

from chalicelib.domain.job import JobStatus
from chalicelib.domain.recording import RecordingStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.pipeline import Pipeline

NOTICED_WITHIN_S = 8.0
"""It looks every two seconds; a busy machine takes its time, and the chunk would take far longer."""


def test_a_cancelled_encode_ends_long_before_its_chunk(pipeline: Pipeline, make_source: Callable[..., bytes]) -> None:
    """Process, message and scratch folder are gone; nothing was committed and no object is stored."""
    # Noise is what takes an encoder longest: this chunk would keep it busy for many seconds.
    noise = "nullsrc=s=1280x720:r=30:d=8,geq=lum='random(1)*255':cb=128:cr=128"
    body = make_source(
        *("-f", "lavfi", "-i", noise, "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "60")
    )
    limits = replace(pipeline.worker.limits, preset="veryslow", threads=1)
    object.__setattr__(pipeline.worker, "limits", limits)
    job = pipeline.upload(body)
    assert job is not None
    while len(pipeline.queue.messages) > 1:
        pipeline.queue.messages.popleft()  # the last message is the longest chunk of the highest rung
    pipeline.scratch.mkdir(exist_ok=True)
    worker = Thread(target=pipeline.step)
    worker.start()
    deadline = time.monotonic() + 90
    while not our_encoders():
        assert worker.is_alive()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    time.sleep(0.3)
    assert worker.is_alive()
    began = time.monotonic()
    pipeline.control.cancel(pipeline.recording)
    worker.join(60)
    took = time.monotonic() - began
    assert (worker.is_alive(), our_encoders()) == (False, [])
    assert took < NOTICED_WITHIN_S
    assert (pipeline.media.bodies, list(pipeline.scratch.iterdir())) == ({}, [])
    after = pipeline.jobs.rows[job.id]
    assert (after.status, after.tasks_done) == (JobStatus.CANCELLED, 0)
    assert (pipeline.recording.status, pipeline.recording.error_code) == (RecordingStatus.ERRORED, "job_cancelled")
