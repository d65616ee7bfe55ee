"""What people type is shown as they typed it, and nothing of it runs: titles, file names, rooms, labels, captions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.stack import ROOT, settled, someone
from support.waiting import eventually, until

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from support.stack import Stack

pytestmark = pytest.mark.e2e
CLIP = ROOT / "headwater" / "doctor" / "clip.mp4"
PATIENCE_MS = 120_000
RUNS = "<img src=x onerror='window.ran=1'><script>window.ran=1</script><svg onload='window.ran=1'>\"><b>bold</b>"
SHOWN = f"{RUNS} gpj.exe"
TITLE = f"{RUNS}\x00\r\n\u202egpj.exe"
CAPTIONS = f"WEBVTT\n\n00:00.000 --> 00:02.000\n{RUNS} \u202eleft\n".encode()
MADE = "document.querySelectorAll('img[src=\"x\"], svg[onload], script:not([src])').length"


def inert(page: Page) -> None:
    """Nothing that was typed became an element, and nothing of it ran."""
    page.wait_for_timeout(300)
    assert page.evaluate("window.ran") is None, page.url
    assert page.evaluate(MADE) == page.evaluate("document.querySelectorAll('script[type=importmap]').length"), page.url


def test_nothing_that_was_typed_runs(stack: Stack, page: Page) -> None:
    """On every page that shows it, in the sheet of who watched, and under a policy that lets no inline script run."""
    page.set_default_timeout(PATIENCE_MS)
    ann = someone("ann")
    recording_id = str(stack.upload(CLIP, "--title", "plain", user=ann)["id"])
    with stack.api(ann) as api:
        one = f"/recordings/{recording_id}"
        changed = api.patch(one, json={"title": TITLE, "room_id": TITLE[:120], "visibility": "public"})
        assert changed.raise_for_status().json()["title"] == SHOWN
        api.put(f"{one}/captions/en", content=CAPTIONS, params={"label": TITLE[:50], "default": "1"}).raise_for_status()
        hook = {"url": "http://127.0.0.1:9/x", "events": ["*"], "description": TITLE}
        api.post("/webhooks", json=hook).raise_for_status()
        eventually(lambda: settled(stack.progress(recording_id, ann)))

    page.goto(stack.url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("User").fill(ann)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name=f"Account: {ann}, publisher")).to_be_visible(timeout=PATIENCE_MS)
    for path in ("/", f"/recordings/{recording_id}", "/webhooks", "/analytics"):
        page.goto(f"{stack.url}{path}")
        if path != "/analytics":
            expect(page.locator("main")).to_contain_text(SHOWN, timeout=PATIENCE_MS)
        inert(page)
    page.goto(f"{stack.url}/watch/{recording_id}")
    until(page, "window.headwater.video.currentTime > 0")
    expect(page.locator("body")).to_contain_text(SHOWN)
    inert(page)
    page.evaluate("""() => {
        const inline = document.createElement("script");
        inline.textContent = "window.ran = 1";
        document.body.append(inline);
    }""")
    assert page.evaluate("window.ran") is None


def test_what_the_api_says_of_it_is_no_page(stack: Stack) -> None:
    """JSON and text, never to be guessed at: nosniff on each answer, and captions hold no markup but captions' own."""
    with stack.api(someone("ann")) as api:
        body = {"title": TITLE, "filename": f"..\\{TITLE}", "size_bytes": 3, "content_type": "text/html"}
        made = api.post("/recordings", json=body).raise_for_status().json()["recording"]
        url = f"/recordings/{made['id']}/captions/en"
        api.put(url, content=CAPTIONS).raise_for_status()
        answers = [api.get(f"/recordings/{made['id']}"), api.get("/recordings"), api.get(url), api.get(f"/none/{RUNS}")]
        for answer in answers:
            assert answer.headers["X-Content-Type-Options"] == "nosniff" or answer.status_code == 404
            assert answer.headers["Content-Type"].partition(";")[0] in {
                "application/json",
                "application/problem+json",
                "text/vtt",
            }
        assert "<script" not in answers[2].text
        assert "<img" not in answers[2].text
        assert json.loads(answers[0].text)["title"] == SHOWN
