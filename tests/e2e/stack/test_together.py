"""Two cameras on one page: live by the time of day, and as recordings afterwards, gap included."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from support.bare_encoder import encode, ended
from support.pages import kept_session
from support.stack import settled

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterator

    from playwright.sync_api import Page
    from support.stack import Stack

pytestmark = pytest.mark.e2e

HW = "window.headwater"
ENSEMBLE = f"{HW}.together.ensemble"
STATE = f"[{HW}.phase, {HW}.drifts, {HW}.errors, {ENSEMBLE}?.strands.map((s) => [s.phase, s.words, s.ready])]"
BESIDE_S = 4


@pytest.fixture
def encoders() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Encoders that end with the test."""
    yield from ended([])


def wait_for(what: Callable[[], Any], why: Callable[[], Any], within_s: float = 90) -> None:
    """Ask again until the answer is true."""
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline, why()
        time.sleep(0.2)


def on_page(page: Page, condition: str) -> None:
    """Wait for a condition on the page's hooks."""
    asked = f"(() => {{ try {{ return Boolean({condition}) }} catch {{ return false }} }})()"
    wait_for(lambda: page.evaluate(asked), lambda: (condition, page.evaluate(STATE)))


def test_two_cameras_live_and_afterwards(
    stack: Stack, page: Page, complaints: list[str], encoders: list[subprocess.Popen[bytes]]
) -> None:
    """Begun four seconds apart, they show the same moment; stopped, the room's recordings do so too."""
    session = kept_session(stack.token())
    page.add_init_script(f"sessionStorage.setItem('headwater.session', {session!r})")
    with stack.api() as api:
        ids = []
        for title in ("Camera", "Screen"):
            recording = api.post("/recordings", json={"title": title, "live": True}).raise_for_status().json()
            ids.append(recording["recording"]["id"])
            body = {"target_s": 1, "profiles": ["rescue"]}
            started = api.post(f"/recordings/{ids[-1]}/stream/start-live", json=body).raise_for_status().json()
            encoders.append(encode(started["ingest"]["primary"]["url"]))
            time.sleep(BESIDE_S * (title == "Camera"))
        masters = [f"/recordings/{recording_id}/stream/master.m3u8" for recording_id in ids]
        wait_for(lambda: all(api.get(master).status_code == 200 for master in masters), lambda: masters)
        page.goto(f"{stack.url}/together?recordings={','.join(ids)}")
        on_page(page, f"{HW}.phase === 'playing' && {HW}.drifts.every((d) => d !== null && Math.abs(d) < 0.08)")
        assert page.evaluate(f"{ENSEMBLE}.byDate") is True
        shown = page.evaluate(f"{ENSEMBLE}.strands.map((s) => s.player.hls.playingDate.getTime() / 1000)")
        assert shown[0] == pytest.approx(shown[1], abs=1)  # single dates tremble with a busy machine
        for recording_id in ids:
            api.delete(f"/recordings/{recording_id}/stream/stop-live").raise_for_status()
        for recording_id in ids:
            stack.wait_for(recording_id, settled)
            api.patch(f"/recordings/{recording_id}", json={"room_id": "hall-2"}).raise_for_status()
        page.goto(f"{stack.url}/together?room=hall-2")
        page.get_by_role("button", name="Watch together").click()
        on_page(page, f"{HW}.phase === 'playing' && {ENSEMBLE}.byDate")
        first, last = page.evaluate(f"{ENSEMBLE}.range")
        page.evaluate(f"{ENSEMBLE}.seek({(first + last) / 2})")
        on_page(page, f"{HW}.phase === 'playing' && {HW}.drifts.every((d) => d !== null && Math.abs(d) < 0.08)")
        places = page.evaluate(f"{ENSEMBLE}.strands.map((s) => s.video.currentTime)")
        assert abs(places[0] - places[1]) == pytest.approx(BESIDE_S, abs=2.5)
        assert page.evaluate(f"{HW}.errors.filter((error) => error.fatal)") == []
    assert complaints == []
