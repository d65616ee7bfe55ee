"""I-frame playlists, read by a stranger's parser."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import m3u8
from hypothesis import given
from support.chunks import chunks
from support.media import result

from chalicelib.domain.iframes import iframe_playlist, key_frames
from chalicelib.domain.playlist import media_playlist

if TYPE_CHECKING:
    from chalicelib.domain.job import ChunkResult


def test_it_is_a_finished_playlist_of_key_frames() -> None:
    """I-FRAMES-ONLY (A6.8), of a version that knows it, VOD with an end, and an EXT-X-MAP."""
    text = iframe_playlist([result("m/a.mp4", segments=2), result("m/b.mp4")], target_s=2)
    parsed = m3u8.loads(text)
    assert (parsed.is_i_frames_only, parsed.is_endlist, parsed.playlist_type) == (True, True, "vod")
    assert parsed.version >= 5
    assert parsed.target_duration == 2
    assert [(s.uri, s.byterange) for s in parsed.segments] == [
        ("a.mp4", "250@800"),
        ("a.mp4", "250@1800"),
        ("b.mp4", "250@800"),
    ]
    assert [(m.uri, m.byterange) for m in parsed.segment_map] == [("a.mp4", "800@0")]


@given(chunks())
def test_pictures_begin_where_segments_do_and_last_as_long(made: list[ChunkResult]) -> None:
    """Same places, same durations, same headers as the media playlist; never more bytes."""
    whole = m3u8.loads(media_playlist(made, target_s=2, ended=True))
    frames = m3u8.loads(iframe_playlist(made, target_s=2))
    assert [s.duration for s in frames.segments] == [s.duration for s in whole.segments]
    for picture, segment in zip(frames.segments, whole.segments, strict=True):
        assert (picture.uri, picture.byterange.split("@")[1]) == (segment.uri, segment.byterange.split("@")[1])
        assert picture.init_section == segment.init_section
        assert 0 < int(picture.byterange.split("@")[0]) <= int(segment.byterange.split("@")[0])


def test_where_a_key_frame_is_not_known_there_is_no_playlist() -> None:
    """Chunks that were encoded before it was noted: none rather than a wrong one."""
    new = result("m/b.mp4", segments=2)
    old = replace(new, segments=(new.segments[0], replace(new.segments[1], key_frame=0)))
    assert iframe_playlist([new], target_s=2)
    assert (key_frames([new, old]), iframe_playlist([new, old], target_s=2)) == ([], "")
    assert iframe_playlist([], target_s=2) == ""
