"""On the air from one browser, watched in another: the fake camera, the whole stack, two contexts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.pages import kept_session
from support.stack import settled

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page
    from support.stack import Stack

pytestmark = pytest.mark.e2e
WITHIN_MS = 90_000
SENT = "() => (window.headwater.studio.broadcast?.sending.segments ?? 0) >= 2"
SHOWN = "() => window.headwater?.live !== null && window.headwater?.video?.currentTime > 1"
OVER = "() => window.headwater.live === null || document.querySelector('#panel button') !== null"


def test_a_camera_in_one_browser_is_seen_in_another(
    stack: Stack, browser: Browser, page: Page, complaints: list[str]
) -> None:
    """Go live with one press; whoever has the link sees it, and learns that it is over; it is a recording then."""
    studio = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        session = kept_session(stack.token())
        studio.add_init_script(f"sessionStorage.setItem('headwater.session', {session!r})")
        desk = studio.new_page()
        desk.goto(f"{stack.url}/studio")
        desk.get_by_label("Title").fill("From the camera")
        desk.get_by_label("Quality").select_option("360p")
        desk.get_by_role("button", name="Go live").click()
        desk.wait_for_function(SENT, timeout=WITHIN_MS)
        recording_id = desk.get_by_label("Link for viewers").input_value().split("/watch/")[1].partition("?")[0]
        with stack.api() as api:
            link = api.get(f"/recordings/{recording_id}").raise_for_status().json()["playback_url"]
        page.goto(link)
        page.wait_for_function(SHOWN, timeout=WITHIN_MS)
        expect(page.get_by_role("heading", name="From the camera")).to_be_visible()
        assert page.evaluate("window.headwater.video.videoHeight") == 360
        desk.get_by_role("button", name="Stop", exact=True).click()
        desk.get_by_role("button", name="Stop the stream").click()
        expect(desk.get_by_role("heading", name="The stream has ended")).to_be_visible(timeout=WITHIN_MS)
        assert stack.wait_for(recording_id, settled)["recording_status"] == "ready"
    finally:
        studio.close()
    page.wait_for_function(OVER, timeout=WITHIN_MS)  # who is near the end is asked, who is further behind goes on
    if page.evaluate("window.headwater.live !== null"):
        page.get_by_role("button", name="Watch the recording").click()
    page.wait_for_function("() => window.headwater.live === null", timeout=WITHIN_MS)
    assert complaints == []
