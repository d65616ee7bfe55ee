"""Captions on the player page: what is said shows when it is said."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.waiting import troubles, until

from chalicelib.domain.captions import Cue

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

HW = "window.headwater"
AT = f"{HW}.video.currentTime"
MODES = f"[...{HW}.video.textTracks].map((t) => `${{t.language}} ${{t.kind}} ${{t.mode}}`)"
SHOWN = f"""[...{HW}.video.textTracks].filter((t) => t.mode === 'showing')
  .flatMap((t) => [...(t.activeCues ?? [])].map((c) => c.text))"""
TIMES = f"""[...{HW}.video.textTracks].filter((t) => t.mode === 'showing')
  .flatMap((t) => [...(t.cues ?? [])].map((c) => [c.startTime, c.endTime]))"""
GOOD_DAY = Cue(1000, 4000, "Good day & <b>welcome</b>".replace("&", "&amp;"))
LATER = Cue(15_000, 18_000, "Later")


@pytest.fixture
def watched(page: Page, origin: Origin, scenario: Callable[..., Scenario]) -> Page:
    """A finished recording that speaks two languages, English unless somebody chooses; it is playing."""
    recording = scenario()
    recording.finish()
    recording.add_captions("de", Cue(1000, 4000, "Guten Tag"))
    recording.add_captions("en", GOOD_DAY, LATER, default=True)
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, f"{AT} > 0.2")
    return page


def go_to(page: Page, seconds: float) -> None:
    """Hold the picture at a moment."""
    page.evaluate(f"{HW}.video.pause()")
    page.evaluate(f"{AT} = {seconds}")
    until(page, f"!{HW}.video.seeking && {HW}.video.readyState >= 2")


def test_the_default_language_shows_at_its_time(watched: Page, complaints: list[str]) -> None:
    """To the millisecond, with the markup that was kept, and nothing where nobody speaks."""
    until(watched, f"JSON.stringify({TIMES}) === '[[1,4],[15,18]]'")
    for moment, expected in ((0.9, []), (2.5, ["Good day &amp; <b>welcome</b>"]), (4.2, []), (16.0, ["Later"])):
        go_to(watched, moment)
        until(watched, f"JSON.stringify({SHOWN}) === JSON.stringify({expected})")
    assert troubles(watched) == []
    assert complaints == []


def test_c_turns_them_off_and_on(watched: Page) -> None:
    """From anywhere on the page."""
    until(watched, f"{MODES}.includes('en subtitles showing')")
    watched.keyboard.press("c")
    until(watched, f"{MODES}.every((mode) => !mode.endsWith('showing'))")
    watched.keyboard.press("c")
    until(watched, f"{MODES}.some((mode) => mode.endsWith('showing'))")


def test_another_language_is_chosen_from_the_menu(watched: Page) -> None:
    """By its own name."""
    until(watched, f"{MODES}.includes('en subtitles showing')")
    watched.locator("#captions-button").click()
    watched.locator("#captions-menu").get_by_role("menuitemradio", name="Deutsch").click()
    until(watched, f"{MODES}.includes('de subtitles showing')")
    go_to(watched, 2.0)
    until(watched, f"JSON.stringify({SHOWN}) === '[\"Guten Tag\"]'")


def test_without_captions_there_is_no_button(page: Page, origin: Origin, scenario: Callable[..., Scenario]) -> None:
    """A menu that holds nothing but off would be a riddle."""
    recording = scenario()
    recording.finish()
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, f"{AT} > 0.2")
    expect(page.locator("#captions-button")).to_be_hidden()
