"""Playlists, read back with a parser that did not write them."""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate
from typing import Any

import m3u8
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.chunks import chunks
from support.media import plan, result, source, video

from chalicelib.domain.bandwidth import Bandwidth
from chalicelib.domain.job import ChunkResult, Rendition, Segment
from chalicelib.domain.playlist import (
    AudioRendition,
    IFrameVariant,
    Variant,
    contiguous,
    expected_codec,
    language_tag,
    media_playlist,
    multivariant_playlist,
    quotable,
)

VARIANT = Variant("/media/v/index.m3u8", Bandwidth(700_000, 500_000), ("avc1.64001F", "mp4a.40.2"), 1280, 720)
HOSTILE = st.text(max_size=40) | st.sampled_from(['en",URI="http://elsewhere/x.m3u8', "en\n#EXT-X-ENDLIST", "", "en\n"])


@given(chunks(), st.integers(0, 5))
def test_a_playlist_only_ever_grows(made: list[ChunkResult], length: int) -> None:
    """With fewer chunks it is the beginning of what it becomes: EVENT is append-only."""
    early = media_playlist(made[:length], target_s=2, ended=False)
    late = media_playlist(made, target_s=2, ended=True)
    assert late.startswith(early)
    assert late.endswith("#EXT-X-ENDLIST\n")


@given(chunks())
def test_every_segment_is_listed_once_with_its_bytes(made: list[ChunkResult]) -> None:
    """A stranger reads back the very ranges, durations and headers; targets hold (R 4.4.3.1)."""
    parsed = m3u8.loads(media_playlist(made, target_s=2, ended=False))
    flat = [(c, s) for c in made for s in c.segments]
    assert (parsed.playlist_type, parsed.is_endlist, parsed.target_duration, parsed.version) == ("event", False, 2, 7)
    assert parsed.is_independent_segments
    assert [(s.uri, s.byterange) for s in parsed.segments] == [
        (c.key.rsplit("/", 1)[-1], f"{s.size}@{s.offset}") for c, s in flat
    ]
    for listed, (chunk, segment) in zip(parsed.segments, flat, strict=True):
        assert listed.duration == pytest.approx(segment.duration / chunk.timescale, abs=1.01e-5)
        assert round(listed.duration) <= parsed.target_duration


def test_the_header_is_named_again_only_when_it_changes() -> None:
    """One EXT-X-MAP for chunks that share their header, another where a chunk brings its own."""
    made = [result("m/a.mp4"), result("m/b.mp4"), result("m/c.mp4", init_sha="new", init_size=900)]
    parsed = m3u8.loads(media_playlist(made, target_s=2, ended=True))
    sections = [(s.init_section.uri, s.init_section.byterange) for s in parsed.segments]
    assert sections == [("a.mp4", "800@0"), ("a.mp4", "800@0"), ("c.mp4", "900@0")]


@pytest.mark.parametrize(("ticks", "timescale"), [(60_060, 30_000), (94 * 1024, 48_000), (1, 3), (2, 3)])
def test_durations_add_up_to_less_than_a_frame(ticks: int, timescale: int) -> None:
    """Over twelve hours and any stretch of them: rounded alone, 1.99467 s of sound would drift by 70 ms (A8.1)."""
    segments = tuple(Segment(800 + i, 1, ticks) for i in range(21_600))
    long = replace(result(segments=0, timescale=timescale), segments=segments)
    durations = re.findall(r"#EXTINF:([\d.]+),", media_playlist([long], target_s=2, ended=True))
    ends = [float(end) for end in accumulate(map(Fraction, durations))]
    assert ends == pytest.approx([(i + 1) * ticks / timescale for i in range(21_600)], abs=6e-6)


def test_what_follows_a_hole_is_not_announced() -> None:
    """Only the chunks in front of the first missing one."""
    one, two, three = (result(name) for name in "abc")
    assert contiguous([one, two, three]) == [one, two, three]
    assert contiguous([one, None, three]) == [one]
    assert contiguous([None, two]) == []
    assert contiguous([]) == []


def test_the_multivariant_playlist_says_all_that_is_required() -> None:
    """Bandwidths, codecs, size, rate (A9.1, 9.2, 9.14, 9.15) and sound as a rendition (A9.5)."""
    text = multivariant_playlist(
        [Variant("/v", Bandwidth(7, 5), ("avc1.64001F", "mp4a.40.2"), 1280, 720, Fraction(24_000, 1001))],
        [AudioRendition("/a", "Audio", "en")],
    )
    parsed = m3u8.loads(text)
    assert parsed.is_independent_segments
    (variant,), (sound,) = parsed.playlists, parsed.media
    info = variant.stream_info
    assert (variant.uri, info.bandwidth, info.average_bandwidth) == ("/v", 7, 5)
    assert (info.codecs, info.resolution, info.frame_rate) == ("avc1.64001F,mp4a.40.2", (1280, 720), 23.976)
    assert (sound.type, sound.group_id, sound.uri, sound.language) == ("AUDIO", info.audio, "/a", "en")
    assert (sound.default, sound.autoselect, sound.channels) == ("YES", "YES", "2")


def test_sound_alone_has_no_picture_attributes() -> None:
    """No RESOLUTION of 0x0, no group that does not exist."""
    text = multivariant_playlist([Variant("/a", Bandwidth(7, 5), ("mp4a.40.2",))])
    info = m3u8.loads(text).playlists[0].stream_info
    assert (info.resolution, info.frame_rate, info.audio) == (None, None, None)


def test_every_language_is_a_rendition_of_the_group() -> None:
    """One is the default, one may not be taken unasked; every variant names the group."""
    sounds = [
        AudioRendition("/a", "English", "en"),
        AudioRendition("/b", "Deutsch", "de", default=False),
        AudioRendition("/c", "Commentary", "en", default=False, autoselect=False),
    ]
    parsed = m3u8.loads(multivariant_playlist([VARIANT, VARIANT], sounds))
    assert [(m.uri, m.name, m.language, m.default, m.autoselect) for m in parsed.media] == [
        ("/a", "English", "en", "YES", "YES"),
        ("/b", "Deutsch", "de", "NO", "YES"),
        ("/c", "Commentary", "en", "NO", "NO"),
    ]
    assert {m.group_id for m in parsed.media} == {p.stream_info.audio for p in parsed.playlists} == {"audio"}


def test_key_frames_are_named_with_codec_and_size() -> None:
    """A9.3, A9.4; and with both bandwidths."""
    frames = IFrameVariant("/i.m3u8", Bandwidth(90, 40), "avc1.64001F", 1280, 720)
    (listed,) = m3u8.loads(multivariant_playlist([VARIANT], (), [frames])).iframe_playlists
    info = listed.iframe_stream_info
    assert (listed.uri, info.bandwidth, info.average_bandwidth) == ("/i.m3u8", 90, 40)
    assert (info.codecs, info.resolution) == ("avc1.64001F", (1280, 720))


@pytest.mark.parametrize("tag", ["en", "deu", "pt-BR", "zh-Hant-TW", "und"])
def test_language_tags_pass(tag: str) -> None:
    """What players understand is kept as it is."""
    assert language_tag(tag) == tag


@given(HOSTILE, HOSTILE)
def test_a_file_cannot_write_into_the_playlist(name: str, language: str) -> None:
    """Both are the file's own text: nothing in them becomes an attribute, a line or an address."""
    text = multivariant_playlist([VARIANT], [AudioRendition("/a", name, language)])
    assert text.count("\n") == multivariant_playlist([VARIANT], [AudioRendition("/a", "Audio", "en")]).count("\n")
    (sound,) = m3u8.loads(text).media
    read = quotable(name).replace("#EXT-X-MEDIA:", "")  # m3u8 removes a tag's own text wherever its line has it
    assert (sound.uri, sound.name) == ("/a", read)
    assert language_tag(sound.language) == sound.language


@pytest.mark.parametrize(
    ("width", "height", "rate", "expected"),
    [
        (640, 360, 24, "avc1.64001E"),
        (1280, 720, 24, "avc1.64001F"),
        (1280, 720, 60, "avc1.640020"),
        (1920, 1080, 30, "avc1.640028"),
        (1920, 1080, 60, "avc1.64002A"),
        (2560, 1440, 30, "avc1.640032"),
        (3840, 2160, 60, "avc1.640033"),
    ],
)
def test_the_level_follows_from_the_size(width: int, height: int, rate: int, expected: str) -> None:
    """H.264 table A-1, for rungs that have not begun."""
    more: dict[str, Any] = {"width": width, "height": height, "frame_rate": Fraction(rate)}
    assert expected_codec(Rendition("v", "video", "n", 1, **more)) == expected


def test_sound_is_expected_to_be_aac() -> None:
    """Whatever the source was."""
    assert expected_codec(Rendition("a", "audio", "Audio", 128)) == "mp4a.40.2"


def test_the_default_ladder_stays_in_reach_of_old_devices() -> None:
    """A1.3a: some variants at level 4.1 or below; ours all are."""
    levels = [int(expected_codec(r)[-2:], 16) for r in plan(source(picture=video(rate=60))).video]
    assert max(levels) <= 41
