"""Segments that are packaged one by one join exactly: every picture at its instant, the sound to the bit."""

from __future__ import annotations

import re
import subprocess
from fractions import Fraction
from math import floor
from typing import TYPE_CHECKING

import pytest
from support import cmaf
from support.media import RECORDING_ID
from support.numbered import numbered, numbers, resampled, tone
from support.packets import packets
from support.pipeline import FFMPEG
from support.studio import Studio

from chalicelib.domain.ladder import EncodingProfile
from chalicelib.domain.live.keys import live_rendition_prefix
from chalicelib.domain.live.stream import Container

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Cut = Callable[..., list[bytes]]

LADDER = (
    EncodingProfile("low", 80, 45, 60, 24),
    EncodingProfile("normal", 160, 90, 100, 30),
    EncodingProfile("high", 320, 180, 5000, 60),
)
COUNT = 12
LEAD_S = Fraction(2, 25)
"""By so much FFmpeg's own muxer moves pictures with B-frames at 25 fps; its demuxer would by as much again."""
HALF = Fraction(1, 2)
X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-sc_threshold", "0", "-flags", "+cgop")
SOUND = ("-c:a", "aac", "-ac", "2", "-b:a", "96k")
UNEVEN = "0,0.6,1.1,1.9,2.4,3.2,3.7,4.2,4.8,5.3,6.1,6.6"
NEGATIVE = ("-hls_segment_options", "movflags=+negative_cts_offsets")
CASES = [
    pytest.param("24", "mpegts", ("-g", "12"), id="film-ts"),
    pytest.param("25", "fmp4", ("-g", "13", "-bf", "2"), id="pal-b-frames"),
    pytest.param("30000/1001", "mpegts", ("-g", "16", "-bf", "3"), id="ntsc-ts-b-frames"),
    pytest.param("30", "fmp4", ("-g", "999", "-force_key_frames", UNEVEN, "-bf", "2"), id="uneven-fmp4"),
    pytest.param("30", "mpegts", ("-g", "999", "-force_key_frames", UNEVEN), id="uneven-ts"),
    pytest.param("25", "fmp4", ("-g", "13", "-bf", "3", *NEGATIVE), id="negative-offsets"),
    pytest.param("60", "mpegts", ("-g", "31", "-bf", "2"), id="sixty-ts"),
    pytest.param("60", "fmp4", ("-g", "31"), id="sixty-fmp4"),
    pytest.param("30", "mpegts", ("-g", "7", "-bf", "2", "-force_key_frames", UNEVEN), id="many-key-frames"),
]


@pytest.mark.parametrize(("rate", "container", "options"), CASES)
def test_twelve_segments_are_one_stream(
    tmp_path: Path, cut: Cut, rate: str, container: str, options: tuple[str, ...]
) -> None:
    """No picture lost, doubled or moved against one pass; tfdt goes on exactly; the sound is the source's own."""
    studio = Studio(tmp_path, profiles=LADDER)
    made = cut(*numbered(rate, "7.2"), *tone("7.2"), *X264, *options, *SOUND, container=container, target=0.5)
    init, bodies = (made[0], made[1:]) if container == "fmp4" else (b"", made)
    bodies = bodies[:COUNT]
    assert len(bodies) == COUNT
    send(studio, init, bodies)
    studio.work()
    assert (studio.state.health.refused, studio.state.health.discontinuities) == ({}, 0)
    rows = [studio.segments.rows[key] for key in sorted(studio.segments.rows)]
    source = init + b"".join(bodies)
    times = picture_times(source, container)
    if "-hls_segment_options" in options:
        times = [time - times[0] + LEAD_S for time in times]
    for rung in studio.state.video:
        start_s = tiled(studio, rung.id, [row.stem for row in rows], [row.init_stem for row in rows])
        # What is encoded is moved by a quarter of a frame before it is rounded to the rung's frames.
        shift = Fraction(0) if rung.copy else 1 / (4 * rung.frame_rate)
        first = times[0] if rung.copy else floor((times[0] + shift) * rung.frame_rate + HALF) / rung.frame_rate
        assert start_s == first
        seen = numbers(studio.joined(rung.id))
        expected = resampled([time + shift - first for time in times], rung.frame_rate, len(seen))
        assert seen == expected
        assert seen[-1] >= len(times) - 3
    sound = studio.state.audio
    assert sound is not None
    tiled(studio, sound.id, [row.stem for row in rows], [row.init_stem for row in rows])
    assert packets(studio.joined(sound.id), "mp4") == packets(source, "mp4" if init else "mpegts")


def send(studio: Studio, init: bytes, bodies: list[bytes]) -> int:
    """Send segments in order, each while the one before is already packaged; returns the epoch."""
    epoch = studio.claim(Container.FMP4 if init else Container.MPEGTS)
    if init:
        studio.send(epoch, "init.mp4", init)
    for n, body in enumerate(bodies):
        studio.send(epoch, f"{n}.m4s" if init else f"{n}.ts", body)
    return epoch


def tiled(studio: Studio, rendition_id: str, stems: list[str], inits: list[str]) -> Fraction:
    """Each piece begins at the tick at which the one before ended, and decodes by itself; returns the first second."""
    folder = live_rendition_prefix(RECORDING_ID, rendition_id)
    end, starts = None, list[Fraction]()
    for stem, init_stem in zip(stems, inits, strict=True):
        init = studio.media.bodies[f"{folder}{init_stem}-init.mp4"]
        piece = cmaf.moment(init, studio.media.bodies[f"{folder}{stem}-0.m4s"])
        assert piece.start == (piece.start if end is None else end)
        assert piece.first_is_sync
        assert not piece.nals or cmaf.IDR in piece.nals
        starts.append(Fraction(piece.start, cmaf.timescale(init)))
        end = piece.start + piece.ticks
    return starts[0]


def picture_times(source: bytes, container: str) -> list[Fraction]:
    """When each picture is shown, by the source's own clock, as FFmpeg's demuxer reads it; in order."""
    form = "mp4" if container == "fmp4" else "mpegts"
    command = [FFMPEG, "-v", "error", "-f", form, "-copyts", "-i", "pipe:0", "-map", "0:v", "-c", "copy"]
    listed = subprocess.run(
        [*command, "-f", "framecrc", "pipe:1"], input=source, capture_output=True, check=True, timeout=60
    ).stdout.decode()
    base = re.search(r"#tb 0: (\d+)/(\d+)", listed)
    assert base
    tick = Fraction(int(base[1]), int(base[2]))
    rows = [line.split(",") for line in listed.splitlines() if not line.startswith("#")]
    return sorted(int(row[2]) * tick for row in rows)
