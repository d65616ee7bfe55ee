"""A source with several languages, a commentary and subtitles: every track is found and named."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import m3u8
import pytest
from support.hls import joined
from support.http_files import serve
from support.media import RECORDING_ID
from support.numbered import heard
from support.pipeline import PYAV
from support.uploading import deliver

from chalicelib.adapters.probe import PyAvProbe
from chalicelib.domain.keys import master_key
from chalicelib.domain.media import Role

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.pipeline import Pipeline


@pytest.fixture
def make_tracks(make_source: Callable[..., bytes], tmp_path_factory: pytest.TempPathFactory) -> Callable[..., bytes]:
    """Two seconds: a picture, three tones an octave apart, one subtitle."""
    words: Path = tmp_path_factory.getbasetemp() / "words.srt"
    words.write_text("1\n00:00:00,500 --> 00:00:01,500\nHello\n")

    def make(suffix: str, subtitles: str) -> bytes:
        tones = [part for pitch in (440, 880, 220) for part in ("-f", "lavfi", "-i", f"sine={pitch}:r=48000:d=2")]
        return make_source(
            *("-f", "lavfi", "-i", "testsrc2=s=320x180:r=25:d=2", *tones, "-i", str(words)),
            *("-map", "0", "-map", "1", "-map", "2", "-map", "3", "-map", "4"),
            *("-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac", "-c:s", subtitles),
            *("-metadata:s:a:0", "language=eng", "-metadata:s:a:1", "language=deu", "-metadata:s:a:2", "language=eng"),
            *("-metadata:s:a:2", "title=The  director", "-disposition:a:0", "default", "-disposition:a:2", "comment"),
            *("-metadata:s:s:0", "language=spa", "-disposition:s:0", "forced+hearing_impaired"),
            suffix=suffix,
        )

    return make


@pytest.mark.parametrize(("suffix", "subtitles"), [("mp4", "mov_text"), ("mkv", "subrip")])
def test_every_track_is_found(make_tracks: Callable[..., bytes], suffix: str, subtitles: str) -> None:
    """By language, title and purpose, in both containers that carry them."""
    body = make_tracks(suffix, subtitles)
    with serve({"source": body}) as url:
        found = PyAvProbe(PYAV).probe(f"{url}source", size_bytes=len(body))
    assert [(t.index, t.language, t.title, t.default, t.role) for t in found.audios] == [
        (0, "eng", "", True, Role.MAIN),
        (1, "deu", "", False, Role.MAIN),
        (2, "eng", "The director", False, Role.COMMENTARY),
    ]
    (words,) = found.subtitles
    assert (words.index, words.language, words.text) == (0, "spa", True)
    assert (words.forced, words.role) == (True, Role.CAPTIONS)


def test_each_language_is_heard(make_tracks: Callable[..., bytes], pipeline: Pipeline) -> None:
    """Named in the player's menu; one of them plays by itself; each is its own sound, all equally long."""
    assert deliver(pipeline, make_tracks("mp4", "mov_text")) == ""
    master = m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode())
    sounds = [m for m in master.media if m.type == "AUDIO"]
    assert [(m.name, m.language, m.default) for m in sounds] == [
        ("English", "en", "YES"),
        ("Deutsch", "de", "NO"),
        ("English - The director (commentary)", "en", "NO"),
    ]
    for entry, pitch in zip(sounds, (440, 880, 220), strict=True):
        samples = heard(joined(pipeline.media.bodies, entry.uri[1:]))
        assert len(samples) == pytest.approx(2 * 48_000, abs=1024)
        rises = sum(1 for a, b in pairwise(samples[24_000:72_000]) if a < 0 <= b)
        assert rises == pytest.approx(pitch, abs=2)
