"""Levels, profiles and configurations: what is taken, what is refused, what things are called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.media import PROFILES, plan, source, video

from chalicelib.domain.abr import ABRConfig, BitrateLevel, BitrateProfile, StreamQuality
from chalicelib.errors import BadRequest


def test_the_default_ladder_has_the_specifications_names() -> None:
    """Five levels with the rescue rung, four without, each named as the specification does."""
    assert [(level.kbps, level.quality) for level in BitrateProfile.default().levels] == [
        (250, StreamQuality.RESCUE),
        (500, StreamQuality.LOW),
        (1000, StreamQuality.NORMAL),
        (2000, StreamQuality.HIGH),
        (4000, StreamQuality.VERY_HIGH),
    ]
    assert BitrateProfile.default(rescue=False).kbps == (500, 1000, 2000, 4000)


@pytest.mark.parametrize(
    ("kbps", "quality"),
    [(0, "rescue"), (1, "rescue"), (350, "rescue"), (360, "low"), (1400, "normal"), (90000, "very-high")],
)
def test_other_bitrates_take_the_nearest_name(kbps: int, quality: str) -> None:
    """Nearest in ratio: 350 is nearer to 250 than to 500, 360 is not."""
    assert quality == StreamQuality.of(kbps)


def test_a_plans_video_becomes_a_profile() -> None:
    """Sound and thumbnails are left out; sizes and ids come along."""
    renditions = plan(source(60, picture=video()), PROFILES).renditions
    profile = BitrateProfile.from_renditions(renditions)
    assert [r.id for r in renditions if r.kind == "video"] == [level.id for level in profile.levels]
    assert (profile[1].width, profile[1].height, profile[1].frame_rate) == (1280, 720, 24.0)
    assert profile[1].name == "720p 500k"


def test_of_two_renditions_with_one_bitrate_the_larger_is_kept() -> None:
    """A policy needs levels that differ in bitrate."""
    one = plan(source(60, picture=video()), PROFILES).video[1]
    small = replace(one, id="small", width=640, height=360)
    assert [one.id] == [level.id for level in BitrateProfile.from_renditions([one, small]).levels]


def test_looking_levels_up() -> None:
    """By what fits a bitrate, and by an exact one."""
    profile = BitrateProfile.default()
    assert [profile.at_most(kbps).kbps for kbps in (0, 499.9, 500, 1e9)] == [250, 250, 500, 4000]
    assert [profile.index_of(kbps) for kbps in (1000, 999, "1000")] == [2, None, None]
    assert BitrateProfile.from_kbps(500)[0].name == "500k"
    assert BitrateProfile.from_kbps(200, 100).kbps == (100, 200)


@pytest.mark.parametrize(
    "levels",
    [
        (),
        (BitrateLevel(1, 500),),
        (BitrateLevel(0, 500), BitrateLevel(1, 500)),
        (BitrateLevel(0, 900), BitrateLevel(1, 500)),
        (BitrateLevel(0, 0),),
        (BitrateLevel(0, True),),  # noqa: FBT003  the wrong type on purpose
        tuple(BitrateLevel(i, i + 1) for i in range(17)),
    ],
)
def test_a_profile_that_is_no_ladder_is_refused(levels: tuple[BitrateLevel, ...]) -> None:
    """Empty, misnumbered, not ascending, or too long."""
    with pytest.raises(BadRequest) as caught:
        BitrateProfile(levels)
    assert caught.value.code == "abr_config_invalid"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("segment_s", 0),
        ("segment_s", float("nan")),
        ("segment_s", "2"),
        ("max_buffer_s", float("inf")),
        ("max_buffer_s", 1),
        ("up_hold", 0),
        ("up_hold", 1.5),
        ("up_margin", -1),
        ("dropped_share", 1.01),
        ("low_buffer_segments", True),
    ],
)
def test_a_configuration_out_of_range_is_refused(field: str, value: Any) -> None:
    """With the field's name in the sentence."""
    with pytest.raises(BadRequest, match=field):
        ABRConfig(**{field: value})


def test_the_products_configurations() -> None:
    """A minute for recordings, twelve seconds live; both in segments of two."""
    recording, live = ABRConfig.for_recording(), ABRConfig.for_live(BitrateProfile.from_kbps(500))
    assert (
        recording.segment_s,
        recording.max_buffer_s,
        recording.live,
        len(recording.profile),
    ) == (2.0, 60.0, False, 5)
    assert (live.segment_s, live.max_buffer_s, live.live, len(live.profile)) == (2.0, 12.0, True, 1)
    assert live.low_buffer_s == 1.0
