"""The ladder never upscales, keeps shape and stays in the source's family of frame rates."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import PROFILES, audio, source, video

from chalicelib.domain.ladder import DEFAULT_PROFILES, EncodingProfile, fit, output_rate, plan_ladder, standard_rate

FILM, NTSC = Fraction(24_000, 1001), Fraction(30_000, 1001)


def rungs(width: int, height: int, rate: object = 30, profiles: object = PROFILES) -> list[tuple[int, int, int]]:
    """(width, height, kbps) of the video renditions."""
    _, renditions = plan_ladder(source(picture=video(width, height, rate)), profiles, {})  # type: ignore[arg-type]
    return [(r.width, r.height, r.bitrate_kbps) for r in renditions if r.kind == "video"]


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((1920, 1080), [(640, 360, 250), (1280, 720, 500), (1280, 720, 1000), (1920, 1080, 2000), (1920, 1080, 4000)]),
        ((1280, 720), [(640, 360, 250), (1280, 720, 500), (1280, 720, 1000)]),
        ((640, 360), [(640, 360, 250)]),
        ((960, 540), [(640, 360, 250), (960, 540, 500), (960, 540, 1000)]),
        ((320, 240), [(320, 240, 250)]),
        ((1080, 1920), [(360, 640, 250), (720, 1280, 500), (720, 1280, 1000), (1080, 1920, 2000), (1080, 1920, 4000)]),
        ((1920, 800), [(640, 266, 250), (1280, 534, 500), (1280, 534, 1000), (1920, 800, 2000), (1920, 800, 4000)]),
    ],
)
def test_ladders(size: tuple[int, int], expected: list[tuple[int, int, int]]) -> None:
    """Boxes are filled and rungs above the source dropped; the source's own size is always offered."""
    assert rungs(*size) == expected


def test_the_rescue_rung_can_be_turned_off() -> None:
    """Without it the specification's four rungs are left."""
    assert [r[2] for r in rungs(1920, 1080, profiles=DEFAULT_PROFILES)] == [500, 1000, 2000, 4000]


@given(st.integers(16, 8192), st.integers(16, 4320))
def test_never_upscaled_never_squeezed(width: int, height: int) -> None:
    """Every rung fits the source, has even sides and the source's shape within a pixel's rounding."""
    for wide, tall, _ in rungs(width, height):
        assert wide <= max(2, width)
        assert tall <= max(2, height)
        assert wide % 2 == 0
        assert tall % 2 == 0
        if min(wide, tall) > 2:
            assert abs(wide * height - tall * width) <= 2 * max(width, height)


@pytest.mark.parametrize(
    ("source_rate", "ceiling", "expected"),
    [
        (Fraction(30), 24, Fraction(24)),
        (Fraction(60), 30, Fraction(30)),
        (Fraction(24), 30, Fraction(24)),
        (Fraction(25), 24, Fraction(25)),
        (Fraction(50), 30, Fraction(25)),
        (FILM, 30, FILM),
        (NTSC, 24, FILM),
        (2 * NTSC, 30, NTSC),
        (NTSC, 12, Fraction(12_000, 1001)),
        (Fraction(15), 30, Fraction(15)),
        (Fraction(100_350, 3347), 30, NTSC),
        (Fraction(19_001, 317), 30, NTSC),
        (Fraction(81_000, 2701), 30, Fraction(30)),
        (Fraction(1000), 24, Fraction(24)),
        (Fraction(0), 30, Fraction(30)),
        (Fraction(1, 2), 24, Fraction(1)),
    ],
)
def test_frame_rates(source_rate: Fraction, ceiling: int, expected: Fraction) -> None:
    """NTSC stays NTSC, PAL stays PAL, reported oddities are snapped, variable rates get a standard one."""
    assert output_rate(source_rate, ceiling) == expected


@pytest.mark.parametrize("rate", [60, 90, 120, Fraction(120_000, 1001), 1000])
def test_no_rung_is_faster_than_sixty(rate: object) -> None:
    """A1.19, whatever is asked for."""
    assert output_rate(Fraction(str(rate)), 120) <= 60


@given(st.fractions(min_value=1, max_value=120, max_denominator=1001), st.integers(1, 60))
def test_segments_are_whole_frames_of_one_length(rate: Fraction, ceiling: int) -> None:
    """Whatever the rates, all rungs of one plan cut at the same instants, and never above the source's rate."""
    profiles = [EncodingProfile("a", 640, 360, 250, ceiling), EncodingProfile("b", 1280, 720, 500, 24)]
    segment_s, renditions = plan_ladder(source(picture=video(rate=rate)), profiles, {})
    for rendition in renditions:
        assert rendition.frames_per_segment == segment_s * rendition.frame_rate
        assert rendition.frame_rate <= max(Fraction(1), standard_rate(rate))


def test_the_address_names_what_decides_the_bytes() -> None:
    """The same parameters give the same id; another encoder, size or ceiling gives another."""

    def ids(media: object, encoder: dict[str, str]) -> list[str]:
        return [r.id for r in plan_ladder(media, PROFILES, encoder)[1]]  # type: ignore[arg-type]

    media = source(picture=video(), sound=audio())
    assert ids(media, {"build": "1"}) == ids(media, {"build": "1"})
    assert not set(ids(media, {"build": "1"})) & set(ids(media, {"build": "2"}))
    assert len(set(ids(media, {}))) == 7


def test_fit_keeps_what_fits() -> None:
    """A picture inside its box stays as it is, but for odd sides."""
    assert fit(641, 359, 1280, 720) == (640, 358)
