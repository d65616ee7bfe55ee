"""Odd uploads play: small, short, lopsided, without picture, without sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.uploading import TONE, X264, check_plays, deliver, picture

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.pipeline import Pipeline

    Make = Callable[..., bytes]


@pytest.mark.parametrize(
    ("arguments", "suffix", "pictures"),
    [
        pytest.param((*picture("16x16", 1), *X264), "mp4", 25, id="16x16"),
        pytest.param((*picture("17x33", 1), "-c:v", "ffv1"), "mkv", 25, id="17x33"),
        pytest.param((*picture("16x1000", 1), "-c:v", "ffv1"), "mkv", 25, id="a-stripe"),
        pytest.param((*picture("320x180", 1), "-frames:v", "1", *X264), "mp4", 1, id="one-frame"),
        pytest.param((*picture("320x180", 1), "-frames:v", "1", "-c:v", "mjpeg"), "avi", 1, id="one-jpeg"),
    ],
)
def test_odd_pictures_play(
    pipeline: Pipeline, make_source: Make, arguments: tuple[str, ...], suffix: str, pictures: int
) -> None:
    """Small, odd and short is no reason to refuse."""
    assert deliver(pipeline, make_source(*arguments, suffix=suffix)) == ""
    seen, heard = check_plays(pipeline)
    assert seen == pytest.approx(pictures, abs=1)
    assert heard == 0


@pytest.mark.parametrize("suffix", ["m4a", "mp3", "wav"])
def test_sound_alone_plays(pipeline: Pipeline, make_source: Make, suffix: str) -> None:
    """All of it; an MP3 brings up to a tenth of a second of its encoder's padding."""
    assert deliver(pipeline, make_source(*TONE, suffix=suffix)) == ""
    assert check_plays(pipeline)[1] == pytest.approx(4 * 48_000, abs=5000)


@pytest.mark.parametrize("suffix", ["mp3", "m4a"])
def test_cover_art_is_no_film(
    pipeline: Pipeline, make_source: Make, tmp_path_factory: pytest.TempPathFactory, suffix: str
) -> None:
    """A song with its cover is sound."""
    cover = tmp_path_factory.mktemp("cover") / "c.png"
    cover.write_bytes(make_source(*picture(), "-frames:v", "1", suffix="png"))
    arguments = (*TONE, "-i", str(cover), "-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
    assert deliver(pipeline, make_source(*arguments, suffix=suffix)) == ""
    pictures, heard = check_plays(pipeline)
    assert (pictures, heard > 180_000) == (0, True)


def test_sound_that_ends_early_is_filled_with_silence(pipeline: Pipeline, make_source: Make) -> None:
    """Picture and sound are of the same length (A8.3), even if the source has a twentieth of a second of sound."""
    arguments = (*picture(), "-f", "lavfi", "-i", "sine=440:r=48000:d=0.05", *X264)
    assert deliver(pipeline, make_source(*arguments)) == ""
    pictures, heard = check_plays(pipeline)
    assert pictures == pytest.approx(4 * 25, abs=2)
    assert heard == pytest.approx(4 * 48_000, abs=1024)


@pytest.mark.parametrize("suffix", ["mp4", "mkv", "avi"])
def test_sound_that_outlasts_the_picture_is_heard_to_its_end(
    pipeline: Pipeline, make_source: Make, suffix: str
) -> None:
    """A camera that was turned off: its last picture stays, over several chunks, while somebody goes on speaking."""
    longer = ("-f", "lavfi", "-i", "sine=440:r=48000:d=15")
    codec = ("-c:v", "mjpeg") if suffix == "avi" else X264
    assert deliver(pipeline, make_source(*picture(), *longer, *codec, suffix=suffix)) == ""
    pictures, heard = check_plays(pipeline)
    assert pictures == pytest.approx(15 * 25, abs=2)
    assert heard == pytest.approx(15 * 48_000, abs=2048)


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_picture_that_begins_late_is_no_damage(pipeline: Pipeline, make_source: Make, suffix: str) -> None:
    """A camera that was turned on later: its first picture stands while what was said before is heard."""
    arguments = ("-itsoffset", "9", *picture(), "-f", "lavfi", "-i", "sine=440:r=48000:d=13", "-map", "0", "-map", "1")
    assert deliver(pipeline, make_source(*arguments, *X264, suffix=suffix)) == ""
    pictures, heard = check_plays(pipeline)
    assert pictures == pytest.approx(13 * 25, abs=2)
    assert heard == pytest.approx(13 * 48_000, abs=2048)


def test_a_file_cannot_write_into_its_playlist(pipeline: Pipeline, make_source: Make) -> None:
    """Matroska allows any text as a language; none of it becomes syntax that viewers' players obey."""
    language = 'language=en",URI="http://elsewhere.example/x.m3u8'
    body = make_source(*picture(), *TONE, *X264, "-metadata:s:a:0", language, suffix="mkv")
    assert b"elsewhere.example" in body
    assert deliver(pipeline, body) == ""
    for key, text in pipeline.media.bodies.items():
        assert key.endswith(".mp4") or b"elsewhere" not in text
    check_plays(pipeline)
