"""Every kind of sound ends as plain stereo: at its level, in step with the picture, and without holes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import m3u8
import pytest
from support.hls import joined
from support.media import RECORDING_ID
from support.numbered import heard, numbered, phases, tone
from support.uploading import X264, check_plays, deliver

from chalicelib.domain.keys import master_key

if TYPE_CHECKING:
    from array import array
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from support.pipeline import Pipeline

    Make = Callable[..., bytes]

SECOND = 48_000
LEVEL = 4096
"""Peak of FFmpeg's `sine`: an eighth of full scale."""
PICTURE = numbered(10, 6)
BOTH = "pan=stereo|c0=c0|c1=c0"
SURROUND = "pan=5.1|FL={0}*c0|FR={0}*c0|FC={1}*c0|LFE={0}*c0|BL={0}*c0|BR={0}*c0"


def sound(pipeline: Pipeline, channel: int = 0, which: int = 0) -> array[int]:
    """One channel of one of the sounds that the master lists."""
    bodies = pipeline.media.bodies
    master = m3u8.loads(bodies[master_key(RECORDING_ID)].decode())
    uris = [m.uri for m in master.media if m.type == "AUDIO"] or [master.playlists[0].uri]
    return heard(joined(bodies, uris[which][1:]), channel)


def peak(samples: Sequence[int], start: float, end: float) -> int:
    """The loudest sample between two instants, in seconds."""
    return max(map(abs, samples[int(start * SECOND) : int(end * SECOND)]))


@pytest.mark.parametrize("suffix", ["mp3", "m4a", "wav", "flac", "ogg", "mka"])
def test_sound_alone(pipeline: Pipeline, make_source: Make, suffix: str) -> None:
    """Whatever holds it, all of it is heard at its level."""
    assert deliver(pipeline, make_source(*tone(3), suffix=suffix)) == ""
    assert check_plays(pipeline)[1] == pytest.approx(3 * SECOND, abs=5000)
    for channel in (0, 1):
        assert peak(sound(pipeline, channel), 1, 2) == pytest.approx(LEVEL, rel=0.05)


@pytest.mark.parametrize("suffix", ["flac", "ogg"])
def test_a_cover_is_no_film(pipeline: Pipeline, make_source: Make, tmp_path: Path, suffix: str) -> None:
    """A song with its cover is sound."""
    cover = tmp_path / "cover.png"
    cover.write_bytes(make_source(*numbered(10, 1), "-frames:v", "1", suffix="png"))
    picture = ("-i", str(cover), "-map", "0", "-map", "1", "-c:v", "copy", "-disposition:v", "attached_pic")
    body = make_source(*tone(2), *(picture if suffix == "flac" else ()), suffix=suffix)
    cover.unlink()
    assert deliver(pipeline, body) == ""
    pictures, samples = check_plays(pipeline)
    assert (pictures, samples > SECOND) == (0, True)


def test_mono_of_another_rate(pipeline: Pipeline, make_source: Make) -> None:
    """44.1 kHz mono is heard in both ears as loud as it is, and no sample drifts away."""
    mono = ("-f", "lavfi", "-i", "sine=480:r=44100:d=6", "-c:a", "aac", "-ac", "1")
    assert deliver(pipeline, make_source(*PICTURE, *mono, *X264)) == ""
    for channel in (0, 1):
        samples = sound(pipeline, channel)
        assert peak(samples, 1, 5) == pytest.approx(LEVEL, rel=0.08)
        assert max(map(abs, phases(samples)[4:-4])) < 0.02


@pytest.mark.parametrize(
    ("sides", "centre", "least"),
    [pytest.param(0, 4, 2000, id="voice"), pytest.param(7.8, 7.8, 20_000, id="everything-at-once")],
)
def test_surround(pipeline: Pipeline, make_source: Make, sides: float, centre: float, least: int) -> None:
    """The voice in the centre is in both ears; six channels at full level in phase do not clip."""
    mixed = ("-af", SURROUND.format(sides, centre), "-c:a", "pcm_s16le")
    assert deliver(pipeline, make_source(*PICTURE, *tone(6), *mixed, *X264, suffix="mkv")) == ""
    left, right = sound(pipeline, 0), sound(pipeline, 1)
    assert least < peak(left, 1, 5) < 32_700
    assert peak(right, 1, 5) == pytest.approx(peak(left, 1, 5), rel=0.02)
    assert max(map(abs, phases(left)[4:-4])) < 0.02


def test_a_change_of_layout_in_the_middle(pipeline: Pipeline, make_source: Make, tmp_path: Path) -> None:
    """A broadcast that goes from 5.1 to stereo: not a sample is added, and both halves are heard."""
    path = tmp_path / "both.ac3"
    path.write_bytes(b"".join(make_source(*tone(3), "-ac", layout, suffix="ac3") for layout in ("6", "2")))
    source = ("-f", "ac3", "-i", str(path), "-c:a", "copy")
    body = make_source(*PICTURE, *source, *X264, suffix="mkv")
    path.unlink()
    assert deliver(pipeline, body) == ""
    samples = sound(pipeline)
    assert len(samples) == pytest.approx(6 * SECOND, abs=1024)
    assert min(peak(samples, 0.5, 2.5), peak(samples, 3.5, 5.5)) > 500


@pytest.mark.parametrize(
    ("harm", "suffix"),
    [
        pytest.param("noise=amount=20*between(pts*tb\\,2\\,4)", "mkv", id="damaged"),
        pytest.param("noise=amount=0:drop=between(pts*tb\\,2\\,4)", "mp4", id="lost"),
    ],
)
def test_what_cannot_be_decoded_is_silent(
    pipeline: Pipeline, make_source: Make, tmp_path: Path, harm: str, suffix: str
) -> None:
    """Two bad seconds are two seconds of silence; what follows is where it belongs."""
    path = tmp_path / "whole.mp4"
    path.write_bytes(make_source(*PICTURE, *tone(6), *X264, "-af", BOTH, "-c:a", "aac", "-b:a", "96k"))
    body = make_source("-i", str(path), "-c", "copy", "-bsf:a", harm, suffix=suffix)
    path.unlink()
    assert deliver(pipeline, body) == ""
    samples = sound(pipeline)
    assert len(samples) == pytest.approx(6 * SECOND, abs=1024)
    assert peak(samples, 2.2, 3.8) < 200
    for start in (0.5, 4.5):
        assert peak(samples, start, start + 1) == pytest.approx(LEVEL, rel=0.1)
    # Half a millisecond: Matroska's clock has whole ones.
    assert max(map(abs, phases(samples)[220:-4])) < 0.25


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
@pytest.mark.parametrize(("late", "expected"), [("1.5", 1.5), ("0", 0.0)])
def test_sound_that_begins_late(pipeline: Pipeline, make_source: Make, suffix: str, late: str, expected: float) -> None:
    """It is silent until then, and begins with the picture it belongs to."""
    arguments = (*PICTURE, "-itsoffset", late, *tone(3), "-map", "0", "-map", "1", *X264, "-c:a", "aac")
    assert deliver(pipeline, make_source(*arguments, suffix=suffix)) == ""
    samples = sound(pipeline)
    onset = next(n for n, level in enumerate(samples) if abs(level) > LEVEL // 2) / SECOND
    assert onset == pytest.approx(expected, abs=0.025)
    end = next(n for n in range(len(samples) - 1, 0, -1) if abs(samples[n]) > LEVEL // 2) / SECOND
    assert end == pytest.approx(expected + 3, abs=0.05)


def test_a_matroska_file_that_does_not_say_how_long_its_picture_is(pipeline: Pipeline, make_source: Make) -> None:
    """Its end shows; sound that goes on is no sign of a file cut off."""
    body = make_source(*numbered(10, 2), *tone(5), *X264, suffix="mkv").replace(b"DURATION", b"DURXTION")
    assert deliver(pipeline, body) == ""
    pictures, samples = check_plays(pipeline)
    assert pictures == pytest.approx(5 * 10, abs=1)
    assert samples == pytest.approx(5 * SECOND, abs=2048)
