"""What is taken out of a source, and what it is called."""

from __future__ import annotations

from support.media import source, video

from chalicelib.domain.caption_extraction import embedded_tracks, extract_command, text_tracks
from chalicelib.domain.caption_tracks import CaptionKind, Origin
from chalicelib.domain.media import Role, SubtitleTrack

TRACKS = (
    SubtitleTrack(0, "subrip", "eng"),
    SubtitleTrack(1, "hdmv_pgs_subtitle", "ger"),
    SubtitleTrack(2, "ass", "ger", default=True),
    SubtitleTrack(3, "mov_text", "eng", role=Role.CAPTIONS),
    SubtitleTrack(4, "webvtt", "en-GB", title='Director "says"'),
    SubtitleTrack(5, "subrip", "eng", forced=True),
    SubtitleTrack(6, "subrip", "Klingon!"),
)


def test_one_pass_takes_every_track_of_words() -> None:
    """Pictures of words are left out; the input is fenced in, its times are kept, no output can fill the disk."""
    media = source(60, picture=video(), subtitles=TRACKS)
    command = extract_command(media, url="https://bucket/key", folder="scratch")
    maps = [command[i + 1] for i, word in enumerate(command) if word == "-map"]
    assert maps == ["0:s:0", "0:s:2", "0:s:3", "0:s:4", "0:s:5", "0:s:6"]
    assert [word for word in command if word.endswith(".vtt")] == [f"scratch/{t.index}.vtt" for t in text_tracks(media)]
    assert (command.count("-i"), command.count("-fs"), "-copyts" in command) == (1, 6, True)
    assert command[command.index("-protocol_whitelist") + 1] == "https,tls,tcp"


def test_each_becomes_a_language_of_its_own() -> None:
    """The second one of a language is told apart; none is shown unasked, whatever the file says."""
    found = embedded_tracks([track for track in TRACKS if track.text])
    assert [(track.language, track.label, track.kind) for track in found] == [
        ("en", "English", CaptionKind.SUBTITLES),
        ("de", "Deutsch", CaptionKind.SUBTITLES),
        ("en-x-2", "English 2", CaptionKind.CAPTIONS),
        ("en-GB", "Director 'says'", CaptionKind.SUBTITLES),
        ("en-x-3", "English 3 (forced)", CaptionKind.SUBTITLES),
        ("und", "Unknown language", CaptionKind.SUBTITLES),
    ]
    assert {(track.origin, track.default) for track in found} == {(Origin.EMBEDDED, False)}
