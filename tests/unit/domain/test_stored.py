"""What a later version stored inside rows, plans and windows: its new members are passed over after a rollback."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.live import segment
from support.media import audio, plan, source, video

from chalicelib.domain.caption_tracks import CaptionTrack
from chalicelib.domain.job import ChunkResult, JobPlan, Segment
from chalicelib.domain.live.cursor import Cursor
from chalicelib.domain.live.health import IngestHealth, Refusal
from chalicelib.domain.live.packaged import PackagedSegment
from chalicelib.domain.media import SubtitleTrack

if TYPE_CHECKING:
    from collections.abc import Callable

SUBTITLES = SubtitleTrack(0, "subrip", "de")
PLAN = plan(source(7, picture=video(), sound=audio(), subtitles=(SUBTITLES,)))
CHUNK = ChunkResult("media/x.mp4", 900, 100, "ab" * 32, "avc1.64001f", 90000, 0, (Segment(100, 800, 180000, 300),), 60)
CAPTIONS = CaptionTrack("de", "Deutsch", "media/x.vtt", "0123456789abcdef", 12)
HEALTH = IngestHealth(refusals=(Refusal(1.5, "ingest/x", "segment_too_large", "Too large."),))


def grown(value: Any) -> Any:
    """Return JSON values with one more member in every object, as a later version would write them."""
    if isinstance(value, dict):
        return {name: grown(one) for name, one in value.items()} | {"colour": "blue"}
    return [grown(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (PLAN, JobPlan.from_dict),
        (CHUNK, ChunkResult.from_dict),
        (CAPTIONS, CaptionTrack.from_dict),
        (segment(0), PackagedSegment.from_dict),
        (Cursor(), Cursor.from_dict),
    ],
    ids=lambda value: type(value).__name__,
)
def test_later_members_are_passed_over(written: Any, read: Callable[[Any], Any]) -> None:
    """At every depth; everything else is as it was."""
    assert read(grown(written.to_dict())) == written


def test_later_members_of_a_streams_health_are_passed_over() -> None:
    """Of the refusals as well; what it counts by code are no members."""
    data = HEALTH.to_dict()
    later = data | {"colour": "blue", "refusals": grown(data["refusals"])}
    assert IngestHealth.from_dict(later) == HEALTH
