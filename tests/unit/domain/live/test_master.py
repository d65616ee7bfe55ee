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
    high, sound = ceilings(RENDITIONS[2]), ceilings(RENDITIONS[0])
    info = parsed.playlists[0].stream_info
    assert (info.bandwidth, info.average_bandwidth) == (high.peak + sound.peak, high.average + sound.average)


@pytest.mark.parametrize("kbps", [250, 500, 1000, 2000, 4000])
def test_what_rate_control_allows_stays_in_what_is_declared(kbps: int) -> None:
    """A segment of 1.1 times the ceiling and a full buffer of half of it: peak below 125 %, average below 110 %."""
    declared = ceilings(Rendition("v", "video", "v", kbps))
    container = 1.01
    assert kbps * 1000 * (1.1 + 0.45) * container < 1.25 * declared.peak
    assert kbps * 1000 * 1.1 * container < 1.1 * declared.average


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
