"""How long caches may keep what a live stream publishes."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from support.fakes import FakeClock, FakeObjects, FakeQueue
from support.live import HIGH, STREAM_ID, segment
from support.live_fakes import FakeAnnouncer

from chalicelib.domain.job import Rendition
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.live.stream import LiveStream, Run, StreamStatus
from chalicelib.services.live_publishing import LivePublisher


@dataclass
class Shelf(FakeObjects):
    """A bucket that remembers the last Cache-Control of each key."""

    kept: dict[str, str] = field(default_factory=dict)

    def put_bytes(self, key: str, body: bytes, *, cache_control: str, **more: Any) -> None:
        """Write, and remember."""
        self.kept[key] = cache_control
        super().put_bytes(key, body, cache_control=cache_control, **more)


@pytest.mark.parametrize(("target_s", "kept"), [(1, "public, max-age=0"), (2, "public, max-age=1")])
def test_a_live_playlist_is_kept_for_half_a_target_at_most(target_s: int, kept: str) -> None:
    """Whole seconds only, and a minute once it has ended."""
    media, clock = Shelf(), FakeClock()
    publisher = LivePublisher(FakeObjects(), media, FakeQueue(), FakeAnnouncer(), clock)
    stream = LiveStream(STREAM_ID, "hall", "anna", "rec_1", StreamStatus.ACTIVE, clock.time, target_s=target_s)
    stream = replace(stream, runs=(Run(1, 0),))
    rung = Rendition(HIGH, "video", "720p", 500, 1280, 720)
    publisher.change(stream, lambda _: LiveState.begin(stream).planned([rung]))
    publisher.accept(stream, segment(0, lengths=(1,)))
    assert list(media.kept.values()) == [kept]
    publisher.end(stream)
    assert list(media.kept.values()) == ["public, max-age=60"]
