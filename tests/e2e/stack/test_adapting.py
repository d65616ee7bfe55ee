"""The player and the API between them: advice, the engine's table, reports, and advice that rests on them."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import httpx
import pytest
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page
    from support.stack import Stack

pytestmark = pytest.mark.e2e
HW = "window.headwater"


def test_what_a_player_reports_is_what_it_is_advised_on(
    stack: Stack, short_clip: Path, page: Page, complaints: list[str]
) -> None:
    """The engine takes over on the functions' own table, every event is believed, and the session is known by then."""
    recording = stack.upload(short_clip, "--wait")
    page.goto(recording["playback_url"])
    until(page, f"{HW}.player?.pilot.status === 'ready' && {HW}.video.ended")
    page.evaluate(f"{HW}.reporter.flush()")
    until(page, f"{HW}.reporter.waiting === 0 && {HW}.reporter.counts.accepted > 0")
    # the same address takes the same session's next event, and says what it knows of it
    address = urljoin(page.url, page.evaluate(f"{HW}.reporter.address"))
    event = {"kind": "pause", "seq": 1000, "at_ms": 1000 * time.time()}
    answer = httpx.post(address, json={"events": [event]}).raise_for_status().json()
    assert (answer["accepted"], answer["last_seq"], answer["refused"]) == (1, 1000, [])
    assert answer["recommended"]["id"] in page.evaluate(f"{HW}.levels")
    session, token = address.split("/sessions/")[1].split("/")[0], address.split("token=")[1]
    with stack.api() as api:
        path = f"/recordings/{recording['id']}/quality/recommended"
        advice = api.get(path, params={"session": session, "token": token}).raise_for_status().json()
    assert advice["basis"] == "session"
    assert complaints == []
