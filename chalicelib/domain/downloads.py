"""One rendition as one MP4 with its sound: which chunks, which name, which command. Nothing is encoded again."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.domain.job import ChunkResult, JobPlan, Rendition

MAX_BYTES = 7 * 1024**3
"""Of all segments: the file must fit the encoder's 8 GiB, and with its sound the function's 10 GB of scratch."""
_SMALLEST = 0.85
"""Part of the segments' bytes that the joined file has at least: their boxes are larger than its tables."""
_NAME_BYTES = 180
_FORBIDDEN = frozenset('/\\:*?"<>|')
"""In a file's name, on one system or another."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """What one file is joined from: the stream that leads (picture, or sound alone) and the sound beside it."""

    rendition: Rendition
    sound: Rendition | None

    @property
    def ids(self) -> tuple[str, ...]:
        """The renditions' ids, the leading one first."""
        return (self.rendition.id, self.sound.id) if self.sound else (self.rendition.id,)


def slug(rendition: Rendition) -> str:
    """Name of a rendition in addresses and commands: `720p-1000k`."""
    return "-".join(rendition.name.lower().split())


def recipe(plan: JobPlan, name: str) -> Recipe | None:
    """Return the recipe of a rendition by its id or slug; None when the plan has no such rendition."""
    for rendition in reversed(plan.streams):
        if name in {rendition.id, slug(rendition)}:
            return Recipe(rendition, plan.audio if rendition.kind == "video" else None)
    return None


def file_name(title: str, rendition: Rendition) -> str:
    """`{title} 720p 1000k.mp4`, fit for every file system; a title that leaves nothing becomes `Recording`."""
    ending = f" {rendition.name}.{'mp4' if rendition.kind == 'video' else 'm4a'}"
    bare = "".join("_" if c in _FORBIDDEN or not c.isprintable() else c for c in title).strip(" .")
    room = _NAME_BYTES - len(ending.encode())
    return (bare.encode()[:room].decode(errors="ignore").strip(" .") or "Recording") + ending


def complete(results: list[ChunkResult | None], chunks: int) -> list[ChunkResult] | None:
    """Results of one rendition in the order of its chunks, without empty ones; None while any is missing."""
    if len(results) < chunks or not all(results):
        return None
    return [result for result in results if result and result.segments]


def plausible(size: int, results: list[ChunkResult]) -> bool:
    """True when a joined file of `size` bytes can hold all of the segments; an exit code of 0 proves nothing."""
    return size >= _SMALLEST * sum(segment.size for result in results for segment in result.segments)


def join_command(*, sound: str | None, output: str) -> list[str]:
    """Arguments that turn fragments on standard input, and sound in a file, into one MP4 that plays while it loads.

    The fragments' own times decide: what begins later in the renditions begins later in the file.
    """
    beside = ["-protocol_whitelist", "file", "-format_whitelist", "mov", "-f", "mp4", "-i", sound] if sound else []
    return [
        *("-y", "-v", "error", "-progress", "pipe:1", "-stats_period", "0.5"),
        *("-protocol_whitelist", "pipe", "-format_whitelist", "mov", "-f", "mp4", "-i", "pipe:0", *beside),
        *("-map", "0:0", *(("-map", "1:0") if sound else ()), "-map_metadata", "-1", "-c", "copy"),
        *("-fflags", "+bitexact", "-movflags", "+faststart", "-f", "mp4", output),
    ]
