"""Which rungs share a process."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, plan, source, video

from chalicelib.domain.grouping import ALONE, chunk_groups, groups
from chalicelib.domain.ladder import DEFAULT_PROFILES, EncodingProfile

PLAN = plan(source(600, picture=video(), sound=audio()))
WITHOUT_RESCUE = plan(source(600, picture=video()), DEFAULT_PROFILES)


def test_rungs_of_one_size_and_rate_go_together() -> None:
    """The default ladder: rescue alone, both 720p24, both 1080p30; never the sound."""
    rescue, low, normal, high, top = (r.id for r in PLAN.video)
    assert groups(PLAN) == ((rescue,), (low, normal), (high, top))


@given(st.sampled_from([320, 640, 1280, 1920]), st.sampled_from([12, 24, 30, 60]), st.integers(1, 200))
def test_every_rung_of_every_chunk_is_in_one_group(width: int, rate: int, duration: int) -> None:
    """None twice, none missing, in the ladder's order, whatever the source."""
    made = plan(source(duration, picture=video(width, width * 9 // 16, rate)))
    for chunk in made.chunks:
        assert [i for group in chunk_groups(made, chunk) for i in group] == [r.id for r in made.video]


def test_the_lowest_rung_is_alone_at_the_head() -> None:
    """Then it joins the next size, or its own."""
    rescue, low, normal, high, top = (r.id for r in PLAN.video)
    for chunk in PLAN.chunks:
        joined = ((rescue, low, normal), (high, top))
        assert chunk_groups(PLAN, chunk) == (groups(PLAN) if chunk.index < ALONE else joined)
    low, normal, high, top = (r.id for r in WITHOUT_RESCUE.video)
    for chunk in WITHOUT_RESCUE.chunks:
        head = ((low,), (normal,), (high, top))
        assert chunk_groups(WITHOUT_RESCUE, chunk) == (head if chunk.index < ALONE else groups(WITHOUT_RESCUE))


def test_a_lowest_rung_of_another_rate_stays_alone() -> None:
    """It could share no more than decoding, and would wait for pictures of another rate."""
    slow = [EncodingProfile("a", 640, 360, 200, 12), *DEFAULT_PROFILES]
    made = plan(source(600, picture=video()), slow)
    assert {chunk_groups(made, chunk) for chunk in made.chunks} == {groups(made)}


def test_sound_alone_has_no_groups() -> None:
    """No picture, nothing to share."""
    made = plan(source(60, sound=audio()))
    assert groups(made) == chunk_groups(made, made.chunks[0]) == ()
