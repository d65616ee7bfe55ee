"""The engine itself, playing through links that carry only so much."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.waiting import troubles, until
from web_link import Link, Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

HW = "window.headwater"
AT = f"{HW}.video.currentTime"
PILOT = f"{HW}.player.pilot"
READY = """const timer = setInterval(() => {
  if (window.headwater?.player?.pilot.status !== "ready") return;
  clearInterval(timer);
  void fetch("/told/ready");
}, 5);"""


def segments(page: Page, recording: Scenario) -> list[dict[str, object]]:
    """Reports of all segments so far."""
    page.evaluate(f"{HW}.reporter.flush()")
    until(page, f"{HW}.reporter.waiting === 0")
    return [event for event in recording.events if event["kind"] == "segment"]


def test_the_engine_takes_over_and_climbs_to_what_the_link_carries(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """Behind the first segment comes its table; from then on it decides, says why, and is right about the link."""
    recording = scenario(link=Link(Trace.steady(4000)))
    recording.finish()
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, f"{PILOT}?.status === 'ready' && {HW}.playing === 'v-high'")
    until(page, f"{HW}.buffered[0][1] > 23.9")
    page.keyboard.press("i")
    row = page.locator("#stats dl div")
    expect(row.filter(has_text="Decided by")).to_contain_text("Headwater's engine")
    expect(row.filter(has_text="Expected")).to_contain_text("bps to")
    told = segments(page, recording)
    assert (told[0]["rendition"], told[-1]["rendition"]) == ("v-low", "v-high")
    assert "predicted" in told[-1]
    assert (troubles(page), complaints) == ([], [])


def dying(page: Page, origin: Origin, recording: Scenario) -> bool:
    """Play over a link that dies under a large segment once the engine is there; True when that was given up."""
    ready = threading.Event()

    def die(path: str) -> None:
        if ready.is_set() and "/v-high/" in path:
            ready.clear()
            recording.link.change(Trace.steady(60))

    origin.told["ready"], recording.asked = ready.set, die
    recording.finish()
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, f"{PILOT}.abandonments.length > 0 || {HW}.buffered[0][1] > 23.9", within_s=180)
    return bool(page.evaluate(f"{PILOT}.abandonments.length"))


def test_a_link_that_dies_is_answered_by_giving_up(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """With seconds left in the buffer a large segment that would take half a minute is not waited for.

    A browser that gets no time takes any link for slow and asks for nothing large: then it plays once more.
    """
    page.add_init_script(READY)
    recordings = (scenario(link=Link(Trace.steady(4000))) for _ in range(5))
    recording = next(one for one in recordings if dying(page, origin, one))
    given_up = page.evaluate(f"{PILOT}.abandonments[0]")
    assert given_up["to"] < given_up["from"]
    recording.link.change(Trace.steady(4000))
    page.evaluate(f"{HW}.video.play()")
    until(page, f"{HW}.buffered.length === 1 && {HW}.buffered[0][1] > 23.9")
    assert [told["index"] for told in segments(page, recording)] == list(range(12))
    assert (troubles(page), complaints) == ([], [])


def test_without_its_table_hlsjs_decides_and_the_viewer_can_see_it(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """A file that cannot be had costs quality, never the video."""
    recording = scenario(link=Link(Trace.steady(4000)))
    recording.finish()
    origin.refuse = "/assets/abr/tables/"
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, f"{HW}.playing === 'v-high'")
    page.keyboard.press("i")
    row = page.locator("#stats dl div").filter(has_text="Decided by")
    expect(row).to_contain_text("hls.js's own rule (its table could not be loaded)")
    assert troubles(page) == []
