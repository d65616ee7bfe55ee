"""Levels that go badly on this device are left alone, longer each time, and tried again."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from support.abr import transfer

from chalicelib.domain.abr import ABRConfig, AvoidReason, BitrateProfile, Outcome, RungQuality, SegmentQualityTracker

CONFIG = ABRConfig()


def tracker() -> SegmentQualityTracker:
    """A tracker that has seen nothing."""
    return SegmentQualityTracker(CONFIG)


def show(made: SegmentQualityTracker, level: int, dropped: int, times: int = 1, **more: Any) -> None:
    """Record segments of 60 frames at a level."""
    for _ in range(times):
        made.record(transfer(5000, level=level, played_level=level, dropped_frames=dropped, total_frames=60, **more))


def rest(made: SegmentQualityTracker) -> int:
    """Count the good segments of the lowest level until nothing is avoided."""
    for count in range(2000):
        if not made.avoided():
            return count
        show(made, 0, 0)
    raise AssertionError("avoided for ever")


def test_one_rough_segment_is_an_accident_two_are_not() -> None:
    """The level and all with as many pixels a second are avoided; smaller pictures are not."""
    made = tracker()
    show(made, 3, dropped=9)
    assert made.avoided() == {}
    show(made, 3, dropped=9)
    assert made.avoided() == {3: AvoidReason.DROPPED_FRAMES, 4: AvoidReason.DROPPED_FRAMES}


def test_just_below_the_threshold_is_smooth() -> None:
    """Fifteen per cent of the frames is too many, a frame less is not."""
    made = tracker()
    show(made, 3, dropped=8, times=50)
    assert made.avoided() == {}


def test_a_level_is_tried_again_and_rests_longer_each_time() -> None:
    """15 segments, then 30, 60 and so on, at most 480."""
    made, rests = tracker(), []
    for _ in range(8):
        show(made, 4, dropped=60, times=2)
        rests.append(rest(made))
    assert rests == [15, 30, 60, 120, 240, 480, 480, 480]


def test_what_is_still_in_the_buffer_does_not_count_again() -> None:
    """A level that rests goes on being shown for a while."""
    made = tracker()
    show(made, 4, dropped=60, times=10)
    assert made.quality(4).strikes == 1
    assert rest(made) == 7


def test_good_behaviour_is_remembered_too() -> None:
    """Thirty smooth segments take a strike away."""
    made = tracker()
    show(made, 4, dropped=60, times=2)
    show(made, 4, dropped=0, times=30)
    assert made.quality(4).strikes == 0


def test_frames_belong_to_the_level_on_screen() -> None:
    """The one being fetched is seconds ahead of it."""
    made = tracker()
    for _ in range(2):
        made.record(transfer(5000, level=0, played_level=4, dropped_frames=60, total_frames=60))
    assert made.avoided() == {4: AvoidReason.DROPPED_FRAMES}
    assert (made.quality(0).segments, made.quality(4).segments) == (2, 0)


def test_a_handful_of_frames_says_nothing() -> None:
    """A hidden tab drops all eleven it gets."""
    made = tracker()
    for _ in range(9):
        made.record(transfer(5000, level=4, played_level=4, dropped_frames=11, total_frames=11))
    assert made.avoided() == {}


def test_a_level_that_keeps_failing_is_skipped_alone() -> None:
    """A missing object is that level's own trouble; timeouts, however many, are the network's."""
    made = tracker()
    for outcome in [Outcome.FAILED, *[Outcome.TIMEOUT] * 5]:
        made.record(transfer(None, level=2, outcome=outcome))
    assert made.avoided() == {}
    made.record(transfer(None, level=2, outcome=Outcome.FAILED))
    assert made.avoided() == {2: AvoidReason.FAILING}
    assert made.quality(2).failure_share > 0.2


def test_the_lowest_level_is_never_avoided() -> None:
    """There is nothing to turn to."""
    made = tracker()
    show(made, 0, dropped=60, times=4)
    assert 0 not in made.avoided()


def test_stalls_are_kept_as_a_decayed_mean() -> None:
    """An eighth of what is new."""
    made = tracker()
    show(made, 1, dropped=0, stall_s=4.0)
    show(made, 1, dropped=0)
    assert made.quality(1).stall_s == 0.4375


def test_what_it_knows_travels_and_follows_the_bitrate() -> None:
    """A ladder that grew at its lower end finds its levels again; what it lost is forgotten."""
    made = tracker()
    show(made, 4, dropped=60, times=2)
    stored = json.loads(json.dumps(made.to_dict()))
    assert made == SegmentQualityTracker.from_dict(CONFIG, stored)
    other = ABRConfig(BitrateProfile.from_kbps(1000, 4000))
    assert SegmentQualityTracker.from_dict(other, stored).avoided() == {1: AvoidReason.DROPPED_FRAMES}


ANYTHING = st.none() | st.floats() | st.integers() | st.text(max_size=3) | st.lists(st.floats(), max_size=11)


@given(ANYTHING, st.dictionaries(st.sampled_from(["250", "4000", "7"]), ANYTHING))
def test_stored_nonsense_is_a_clean_record(count: Any, rungs: dict[str, Any]) -> None:
    """Never an exception, and never avoided for longer than the longest rest."""
    made = SegmentQualityTracker.from_dict(CONFIG, {"count": count, "rungs": rungs})
    assert rest(made) <= 480
    assert RungQuality() == RungQuality.from_list("x")
