"""A player on the real stack: it asks where to begin and reports what it fetched, and the server follows it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Request, Response
    from support.stack import Stack

pytestmark = pytest.mark.e2e
HW = "window.headwater"
SEGMENTS = 3
"""Of picture, each fetched once or, by a player that is short of time, once more on another rung."""


def test_a_session_is_followed_from_its_start(stack: Stack, short_clip: Path, page: Page) -> None:
    """Its reports are taken under the token it was given, and what it fetched is what the server knows of it."""
    done = stack.cli("upload", str(short_clip), "--wait", "--json")
    assert done.returncode == 0, done.stderr
    recording = json.loads(done.stdout)
    answers: list[tuple[str, str, int]] = []
    fetched: set[int] = set()

    def note(response: Response) -> None:
        path = urlsplit(response.url).path
        answers.append((response.request.method, path.rsplit("/", 1)[-1], response.status))

    def count(request: Request) -> None:
        if request.method == "POST" and urlsplit(request.url).path.endswith("/events"):
            told = json.loads(request.post_data or "")["events"]
            fetched.update(event["seq"] for event in told if event["kind"] == "segment")

    page.on("response", note)
    page.on("request", count)
    with page.expect_response(lambda response: "/quality/recommended" in response.url) as asked:
        page.goto(recording["playback_url"])
    start = asked.value.json()
    assert start["start"]
    until(page, f"{HW}.video.currentTime > 1 && {HW}.buffered.at(-1)[1] > 5")
    page.evaluate(f"{HW}.reporter.flush()")
    until(page, f"{HW}.reporter.waiting === 0")
    assert {status for method, name, status in answers if (method, name) == ("POST", "events")} == {200}
    session = start["session"]
    with stack.api("bob") as api:
        address = session["events_url"].removeprefix("/api/v1")
        known = api.post(address, json={"events": [{"kind": "join", "seq": 0}]}).raise_for_status().json()
        assert (known["accepted"], known["ignored"]) == (0, 1)
        assert known["last_seq"] > len(fetched) >= SEGMENTS
        asking = {"session": session["id"], "token": session["token"], "explain": "1"}
        path = f"/recordings/{recording['id']}/quality/recommended"
        told = api.get(path, params=asking).raise_for_status().json()
    assert (told["basis"], told["start"]) == ("session", False)
    assert told["explain"]["network"]["transfers"] == len(fetched)
    assert told["recommended"] == known["recommended"]
