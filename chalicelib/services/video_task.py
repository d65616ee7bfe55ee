"""Encoding one chunk of the renditions that share a decoder, and committing each."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from chalicelib.domain.encoding import verify_video, video_command
from chalicelib.domain.fmp4 import read_chunk
from chalicelib.domain.storyboard import KIND, SPRITE_TYPE, read_sprite
from chalicelib.services.attempt import FOR_GOOD, VIDEO_TYPE
from chalicelib.services.ports import Cancelled

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.job import ChunkResult, Rendition
    from chalicelib.services.attempt import Attempt


def encode_video(attempt: Attempt, chunk: int) -> None:
    """Encode, verify, upload and commit what is missing of one chunk; raises Cancelled when it is no longer wanted."""
    renditions = attempt.take(chunk)
    if not renditions:
        return
    with TemporaryDirectory(dir=attempt.worker.limits.scratch) as folder:
        paths = [Path(folder) / f"{index}.mp4" for index in range(len(renditions))]
        results = _encode(attempt, renditions, paths)
        if not attempt.beat(max(result.frames for result in results), 0.0):
            raise Cancelled
        for rendition, path, result in zip(renditions, paths, results, strict=True):
            kind = SPRITE_TYPE if rendition.kind == KIND else VIDEO_TYPE
            attempt.worker.media.put_file(result.key, path, content_type=kind, cache_control=FOR_GOOD)
            attempt.commit(rendition, chunk, result)


def take_over(attempt: Attempt, chunks: tuple[int, ...]) -> tuple[int, ...]:
    """Take over many chunks from earlier jobs, announced once; returns those that nobody has encoded."""
    adopted = {chunk: [attempt.adopt(member, chunk) for member in attempt.members] for chunk in chunks}
    left = tuple(chunk for chunk, members in adopted.items() if not all(members))
    if left != chunks:
        for member in attempt.members:
            attempt.worker.publisher.chunk_committed(attempt.job.id, member.id, 0)
    return left


def _encode(attempt: Attempt, renditions: Sequence[Rendition], paths: Sequence[Path]) -> list[ChunkResult]:
    worker, plan, part = attempt.worker, attempt.job.plan, attempt.job.plan.chunks[attempt.chunk]
    command = video_command(
        plan,
        renditions,
        part,
        url=attempt.url(),
        outputs=[str(path) for path in paths],
        preset=worker.limits.preset,
        threads=worker.limits.threads,
    )
    cpu_s, wall_s = attempt.guard(
        lambda: worker.encoder.run_to_file(command, timeout_s=attempt.left_s(), beat=attempt.beat)
    )
    work = [rendition.pixels for rendition in renditions]
    results = []
    for rendition, path, share in zip(renditions, paths, work, strict=True):
        key, cpu = attempt.key(rendition, attempt.chunk), round(cpu_s * share / sum(work), 3)
        if rendition.kind == KIND:
            # FFmpeg makes no file where there was no picture; rungs come first and say so better.
            body = path.read_bytes() if path.exists() else b""
            result = read_sprite(rendition, part, body, key=key, cpu_s=cpu)
        else:
            result = read_chunk(path.read_bytes(), key=key, cpu_s=cpu)
            verify_video(plan, rendition, part, result)
        results.append(replace(result, wall_s=round(wall_s, 3)))
    return results
