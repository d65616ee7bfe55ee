"""Whatever engine decides: what it is asked and told, and the limits within which it is followed."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.waiting import eventually, troubles, until
from web_link import Link, Trace

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

HW = "window.headwater"
AT = f"{HW}.video.currentTime"
PILOT = f"{HW}.player.pilot"
# An engine that does as the test says, and writes down what it was asked and told.
SCRIPTED = """(wanted) => {
  const seen = { told: [], asked: [], abandon: [], wanted, giveUp: null };
  window.scripted = seen;
  const { pilot } = window.headwater.player;
  const take = pilot.take.bind(pilot);
  pilot.take = () => {}; // the real one may be on its way
  take({
    start: (prior) => ({ samples: 0, prior }),
    observe: (link, kbps, seconds) => { seen.told.push([kbps, seconds]); return { ...link, samples: link.samples + 1 }; },
    predict: () => ({ p10: 500, p50: 1000, p90: 2000 }),
    asPrior: () => ({ meanLogKbps: 7, weight: 1 }),
    choose: (link, view) => { seen.asked.push(view); return { level: Math.min(view.top, seen.wanted), runnerUp: 0, scores: [], reason: "scripted" }; },
    shouldAbandon: (link, view, transfer) => { seen.abandon.push([view, transfer]); return transfer.gotBits > 0 ? seen.giveUp : null; },
  });
}"""  # noqa: E501  one line for each of its answers


def scripted(page: Page, origin: Origin, recording: Scenario, wanted: int) -> None:
    """Open the page and give it the scripted engine once it has levels."""
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, f"{HW}.levels.length > 0")
    page.evaluate(SCRIPTED, wanted)


def test_the_engine_is_asked_with_real_sizes_and_told_what_the_link_gave(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """Bits of the next segment on the rung that plays are those of its byte range and of the sound beside it."""
    recording = scenario(link=Link(Trace.steady(4000)))
    recording.finish()
    scripted(page, origin, recording, 2)
    until(page, f"{HW}.playing === 'v-high'")
    until(page, "window.scripted.asked.at(-1).lastLevel === 2 && window.scripted.told.length > 4")
    views = page.evaluate("window.scripted.asked")
    assert (views[0]["lastLevel"], views[0]["top"]) == (0, 2)
    sizes = {size for chunk in recording.ladder.chunks["v-high"] for _, size, _ in chunk.segments}
    last = views[-1]["sizesBits"][2] / 8 - 2 * 64_000 / 8
    assert any(last == pytest.approx(size) for size in sizes)
    told = page.evaluate("window.scripted.told")
    # the shaping is ours, so the larger segments cannot have come faster; a busy machine may be slower
    assert all(0 < kbps < 8000 for kbps, seconds in told if seconds > 0.3)
    assert complaints == []


def test_what_is_not_encoded_is_not_loaded_whatever_the_engine_says(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """It wants the best rung, of which there is nothing yet, and is told so."""
    recording = scenario(done={"a-main": 1, "v-low": 4, "v-mid": 4})
    scripted(page, origin, recording, 2)
    until(page, f"{AT} > 3 && {HW}.playing === 'v-mid'")
    assert {view["top"] for view in page.evaluate("window.scripted.asked")} == {1}
    assert recording.statuses("/v-high/") == []
    assert complaints == []


def test_the_viewers_choice_comes_first_and_going_back_to_automatic_asks_again(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """While a rung is pinned the engine is not asked, nor is anything given up."""
    recording = scenario(link=Link(Trace.steady(3000)))
    recording.finish()
    scripted(page, origin, recording, 2)
    page.evaluate(f"{HW}.player.pin('v-mid')")
    page.evaluate("window.scripted.giveUp = 0")
    until(page, f"{HW}.playing === 'v-mid' && {AT} > 2")
    asked = page.evaluate("window.scripted.asked.length")
    page.wait_for_timeout(300)
    assert page.evaluate("window.scripted.asked.length") == asked
    assert page.evaluate(f"[{PILOT}.choice.reason, {PILOT}.abandonments.length]") == ["pinned", 0]
    page.evaluate(f"window.scripted.giveUp = null; {HW}.player.pin(null)")
    until(page, f"{HW}.playing === 'v-high'")


def test_a_segment_that_is_given_up_comes_again_on_the_lower_rung(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """The request ends, the lower rung is loaded in its place, playing goes on without a hole, and it is reported."""
    recording = scenario(link=Link(Trace.steady(1200)))
    recording.finish()
    slow = threading.Event()

    def slow_down(path: str) -> None:
        if "/v-high/" in path and not slow.is_set():
            recording.link.change(Trace.steady(100))
            slow.set()

    scripted(page, origin, recording, 2)
    until(page, f"{AT} > 0.2 && {HW}.player.loadedLevel === 2")
    recording.asked = slow_down
    eventually(slow.is_set, page=page)
    page.evaluate("window.scripted.giveUp = 0; window.scripted.wanted = 0")
    until(page, f"{PILOT}.abandonments.length > 0")
    recording.link.change(Trace.steady(3000))
    page.evaluate("window.scripted.giveUp = null")
    until(page, f"{HW}.buffered.length === 1 && {HW}.buffered[0][1] > 23.9")
    (given_up,) = page.evaluate(f"{PILOT}.abandonments")
    assert (given_up["from"], given_up["to"]) == (2, 0)
    assert 0 < given_up["part"] < 1
    (view, transfer) = page.evaluate("window.scripted.abandon.at(-1)")
    assert transfer["sizeBits"] == view["sizesBits"][transfer["level"]]
    page.evaluate(f"{HW}.reporter.flush()")
    until(page, f"{HW}.reporter.waiting === 0")
    (event,) = (event for event in recording.events if event["kind"] == "abandon")
    segments = [event for event in recording.events if event["kind"] == "segment"]
    assert (event["rendition"], event["bytes"] > 0) == ("v-high", True)
    assert next(s["rendition"] for s in segments if s["index"] == event["index"]) == "v-low"
    assert [s["index"] for s in segments] == list(range(12))
    assert troubles(page) == []
    assert complaints == []


def test_a_small_screen_caps_the_ladder_and_a_choice_knows_no_cap(
    origin: Origin, scenario: Callable[..., Scenario], open_context: Callable[..., BrowserContext]
) -> None:
    """A screen that the middle rung fills makes no use of the highest."""
    recording = scenario()
    recording.finish()
    screen = {"width": 320, "height": 180}
    page = open_context(viewport={"width": 320, "height": 640}, screen=screen).new_page()
    scripted(page, origin, recording, 2)
    until(page, f"{HW}.playing === 'v-mid' && {AT} > 1")
    assert page.evaluate(f"{PILOT}.cap") == {"index": 1, "reason": "screen"}
    assert recording.statuses("/v-high/") == []
    page.evaluate(f"{HW}.player.pin('v-high')")
    until(page, f"{HW}.playing === 'v-high'")


def test_a_rung_that_just_failed_is_left_alone(page: Page, origin: Origin, scenario: Callable[..., Scenario]) -> None:
    """As hls.js does it: for as long as its penalty lasts."""
    recording = scenario(link=Link(Trace.steady(2000)))
    recording.finish()
    scripted(page, origin, recording, 2)
    page.evaluate(f"Object.assign({HW}.hls.levels[2], {{ loadError: 1, loadErrorTime: performance.now() + 1e6 }})")
    until(page, f"{HW}.player.loadedLevel === 1 && {AT} > 1")
    assert page.evaluate("window.scripted.asked.at(-1).top") == 1
    page.evaluate(f"{HW}.hls.levels[2].loadErrorTime = performance.now() - {HW}.hls.config.errorPenaltyExpireMs - 1")
    until(page, f"{HW}.player.loadedLevel === 2")


def test_a_buffer_that_drains_faster_is_shorter(page: Page, origin: Origin, scenario: Callable[..., Scenario]) -> None:
    """At twice the speed half the seconds are left."""
    recording = scenario(link=Link(Trace.steady(1000)))
    recording.finish()
    scripted(page, origin, recording, 1)
    until(page, f"{AT} > 0.2")
    page.evaluate(f"{HW}.video.playbackRate = 2; window.scripted.asked.length = 0")
    until(page, "window.scripted.asked.length > 0")
    ahead = page.evaluate(f"{HW}.hls.mainForwardBufferInfo.len")
    assert page.evaluate("window.scripted.asked[0].bufferS") < ahead / 2 + 2


def test_without_network_it_waits_and_then_goes_on(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """However long it takes: what failed is loaded when the network is back, and the link is taken as unknown."""
    recording = scenario(done={"a-main": 1, "v-low": 3})
    scripted(page, origin, recording, 2)
    until(page, f"{AT} > 0.2")
    until(page, f"{HW}.buffered[0][1] > 13")
    page.context.set_offline(offline=True)
    expect(page.locator("#notice")).to_have_text("There is no network. Playing goes on as far as it is buffered.")
    recording.finish()
    page.evaluate(f"{AT} = 13; {HW}.video.playbackRate = 2")
    until(page, f"{HW}.errors.length > 0")
    page.context.set_offline(offline=False)
    until(page, f"{AT} > 16")
    assert page.evaluate(f"{PILOT}.link.prior") == {"meanLogKbps": 7, "weight": 1}
