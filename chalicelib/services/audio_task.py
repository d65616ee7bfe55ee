"""Encoding one sound track in one process, committed chunk by chunk as it comes out."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.audio_parts import AudioCutter, AudioPart
from chalicelib.domain.job import TaskStatus
from chalicelib.domain.sound import audio_command
from chalicelib.services.attempt import AUDIO_TYPE, FOR_GOOD

if TYPE_CHECKING:
    from chalicelib.services.attempt import Attempt


def encode_audio(attempt: Attempt, chunks: tuple[int, ...]) -> None:
    """Encode what is missing of a sound track; raises Cancelled when it is no longer wanted.

    The lease is on the last chunk, which is done last. The encoder is deterministic, so a second attempt
    continues where the first one's commits end: it makes the same bytes and skips what is done.
    """
    (rendition,) = attempt.members
    for chunk in chunks[:-1]:
        attempt.adopt(rendition, chunk)
    if not chunks or not attempt.take(chunks[-1]):
        return
    rows = attempt.worker.jobs.tasks(attempt.job.id, rendition.id)
    done = {row.chunk for row in rows if row.status is TaskStatus.DONE}
    if done:
        attempt.worker.publisher.chunk_committed(attempt.job.id, rendition.id, 0)
    cutter = AudioCutter(attempt.job.plan)
    command = audio_command(attempt.job.plan, rendition, url=attempt.url())

    def take(data: bytes) -> None:
        for part in cutter.feed(data):
            _commit(attempt, part, done)

    def beat(_frames: int, _fps: float) -> bool:
        return attempt.beat(cutter.milliseconds, 0.0)

    encoder = attempt.worker.encoder
    attempt.guard(lambda: encoder.run_to_pipe(command, timeout_s=attempt.left_s(), beat=beat, take=take))
    for part in cutter.close():
        _commit(attempt, part, done)


def _commit(attempt: Attempt, part: AudioPart, done: set[int]) -> None:
    if part.chunk in done:
        return
    (rendition,) = attempt.members
    result = replace(part.result, key=attempt.key(rendition, part.chunk) if part.result.segments else "")
    if result.segments:
        attempt.worker.media.put_bytes(result.key, part.body, content_type=AUDIO_TYPE, cache_control=FOR_GOOD)
    attempt.commit(rendition, part.chunk, result)
