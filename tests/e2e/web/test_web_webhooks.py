"""The page of webhooks, before a stand-in that keeps them."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.axe import serious
from web_webhooks import SECRET, HooksOrigin, attempt, delivery, webhook

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.e2e

SESSION = """sessionStorage.setItem("headwater.session", JSON.stringify(
  {token: "t-mara", user: "mara", role: "publisher", expires_at: "2100-01-01T00:00:00Z"}))"""
REFUSED = "Failed to load resource"
HOOKS = [
    webhook(1, description="Tells the wiki when a lecture can be watched"),
    webhook(
        2,
        url="https://chat.example.net/services/T024BE7LD/B08K3A2/a-very-long-path-that-nobody-guesses?channel=recordings",
        events=["recording.errored", "live.ended"],
        failing_since="2026-11-27T08:00:00Z",
        last={"status": "failed", "at": "2026-11-28T10:05:00Z"},
    ),
    webhook(3, url="https://old.example.com/hook", enabled=False, disabled_reason="gone"),
]
LOG = [
    delivery(5, "recording.ready", "delivered", attempt(503, ms=211), attempt(200)),
    delivery(4, "recording.playable", "pending", attempt(None, "timed_out", 10_001)),
    delivery(3, "recording.errored", "failed", attempt(None, "tls_failed", 40), attempt(302, "redirected", 12)),
    delivery(2, "live.ended", "delivered", attempt(204)),
]


@pytest.fixture
def origin() -> Iterator[HooksOrigin]:
    """Pages and webhooks on a free port."""
    origin = HooksOrigin(Path(__file__).parents[3] / "web")
    thread = threading.Thread(target=origin.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield origin
    origin.shutdown()
    thread.join()
    origin.server_close()


@pytest.fixture
def visit(page: Page, origin: HooksOrigin) -> Callable[[], Page]:
    """Open the page, signed in."""
    page.add_init_script(SESSION)

    def go() -> Page:
        page.goto(f"{origin.url}/webhooks")
        expect(page.locator("#list")).to_have_attribute("aria-busy", "false")
        return page

    return go


def fill(origin: HooksOrigin) -> None:
    """Have three webhooks, and a log."""
    origin.hooks.hooks = [dict(hook) for hook in HOOKS]
    origin.hooks.log = [dict(one) for one in LOG]


@pytest.mark.parametrize("state", ["empty", "form", "list"])
def test_it_holds_on_a_desk_and_on_a_phone(
    origin: HooksOrigin, open_context: Callable[..., BrowserContext], screenshots: Path, state: str
) -> None:
    """By day and by night: axe finds nothing serious, nothing scrolls sideways, the console is silent."""
    if state != "empty":
        fill(origin)
    for width, height, scheme in ((1440, 900, "light"), (390, 844, "dark"), (360, 640, "light")):
        context = open_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.add_init_script(SESSION)
        page, complaints = context.new_page(), list[str]()
        page.on(
            "console",
            lambda line, said=complaints: said.append(line.text) if line.type in {"warning", "error"} else None,
        )
        page.on("pageerror", lambda error, said=complaints: said.append(str(error)))
        page.goto(f"{origin.url}/webhooks")
        expect(page.locator("#list")).to_have_attribute("aria-busy", "false")
        if state == "form":
            page.get_by_role("button", name="Add a webhook").click()
            page.get_by_label("Only what I choose").check()
            page.get_by_role("button", name="Add", exact=True).click()
            expect(page.get_by_role("alert")).to_have_text("Say where to send events.")
        if state == "list":
            page.get_by_role("button", name="Log").first.click()
            page.get_by_role("button", name="Delivered recording.ready").click()
            expect(page.get_by_label("Payload").first).to_contain_text("Rivers and how they begin")
        page.screenshot(path=screenshots / f"webhooks-{state}-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        assert (serious(page), complaints) == ([], [])
        context.close()


def test_one_is_added_and_its_secret_shown_once(
    visit: Callable[[], Page], origin: HooksOrigin, complaints: list[str]
) -> None:
    """What is wrong is said where it is; the secret is gone with the next visit."""
    page = visit()
    page.get_by_role("button", name="Add a webhook").click()
    page.get_by_label("Address").fill("wiki")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("not a full address")
    page.get_by_label("Address").fill("https://10.0.0.8/hook")
    page.get_by_label("Only what I choose").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_have_text("Choose at least one event.")
    page.get_by_label("live.ended").check()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_role("alert")).to_contain_text("not a public one")
    page.get_by_label("Address").fill("https://wiki.example.org/h")
    page.get_by_label("Note to yourself").fill("The wiki")
    page.get_by_role("button", name="Add", exact=True).click()
    expect(page.get_by_label("Secret", exact=True)).to_have_text(SECRET)
    assert origin.hooks.asked[-1] == (
        "POST",
        "/api/v1/webhooks",
        {"url": "https://wiki.example.org/h", "events": ["live.ended"], "description": "The wiki"},
    )
    expect(page.locator(".hook[data-hook]")).to_contain_text("Nothing sent yet")
    page.reload()
    expect(page.locator(".hook[data-hook]")).to_contain_text("The wiki")
    expect(page.get_by_text(SECRET)).to_have_count(0)
    assert [line for line in complaints if not line.startswith(REFUSED)] == []


def test_a_test_is_followed_to_its_end(visit: Callable[[], Page], origin: HooksOrigin, complaints: list[str]) -> None:
    """It shows in the log at once, open, and what came of it without another press."""
    origin.hooks.hooks = [webhook(1)]
    page = visit()
    page.get_by_role("button", name="Send a test").click()
    row = page.locator("[data-delivery]")
    expect(row).to_contain_text("On its way")
    origin.hooks.log[0] |= {"status": "delivered", "attempts": [attempt(200)]}
    expect(row).to_have_attribute("data-status", "delivered")
    expect(row).to_contain_text("200: taken")
    assert complaints == []


def test_what_failed_is_sent_again_and_the_log_goes_on(visit: Callable[[], Page], origin: HooksOrigin) -> None:
    """Reasons in words, older ones on demand, another attempt below the others."""
    fill(origin)
    page = visit()
    page.get_by_role("button", name="Log").first.click()
    failed = page.locator('[data-delivery="dlv_3"]')
    failed.get_by_role("button", name="Not delivered").click()
    expect(failed).to_contain_text("Its certificate is not valid")
    expect(failed).to_contain_text("a redirect, which is not followed")
    failed.get_by_role("button", name="Send again").click()
    expect(failed).to_contain_text("200: taken")
    page.get_by_role("button", name="Older ones").click()
    expect(page.locator("[data-delivery]")).to_have_count(4)
    expect(page.get_by_role("button", name="Older ones")).to_be_hidden()


def test_rotating_turning_off_changing_and_deleting(visit: Callable[[], Page], origin: HooksOrigin) -> None:
    """Each from the menu; what takes something away asks first."""
    origin.hooks.hooks = [webhook(1)]
    page = visit()
    more = page.get_by_role("button", name="More for")
    more.click()
    page.get_by_role("menuitem", name="New secret").click()
    page.get_by_role("dialog").get_by_role("button", name="Make a new secret").click()
    expect(page.get_by_label("Secret", exact=True)).to_have_text(SECRET)
    expect(page.locator(".hook[data-hook]")).to_contain_text("whsec_…kSE= signs until")
    more.click()
    page.get_by_role("menuitem", name="Turn off").click()
    expect(page.locator(".hook[data-hook]")).to_have_attribute("data-state", "off")
    expect(page.get_by_role("button", name="Send a test")).to_be_disabled()
    more.click()
    page.get_by_role("menuitem", name="Change").click()
    page.get_by_label("Note to yourself").fill("Elsewhere")
    page.get_by_role("button", name="Save").click()
    expect(page.locator(".hook[data-hook]")).to_contain_text("Elsewhere")
    more.click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(page.locator(".hook[data-hook]")).to_have_count(1)
    more.click()
    page.get_by_role("menuitem", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.locator(".hook[data-hook]")).to_have_count(0)
    expect(page.get_by_text("Nobody is told yet")).to_be_visible()
    assert origin.hooks.hooks == []


def test_an_api_that_does_not_answer(visit: Callable[[], Page], origin: HooksOrigin) -> None:
    """It says so, and tries again when asked to."""
    origin.hooks.down = True
    page = visit()
    expect(page.get_by_text("cannot be shown now")).to_be_visible()
    origin.hooks.down = False
    fill(origin)
    page.get_by_role("button", name="Try again").click()
    expect(page.locator(".hook[data-hook]")).to_have_count(3)
