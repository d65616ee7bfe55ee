"""Broken, hostile and empty uploads end with a code and a sentence. Nothing hangs, nothing is left over."""

from __future__ import annotations

import struct
import zlib
from hashlib import sha256
from typing import TYPE_CHECKING

import pytest
from support.media import RECORDING_ID
from support.uploading import TONE, X264, check_refused, deliver, picture

from chalicelib.domain.keys import master_key, playlist_key

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.pipeline import Pipeline

    Make = Callable[..., bytes]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        pytest.param(b"", ("source_empty",), id="empty"),
        pytest.param(b"Dear sir or madam,\n" * 50, ("source_not_media",), id="text"),
        pytest.param(
            b"".join(sha256(bytes([n])).digest() for n in range(256)) * 10, ("source_not_media",), id="random"
        ),
        pytest.param(b"\0" * 100_000, ("source_not_media",), id="zeros"),
        pytest.param(b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", ("source_not_media",), id="header-only"),
        pytest.param(b"ID3\x04\0\0\0\0\0\0", ("source_not_media", "source_unreadable"), id="tag-only"),
        pytest.param(b"%PDF-1.7\n" + b"x" * 5000, ("source_not_media",), id="pdf"),
    ],
)
def test_what_is_no_media_is_refused(pipeline: Pipeline, body: bytes, codes: tuple[str, ...]) -> None:
    """At once, without any work queued."""
    deliver(pipeline, body)
    check_refused(pipeline, *codes)
    assert not pipeline.jobs.rows


def test_an_upload_cut_off_before_its_index_is_refused(pipeline: Pipeline, make_source: Make) -> None:
    """An MP4 whose moov was to come at the end has nothing to read."""
    whole = make_source(*picture(), *TONE, *X264)
    deliver(pipeline, whole[: len(whole) * 6 // 10])
    check_refused(pipeline, "source_not_media")


@pytest.mark.parametrize(("kept", "codes"), [(0.6, {"source_truncated"}), (0.1, {"source_truncated", "encode_failed"})])
def test_an_upload_cut_off_after_its_index_is_said_to_be(
    pipeline: Pipeline, make_source: Make, kept: float, codes: set[str]
) -> None:
    """With moov in front the start can be read; that the rest is missing is noticed, never shown as a short film."""
    whole = make_source(*picture("320x180", 8), *TONE, *X264, "-movflags", "+faststart")
    deliver(pipeline, whole[: int(len(whole) * kept)])
    check_refused(pipeline, *codes)


def test_a_cut_off_matroska_file_is_noticed_too(pipeline: Pipeline, make_source: Make) -> None:
    """Its header still says how long it was to be."""
    whole = make_source(*picture("320x180", 8), *TONE, *X264, suffix="mkv")
    deliver(pipeline, whole[: len(whole) * 6 // 10])
    check_refused(pipeline, "source_truncated")


@pytest.mark.parametrize(
    ("arguments", "suffix", "codes"),
    [
        pytest.param(
            ("-f", "lavfi", "-i", "color=red:s=1x1:r=25:d=1", "-c:v", "mpeg4"),
            "mkv",
            ("source_too_small_picture",),
            id="1x1",
        ),
        pytest.param(
            (*picture(), "-vf", "setpts=N*315360000/TB", "-frames:v", "2", "-fps_mode", "passthrough", *X264),
            "mkv",
            ("source_too_long",),
            id="ten-years",
        ),
        pytest.param((*picture(), "-frames:v", "0", *X264), "mp4", ("source_no_streams",), id="no-frames"),
        pytest.param((*picture(), "-frames:v", "1"), "jpg", ("source_not_media",), id="photo"),
    ],
)
def test_bombs_and_empty_shells_are_refused(
    pipeline: Pipeline, make_source: Make, arguments: tuple[str, ...], suffix: str, codes: tuple[str, ...]
) -> None:
    """By their headers, before anything large is decoded."""
    deliver(pipeline, make_source(*arguments, suffix=suffix))
    check_refused(pipeline, *codes)
    assert not pipeline.jobs.rows


def png(side: int) -> bytes:
    """A black square PNG of one bit a pixel: 16,000 pixels square in 31 kB."""

    def part(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I4s", len(body), kind) + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress(bytes((1 + side // 8) * side), 1)
    header = part(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + part(b"IDAT", rows) + part(b"IEND", b"")


def test_a_pixel_bomb_is_refused(
    pipeline: Pipeline, make_source: Make, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """256 million pixels in a small file: decoding one frame would fill a worker."""
    path = tmp_path_factory.mktemp("bomb") / "bomb.png"
    path.write_bytes(png(16_000))
    deliver(pipeline, make_source("-f", "png_pipe", "-i", str(path), "-c", "copy", suffix="mkv"))
    check_refused(pipeline, "source_too_large_picture", "source_unreadable")
    assert not pipeline.jobs.rows


@pytest.mark.parametrize(
    ("suffix", "codec", "tag", "stranger"),
    [
        ("avi", "mjpeg", b"MJPG", b"QQQQ"),
        ("mkv", "libx264", b"V_MPEG4/ISO/AVC", b"V_UNHEARD/OF/XX"),
        ("mp4", "libx264", b"avc1\0\0\0\0", b"qqqq\0\0\0\0"),
    ],
)
def test_a_format_that_nobody_knows_is_refused(
    pipeline: Pipeline, make_source: Make, suffix: str, codec: str, tag: bytes, stranger: bytes
) -> None:
    """At once, and not as damage; nor is the sound alone passed off as the recording."""
    body = make_source(*picture(), *TONE, "-c:v", codec, suffix=suffix)
    assert tag in body
    deliver(pipeline, body.replace(tag, stranger))
    check_refused(pipeline, "source_unknown_codec")


def test_subtitles_alone_are_refused(
    pipeline: Pipeline, make_source: Make, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A container that is fine and holds nothing to see or hear."""
    text = tmp_path_factory.mktemp("text") / "s.srt"
    text.write_text("1\n00:00:00,000 --> 00:00:02,000\nHello\n")
    deliver(pipeline, make_source("-i", str(text), "-c:s", "srt", suffix="mkv"))
    check_refused(pipeline, "source_no_streams")


def test_a_refusal_leaves_nothing_published(pipeline: Pipeline, make_source: Make) -> None:
    """No playlist names a rendition of a recording that was refused before its first chunk."""
    whole = make_source(*picture("320x180", 8), *TONE, *X264, "-movflags", "+faststart")
    deliver(pipeline, whole[: len(whole) // 10])
    check_refused(pipeline, "source_truncated", "encode_failed")
    job = next(iter(pipeline.jobs.rows.values()))
    for rendition in job.plan.video:
        assert playlist_key(RECORDING_ID, job.plan.source_version, rendition.id, job.id) not in pipeline.media.bodies
    assert master_key(RECORDING_ID) not in pipeline.media.bodies
