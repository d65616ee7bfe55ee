"""What a live stream publishes, while it is on and once it is over, held to HLS by readers that did not write it."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from support import cmaf
from support.conformance import read_strictly
from support.http_files import serve
from support.media import RECORDING_ID
from support.numbered import tone

from chalicelib.domain.keys import master_key
from chalicelib.domain.live.master import live_master
from chalicelib.domain.live.stream import Container
from chalicelib.domain.playlist import MIME

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.studio import Studio

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-crf", "30", "-bf", "2")
AAC = ("-c:a", "aac", "-ac", "2", "-b:a", "96k")
TICK = Fraction(1, 100_000)
"""The last digit of EXTINF."""


@pytest.fixture
def on_air(studio: Studio, cut: Callable[..., list[bytes]]) -> Studio:
    """Five segments of one encoder with one lost, and three of another at another size."""
    one = cut("-f", "lavfi", "-i", "testsrc2=s=320x180:r=30:d=10", *tone(10), *X264, "-g", "60", *AAC)
    other = cut("-f", "lavfi", "-i", "testsrc2=s=480x270:r=25:d=6", *tone(6), *X264, "-g", "50", *AAC)
    for made, lost in ((one, 2), (other, -1)):
        epoch = studio.claim(Container.FMP4)
        studio.send(epoch, "init.mp4", made[0])
        for n, body in enumerate(made[1:]):
            if n != lost:
                studio.send(epoch, f"{n}.m4s", body)
                studio.work()
                studio.clock.time += 2
    return studio


@pytest.fixture
def address(on_air: Studio) -> Iterator[str]:
    """Where everything that is published can be fetched."""
    with serve(on_air.media.bodies, heads=on_air.media.heads) as url:
        yield url


def playlists(found: dict[str, Any]) -> list[dict[str, Any]]:
    """Every media playlist of a master, pictures and sound; no I-frame playlists."""
    return [one for one in found["playlists"].values() if not one["isIFrame"]]


def check_segments(playlist: dict[str, Any], client: httpx.Client) -> list[float]:
    """Each segment is there, begins with a key frame and lasts what is said; returns what is said."""
    drift = Fraction(0)
    for segment in playlist["segments"]:
        said = Fraction(repr(segment["duration"])).limit_denominator(10**6)
        assert round(said) <= playlist["targetDuration"] == 2
        if segment["gap"]:
            continue
        init = client.get(segment["map"]["uri"]).content
        body = client.get(segment["uri"])
        assert (body.status_code, body.headers["content-type"]) == (200, "video/iso.segment")
        piece = cmaf.moment(init, body.content)
        assert piece.first_is_sync
        assert not piece.nals or cmaf.IDR in piece.nals
        drift = said - Fraction(piece.ticks, cmaf.timescale(init)) + (0 if segment["discontinuity"] else drift)
        assert abs(drift) <= TICK
    return [segment["duration"] for segment in playlist["segments"]]


def test_while_it_is_on(on_air: Studio, address: str) -> None:
    """Strict readers take it; all renditions list the same, with capture times, and no type."""
    key = master_key(RECORDING_ID)
    text = live_master(on_air.state)
    on_air.media.put_bytes(key, text.encode(), content_type=MIME, cache_control="none")
    found = playlists(read_strictly(address + key))
    assert len(found) == len(on_air.state.renditions)
    with httpx.Client() as client:
        lengths = [check_segments(one, client) for one in found]
    assert [len(one) for one in lengths] == [8] * len(found)
    for one in found:
        assert ("playlistType" in one, one["endlist"]) == (False, False)
        assert [s["gap"] for s in one["segments"]] == [False, False, True, *[False] * 5]
        assert [s["discontinuity"] for s in one["segments"]] == [*[False] * 5, True, False, False]
        times = [datetime.fromisoformat(s["captured"]).timestamp() for s in one["segments"]]
        assert times == sorted(times)


def test_once_it_is_over(on_air: Studio, address: str) -> None:
    """The recording leaves out what was lost; its key frames can be fetched alone."""
    on_air.stop()
    on_air.work()
    found = read_strictly(address + master_key(RECORDING_ID))
    with httpx.Client() as client:
        for one in playlists(found):
            assert len(check_segments(one, client)) == 7
            assert (one["playlistType"], one["endlist"]) == ("VOD", True)
            assert [s["discontinuity"] for s in one["segments"]] == [False, False, True, False, True, False, False]
        iframes = [one for one in found["playlists"].values() if one["isIFrame"]]
        assert len(iframes) == len(on_air.state.video)
        for one in iframes:
            for segment in one["segments"]:
                wanted = {"Range": f"bytes={segment['offset']}-{segment['offset'] + segment['length'] - 1}"}
                assert len(client.get(segment["uri"], headers=wanted).content) == segment["length"]
