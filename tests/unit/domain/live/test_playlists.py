"""Live and recorded playlists as text, and the JSON that says the same."""

from __future__ import annotations

import json
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import m3u8
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.live import EPOCH_S, HIGH, LOW, SOUND, deliveries, programmes, segment, with_sound

from chalicelib.domain.live.entry import fits
from chalicelib.domain.live.keys import part_name
from chalicelib.domain.live.playlists import (
    entry_json,
    iframe_playlist,
    media_playlist,
    recording_bandwidth,
    recording_entries,
    recording_playlist,
)
from chalicelib.domain.live.window import LiveWindow

if TYPE_CHECKING:
    from support.live import Delivery

    from chalicelib.domain.live.packaged import PackagedSegment


def window(*segments: Any, **more: Any) -> LiveWindow:
    """One that has taken these."""
    made = LiveWindow(target_s=2, window_s=60, **more)
    for one in segments:
        made = made.accept(one, 0.0)
    return made


def player_text(header: str, pushed: list[dict[str, Any]], kind: str) -> str:
    """What a player makes of pushed entries, by the words of the module alone; numbers as JavaScript prints them."""
    text, init = header, ""
    for entry in pushed:
        silent = kind == "audio" and entry["a"] is None
        text += "#EXT-X-DISCONTINUITY\n" if entry["disc"] else ""
        text += f'#EXT-X-MAP:URI="{entry["init"]}"\n' if entry["init"] != init else ""
        text += f"#EXT-X-PROGRAM-DATE-TIME:{entry['pdt']}\n"
        text += "#EXT-X-GAP\n" if entry["gap"] or silent else ""
        text += f"#EXTINF:{entry['d' if kind == 'video' or silent else 'a']:.5f},\n{entry['name']}\n"
        init = entry["init"]
    return text


@settings(max_examples=50)
@given(deliveries(2), st.sampled_from(["video", "audio"]))
def test_pushed_entries_become_the_same_text(sent: list[Delivery], kind: str) -> None:
    """To the byte: a player that falls back to polling finds what it has."""
    made = LiveWindow(2, 20)
    for one in sent:
        made = made.accept(one.segment, one.now) if one.segment else made.tick(one.now)
    text = media_playlist(made, kind)
    header = media_playlist(LiveWindow(2, 20), kind)
    header = header.replace("MEDIA-SEQUENCE:0", f"MEDIA-SEQUENCE:{made.media_sequence}")
    header = header.replace("DISCONTINUITY-SEQUENCE:0", f"DISCONTINUITY-SEQUENCE:{made.discontinuity_sequence}")
    pushed = json.loads(json.dumps([entry_json(entry) for entry in made.entries]))
    assert player_text(header, pushed, kind) == text


def test_a_live_playlist_line_by_line() -> None:
    """Header, map, time, gap, discontinuity, end: in this order."""
    made = window(segment(0), segment(2), segment(0, run=1, pdt=EPOCH_S + 60)).end(0.0)
    assert media_playlist(made, "video").split("\n") == [
        "#EXTM3U",
        "#EXT-X-VERSION:8",
        "#EXT-X-TARGETDURATION:2",
        "#EXT-X-MEDIA-SEQUENCE:0",
        "#EXT-X-DISCONTINUITY-SEQUENCE:0",
        "#EXT-X-INDEPENDENT-SEGMENTS",
        '#EXT-X-MAP:URI="000-00000000-one-init.mp4"',
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:20.000Z",
        "#EXTINF:2.00000,",
        "000-00000000-abcdef-0.m4s",
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:22.000Z",
        "#EXT-X-GAP",
        "#EXTINF:2.00000,",
        "gap-1.m4s",
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:13:24.000Z",
        "#EXTINF:2.00000,",
        "000-00000002-abcdef-0.m4s",
        "#EXT-X-DISCONTINUITY",
        '#EXT-X-MAP:URI="001-00000000-one-init.mp4"',
        "#EXT-X-PROGRAM-DATE-TIME:2023-11-14T22:14:20.000Z",
        "#EXTINF:2.00000,",
        "001-00000000-abcdef-0.m4s",
        "#EXT-X-ENDLIST",
        "",
    ]


def test_an_entry_as_it_is_pushed() -> None:
    """Numbers and names; sound is null where there is none."""
    one, two = window(with_sound(segment(0, lengths=("1.93333",)), ("1.94133",)), segment(1, sound=False)).entries
    assert entry_json(one) == {
        "msn": 0,
        "name": "000-00000000-abcdef-0.m4s",
        "init": "000-00000000-one-init.mp4",
        "d": 1.93333,
        "a": 1.94133,
        "pdt": "2023-11-14T22:13:20.000Z",
        "disc": False,
        "gap": False,
    }
    assert (entry_json(two)["a"], entry_json(two)["disc"]) == (None, True)


def test_missing_sound_is_a_gap_of_the_sound_alone() -> None:
    """Both playlists keep the same numbers."""
    made = window(segment(0), segment(1, sound=False), segment(2))
    gaps = {k: [bool(s.gap_tag) for s in m3u8.loads(media_playlist(made, k)).segments] for k in ("video", "audio")}
    assert gaps == {"video": [False, False, False], "audio": [False, True, False]}


@settings(max_examples=100)
@given(programmes(2), st.sampled_from(["video", "audio"]))
def test_a_recording_is_legal_and_whole(made: list[PackagedSegment], kind: str) -> None:
    """All that may be listed, once and in order; what is not continuous stands behind a discontinuity; no gaps."""
    parsed = m3u8.loads(recording_playlist(made, kind, target_s=2))
    assert (parsed.playlist_type, parsed.is_endlist, parsed.target_duration) == ("vod", True, 2)
    assert (parsed.media_sequence, parsed.discontinuity_sequence) == (0, 0)
    whole = [one for one in made if fits(one, 2)]
    uris = [part_name(one.stem, part) for one in whole for part in range(len(one.video.pieces))]
    assert [s.uri for s in parsed.segments] == uris
    assert all(int(s.duration + 0.5) <= 2 and s.program_date_time for s in parsed.segments)
    starts = {part_name(one.stem, 0): one for one in whole}
    before: PackagedSegment | None = None
    for listed in parsed.segments:
        one = starts.get(listed.uri)
        expected = False
        if one is not None:
            expected = before is not None and not _continues(before, one)
            before = one
        assert bool(listed.discontinuity) == expected
        assert not (kind == "video" and listed.gap_tag)


def _continues(before: PackagedSegment, one: PackagedSegment) -> bool:
    alike = (before.run, before.fingerprint) == (one.run, one.fingerprint)
    return alike and abs(one.start_s - before.end_s) <= Fraction(1, 10)


def test_a_recording_leaves_out_what_was_lost() -> None:
    """A discontinuity in its place; the time of day goes on; the new header is named."""
    made = [segment(0), segment(2), segment(3, tag="other"), segment(0, run=1, pdt=EPOCH_S + 60)]
    parsed = m3u8.loads(recording_playlist(made, "video", target_s=2))
    assert [bool(s.discontinuity) for s in parsed.segments] == [False, True, True, True]
    seconds = [s.program_date_time.timestamp() - EPOCH_S for s in parsed.segments]
    assert seconds == [0, 4, 6, 60]
    maps = [s.init_section.uri for s in parsed.segments]
    tags = ["000-00000000-one", "000-00000000-one", "000-00000000-other", "001-00000000-one"]
    assert maps == [f"{tag}-init.mp4" for tag in tags]


def test_a_late_segment_is_in_the_recording() -> None:
    """What the window gave up on is where it belongs, and nothing is missing."""
    entries = recording_entries([segment(0), segment(1), segment(2)], 2)
    assert [(e.msn, e.n, e.discontinuity) for e in entries] == [(0, 0, False), (1, 1, False), (2, 2, False)]


def test_key_frames_are_ranges_from_the_start_of_each_piece() -> None:
    """One for each, as long as it lasts (R 4.4.3.6); headers and discontinuities as in the playlist."""
    made = [segment(0), segment(1, lengths=(2, 1)), segment(0, run=1)]
    parsed = m3u8.loads(iframe_playlist(made, HIGH, target_s=2))
    assert (parsed.is_i_frames_only, parsed.playlist_type, parsed.is_endlist) == (True, "vod", True)
    assert [(s.uri[:12], s.byterange, s.duration) for s in parsed.segments] == [
        ("000-00000000", "18000@0", 2),
        ("000-00000001", "18002@0", 2),
        ("000-00000001", "18002@0", 1),
        ("001-00000000", "18000@0", 2),
    ]
    assert [bool(s.discontinuity) for s in parsed.segments] == [False, False, False, True]
    assert [s.init_section.uri[:3] for s in parsed.segments] == ["000", "000", "000", "001"]


@pytest.mark.parametrize("rendition", [SOUND, "unknown"])
def test_without_key_frames_there_is_no_playlist_of_them(rendition: str) -> None:
    """Not a wrong one."""
    assert iframe_playlist([segment(0)], rendition, target_s=2) == ""


def test_a_finished_rendition_is_measured() -> None:
    """Peak over about a target duration, average over all; only what is listed counts."""
    made = [segment(0), segment(1, lengths=(1, 1)), segment(2, lengths=(9,))]
    band = recording_bandwidth(made, LOW, 2)
    assert (band.peak, band.average) == (60_011 * 8, (60_000 + 60_010 + 60_011) * 8 // 4)
