"""Uploading anything at all to a pipeline, and what must then be true."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

import m3u8

from chalicelib.domain.keys import master_key
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Transient
from support.hls import joined, luma, samples
from support.media import RECORDING_ID

if TYPE_CHECKING:
    from support.pipeline import Pipeline

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-g", "25")
TONE = ("-f", "lavfi", "-i", "sine=440:r=48000:d=4")
NOT_FOR_PEOPLE = re.compile(r"ffmpeg|pyav|traceback|/tmp|http|lavf|b'|\bNone\b|errno", re.IGNORECASE)
ROUNDS = 24
BOUND_S = 30


def picture(size: str = "64x64", seconds: int = 4) -> tuple[str, ...]:
    """Arguments for a moving test picture."""
    return ("-f", "lavfi", "-i", f"testsrc2=s={size}:r=25:d={seconds}")


def deliver(pipeline: Pipeline, body: bytes) -> str:
    """Upload and work as the queues would, redelivering what fails. Returns the error code, nothing if it plays."""
    began = time.monotonic()
    pipeline.upload(body)
    for _ in range(ROUNDS):
        if not pipeline.queue.messages:
            break
        message = pipeline.queue.messages[0]
        try:
            pipeline.step()
        except Transient:
            pipeline.queue.messages.append(message)
            pipeline.clock.time += 61
    assert not pipeline.queue.messages
    assert time.monotonic() - began < BOUND_S
    assert list(pipeline.scratch.iterdir()) == []
    return pipeline.recording.error_code


def check_refused(pipeline: Pipeline, *codes: str) -> None:
    """The recording says why, to programs and to people."""
    recording = pipeline.recording
    assert recording.status is RecordingStatus.ERRORED
    assert recording.error_code in codes
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", recording.error_code)
    assert recording.error_detail.endswith((".", "?"))
    assert not NOT_FOR_PEOPLE.search(recording.error_detail)


def check_plays(pipeline: Pipeline) -> tuple[int, int]:
    """Everything the master names decodes; returns pictures of the first variant and samples of the sound."""
    assert (pipeline.recording.error_code, pipeline.recording.status) == ("", RecordingStatus.READY)
    bodies = pipeline.media.bodies
    master = m3u8.loads(bodies[master_key(RECORDING_ID)].decode())
    first = master.playlists[0]
    sound = [m.uri for m in master.media] or ([] if first.stream_info.resolution else [first.uri])
    pictures = len(luma(joined(bodies, first.uri[1:]))) if first.stream_info.resolution else 0
    return pictures, samples(joined(bodies, sound[0][1:])) if sound else 0
