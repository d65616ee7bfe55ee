"""Concurrent viewers and segment distribution, over real sockets, real handlers and a real queue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

VIEWERS = 120
SEGMENTS = 8
RUNG = "v-640x360-250k-0"


def test_each_of_many_viewers_gets_every_segment_once_and_in_order(hall: Callable[..., Any]) -> None:
    """Concurrent viewers: all that is published while they watch, and they are all counted."""

    async def scenario() -> tuple[list[list[int]], Any]:
        async with hall() as stage:
            watchers = await asyncio.gather(*(stage.watch() for _ in range(VIEWERS)))
            for _ in range(SEGMENTS):
                await asyncio.to_thread(stage.publish)
            await asyncio.gather(*(one.until(lambda w: len(w.msns) >= SEGMENTS) for one in watchers))
            return [one.msns for one in watchers], await stage.counts()

    heard, counts = asyncio.run(scenario())
    assert heard == [list(range(SEGMENTS))] * VIEWERS
    assert (counts.viewers, counts.highest, counts.joined, counts.left) == (VIEWERS, VIEWERS, VIEWERS, 0)
    assert counts.by_quality == {"auto": VIEWERS}
