"""The player page against rungs that are still encoding."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.waiting import troubles, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

HW = "window.headwater"
AT = f"{HW}.video.currentTime"
ASKED = """const timer = setInterval(() => {
  const { hls, video } = window.headwater?.player ?? {};
  if (!hls) return;
  clearInterval(timer);
  window.asked = [];
  hls.on("hlsFragLoading", (_, { frag }) => {
    const { type, sn, level, start } = frag;
    if (type === "main" && sn !== "initSegment") window.asked.push([level, start, video.currentTime]);
  });
}, 1);"""
"""Notes of each segment of picture its rung, where it begins, and where playback is when it is asked for."""
ONE_RANGE_FROM_ZERO = f"{HW}.buffered.length === 1 && {HW}.buffered[0][0] < 0.05"


def watch(page: Page, origin: Origin, recording: Scenario) -> None:
    """Open the player page."""
    page.goto(f"{origin.url}/watch/{recording.id}")


def value(page: Page, name: str) -> object:
    """Read one of the page's hooks."""
    return page.evaluate(f"{HW}.{name}")


def test_starts_on_the_lowest_rung_waits_at_its_edge_and_resumes(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """Two seconds of the lowest rung are enough to begin; the end of them is a calm wait, not an error."""
    recording = scenario(done={"a-main": 1})
    watch(page, origin, recording)
    expect(page.get_by_role("heading", name="Getting the first seconds ready")).to_be_visible()
    expect(page.get_by_role("progressbar", name="360p · 900 kbps")).to_be_visible()
    recording.done["v-low"] = 1
    until(page, f"{HW}.phase === 'waiting'")
    expect(page.locator("#notice")).to_contain_text("Still encoding. 0:02 is ready")
    until(page, f"{HW}.video.played.start(0) < 0.05")
    assert page.evaluate(f"{HW}.video.duration") == pytest.approx(24, abs=0.1)
    recording.done["v-low"] = 2
    until(page, f"{HW}.phase === 'playing' && {AT} > 3")
    expect(page.locator("#notice")).to_be_hidden()
    assert value(page, "playing") == "v-low"
    assert recording.statuses("/v-mid/") + recording.statuses("/v-high/") == []
    assert page.evaluate(ONE_RANGE_FROM_ZERO)
    assert troubles(page) == []
    assert complaints == []


def test_climbs_as_rungs_complete_and_plays_to_the_end_in_one_range(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """Automatic quality goes up to a rung once that is encoded; every chunk join is seamless."""
    recording = scenario(done={"a-main": 1, "v-low": 2})
    watch(page, origin, recording)
    until(page, f"{AT} > 1")
    assert value(page, "playing") == "v-low"
    recording.finish()
    until(page, f"{HW}.playing === 'v-high'")
    page.evaluate(f"{HW}.video.playbackRate = 4")
    until(page, f"{HW}.video.ended")
    assert page.evaluate(AT) == pytest.approx(24, abs=0.1)
    assert page.evaluate(ONE_RANGE_FROM_ZERO)
    assert troubles(page) == []
    assert complaints == []


def test_a_rung_that_falls_behind_is_left_before_it_stalls(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """Of the best rung only 6 s exist and the next has 14 s: what follows is asked for below, before it is needed.

    A browser without a processor's time stands still now and then; in which order it asked, time does not change.
    """
    recording = scenario(done={"a-main": 1, "v-low": 4, "v-mid": 3, "v-high": 2})
    recording.advised = {"recommended": {"id": "v-high"}}
    page.add_init_script(ASKED)
    watch(page, origin, recording)
    until(page, f"{AT} > 0.2")
    page.evaluate(f"{HW}.video.playbackRate = 2")
    until(page, f"{AT} > 16")
    until(page, f"{HW}.playing === 'v-low'")
    asked = page.evaluate("window.asked")
    assert all(at < start for _, start, at in asked if start > 5), asked
    assert [level for level, _, _ in asked] == [2, 2, 2, 1, 1, 1, 1, 0, 0, 0, 0, 0]
    assert {status for _, status in recording.log} == {200, 206}
    assert page.evaluate(ONE_RANGE_FROM_ZERO)
    assert troubles(page) == []
    assert complaints == []


def test_the_quality_menu_forces_a_rung_by_keyboard(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """The menu is a radio group; a rung not encoded yet is greyed out, says why and cannot be taken."""
    recording = scenario(done={"a-main": 1, "v-low": 4, "v-mid": 4})
    watch(page, origin, recording)
    until(page, f"{AT} > 0.5 && {HW}.playing === 'v-mid'")
    page.locator("#quality-button").focus()
    page.keyboard.press("Enter")
    rows = page.locator("#quality-menu").get_by_role("menuitemradio", include_hidden=True)
    expect(rows).to_have_count(4)
    expect(rows.nth(0)).to_have_attribute("aria-checked", "true")
    expect(rows.nth(0)).to_contain_text("Auto180p · 400 kbps")
    expect(rows.nth(1)).to_have_attribute("aria-disabled", "true")
    expect(rows.nth(1)).to_contain_text("360p · 900 kbpsencoding 0 %")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    assert value(page, "pinned") is None
    page.locator("#quality-button").focus()
    page.keyboard.press("Enter")
    expect(rows.nth(0)).to_be_focused()
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    until(page, f"{HW}.playing === 'v-low' && {HW}.pinned === 'v-low'")
    expect(rows.nth(3)).to_have_attribute("aria-checked", "true")
    expect(page.locator("#quality-button")).to_have_text("90p")
    until(page, f"{HW}.buffered.length === 1")  # the switch replaces what was buffered of the other rung
    assert troubles(page) == []
    assert complaints == []


def test_seeking_beyond_the_encoder_lands_on_what_is_there(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """The timeline is as long as the recording, but nobody gets stuck in the part that does not exist."""
    recording = scenario(done={"a-main": 1, "v-low": 3})
    watch(page, origin, recording)
    until(page, f"{AT} > 0.2")
    page.evaluate(f"{AT} = 22")
    expect(page.locator("#notice")).to_contain_text("Encoded up to 0:14 so far")
    until(page, f"{AT} > 12.2 && {AT} < 14.1")
    recording.finish()
    until(page, f"{AT} > 14.5")
    page.evaluate(f"{AT} = 22")
    until(page, f"{AT} > 22.2")


def test_expired_media_cookies_are_renewed_while_playing(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """A 403 from the CDN asks the API for fresh cookies and playback goes on."""
    recording = scenario(done={"a-main": 1, "v-low": 2})
    watch(page, origin, recording)
    until(page, f"{AT} > 0.5")
    recording.cookie = "second"
    recording.finish()
    page.evaluate(f"{HW}.video.playbackRate = 4")
    until(page, f"{AT} > 12")
    assert recording.statuses("master.m3u8") == [200, 200]
    assert 403 in recording.statuses("/media/")


def test_shortcuts_work_from_anywhere_on_the_page(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """Space, k, m, j, l, arrows, < and > reach the player although nothing in it has the focus."""
    recording = scenario()
    recording.finish()
    watch(page, origin, recording)
    until(page, f"{AT} > 0.2")
    page.keyboard.press("k")
    until(page, f"{HW}.video.paused")
    page.keyboard.press("l")
    until(page, f"{AT} > 9")  # ten seconds from the last time the player's bar was told, a moment before the pause
    page.keyboard.press("ArrowLeft")
    until(page, f"{AT} < 2")
    page.keyboard.press("m")
    until(page, f"{HW}.video.muted")
    page.keyboard.press(">")
    until(page, "document.querySelector('media-controller').getAttribute('mediaplaybackrate') === '1.25'")
    page.keyboard.press("<")
    until(page, f"{HW}.video.playbackRate === 1")
    page.keyboard.press("Space")
    until(page, f"!{HW}.video.paused")
    page.keyboard.press("f")
    until(page, "document.fullscreenElement !== null")
