"""Which rungs of a chunk are encoded in one process: they share its decoding, and live and die together."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fractions import Fraction

    from chalicelib.domain.chunks import Chunk
    from chalicelib.domain.job import JobPlan


def groups(plan: JobPlan) -> tuple[tuple[str, ...], ...]:
    """Return the video renditions' ids, those of one size and frame rate together, lowest first."""
    alike: dict[tuple[int, int, Fraction], list[str]] = {}
    for rendition in plan.video:
        alike.setdefault((rendition.width, rendition.height, rendition.frame_rate), []).append(rendition.id)
    return tuple(tuple(ids) for ids in alike.values())


ALONE = 2
"""Chunks at the head in which the lowest rung has a process of its own: six seconds."""


def chunk_groups(plan: JobPlan, chunk: Chunk) -> tuple[tuple[str, ...], ...]:
    """Return how one chunk's rungs go together: first the lowest rung is alone, then it joins the next size's.

    Its first segments are all that a waiting viewer needs; no other rung may slow them down. Later on it is so small
    that most of a process of its own would be decoding: those of its frame rate, which share that step too, take it in.
    The storyboard goes with it all along: a few pictures of those that are decoded anyway.
    """
    rungs = _rungs(plan, chunk)
    if plan.storyboard is None or not rungs:
        return rungs
    return ((*rungs[0], plan.storyboard.id), *rungs[1:])


def _rungs(plan: JobPlan, chunk: Chunk) -> tuple[tuple[str, ...], ...]:
    if not plan.video:
        return ()
    first, *others = groups(plan)
    lowest, *beside = first
    if chunk.index < ALONE:
        return ((lowest,), tuple(beside), *others) if beside else (first, *others)
    if beside or not others or plan.rendition(others[0][0]).frame_rate != plan.rendition(lowest).frame_rate:
        return (first, *others)
    return ((lowest, *others[0]), *others[1:])
