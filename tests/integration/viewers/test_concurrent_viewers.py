"""Concurrent viewers and segment distribution, over real sockets, real handlers and a real queue."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from chalicelib import config, live_container

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

VIEWERS = 120
SEGMENTS = 8
RUNG = "v-640x360-250k-0"


def test_each_of_many_viewers_gets_every_segment_once_and_in_order(hall: Callable[..., Any]) -> None:
    """Concurrent viewers: all that is published while they watch, and they are all counted."""

    async def scenario() -> tuple[list[list[int]], Any]:
        async with hall() as stage:
            watchers = await stage.fill(VIEWERS)
            for _ in range(SEGMENTS):
                await asyncio.to_thread(stage.publish)
            await asyncio.gather(*(one.until(lambda w: len(w.msns) >= SEGMENTS) for one in watchers))
            return [one.msns for one in watchers], await stage.counts()

    heard, counts = asyncio.run(scenario())
    assert heard == [list(range(SEGMENTS))] * VIEWERS
    assert (counts.viewers, counts.highest, counts.joined, counts.left) == (VIEWERS, VIEWERS, VIEWERS, 0)
    assert counts.by_quality == {"auto": VIEWERS}


def test_segments_are_distributed_over_shards(hall: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Segment distribution: shards double as viewers come, and nobody is left out or told twice."""
    monkeypatch.setenv("HEADWATER_LIVE_SHARD_SIZE", "4")
    config.settings.cache_clear()
    live_container.viewers.cache_clear()

    async def scenario() -> tuple[list[list[int]], Any, int]:
        async with hall() as stage:
            watchers = [await stage.watch() for _ in range(20)]
            for _ in range(3):
                await asyncio.to_thread(stage.publish)
            await asyncio.gather(*(one.until(lambda w: len(w.msns) >= 3) for one in watchers))
            return [one.msns for one in watchers], await stage.counts(), stage.handlers.calls.count("on_broadcast")

    heard, counts, told = asyncio.run(scenario())
    assert heard == [[0, 1, 2]] * 20
    assert (counts.viewers, counts.shards) == (20, 8)
    assert len(counts.occupied) > 2
    assert told == 3 * len(counts.occupied)
