"""The statistics over the picture: by keyboard, in words, at every width."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.waiting import until
from web_link import Link, Trace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

HW = "window.headwater"
AT = f"{HW}.video.currentTime"
PANEL = "#stats"
ROWS = [
    "Playing",
    "Loading",
    "Because",
    "Expected",
    "First byte",
    "Cap",
    "Given up",
    "Stalls",
    "Pictures",
    "Decided by",
]


def play(page: Page, origin: Origin, recording: Scenario, at_s: float = 0.2) -> None:
    """Open the page and play up to a time."""
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, f"{AT} > {at_s}")


def test_a_key_shows_and_hides_them(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """The key i or its button, Escape too; whoever tabs into it comes back to where they were."""
    recording = scenario()
    recording.finish()
    play(page, origin, recording)
    panel = page.get_by_role("region", name="Playback statistics")
    expect(panel).to_be_hidden()
    page.keyboard.press("i")
    expect(panel).to_be_visible()
    assert panel.locator("dt").all_text_contents() == ROWS
    page.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    page.locator("#quality-button").focus()
    page.keyboard.press("i")
    panel.get_by_role("button", name="Close").focus()
    page.keyboard.press("Enter")
    expect(panel).to_be_hidden()
    expect(page.locator("#quality-button")).to_be_focused()
    assert not page.evaluate(f"{HW}.video.paused")
    assert complaints == []


def test_the_key_is_left_to_those_who_type(page: Page, origin: Origin, scenario: Callable[..., Scenario]) -> None:
    """An i in a field, and a chord, are not for us; nor is there anything to show before a player is there."""
    recording = scenario(private=True)
    page.goto(f"{origin.url}/watch/{recording.id}")
    expect(page.get_by_role("heading", name="This recording is private")).to_be_visible()
    page.keyboard.press("i")
    expect(page.locator(PANEL)).to_be_hidden()
    recording.finish()
    recording.private = False
    play(page, origin, recording, 0.2)
    page.evaluate(
        "document.querySelector('main').append(Object.assign(document.createElement('input'), {name: 'note'}))"
    )
    page.locator("[name=note]").press("i")
    page.keyboard.press("Control+i")
    expect(page.locator(PANEL)).to_be_hidden()
    page.locator("[name=note]").blur()
    page.keyboard.press("i")
    expect(page.locator(PANEL)).to_be_visible()


def test_they_say_what_is_so(page: Page, origin: Origin, scenario: Callable[..., Scenario]) -> None:
    """The link as it is shaped, the rung on screen, the viewer's choice as the reason."""
    recording = scenario(link=Link(Trace.steady(4000, latency_s=0.05)))
    recording.finish()
    play(page, origin, recording, 1)
    page.evaluate(f"{HW}.player.pin('v-mid')")
    page.keyboard.press("i")
    until(page, f"{HW}.playing === 'v-mid'")
    row = page.locator(f"{PANEL} dl div")
    expect(row.filter(has_text="Playing")).to_contain_text("180p · 400 kbps")
    expect(row.filter(has_text="Because")).to_contain_text("your choice")
    expect(row.filter(has_text="Cap")).to_contain_text("none")
    expect(row.filter(has_text="Stalls")).to_contain_text("none")
    expect(row.filter(has_text="First byte")).to_contain_text("ms")
    expect(page.locator(f"{PANEL} figcaption").nth(1)).to_contain_text("of 60 s")
    assert page.locator(f"{PANEL} polyline").nth(1).get_attribute("points")


@pytest.mark.parametrize(
    ("width", "scheme"), [(390, "light"), (390, "dark"), (1440, "light"), (1440, "dark"), (320, "light")]
)
def test_they_fit_every_width_in_both_schemes(
    width: int,
    scheme: str,
    origin: Origin,
    scenario: Callable[..., Scenario],
    open_context: Callable[..., BrowserContext],
    screenshots: Path,
) -> None:
    """Over the picture where there is room, below it on a phone; nothing scrolls sideways and the video stays put."""
    recording = scenario(link=Link(Trace(((4, 2500), (3, 500), (60, 3000)))))
    recording.finish()
    viewport = {"width": width, "height": 844 if width < 1000 else 900}
    page = open_context(viewport=viewport, color_scheme=scheme).new_page()
    play(page, origin, recording)
    before = page.locator("video").bounding_box()
    page.keyboard.press("i")
    expect(page.locator(PANEL)).to_be_visible()
    until(page, f"{AT} > 9")
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("video").bounding_box() == before
    box, video = page.locator(PANEL).bounding_box(), before
    assert box is not None
    assert video is not None
    inside = box["y"] + box["height"] <= video["y"] + video["height"]
    assert inside if width > 1000 else box["y"] >= video["y"] + video["height"] - 1
    page.screenshot(path=screenshots / f"stats-{width}-{scheme}.png")
