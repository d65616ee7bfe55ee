"""The pages when there is nothing to play yet, or never; the library; how it all looks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

# Chromium itself reports every 4xx and 5xx answer; everything else on the console would be ours.
BROWSER_REPORTS = "Failed to load resource"
SESSION = """sessionStorage.setItem("headwater.session", JSON.stringify(
  {token: "t-mara", user: "mara", role: "publisher", expires_at: "2100-01-01T00:00:00Z"}))"""


def ours(complaints: list[str]) -> list[str]:
    """Complaints that are not the browser's report of a refused request."""
    return [line for line in complaints if not line.startswith(BROWSER_REPORTS)]


def sign_in(page: Page) -> None:
    """Have a session from the first script on."""
    page.add_init_script(SESSION)


def wait_for_picture(page: Page) -> None:
    """Wait until the video moves."""
    expect(page.locator("media-controller")).not_to_have_attribute("mediapaused", "")
    until(page, "window.headwater.video.currentTime >= 0.1")


def test_a_failed_recording_says_why(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """The sentence for the user and the stable code are both there."""
    failure = {"code": "not_media", "detail": "This file holds no video or audio that can be read."}
    recording = scenario(recording_status="errored", error=failure)
    page.goto(f"{origin.url}/watch/{recording.id}")
    expect(page.get_by_role("heading", name="This recording cannot be played")).to_be_visible()
    expect(page.locator("#panel")).to_contain_text(failure["detail"])
    expect(page.locator("#panel")).to_contain_text("not_media")
    until(page, "window.headwater.phase === 'errored'")
    assert complaints == []


def test_a_cancelled_recording_plays_what_there_is(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """It says why it is short, here and in the library, and does not claim to be encoding."""
    failure = {"code": "job_cancelled", "detail": "Its encoding was cancelled."}
    recording = scenario(done={"a-main": 1, "v-low": 1}, error=failure, cancelled=True)
    page.goto(f"{origin.url}/watch/{recording.id}")
    expect(page.locator("#notice")).to_have_text("Encoding stopped here. Its encoding was cancelled.")
    wait_for_picture(page)
    expect(page.locator("span#status")).to_have_text("Cancelled")
    expect(page.locator("#encoding")).to_be_hidden()
    origin.pages = [[recording]]
    sign_in(page)
    page.goto(origin.url)
    expect(page.get_by_role("listitem")).to_contain_text("Cancelled")
    expect(page.get_by_role("listitem")).to_contain_text(failure["detail"])
    assert complaints == []


def test_an_unknown_recording_is_named_as_such(page: Page, origin: Origin, complaints: list[str]) -> None:
    """A 404 is a page, not an endless spinner."""
    page.goto(f"{origin.url}/watch/rec_nothing")
    expect(page.get_by_role("heading", name="No such recording")).to_be_visible()
    until(page, "window.headwater.phase === 'missing'")
    assert ours(complaints) == []


def test_a_private_recording_asks_for_a_sign_in_and_then_plays(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """After signing in the same page goes on, with the title its owner may read."""
    recording = scenario(private=True)
    recording.finish()
    page.goto(f"{origin.url}/watch/{recording.id}")
    expect(page.get_by_role("heading", name="This recording is private")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("User").fill("mara")
    page.get_by_label("User").press("Enter")
    wait_for_picture(page)
    expect(page.get_by_role("heading", name=recording.title)).to_be_visible()
    expect(page.get_by_role("button", name="Account: mara")).to_be_visible()
    assert ours(complaints) == []


def test_a_link_with_a_grant_shows_the_title(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """Whoever holds the link needs no account, and sees what it is that plays."""
    recording = scenario(private=True)
    recording.finish()
    page.goto(f"{origin.url}/watch/{recording.id}?grant=good")
    wait_for_picture(page)
    expect(page.locator("#title")).to_have_text(recording.title)
    assert recording.log[0][0].endswith("master.m3u8?planned=1&grant=good")
    assert complaints == []


def test_an_upload_in_progress_waits_and_then_plays_by_itself(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """The page may be opened before the upload is over."""
    recording = scenario(recording_status="uploading")
    page.goto(f"{origin.url}/watch/{recording.id}")
    expect(page.get_by_role("heading", name="The upload is not finished yet")).to_be_visible()
    recording.recording_status = ""
    recording.finish()
    wait_for_picture(page)


def test_a_server_that_goes_away_is_waited_for(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """The page says that it is trying, tries less and less often, and goes on when the server is back."""
    recording = scenario(done={"a-main": 1})
    page.goto(f"{origin.url}/watch/{recording.id}")
    expect(page.get_by_role("heading", name="Getting the first seconds ready")).to_be_visible()
    recording.down = True
    expect(page.locator("#notice")).to_have_text("The server does not answer. Trying again.")
    recording.down = False
    recording.finish()
    wait_for_picture(page)
    expect(page.locator("#notice")).to_be_hidden()
    assert ours(complaints) == []


def test_the_library_signs_in_and_tells_an_empty_account_how_to_upload(
    page: Page, origin: Origin, complaints: list[str]
) -> None:
    """Nobody stands in front of an empty table."""
    page.goto(origin.url)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("User").fill("mara")
    page.get_by_role("radio", name="Publisher").check()
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="No recordings yet")).to_be_visible()
    expect(page.locator("pre")).to_have_text("headwater upload lecture.mp4")
    assert complaints == []


def test_the_library_pages_through_recordings_and_opens_one(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """More pages come when asked for; a row leads to its recording."""
    first, second = scenario(title="Morning lecture"), scenario(title="Evening lecture")
    first.finish()
    origin.pages = [[first], [second]]
    sign_in(page)
    page.goto(origin.url)
    expect(page.get_by_role("listitem")).to_have_count(1)
    expect(page.get_by_role("listitem")).to_contain_text("Ready")
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_role("listitem")).to_have_count(2)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    assert complaints == []
    page.get_by_role("link", name="Morning lecture").click()
    expect(page).to_have_url(f"{origin.url}/recordings/{first.id}")


def test_the_library_can_be_tried_again_after_an_error(page: Page, origin: Origin, complaints: list[str]) -> None:
    """A broken list says so and offers the way out."""
    origin.list_status = 502
    sign_in(page)
    page.goto(origin.url)
    expect(page.get_by_role("heading", name="The list could not be loaded")).to_be_visible()
    origin.list_status = 200
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="No recordings yet")).to_be_visible()
    assert ours(complaints) == []


def test_time_is_told_to_everybody_and_money_to_the_owner(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """While it is prepared and while it plays; nothing of it is left once all is encoded."""
    recording = scenario(done={"a-main": 1}, eta_s=185.0, usd="0.003149")
    page.goto(f"{origin.url}/watch/{recording.id}")
    expect(page.locator("#panel .outlook")).to_have_text("All renditions: about 3 min left")
    sign_in(page)
    page.goto(f"{origin.url}/watch/{recording.id}")
    expect(page.locator("#panel .outlook")).to_have_text("All renditions: about 3 min left · $0.0031 so far")
    recording.done |= {"v-low": 3, "v-mid": 1}
    recording.eta_s = 42.0
    wait_for_picture(page)
    expect(page.locator("#outlook")).to_have_text("about 40 s left · $0.0031 so far")
    expect(page.locator("#bars")).to_contain_text("3.2\u00d7")
    recording.finish()
    expect(page.locator("#encoding")).to_be_hidden()
    assert complaints == []


@pytest.mark.parametrize(
    ("width", "scheme"),
    [(360, "light"), (390, "light"), (390, "dark"), (1440, "light"), (1440, "dark"), (2560, "dark")],
)
def test_pages_fit_every_width_in_both_schemes(
    width: int,
    scheme: str,
    origin: Origin,
    scenario: Callable[..., Scenario],
    open_context: Callable[..., BrowserContext],
    screenshots: Path,
) -> None:
    """Nothing scrolls sideways, the stage does not move, and pictures of it are left for people to look at."""
    half = scenario(title="Hydrology 101: where rivers begin and why they bend", done={"a-main": 1})
    half.eta_s, half.usd = 760.0, "0.0241"
    ready, failed = scenario(title="Evening lecture"), scenario(title="Broken file", recording_status="errored")
    ready.finish()
    failed.error = {"code": "not_media", "detail": "This file holds no video or audio that can be read."}
    origin.pages = [[half, ready, failed], [ready]]
    viewport = {"width": width, "height": 844 if width < 1000 else 1440 if width > 2000 else 900}
    page = open_context(viewport=viewport, color_scheme=scheme).new_page()
    shot = f"{width}-{scheme}"

    def look(name: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        page.screenshot(path=screenshots / f"{name}-{shot}.png")

    page.goto(origin.url)
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    look("sign-in")
    sign_in(page)
    page.goto(origin.url)
    expect(page.get_by_role("listitem")).to_have_count(3)
    look("library")
    page.goto(f"{origin.url}/watch/{failed.id}")
    expect(page.get_by_role("heading", name="This recording cannot be played")).to_be_visible()
    look("errored")
    page.goto(f"{origin.url}/watch/{half.id}")
    expect(page.get_by_role("heading", name="Getting the first seconds ready")).to_be_visible()
    before = page.locator("#stage").bounding_box()
    look("preparing")
    half.done |= {"v-low": 3, "v-mid": 1}
    wait_for_picture(page)
    assert page.locator("#stage").bounding_box() == before
    page.locator("#quality-button").click()
    expect(page.get_by_role("menuitemradio")).to_have_count(4)
    page.wait_for_timeout(300)  # the menu fades in
    look("playing")
