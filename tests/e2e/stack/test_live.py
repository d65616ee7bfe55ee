"""From any encoder to a viewer, over failures, to a recording: the real stack, real FFmpeg, a real browser."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import m3u8
import pytest
from support.bare_encoder import encode, ended
from support.stack import settled
from support.waiting import eventually, troubles, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    import httpx
    from playwright.sync_api import Page
    from support.stack import Stack

pytestmark = pytest.mark.e2e
HW = "window.headwater"
FUNCTIONS = ("on_live_segment", "on_broadcast", "websocket_connect", "websocket_message")


@pytest.fixture
def encoders() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Encoders that end with the test."""
    yield from ended([])


def go_live(api: httpx.Client, title: str, **wishes: Any) -> dict[str, Any]:
    """Start a stream on one small rung, of one-second segments unless something else is wished."""
    recording = api.post("/recordings", json={"title": title, "live": True}).raise_for_status().json()["recording"]
    body = {"target_s": 1, "profiles": ["rescue"], **wishes}
    answer = api.post(f"/recordings/{recording['id']}/stream/start-live", json=body)
    return dict(answer.raise_for_status().json())


def playlist(stack: Stack, api: httpx.Client, recording_id: str) -> m3u8.M3U8 | None:
    """Return the lowest rung's playlist as a player sees it; None while there is none."""
    master = api.get(f"/recordings/{recording_id}/stream/master.m3u8")
    if master.status_code != 200:
        return None
    return m3u8.loads(api.get(f"{stack.url}{m3u8.loads(master.text).playlists[0].uri}").text)


def logged(stack: Stack) -> int:
    """Bytes that the functions of live streams have logged: each invocation logs a line."""
    return sum((stack.data / "logs" / f"{name}.log").stat().st_size for name in FUNCTIONS)


def test_from_an_encoder_to_a_viewer_to_a_recording(
    stack: Stack, page: Page, complaints: list[str], encoders: list[subprocess.Popen[bytes]]
) -> None:
    """Pushed to the player near the edge; nothing runs while nobody streams; stopped, it is a recording at once."""
    with stack.api() as api:
        started = go_live(api, "Friday's talk")
        recording_id = started["stream"]["recording_id"]
        url = f"/recordings/{recording_id}"
        encoders.append(encode(started["ingest"]["primary"]["url"]))
        eventually(lambda: playlist(stack, api, recording_id))
        page.goto(started["playback_url"])
        until(page, f"{HW}.live.source === 'push' && {HW}.video.currentTime > 0")
        at, busy = page.evaluate(f"{HW}.video.currentTime"), logged(stack)
        until(page, f"{HW}.video.currentTime > {at} + 4")
        eventually(lambda: logged(stack) > busy)
        eventually(lambda: api.get(f"{url}/stream/live/stats").json()["viewers"]["now"] == 1)
        encoders[0].kill()
        encoders[0].wait(10)
        eventually(lambda: api.get(f"{url}/stream/live/stats").json()["status"] == "paused")
        assert eventually(lambda: _quiet(stack))
        segments = len(playlist(stack, api, recording_id).segments)  # type: ignore[union-attr]
        assert api.delete(f"{url}/stream/stop-live").json()["stream"]["status"] == "stopped"
        stack.wait_for(recording_id, settled)
        recording = api.get(url).json()
        assert (recording["status"], recording["height"]) == ("ready", 360)
        whole = playlist(stack, api, recording_id)
        assert whole is not None
        assert (whole.is_endlist, len(whole.segments) >= segments) == (True, True)
        assert recording["duration_s"] == pytest.approx(sum(s.duration for s in whole.segments), abs=0.1)
        page.goto(recording["playback_url"])
        until(page, f"{HW}.live === null && {HW}.video.currentTime > 1")
        assert troubles(page) == []
    assert complaints == []


def _quiet(stack: Stack) -> bool:
    """True once three seconds go by without any invocation for live streams."""
    before = logged(stack)
    time.sleep(3)
    return logged(stack) == before


def test_the_primary_dies_and_viewers_go_on(stack: Stack, encoders: list[subprocess.Popen[bytes]]) -> None:
    """The backup takes over behind one discontinuity; media sequence and what was listed never change."""
    with stack.api() as api:
        started = go_live(api, "Failover", target_s=2)  # after two of them in silence the backup takes over
        recording_id, ingest = started["stream"]["recording_id"], started["ingest"]
        encoders.append(encode(ingest["primary"]["url"], segment_s=2))
        eventually(lambda: (seen := playlist(stack, api, recording_id)) and len(seen.segments) >= 2)
        encoders.append(encode(ingest["backup"]["url"], segment_s=2))
        before = eventually(lambda: (seen := playlist(stack, api, recording_id)) and len(seen.segments) >= 4 and seen)
        assert [s.discontinuity for s in before.segments] == [False] * len(before.segments)
        encoders[0].kill()
        after = eventually(lambda: _with_cut(playlist(stack, api, recording_id)))
        names = [s.uri for s in after.segments]
        assert names[: len(before.segments)] == [s.uri for s in before.segments]
        assert [s.discontinuity for s in after.segments].count(True) == 1
        assert after.media_sequence == before.media_sequence
        health = api.get(f"/recordings/{recording_id}/stream/live/stats").json()
        assert health["on_air"]["input"] == "backup"
        assert api.delete(f"/recordings/{recording_id}/stream/stop-live").status_code == 200
        stack.wait_for(recording_id, settled)


def _with_cut(seen: m3u8.M3U8 | None) -> m3u8.M3U8 | None:
    """The playlist once three segments follow a discontinuity."""
    cuts = [index for index, segment in enumerate(seen.segments) if segment.discontinuity] if seen else []
    return seen if seen and cuts and len(seen.segments) >= cuts[0] + 3 else None
