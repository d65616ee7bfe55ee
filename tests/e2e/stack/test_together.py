"""Two cameras on one page: live by the time of day, and as recordings afterwards, gap included."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest
from support.bare_encoder import encode, ended
from support.pages import kept_session
from support.stack import settled, someone
from support.waiting import eventually, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

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


def test_two_cameras_live_and_afterwards(
    stack: Stack, page: Page, complaints: list[str], encoders: list[subprocess.Popen[bytes]]
) -> None:
    """Begun four seconds apart, they show the same moment; stopped, the room's recordings do so too."""
    room = someone("hall")
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
        eventually(lambda: all(api.get(master).status_code == 200 for master in masters))
        page.goto(f"{stack.url}/together?recordings={','.join(ids)}")
        until(page, f"{HW}.phase === 'playing' && {HW}.drifts.every((d) => d !== null && Math.abs(d) < 0.08)", STATE)
        assert page.evaluate(f"{ENSEMBLE}.byDate") is True
        shown = page.evaluate(f"{ENSEMBLE}.strands.map((s) => s.player.hls.playingDate.getTime() / 1000)")
        assert shown[0] == pytest.approx(shown[1], abs=1)  # single dates tremble with a busy machine
        for recording_id in ids:
            api.delete(f"/recordings/{recording_id}/stream/stop-live").raise_for_status()
        for recording_id in ids:
            stack.wait_for(recording_id, settled)
            api.patch(f"/recordings/{recording_id}", json={"room_id": room}).raise_for_status()
        page.goto(f"{stack.url}/together?room={room}")
        page.get_by_role("button", name="Watch together").click()
        until(page, f"{HW}.phase === 'playing' && {ENSEMBLE}.byDate", STATE)
        first, last = page.evaluate(f"{ENSEMBLE}.range")
        page.evaluate(f"{ENSEMBLE}.seek({(first + last) / 2})")
        until(page, f"{HW}.phase === 'playing' && {HW}.drifts.every((d) => d !== null && Math.abs(d) < 0.08)", STATE)
        places = page.evaluate(f"{ENSEMBLE}.strands.map((s) => s.video.currentTime)")
        assert abs(places[0] - places[1]) == pytest.approx(BESIDE_S, abs=2.5)
        assert page.evaluate(f"{HW}.errors.filter((error) => error.fatal)") == []
    assert complaints == []
