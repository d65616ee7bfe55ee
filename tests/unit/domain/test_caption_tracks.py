"""A recording's captions: in its row, and in its playlists."""

from __future__ import annotations

from dataclasses import replace

import m3u8

from chalicelib.domain.caption_tracks import (
    MAX_TRACKS,
    CaptionKind,
    CaptionTrack,
    Origin,
    caption_playlist,
    captioned,
    fingerprint,
    label_of,
    playlist_of,
    track_in,
    track_key,
    with_embedded,
    with_track,
)

EN = CaptionTrack("en", "English", "media/rec_x/captions/en-1-a.vtt", "1", 3)
DE = CaptionTrack("de-AT", "Deutsch (AT)", "media/rec_x/captions/de-AT-2-a.vtt", "2", 3, default=True)
MASTER = (
    '#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="Audio",URI="/a.m3u8"\n'
    '#EXT-X-STREAM-INF:BANDWIDTH=1,AUDIO="audio"\n/low.m3u8\n#EXT-X-STREAM-INF:BANDWIDTH=2,AUDIO="audio"\n/high.m3u8\n'
    '#EXT-X-I-FRAME-STREAM-INF:BANDWIDTH=1,URI="/i.m3u8"\n'
)


def test_rows_keep_them() -> None:
    """As plain JSON and back."""
    track = replace(DE, kind=CaptionKind.CAPTIONS, origin=Origin.EMBEDDED)
    assert CaptionTrack.from_dict(track.to_dict()) == track


def test_one_track_a_language_and_one_default() -> None:
    """A new one replaces its language's; a new default takes the old one's place."""
    assert with_track((EN,), DE) == (DE, EN)
    newer = replace(EN, content="9", default=True)
    assert with_track((DE, EN), newer) == (replace(DE, default=False), newer)
    assert track_in((DE, EN), "fr") is None


def test_what_people_bring_comes_before_what_the_file_has() -> None:
    """Uploaded languages stay, with their default; what an older source had goes."""
    old = replace(EN, language="fr", origin=Origin.EMBEDDED)
    found = [replace(track, origin=Origin.EMBEDDED, default=True) for track in (EN, replace(DE, language="de"))]
    merged = with_embedded((DE, replace(EN, content="mine"), old), found)
    assert [(t.language, t.content, t.default) for t in merged] == [
        ("de", "2", False),
        ("de-AT", "2", True),
        ("en", "mine", False),
    ]
    many = [replace(EN, language=f"x{n:02}") for n in range(MAX_TRACKS + 5)]
    assert len(with_embedded((), many)) == MAX_TRACKS


def test_labels_fit_into_an_attribute() -> None:
    """Quotes, line breaks and length are the playlist's; without one it is the language's own name."""
    assert label_of('The "best"\n#EXT', "en") == "The 'best' #EXT"
    assert (label_of("", "de"), len(label_of("x" * 99, "de"))) == ("Deutsch", 60)


def test_a_playlist_of_one_segment() -> None:
    """Its duration is the recording's, its segment lies beside it."""
    assert playlist_of(EN, 61.5) == "media/rec_x/captions/en-1-a-61500.m3u8"
    read = m3u8.loads(caption_playlist(EN, 61.5))
    assert (read.target_duration, read.playlist_type, read.is_endlist) == (62, "vod", True)
    assert [(s.uri, s.duration) for s in read.segments] == [("en-1-a.vtt", 61.5)]


def test_a_master_gets_them() -> None:
    """One line each, every variant names the group, the rest stays as it was."""
    text = captioned(MASTER, (DE, replace(EN, kind=CaptionKind.CAPTIONS)), 4.0)
    read = m3u8.loads(text)
    found = [media for media in read.media if media.type == "SUBTITLES"]
    assert [(m.name, m.language, m.default, m.autoselect, m.forced, m.uri) for m in found] == [
        ("Deutsch (AT)", "de-AT", "YES", "YES", "NO", "/media/rec_x/captions/de-AT-2-a-4000.m3u8"),
        ("English", "en", "NO", "YES", "NO", "/media/rec_x/captions/en-1-a-4000.m3u8"),
    ]
    assert "transcribes-spoken-dialog" in found[1].characteristics
    assert {found[0].group_id} == {found[1].group_id} == {p.stream_info.subtitles for p in read.playlists}
    assert [line for line in text.splitlines() if "I-FRAME" in line] == [MASTER.splitlines()[-1]]


def test_putting_them_in_again_changes_nothing_and_taking_them_out_restores() -> None:
    """A master is edited as often as its captions change."""
    once = captioned(MASTER, (DE, EN), 4.0)
    assert captioned(once, (DE, EN), 4.0) == once
    assert captioned(once, (), 4.0) == MASTER == captioned(MASTER, (), 4.0)
    assert captioned(once, (EN,), 4.0) == captioned(MASTER, (EN,), 4.0)


def test_names_in_a_group_differ_and_only_one_of_a_kind_is_taken_unasked() -> None:
    """Two tracks of one language: the default is the one that players may choose by themselves."""
    second = replace(EN, language="en-x-2", default=True)
    found = [m for m in m3u8.loads(captioned(MASTER, (EN, second), 4.0)).media if m.type == "SUBTITLES"]
    assert [(m.name, m.language, m.autoselect) for m in found] == [("English", "en", "NO"), ("English 2", "en", "YES")]


def test_a_fingerprint_tells_changes() -> None:
    """Of a label, a default, the text, or the recording's length."""
    marks = {
        fingerprint((replace(EN, **change), DE), 4.0)
        for change in ({}, {"label": "E"}, {"default": True}, {"key": "k"})
    }
    assert len(marks | {fingerprint((EN, DE), 5.0), fingerprint((EN,), 4.0)}) == 6


def test_keys_are_one_writers_own() -> None:
    """Below what a viewer may fetch, and never written twice."""
    key = track_key("rec_x", "en", "c0ffee", "attempt")
    assert key == "media/rec_x/captions/en-c0ffee-attempt.vtt"
