"""One hostile file through the real probe, planner and encoder: what became of it, and what it took."""

from __future__ import annotations

import gc
import os
import resource
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.errors import Permanent, Transient
from support.http_files import serve
from support.mutation import mutate
from support.pipeline import Pipeline

if TYPE_CHECKING:
    from collections.abc import Sequence

    from support.fakes import FakeObjects

CLIPS = sorted((Path(__file__).parents[1] / "media/hostile").iterdir())
"""Small clips in every container that is taken; one is damaged by each seed."""
CPU_S = 240
"""Of all processes that one file starts: two cores, for the two minutes that a worker has here."""
MEMORY_MB = 3538 - 256
"""Of the largest of them: what the function that encodes leaves to FFmpeg."""
ENCODED, REFUSED, AGAIN = "encoded", "refused", "again"
TRIED_AGAIN = {"encode_interrupted", "encode_timeout"}
"""FFmpeg gave up, or a sound of hours did not end in two minutes: tried four times before the recording says
`encode_failed`. Nothing else may pass as bad luck."""


@dataclass(frozen=True, slots=True)
class End:
    """`code` is empty for what was encoded. Seconds of processor time, and of the wall's."""

    kind: str
    code: str
    cpu_s: float
    wall_s: float


def children_cpu() -> float:
    """Processor seconds of all children so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def peak_mb() -> int:
    """Most memory that any child so far had."""
    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024


def handle(folder: Path, body: bytes) -> End:
    """Upload a file to a cloud of its own in `folder`, and do its first piece of work: prepared, probed, one chunk.

    Raises whatever is no error of ours.
    """
    pipeline = Pipeline(folder)
    with serve(pipeline.source.bodies) as pipeline.source.url:
        cpu, wall = children_cpu(), time.monotonic()
        code = _work(pipeline, body)
        took = children_cpu() - cpu, time.monotonic() - wall
    kind = AGAIN if code.startswith("again:") else REFUSED if code else ENCODED
    return End(kind, code.removeprefix("again:"), *took)


def seeds(*, films: bool, count: int = 300) -> list[int]:
    """Those of the first `count` seeds that damage a film with an index, or those that damage anything else."""
    return [seed for seed in range(count) if (_clip(seed).stem in {"film", "fragments"}) == films]


def _clip(seed: int) -> Path:
    return CLIPS[seed % len(CLIPS)]


def damaged(seed: int) -> tuple[Path, bytes, str]:
    """Clip, bytes and kinds of damage of a seed."""
    clip = _clip(seed)
    return clip, *mutate(clip.read_bytes(), seed)


def broken_by(folder: Path, handful: Sequence[int]) -> list[str]:
    """What some seeds' files broke, each with its seed."""
    broken = []
    for seed in handful:
        clip, body, ways = damaged(seed)
        broken += [f"seed {seed} ({clip.name}, {ways}) {rule}" for rule in check(folder, body)[1]]
    return broken


def check(folder: Path, body: bytes) -> tuple[End, list[str]]:
    """Handle a file in an empty folder; returns its end, and every rule that it broke."""
    before, peak = Traces.now(folder), peak_mb()
    end = handle(folder, body)
    after = Traces.now(folder)
    broken = [f"left {after} behind, of {before}"] if after.beyond(before) else []
    if end.kind == AGAIN and end.code not in TRIED_AGAIN:
        broken.append(f"ended with {end.code}")
    if end.cpu_s > CPU_S:
        broken.append(f"took {end.cpu_s:.0f} s of processor time")
    if peak_mb() > max(peak, MEMORY_MB):
        broken.append(f"took {peak_mb()} MB")
    return end, broken


def _work(pipeline: Pipeline, body: bytes) -> str:
    """Return the code it ends with; `again:` before one that a queue would try anew, nothing if a chunk was made."""
    try:
        pipeline.upload(body)
        if pipeline.queue.messages:
            pipeline.step()
    except Transient as error:
        return f"again:{error.code}"
    except Permanent as error:
        return error.code
    if pipeline.recording.error_code:
        return pipeline.recording.error_code
    return "" if made(pipeline.media) else "again:nothing"


def made(media: FakeObjects) -> bool:
    """True when a chunk has been stored."""
    return any(key.endswith(".mp4") for key in media.bodies)


@dataclass(frozen=True, slots=True)
class Traces:
    """What a worker must not keep of a file: descriptors, children, files in its folder."""

    descriptors: int
    children: int
    files: int

    @classmethod
    def now(cls, folder: Path) -> Traces:
        """Count them."""
        gc.collect()  # what earlier tests forgot must not be closed in the middle of this one
        children = Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
        return cls(len(list(Path("/proc/self/fd").iterdir())), len(children), len(list(folder.rglob("*"))))

    def beyond(self, before: Traces) -> bool:
        """True when there is more of anything than before."""
        return any(getattr(self, name) > getattr(before, name) for name in self.__slots__)
