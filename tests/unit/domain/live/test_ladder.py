"""Which renditions a live stream gets."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from support.media import PROFILES

from chalicelib.domain.ladder import EncodingProfile
from chalicelib.domain.live.ladder import Observed, ObservedSound, can_copy, plan_live

AAC = ObservedSound("aac", "LC", 48_000, 2, 96)
CAMERA = Observed("h264", 1920, 1080, Fraction(30), "High", 3800, sound=AAC)


def planned(seen: Observed, profiles: Any = PROFILES, **more: Any) -> list[tuple[str, int, bool]]:
    """Kind, kbit/s and whether it is passed through, of each rendition."""
    return [(r.kind, r.bitrate_kbps, r.copy) for r in plan_live(seen, profiles, {"build": "test"}, **more)]


def test_sound_first_then_the_ladder_upwards() -> None:
    """The highest rung is the source itself; no thumbnails, they come when the stream is over."""
    assert planned(CAMERA) == [
        ("audio", 128, True),
        ("video", 250, False),
        ("video", 500, False),
        ("video", 1000, False),
        ("video", 2000, False),
        ("video", 4000, True),
    ]


def test_nothing_is_enlarged() -> None:
    """A small camera gets the rungs that fit it."""
    assert [kbps for _, kbps, _ in planned(replace(CAMERA, width=1280, height=720))] == [128, 250, 500, 1000]


def test_no_picture_and_no_sound() -> None:
    """Each alone makes a stream."""
    assert planned(Observed(sound=AAC)) == [("audio", 128, True)]
    assert [kind for kind, _, _ in planned(replace(CAMERA, sound=None))] == ["video"] * 5


@pytest.mark.parametrize(
    "change",
    [
        {"codec": "hevc"},
        {"profile": "High 10"},
        {"pix_fmt": "yuv420p10le"},
        {"plain": False},
        {"kbps": 4401},
        {"frame_rate": Fraction(60)},
        {"width": 2560, "height": 1440},
    ],
)
def test_what_does_not_fit_is_encoded(change: dict[str, Any]) -> None:
    """Codec, profile, depth, interlacing, bitrate, frame rate, size."""
    made = planned(replace(CAMERA, **change), PROFILES[-1:])
    assert not any(copied for kind, _, copied in made if kind == "video")


@pytest.mark.parametrize(("rate", "expected"), [(Fraction(30_000, 1001), Fraction(30_000, 1001)), (25, 25), (29, 29)])
def test_a_rung_that_is_passed_through_keeps_its_frame_rate(rate: Any, expected: Any) -> None:
    """Also an odd one, as of cameras in the dark."""
    rung = plan_live(replace(CAMERA, frame_rate=Fraction(rate)), PROFILES, {})[-1]
    assert (rung.copy, rung.frame_rate) == (True, Fraction(expected))


def test_twenty_five_frames_pass_where_film_would() -> None:
    """A ceiling of 24 means 25 where film runs at that."""
    film = EncodingProfile("film", 1920, 1080, 4000, 24)
    rung = plan_live(replace(CAMERA, frame_rate=Fraction(25)), [film], {})[-1]
    assert (rung.copy, rung.frame_rate) == (True, 25)


def test_later_segments_may_be_larger_but_not_beyond_the_declared_peak() -> None:
    """Asked of every segment: an encoder may raise its bitrate, or change everything."""
    rung = plan_live(CAMERA, PROFILES, {})[-1]
    assert can_copy(rung, replace(CAMERA, kbps=6000))
    assert not can_copy(rung, replace(CAMERA, kbps=6001))
    assert not can_copy(rung, replace(CAMERA, width=1280, height=720))


@pytest.mark.parametrize(
    ("sound", "expected"),
    [
        (AAC, ("audio", 128, True)),
        (replace(AAC, kbps=192, channels=1, sample_rate=44_100), ("audio", 192, True)),
        (replace(AAC, channels=6), ("audio", 128, False)),
        (replace(AAC, profile="HE-AAC"), ("audio", 128, False)),
        (replace(AAC, codec="opus", profile="", kbps=300), ("audio", 128, False)),
    ],
)
def test_plain_sound_is_copied(sound: ObservedSound, expected: tuple[str, int, bool]) -> None:
    """A first segment may be silence: never less than 128 kbit/s is declared."""
    assert planned(replace(CAMERA, sound=sound))[0] == expected


def test_segments_have_the_streams_target_duration() -> None:
    """And every length, as every encoder, has its own addresses."""
    two, four = (plan_live(CAMERA, PROFILES, {}, target_s=target) for target in (2, 4))
    assert [r.frames_per_segment for r in two] == [0, 48, 48, 48, 60, 60]
    assert [r.frames_per_segment for r in four] == [0, 96, 96, 96, 120, 120]
    other = plan_live(CAMERA, PROFILES, {"preset": "other"})
    ids = [r.id for renditions in (two, four, other) for r in renditions]
    assert len(set(ids)) == len(ids)
