"""Subtitles inside real files, through the whole pipeline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import m3u8
import pytest
from support.media import RECORDING_ID

from chalicelib.domain.captions import read_captions
from chalicelib.domain.keys import captions_prefix, master_key

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.pipeline import Pipeline

ENGLISH = "1\n00:00:01,000 --> 00:00:02,500\nHello <i>you</i> & me\n\n2\n00:00:03,000 --> 00:00:04,000\nTwo\nlines\n"
GERMAN = "1\n00:00:01,250 --> 00:00:02,000\nGuten Tag\n"
PICTURE = ("-f", "lavfi", "-i", "color=gray:s=320x180:r=25:d=5", "-f", "lavfi", "-i", "sine=440:r=48000:d=5")
CODECS = ("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac")


@pytest.fixture
def words(tmp_path: Path) -> tuple[str, ...]:
    """FFmpeg's arguments for two subtitle inputs."""
    for name, text in (("en", ENGLISH), ("de", GERMAN)):
        (tmp_path / f"{name}.srt").write_text(text)
    inputs = ("-i", str(tmp_path / "en.srt"), "-i", str(tmp_path / "de.srt"))
    return (*inputs, "-map", "0", "-map", "1", "-map", "2", "-map", "3")


def shown(pipeline: Pipeline) -> dict[str, list[tuple[int, int, str]]]:
    """The cues that a player finds by way of the master, by language."""
    found = {}
    for media in m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode()).media:
        if media.type == "SUBTITLES":
            (segment,) = m3u8.loads(pipeline.media.bodies[media.uri[1:]].decode()).segments
            cues = read_captions(pipeline.media.bodies[captions_prefix(RECORDING_ID) + segment.uri])
            found[media.language] = [(cue.start_ms, cue.end_ms, cue.text) for cue in cues]
    return found


@pytest.mark.parametrize(
    ("suffix", "codecs", "delay"),
    [
        ("mkv", ("-c:s:0", "srt", "-c:s:1", "ass"), 0),
        ("mkv", ("-c:s", "webvtt"), 10),
        ("mp4", ("-c:s", "mov_text"), 0),
    ],
    ids=["subrip and ass in mkv", "webvtt in an mkv that starts late", "mov_text in mp4"],
)
def test_two_languages(
    pipeline: Pipeline,
    make_source: Callable[..., bytes],
    words: tuple[str, ...],
    suffix: str,
    codecs: tuple[str, ...],
    delay: int,
) -> None:
    """Each is a rendition of the master, its cues at the time of the picture they belong to."""
    names = ("-metadata:s:s:0", "language=eng", "-metadata:s:s:1", "language=ger")
    body = make_source(*PICTURE, *words, *CODECS, *codecs, *names, "-output_ts_offset", str(delay), suffix=suffix)
    assert pipeline.upload(body)
    pipeline.work()
    assert shown(pipeline) == {
        "en": [(1000, 2500, "Hello <i>you</i> &amp; me"), (3000, 4000, "Two\nlines")],
        "de": [(1250, 2000, "Guten Tag")],
    }
    assert [track.label for track in pipeline.recording.captions] == ["Deutsch", "English"]
