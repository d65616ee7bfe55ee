"""A person uploads a recording and watches it, with nothing but this repository."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import m3u8
import pytest
from support.stack import settled
from support.waiting import eventually, troubles, until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page
    from support.stack import Stack

pytestmark = pytest.mark.e2e
HW = "window.headwater"


def test_upload_play_across_joins_and_switch(stack: Stack, short_clip: Path, page: Page, complaints: list[str]) -> None:
    """From the command line to the picture: one buffered range over the chunk join, another rung on demand."""
    done = stack.cli("upload", str(short_clip), "--title", "A short film", "--wait", "--json")
    assert done.returncode == 0, done.stderr
    answer = json.loads(done.stdout)
    assert (answer["status"], answer["title"]) == ("ready", "A short film")
    page.goto(answer["playback_url"])
    until(page, f"{HW}.video.currentTime > 2.5")
    assert page.evaluate(f"{HW}.buffered.length") == 1
    assert troubles(page) == []
    levels = page.evaluate(f"{HW}.hls.levels.map(l => [l.width, l.height, l.bitrate])")
    assert [(w, h) for w, h, _ in levels] == [(640, 360), (1280, 720), (1280, 720)]
    page.evaluate(f"{HW}.video.pause()")
    page.evaluate(f"{HW}.video.currentTime = 0.1")
    for height, level in ((360, 0), (720, 2)):
        page.evaluate(f"{HW}.hls.nextLevel = {level}")
        page.evaluate(f"{HW}.video.play()")
        until(page, f"{HW}.video.videoHeight === {height}")
    until(page, f"{HW}.video.ended || {HW}.video.currentTime > 5")
    assert page.evaluate(f"{HW}.video.duration") == pytest.approx(5.28, abs=0.05)
    assert troubles(page) == []
    assert complaints == []


def test_plays_while_the_rest_encodes_and_delete_means_gone(
    stack: Stack, long_clip: Path, page: Page, complaints: list[str]
) -> None:
    """The first picture comes before the job's end; deleting in the middle leaves no object behind."""
    recording = stack.upload(long_clip)
    page.goto(recording["playback_url"])
    until(page, f"{HW}.video.currentTime > 1")
    early = stack.progress(recording["id"])
    assert early["playable"]
    assert early["percent"] < 90
    assert page.evaluate(f"{HW}.video.duration") == pytest.approx(60, abs=0.2)
    assert complaints == []
    with stack.api("bob") as bob:
        assert bob.delete(f"/recordings/{recording['id']}").status_code == 404
    assert stack.cli("delete", recording["id"], "--yes").returncode == 0
    with stack.api() as api:
        assert api.get(f"/recordings/{recording['id']}").status_code == 404
    eventually(lambda: not stored(stack, recording["id"]), lambda: stored(stack, recording["id"]), within_s=180)


def stored(stack: Stack, recording_id: str) -> list[str]:
    """Objects of a recording that the data folder still holds."""
    return [str(path) for path in stack.data.rglob("*") if recording_id in str(path) and path.is_file()]


def test_the_stream_is_what_the_playlists_say(stack: Stack, short_clip: Path) -> None:
    """Cookies open one recording's media and nothing else; chunks are ranged and immutable."""
    recording = stack.upload(short_clip)
    stack.wait_for(recording["id"], settled)
    with stack.api() as api:
        answer = api.get(f"/recordings/{recording['id']}/stream/master.m3u8")
        assert answer.headers["content-type"].startswith("application/vnd.apple.mpegurl")
        assert answer.headers["content-encoding"] == "gzip"
        master = m3u8.loads(answer.text)
        variant = master.playlists[0].uri
        with_cookies = api.get(f"{stack.url}{variant}")
        assert with_cookies.status_code == 200
        assert with_cookies.headers["vary"] == "Accept-Encoding"
        media = m3u8.loads(with_cookies.text)
        chunk = f"{stack.url}{variant.rsplit('/', 1)[0]}/{media.segments[0].uri}"
        part = api.get(chunk, headers={"Range": "bytes=0-99"})
        assert (part.status_code, len(part.content)) == (206, 100)
        assert "immutable" in part.headers["cache-control"]
    with stack.api() as stranger:
        assert stranger.get(f"{stack.url}{variant}").status_code == 403


def test_state_survives_a_restart(stack: Stack, short_clip: Path) -> None:
    """Stopped and started again on the same folder: recordings, jobs and media are there, tokens still hold."""
    recording = stack.upload(short_clip)
    stack.wait_for(recording["id"], settled)
    try:
        assert stack.stop() == 0
    finally:
        stack.start()  # for the others, whatever became of this
    with stack.api() as api:
        listed = api.get("/recordings").json()["recordings"]
        assert recording["id"] in [r["id"] for r in listed]
        master = m3u8.loads(api.get(f"/recordings/{recording['id']}/stream/master.m3u8").text)
        playlist = api.get(f"{stack.url}{master.playlists[0].uri}")
        assert m3u8.loads(playlist.text).is_endlist
    assert stack.progress(recording["id"])["status"] == "completed"
