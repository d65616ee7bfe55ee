"""Plans and results survive storage exactly."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, plan, result, source, video

from chalicelib.domain.job import ChunkResult, JobPlan, JobStatus, Rendition, Segment

RATES = st.sampled_from([24, 25, 30, 60, 0, Fraction(30_000, 1001), Fraction(24_000, 1001), Fraction(19_001, 317)])
SIZES = st.integers(0, 2**31)
SEGMENTS = st.builds(Segment, st.integers(0, 2**40), SIZES, SIZES, SIZES)


def through_json(data: dict[str, Any]) -> dict[str, Any]:
    """As it comes back from a table or a log."""
    plain: dict[str, Any] = json.loads(json.dumps(data))
    return plain


@given(st.fractions(Fraction(1, 100), 43_200), RATES, st.booleans(), st.booleans())
def test_plans_round_trip(length: Fraction, rate: Fraction, seen: bool, heard: bool) -> None:  # noqa: FBT001
    """Fractions, renditions and chunks, to the last one."""
    picture = video(rate=rate) if seen or not heard else None
    made = plan(source(length, picture=picture, sound=audio() if heard else None))
    assert JobPlan.from_dict(through_json(made.to_dict())) == made


@given(st.lists(SEGMENTS, max_size=16), st.integers(0, 2**62))
def test_results_round_trip(segments: list[Segment], start: int) -> None:
    """With every segment."""
    made = ChunkResult("k", 1, 800, "sha", "avc1.64001F", 24_000, start, tuple(segments), 48, 1.5)
    assert ChunkResult.from_dict(through_json(made.to_dict())) == made
    assert made.duration == sum(s.duration for s in segments)


def test_results_stored_before_key_frames_were_noted_are_read() -> None:
    """Their segments have three values; where the first picture ends is not known."""
    stored = through_json(result(segments=2).to_dict())
    stored["segments"] = [values[:3] for values in stored["segments"]]
    assert ChunkResult.from_dict(stored).segments == (Segment(800, 1000, 48_000), Segment(1800, 1000, 48_000))
    assert {s.key_frame for s in ChunkResult.from_dict(stored).segments} == {0}


@given(st.fractions(0, 120), st.booleans())
def test_renditions_round_trip(rate: Fraction, copy: bool) -> None:  # noqa: FBT001
    """Rates exactly."""
    made = Rendition("v", "video", "720p", 1000, 1280, 720, rate, 48, copy)
    assert Rendition.from_dict(through_json(made.to_dict())) == made


def test_a_plan_knows_its_parts() -> None:
    """Sound first, rungs upwards, tasks as many as both together."""
    made = plan(source(60, picture=video(), sound=audio()))
    assert made.audio is made.renditions[0]
    assert [r.bitrate_kbps for r in made.video] == [250, 500, 1000, 2000, 4000]
    assert made.tasks_total == 6 * 5
    assert made.rendition(made.video[2].id) is made.video[2]
    with pytest.raises(KeyError):
        made.rendition("v-of-another-plan")


def test_a_plan_of_twelve_hours_fits_an_item() -> None:
    """DynamoDB takes 400 kB; a plan keeps far from it, and so does the result of a full chunk."""
    made = plan(source(43_200, picture=video(), sound=audio()))
    assert len(json.dumps(made.to_dict())) < 100_000
    assert len(json.dumps(result("k" * 200, segments=16).to_dict())) < 10_000


@pytest.mark.parametrize(
    ("status", "terminal"),
    [("pending", False), ("in-progress", False), ("completed", True), ("failed", True), ("cancelled", True)],
)
def test_what_is_over(status: str, terminal: bool) -> None:  # noqa: FBT001  parametrized
    """The specification's words, and which of them are the end."""
    assert JobStatus(status).terminal is terminal
