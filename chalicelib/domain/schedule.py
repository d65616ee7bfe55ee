"""The order in which a job's work is wanted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.grouping import chunk_groups

if TYPE_CHECKING:
    from chalicelib.domain.job import JobPlan

_HEAD_START_S = 2.5
_SPREAD = 0.5
_OTHER_SOUND_S = 10.0
_Message = tuple[tuple[str, ...], tuple[int, ...]]


def work_order(plan: JobPlan) -> list[_Message]:
    """Return (rendition ids, chunks) for each message, most urgent first.

    The default sound goes first, whole. Then video, what shares a decoder together, by when a viewer who starts at
    once will need it: the chunk's start, later for higher rungs (2.5 s and half the start again per rung). Other sound
    tracks, one message each, come in between. With two workers the lowest rung stays ahead of the playhead.
    """
    chunks = tuple(chunk.index for chunk in plan.chunks)
    first: list[_Message] = [((plan.audio.id,), chunks)] if plan.audio else []
    steps = {rendition.id: step for step, rendition in enumerate(plan.video)}
    others = [sound for sound in plan.audios if sound is not plan.audio]
    wanted: list[tuple[float, int, tuple[int, ...], tuple[str, ...]]] = [
        (_OTHER_SOUND_S * place, 0, chunks, (sound.id,)) for place, sound in enumerate(others, 1)
    ]
    for chunk in plan.chunks:
        start = float(chunk.start_s(plan.segment_s))
        for ids in chunk_groups(plan, chunk):
            step = steps[ids[0]]
            wanted.append((start * (1 + _SPREAD * step) + _HEAD_START_S * step, step, (chunk.index,), ids))
    return first + [(ids, part) for _, _, part, ids in sorted(wanted)]
