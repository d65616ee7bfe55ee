"""Probed facts survive storage; what must not be encoded is refused with a stable code."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, source, video

from chalicelib.domain.media import AudioTrack, Role, SourceMedia, SubtitleTrack, check_source
from chalicelib.errors import Permanent

HOURS_12 = 12 * 3600
TIMES = st.fractions(0, 10**6, max_denominator=90_000)


def refusal(media: SourceMedia, max_duration_s: int = HOURS_12) -> str:
    """The code, or nothing when the source is taken."""
    try:
        check_source(media, max_duration_s=max_duration_s)
    except Permanent as error:
        return error.code if error.detail.endswith(".") else f"not a sentence: {error.detail}"
    return ""


@given(TIMES, TIMES, st.integers(-(10**9), 10**9), st.booleans(), st.booleans())
def test_facts_round_trip(length: Fraction, rate: Fraction, start: int, seen: bool, heard: bool) -> None:  # noqa: FBT001
    """Through JSON, fractions exactly."""
    media = source(
        length,
        picture=video(rate=rate, start_pts=start, sar=Fraction(64, 45), transfer="smpte2084") if seen else None,
        sound=audio(start_s=length, language="deu") if heard else None,
    )
    assert SourceMedia.from_dict(json.loads(json.dumps(media.to_dict()))) == media


def test_every_track_round_trips() -> None:
    """With its place in the file, its title and what it is for."""
    tracks = (audio(index=0), audio(index=2, title="Regie", role=Role.COMMENTARY, language="de", default=True))
    words = (SubtitleTrack(1, "subrip", "spa", "Todo", default=True, forced=True, role=Role.CAPTIONS),)
    media = source(picture=video(), audios=tracks, subtitles=words)
    assert SourceMedia.from_dict(json.loads(json.dumps(media.to_dict()))) == media


@pytest.mark.parametrize("heard", [True, False])
def test_older_rows_are_read(heard: bool) -> None:  # noqa: FBT001
    """They hold one audio track, or none, and nothing about subtitles."""
    sound = {"codec": "aac", "sample_rate": 48_000, "channels": 2, "start_s": "1/2", "duration_s": "60"}
    row = source().to_dict() | {"audio": sound if heard else None}
    del row["audios"], row["subtitles"]
    expected = (AudioTrack("aac", 48_000, 2, Fraction(1, 2), Fraction(60)),) if heard else ()
    assert SourceMedia.from_dict(row).audios == expected


def test_no_more_tracks_than_a_player_could_list() -> None:
    """A hostile file may claim thousands."""
    row = source(audios=(audio(),) * 9, subtitles=(SubtitleTrack(0, "ass"),) * 33).to_dict()
    read = SourceMedia.from_dict(row)
    assert (len(read.audios), len(read.subtitles)) == (8, 32)


@pytest.mark.parametrize(
    ("tracks", "expected"),
    [
        ((), None),
        ((audio(index=0), audio(index=1)), 0),
        ((audio(index=0), audio(index=1, default=True)), 1),
        ((audio(index=0, role=Role.COMMENTARY), audio(index=1)), 1),
        ((audio(index=0, role=Role.DESCRIBED), audio(index=1, role=Role.COMMENTARY)), 0),
    ],
)
def test_what_plays_unless_another_is_chosen(tracks: tuple[AudioTrack, ...], expected: int | None) -> None:
    """What the file calls its default, else the first that is no extra."""
    chosen = source(audios=tracks).audio
    assert (chosen.index if chosen else None) == expected


@pytest.mark.parametrize(("codec", "text"), [("subrip", True), ("mov_text", True), ("dvd_subtitle", False)])
def test_words_and_pictures_of_words(codec: str, text: bool) -> None:  # noqa: FBT001
    """Only words can be shown as WebVTT."""
    assert SubtitleTrack(0, codec).text is text


def test_the_start_is_in_seconds() -> None:
    """Ticks times their length."""
    assert video(start_pts=-512).start_s == Fraction(-1, 30)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((16, 16), ""),
        ((17, 33), ""),
        ((8192, 4320), ""),
        ((4320, 8192), ""),
        ((8192, 4321), "source_too_large_picture"),
        ((16_000, 16_000), "source_too_large_picture"),
        ((1, 1), "source_too_small_picture"),
        ((15, 4000), "source_too_small_picture"),
        ((0, 0), "source_unreadable"),
        ((-4, 100), "source_unreadable"),
    ],
)
def test_pictures(size: tuple[int, int], expected: str) -> None:
    """By their size; one that is not known is not called small."""
    assert refusal(source(picture=video(*size))) == expected


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (source(), "source_no_streams"),
        (source(sound=audio()), ""),
        (source(0, sound=audio()), "source_no_duration"),
        (source(-1, sound=audio()), "source_no_duration"),
        (source(HOURS_12, sound=audio()), ""),
        (source(HOURS_12 + 1, sound=audio()), "source_too_long"),
    ],
)
def test_lengths_and_streams(media: SourceMedia, expected: str) -> None:
    """Something to play, of some length, and no longer than allowed."""
    assert refusal(media) == expected


@pytest.mark.parametrize(("limit", "words"), [(1800, "0.5 hours"), (3600, "1 hour"), (HOURS_12, "12 hours")])
def test_the_limit_is_named(limit: int, words: str) -> None:
    """The sentence says what would be taken."""
    facts: dict[str, Any] = {"max_duration_s": limit}
    with pytest.raises(Permanent, match=words):
        check_source(source(10**6, sound=audio()), **facts)
