"""Which sources are rewritten, and into what."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import pytest
from support.media import audio, source, video

from chalicelib.domain.encoding import fence
from chalicelib.domain.media import SubtitleTrack
from chalicelib.domain.preparing import MAX_BYTES, Target, check_unprepared, needs_preparing, prepare_command, targets
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from chalicelib.domain.media import SourceMedia

STREAM = source(60, picture=video(), sound=audio(), container="mpegts", seekable=False)
TEXT = (SubtitleTrack(1, "hdmv_pgs_subtitle"), SubtitleTrack(2, "subrip"))
LAST = (Target("matroska"), Target("matroska", audio="flac"))


def of(container: str, picture: str | None, sound: str | None) -> SourceMedia:
    """A source of those codecs."""
    return replace(
        STREAM,
        container=container,
        video=replace(video(), codec=picture) if picture else None,
        audios=(audio(codec=sound),) if sound else (),
    )


@pytest.mark.parametrize(
    ("media", "expected"),
    [
        (STREAM, True),
        (replace(STREAM, seekable=True, container="mov"), False),
        (replace(STREAM, video=None), True),
        (replace(STREAM, video=None, container="mp3"), False),
        (replace(STREAM, video=None, container="matroska"), False),
        (replace(STREAM, container="matroska"), True),
    ],
)
def test_what_needs_it(media: SourceMedia, expected: bool) -> None:  # noqa: FBT001  a table
    """Pictures without an index, and whatever may count its time anew in the middle."""
    assert needs_preparing(media) is expected


@pytest.mark.parametrize(
    ("media", "first"),
    [
        (of("mpegts", "h264", "aac"), "mp4"),
        (of("flv", "h264", "mp3"), "mp4"),
        (of("mpegts", None, "mp2"), "mp4"),
        (of("avi", "mjpeg", "pcm_s16le"), "mov"),
        (of("mov", "vp9", "opus"), "mp4"),
        (of("flv", "vp6f", "mp3"), "matroska"),
        (of("avi", "h264", "wmav2"), "matroska"),
        (of("matroska", "h264", "aac"), "matroska"),
    ],
)
def test_the_file_keeps_exact_times_where_it_can_hold_the_codecs(media: SourceMedia, first: str) -> None:
    """Matroska holds everything but rounds to a millisecond, as its own sources have done already."""
    assert targets(media)[0] == Target(first)
    assert targets(media)[-2:] == LAST


def test_the_command_copies_within_the_fence() -> None:
    """Only the probed demuxer and the URL's protocol; packets untouched; the same bytes each time."""
    command = prepare_command(STREAM, Target("mp4"), url="https://s3/x", output="/tmp/out")  # noqa: S108
    text = " ".join(command)
    before, _, after = text.partition(" -i https://s3/x ")
    assert " ".join(fence(STREAM, "https://s3/x")) in before
    assert "-format_whitelist mpegts" in before
    assert "-copyts" not in before
    assert after == ("-map 0:V:0 -map 0:a:0 -map_chapters -1 -c copy -c:a copy -fflags +bitexact -f mp4 /tmp/out")


def test_subtitles_go_where_they_fit() -> None:
    """From MKV to MKV and MP4 to MP4; what teletext is cannot be copied."""
    media = replace(STREAM, subtitles=TEXT)
    subtitles = [
        "0:s:2" in prepare_command(replace(media, container=container), target, url="http://x", output="o")
        for container, target in (
            ("matroska", Target("matroska")),
            ("mov", Target("mp4")),
            ("mov", Target("matroska")),
            ("mpegts", Target("mp4")),
        )
    ]
    assert subtitles == [True, True, False, False]
    assert "0:s:1" not in prepare_command(replace(media, container="matroska"), LAST[0], url="http://x", output="o")


def test_packed_frames_are_unpacked() -> None:
    """AVI's trick of two pictures in one packet."""
    command = prepare_command(of("avi", "mpeg4", "mp3"), Target("mp4"), url="http://x", output="o")
    assert command[command.index("-bsf:v") + 1] == "mpeg4_unpack_bframes"


def test_an_unknown_length_is_no_reason_to_refuse() -> None:
    """Nor is a wrong one: a stream whose clock was reset seems to last for a day."""
    for duration in (0, 95_000):
        check_unprepared(replace(STREAM, duration_s=Fraction(duration)), max_duration_s=3600)


@pytest.mark.parametrize(
    ("media", "code"),
    [
        (replace(STREAM, size_bytes=MAX_BYTES + 1), "source_too_large_to_prepare"),
        (replace(STREAM, video=video(9000, 9000)), "source_too_large_picture"),
    ],
)
def test_what_no_preparing_would_help_is_refused(media: SourceMedia, code: str) -> None:
    """Before anything is read a second time."""
    with pytest.raises(Permanent) as refused:
        check_unprepared(media, max_duration_s=3600)
    assert refused.value.code == code
