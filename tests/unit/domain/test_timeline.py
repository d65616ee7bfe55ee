"""The timeline reaches from the first picture or sound to the last."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, source, video

from chalicelib.domain.timeline import NOTICED_S, settled

if TYPE_CHECKING:
    from chalicelib.domain.media import SourceMedia

SECONDS = st.fractions(0, 100, max_denominator=1000)


def made(picture: tuple[object, object], *sounds: tuple[object, object]) -> SourceMedia:
    """Return a settled source; each track is (start, length) in seconds."""
    start, length = (Fraction(str(value)) for value in picture)
    track = video(rate=25, start_pts=int(start * 1000), time_base=Fraction(1, 1000), duration_s=length)
    tracks = [audio(index=i, start_s=Fraction(str(s)), duration_s=Fraction(str(d))) for i, (s, d) in enumerate(sounds)]
    return settled(source(length, picture=track, audios=tuple(tracks)))


@pytest.mark.parametrize(
    ("picture", "sound", "expected"),
    [
        ((0, 60), (0, 60), (0, 60, 0)),
        ((0, 60), (0, "60.02"), (0, 60, 0)),
        ((0, 60), (0, 50), (0, 60, 0)),
        ((0, 60), (5, 50), (0, 60, 0)),
        ((0, 60), (0, 63), (0, 63, 3)),
        ((5, 60), (0, 60), (5, 65, 0)),
        ((5, 60), ("4.9", 60), (0, 60, 0)),
        ((5, 60), (0, 70), (5, 70, 5)),
        ((0, 60), (58, 4), (0, 62, 2)),
        ((0, 60), (0, 0), (0, 60, 0)),
    ],
)
def test_one_sound(
    picture: tuple[object, object], sound: tuple[object, object], expected: tuple[object, object, object]
) -> None:
    """Seconds before the first picture, of the whole, and after the last picture."""
    media = made(picture, sound)
    assert (media.lead_s, media.duration_s, media.hold_s) == expected


def test_the_zero_moves_with_the_sound() -> None:
    """Where the container's time has it."""
    assert made((5, 60), (0, 60)).start_s == 0
    assert made((5, 60), (6, 60)).start_s == 5


def test_all_tracks_count() -> None:
    """The earliest and the latest, whoever it is."""
    media = made((5, 60), (6, 10), (3, 10), (60, 10))
    assert (media.lead_s, media.duration_s) == (2, 67)


def test_sound_alone() -> None:
    """One track is as long as it is found; several share the longest timeline."""
    one = source(60, sound=audio(start_s=Fraction(1), duration_s=Fraction(59)))
    assert settled(one) == one
    two = source(60, audios=(audio(start_s=Fraction(1)), audio(index=1, start_s=Fraction(3))))
    assert (settled(two).start_s, settled(two).duration_s) == (1, 62)


@given(SECONDS, SECONDS, SECONDS, SECONDS)
def test_no_sound_is_lost(start: Fraction, length: Fraction, begin: Fraction, sounding: Fraction) -> None:
    """But for less than anybody notices; and the pictures keep their places in the grid of frames."""
    track = video(rate=25, start_pts=int(start * 1000), time_base=Fraction(1, 1000), duration_s=length)
    media = settled(source(length, picture=track, sound=audio(start_s=begin, duration_s=sounding)))
    assert media.lead_s >= 0
    assert media.hold_s >= 0
    assert (media.lead_s * 25).denominator == 1
    if sounding:
        assert media.start_s <= begin + NOTICED_S
        assert media.start_s + media.duration_s >= begin + sounding - NOTICED_S
