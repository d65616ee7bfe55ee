"""A stream's multivariant playlist, read by a stranger's parser."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import m3u8
import pytest
from support.live import HIGH, LOW, SOUND, STREAM_ID, segment
from support.media import RECORDING_ID

from chalicelib.domain.job import Rendition
from chalicelib.domain.live.master import ceilings, live_master, recording_master
from chalicelib.domain.live.playlists import recording_bandwidth
from chalicelib.domain.live.state import LiveState

RENDITIONS = (
    Rendition(SOUND, "audio", "Audio", 128),
    Rendition(LOW, "video", "360p 250k", 250, 640, 360, Fraction(24)),
    Rendition(HIGH, "video", "720p 2000k", 2000, 1280, 720, Fraction(30)),
)


def state(*segments: Any, renditions: Any = RENDITIONS) -> LiveState:
    """One that has taken these."""
    made = LiveState(STREAM_ID, RECORDING_ID, renditions=renditions)
    for one in segments:
        made = made.accept(one, 0.0)
    return made


def test_nothing_before_the_first_segment() -> None:
    """A playlist without anything to play is none."""
    assert live_master(state()) == ""
    assert recording_master(state(), []) == ""


def test_all_rungs_are_there_from_the_first_segment_on() -> None:
    """The one of about 2000 kbit/s first, sound alone last, addresses absolute (A1.32, A9.21)."""
    parsed = m3u8.loads(live_master(state(segment(0))))
    folder = f"/media/{RECORDING_ID}/live"
    assert [p.uri for p in parsed.playlists] == [f"{folder}/{r}/live.m3u8" for r in (HIGH, LOW, SOUND)]
    (sound,) = parsed.media
    assert (sound.uri, sound.group_id, sound.language) == (f"{folder}/{SOUND}/live.m3u8", "audio", "und")
    infos = [p.stream_info for p in parsed.playlists]
    assert [i.codecs for i in infos] == ["avc1.64001F,mp4a.40.2", "avc1.64001E,mp4a.40.2", "mp4a.40.2"]
    assert [(i.resolution, i.frame_rate) for i in infos[:2]] == [((1280, 720), 30.0), ((640, 360), 24.0)]
    assert parsed.is_independent_segments


def test_declared_is_the_ladders_ceiling_with_its_sound() -> None:
    """Whatever the first segments are like: the playlist is read once."""
    parsed = m3u8.loads(live_master(state(segment(0))))
    high, sound = (ceilings(r, 2) for r in (RENDITIONS[2], RENDITIONS[0]))
    info = parsed.playlists[0].stream_info
    assert (info.bandwidth, info.average_bandwidth) == (high.peak + sound.peak, high.average + sound.average)


@pytest.mark.parametrize(("target_s", "ratio"), [(1, 1.541), (2, 1.216), (4, 1.062)])
def test_noise_stays_in_what_is_declared(target_s: int, ratio: float) -> None:
    """Noise at a rung's rate control gave so much more than its ceiling: average below 110 %, peak below 125 %."""
    declared = ceilings(Rendition("v", "video", "v", 1000), target_s)
    assert ratio * 1e6 < 1.1 * declared.average
    assert ratio * 1e6 < 1.25 * declared.peak
    assert declared.average <= declared.peak


@pytest.mark.parametrize("target_s", range(1, 7))
def test_a_source_that_is_passed_through_stays_in_what_is_declared(target_s: int) -> None:
    """With a tenth over its ceiling always, with half of it now and then."""
    declared = ceilings(Rendition("v", "video", "v", 1000, copy=True), target_s)
    assert 1.1 * declared.average > 1.1e6
    assert 1.25 * declared.peak > 1.5e6


def test_a_stream_without_sound_has_no_group() -> None:
    """And its variants name none."""
    parsed = m3u8.loads(live_master(state(segment(0, sound=False), renditions=RENDITIONS[1:])))
    assert parsed.media == []
    assert [p.stream_info.audio for p in parsed.playlists] == [None, None]


def test_a_stream_without_picture_is_one_variant() -> None:
    """The sound, by itself."""
    heard = replace(segment(0), renditions=segment(0).renditions[:1])
    parsed = m3u8.loads(live_master(state(heard, renditions=RENDITIONS[:1])))
    assert parsed.media == []
    (only,) = parsed.playlists
    assert (only.uri.split("/")[-2], only.stream_info.codecs, only.stream_info.resolution) == (SOUND, "mp4a.40.2", None)


def test_a_recording_declares_what_was_measured() -> None:
    """And has key frames of every rung (A6.1)."""
    made = [segment(n) for n in range(9)]
    parsed = m3u8.loads(recording_master(state(*made), made))
    folder = f"/media/{RECORDING_ID}/live"
    assert [p.uri for p in parsed.playlists] == [f"{folder}/{r}/recording.m3u8" for r in (HIGH, LOW, SOUND)]
    high, sound = (recording_bandwidth(made, rendition, 2) for rendition in (HIGH, SOUND))
    info = parsed.playlists[0].stream_info
    assert (info.bandwidth, info.average_bandwidth) == (high.peak + sound.peak, high.average + sound.average)
    frames = parsed.iframe_playlists
    assert [f.uri for f in frames] == [f"{folder}/{r}/iframes.m3u8" for r in (LOW, HIGH)]
    assert [f.iframe_stream_info.resolution for f in frames] == [(640, 360), (1280, 720)]
    assert [f.iframe_stream_info.codecs for f in frames] == ["avc1.64001E", "avc1.64001F"]


def test_a_recording_lists_only_what_there_is() -> None:
    """A rung that never came, as when a stream ended with its first seconds, is not promised."""
    heard = [replace(segment(0), renditions=segment(0).renditions[:2])]
    parsed = m3u8.loads(recording_master(state(), heard))
    assert [p.uri.split("/")[-2] for p in parsed.playlists] == [LOW, SOUND]
    assert parsed.playlists[0].stream_info.codecs == "avc1.64001E,mp4a.40.2"
