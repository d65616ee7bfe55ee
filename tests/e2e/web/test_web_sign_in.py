"""Signing in by OpenID Connect, staying signed in without losing a page, and signing out everywhere."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e


def sign_in(page: Page, user: str = "mara") -> None:
    """Go through the issuer's page."""
    page.get_by_label("User").fill(user)
    page.get_by_role("button", name="Sign in").click()


def test_the_code_flow_comes_back_to_where_one_was(page: Page, origin: Origin, complaints: list[str]) -> None:
    """With PKCE, a state and a nonce, and the question in the address survives."""
    page.goto(f"{origin.url}/?q=rivers")
    page.get_by_role("button", name="Sign in").click()
    sign_in(page)
    expect(page).to_have_url(f"{origin.url}/?q=rivers")
    expect(page.get_by_role("searchbox")).to_have_value("rivers")
    expect(page.get_by_role("button", name="Account: mara, publisher")).to_be_visible()
    (asked,) = origin.issuer.asked
    assert (asked["response_type"], asked["code_challenge_method"], asked["scope"]) == (
        "code",
        "S256",
        "openid profile",
    )
    assert len({asked["state"], asked["nonce"], asked["code_challenge"]}) == 3
    assert complaints == []


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("code=x&state=forged", "state_unknown"),
        ("error=access_denied&state=forged", "state_unknown"),
        ("", "state_unknown"),
    ],
)
def test_an_answer_nobody_asked_for_is_refused(page: Page, origin: Origin, query: str, code: str) -> None:
    """Somebody else's code in a link signs nobody in."""
    page.goto(f"{origin.url}/signed-in?{query}")
    expect(page.get_by_role("heading", name="That did not work")).to_be_visible()
    expect(page.locator("main code")).to_have_text(code)
    assert page.evaluate("sessionStorage.getItem('headwater.session')") is None


def test_an_issuers_refusal_is_told(page: Page, origin: Origin) -> None:
    """In its own words, and the way out is there."""
    page.goto(origin.url)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("User")).to_be_visible()
    state = parse_qs(urlsplit(page.url).query)["state"][0]
    page.goto(f"{origin.url}/signed-in?error=access_denied&error_description=Not+you.&state={state}")
    expect(page.get_by_text("Not you.")).to_be_visible()
    page.get_by_role("button", name="Sign in").click()
    sign_in(page)
    expect(page.get_by_role("heading", name="No recordings yet")).to_be_visible()


@pytest.mark.parametrize(("opaque", "taken"), [("", "t-access"), ("0123456789abcdef", "t-id")])
def test_the_api_gets_the_token_that_names_its_audience(page: Page, origin: Origin, opaque: str, taken: str) -> None:
    """An opaque access token, or one without an audience, stays unused; who it is comes from the one that is used."""
    origin.issuer.opaque = opaque
    page.goto(origin.url)
    page.get_by_role("button", name="Sign in").click()
    with page.expect_request("**/api/v1/recordings?*") as called:
        sign_in(page, "ines")
    assert called.value.headers["authorization"].startswith(f"Bearer {taken}.")
    expect(page.get_by_role("button", name="Account: ines, publisher")).to_be_visible()


def test_tabs_share_a_session_and_its_end(page: Page, origin: Origin) -> None:
    """A link opened beside a signed-in page is signed in; signing out is for all of them."""
    page.goto(origin.url)
    page.get_by_role("button", name="Sign in").click()
    sign_in(page)
    expect(page.get_by_role("heading", name="No recordings yet")).to_be_visible()
    beside = page.context.new_page()
    beside.goto(f"{origin.url}/settings")
    expect(beside.get_by_role("button", name="Account: mara")).to_be_visible()
    beside.locator("#sign-out").click()
    expect(beside.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_role("dialog")).to_contain_text("You signed out in another tab.")


def test_a_sign_in_that_runs_out_costs_nothing_of_the_page(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """The page asks over itself, the answer comes from a window beside it, and it goes on."""
    origin.pages = [[scenario(title="Evening lecture"), scenario(title="Morning lecture")]]
    page.clock.install()
    page.goto(origin.url)
    page.get_by_role("button", name="Sign in").click()
    sign_in(page)
    expect(page.get_by_role("listitem")).to_have_count(2)
    page.get_by_role("searchbox").fill("evening")
    page.clock.fast_forward(1000 * origin.issuer.lasts_s)
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Your sign-in has run out.")
    with page.expect_popup() as opened:
        dialog.get_by_role("button", name="Sign in again").click()
    expect(opened.value.get_by_label("User")).to_have_value("mara")
    opened.value.get_by_role("button", name="Sign in").click()
    expect(dialog).to_be_hidden()
    expect(page.get_by_role("searchbox")).to_have_value("evening")
    expect(page.get_by_role("listitem")).to_have_count(1)
    assert [line for line in complaints if not line.startswith("Failed to load resource")] == []


def test_who_is_about_to_be_signed_out_is_warned(page: Page, origin: Origin) -> None:
    """And stays signed in with two clicks."""
    page.clock.install()
    page.goto(origin.url)
    page.get_by_role("button", name="Sign in").click()
    sign_in(page)
    expect(page.get_by_role("heading", name="No recordings yet")).to_be_visible()
    warning = page.get_by_text("Your sign-in runs out in two minutes.")
    expect(warning).to_be_hidden()
    page.clock.fast_forward(1000 * (origin.issuer.lasts_s - 100))
    expect(warning).to_be_visible()
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Stay signed in").click()
    opened.value.get_by_role("button", name="Sign in").click()
    expect(warning).to_be_hidden()


def test_the_watch_page_comes_back_signed_in(
    origin: Origin, scenario: Callable[..., Scenario], open_context: Callable[..., BrowserContext]
) -> None:
    """A private recording's page is where one is after signing in."""
    recording = scenario(private=True)
    page = open_context().new_page()
    page.goto(f"{origin.url}/watch/{recording.id}")
    page.get_by_role("button", name="Sign in").click()
    sign_in(page)
    expect(page).to_have_url(f"{origin.url}/watch/{recording.id}")
    expect(page.get_by_role("button", name="Account: mara")).to_be_visible()
