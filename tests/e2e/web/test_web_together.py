"""Several recordings or streams on one page: one clock, one set of controls, one link."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from support.waiting import troubles, until
from web_link import Link, Trace

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import BrowserContext, Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

HW = "window.headwater"
ENSEMBLE = f"{HW}.together.ensemble"
SHARE = f"{HW}.together.share"
PLAYING = f"{HW}.phase === 'playing'"
STATE = f"""({{phase: {HW}?.phase, drifts: {HW}?.drifts, at: {ENSEMBLE}?.atS, range: {ENSEMBLE}?.range,
  errors: {HW}?.errors, strands: {ENSEMBLE}?.strands.map((s) => [s.phase, s.words, s.ready, s.video.readyState,
  s.video.currentTime, s.video.paused, s.pieces.length])}})"""
MOST_DRIFT_S = 0.08


def together(page: Page, origin: Origin, *recordings: Scenario, more: str = "") -> None:
    """Open the page and wait until all play."""
    names = ",".join(recording.id for recording in recordings)
    page.goto(f"{origin.url}/together?recordings={names}{more}")
    until(page, PLAYING, STATE)


def in_step(page: Page) -> None:
    """Wait until all that have a picture show the same moment, and still do after a while.

    Recordings may be over before a busy browser had the time: then they play again.
    """
    close = f"{PLAYING} && {HW}.drifts.every((drift) => drift === null || Math.abs(drift) < {MOST_DRIFT_S})"
    for _ in range(5):
        until(page, f"{HW}.phase === 'ended' || ({close})", STATE)
        page.wait_for_timeout(500)
        until(page, f"{HW}.phase === 'ended' || ({close})", STATE)
        if value(page, f"{HW}.phase") != "ended":
            return
        page.get_by_role("button", name="Again").click()
        until(page, PLAYING, STATE)
    pytest.fail(str(value(page, STATE)))


def value(page: Page, expression: str) -> Any:
    """Read something of the page."""
    return page.evaluate(expression)


def test_recordings_play_in_step_after_a_seek_and_at_another_speed(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str], screenshots: Path
) -> None:
    """One clock: less than 80 ms between them, whatever was done; one is heard."""
    recordings = [scenario(title="Camera"), scenario(title="Screen")]
    for recording in recordings:
        recording.finish()
    together(page, origin, *recordings)
    in_step(page)
    page.keyboard.press("l")
    until(page, f"{ENSEMBLE}.atS > 10", STATE)
    in_step(page)
    page.get_by_label("Speed").select_option("1.5")
    in_step(page)
    assert value(page, f"{ENSEMBLE}.strands.map((s) => s.video.muted)") == [False, True]
    page.get_by_role("button", name="Listen to Screen").click()
    assert value(page, f"{ENSEMBLE}.strands.map((s) => s.video.muted)") == [True, False]
    page.get_by_role("button", name="Pause").click()
    until(page, f"{HW}.phase === 'paused' && {ENSEMBLE}.strands.every((s) => s.video.paused)", STATE)
    until(page, f"{HW}.drifts.every((drift) => Math.abs(drift) < 0.03)", STATE)  # pictures that stand still show it
    page.set_viewport_size({"width": 1440, "height": 900})
    page.screenshot(path=screenshots / "together-side.png")
    assert troubles(page) == []
    assert complaints == []


def test_offsets_lay_one_behind_the_other_and_gaps_are_said(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str]
) -> None:
    """The second begins eight seconds later: until then it says so, and the timeline is as long as both."""
    recordings = [scenario(title="Talk"), scenario(title="Questions")]
    for recording in recordings:
        recording.finish()
    together(page, origin, *recordings, more="&offsets=0,8")
    assert value(page, f"{ENSEMBLE}.range") == [0, pytest.approx(32, abs=0.1)]
    expect(page.locator("figure", has_text="Questions")).to_contain_text("It begins in")
    assert value(page, f"{HW}.drifts")[1] is None
    value(page, f"{ENSEMBLE}.seek(7)")
    until(page, f"{PLAYING} && {HW}.drifts[1] !== null", STATE)
    in_step(page)
    first, second = value(page, f"{ENSEMBLE}.strands.map((s) => s.video.currentTime)")
    assert first - second == pytest.approx(8, abs=1)  # single looks tremble with a busy machine
    value(page, f"{ENSEMBLE}.seek(31.5)")
    until(page, f"{HW}.phase === 'ended'", STATE)
    expect(page.get_by_role("button", name="Again")).to_be_visible()
    assert complaints == []


def test_a_stall_of_one_holds_all(page: Page, origin: Origin, scenario: Callable[..., Scenario]) -> None:
    """Nobody runs ahead of a picture that is missing, and all go on together when it is there."""
    swift, slow = (
        scenario(title="Swift"),
        scenario(title="Slow", done={"a-main": 1, "v-low": 2, "v-mid": 2, "v-high": 2}),
    )
    swift.finish()
    together(page, origin, swift, slow)
    value(page, f"{ENSEMBLE}.seek(5)")
    until(page, f"{HW}.phase === 'holding' && {ENSEMBLE}.atS > 5.5", STATE)  # not for the seek: at what is encoded
    expect(page.get_by_role("status")).to_have_text("Waiting for Slow")
    at = value(page, f"{ENSEMBLE}.atS")
    page.wait_for_timeout(400)
    assert value(page, f"{ENSEMBLE}.atS") == pytest.approx(at, abs=0.05)
    until(page, f"{ENSEMBLE}.strands[0].video.paused", STATE)
    slow.finish()
    until(page, f"{PLAYING} && {ENSEMBLE}.atS > {at + 1}", STATE)
    in_step(page)


def test_the_link_is_shared_and_the_large_picture_gets_more(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """Together no more than the link carries; whoever is enlarged gets the better rung, without a stall."""
    link = Link(Trace.steady(1600))
    recordings = [scenario(title="Camera", link=link), scenario(title="Screen", link=link)]
    for recording in recordings:
        recording.finish()
    together(page, origin, *recordings)
    page.keyboard.press("2")
    shares = f"{SHARE}.shares"
    until(page, f"{SHARE}.measured.link?.samples > 3 && {shares}[1].top > {shares}[0].top", STATE)
    asked = f"{ENSEMBLE}.strands.reduce((sum, s, n) => sum + s.player.pilot.rungs[{shares}[n].top].kbps + 64, 0)"
    # one measurement of the whole link, although each of them had only a part of it
    until(page, f"{asked} <= {SHARE}.linkKbps && {SHARE}.linkKbps > 800 && {SHARE}.linkKbps < 3200", STATE)
    assert sum(share["part"] for share in value(page, shares)) == pytest.approx(1)
    assert value(page, f"new Set({ENSEMBLE}.strands.map((s) => s.player.pilot.link)).size") == 1
    until(page, f"{HW}.levels[1] >= {HW}.levels[0] && {ENSEMBLE}.atS > 4", STATE)
    in_step(page)


def test_streams_are_in_step_by_the_time_of_day(
    page: Page, origin: Origin, stream: Callable[..., Scenario], complaints: list[str]
) -> None:
    """Each begun at another moment: what was captured at the same time is seen at the same time."""
    early, late = stream(16), stream(9)
    for recording in (early, late):
        recording.live.run()
    together(page, origin, early, late)
    assert value(page, f"{ENSEMBLE}.byDate") is True
    in_step(page)
    dates = value(page, f"{ENSEMBLE}.strands.map((s) => s.player.hls.playingDate.getTime() / 1000)")
    assert dates[0] == pytest.approx(dates[1], abs=1)  # begun seven seconds apart
    places = value(page, f"{ENSEMBLE}.strands.map((s) => s.video.currentTime)")
    assert abs(places[0] - places[1]) > 3
    expect(page.get_by_role("button", name=re.compile("^(Live|Go live)$"))).to_be_visible()
    assert complaints == []


def test_a_room_is_chosen_from(
    page: Page, origin: Origin, scenario: Callable[..., Scenario], complaints: list[str], screenshots: Path
) -> None:
    """Its recordings, two to four of which play together."""
    recordings = [scenario(title=f"Hall, camera {n}") for n in range(1, 4)]
    for recording in recordings:
        recording.finish()
    origin.pages = [recordings]
    session = {"token": "t-mara", "user": "mara", "role": "publisher", "expires_at": "2099-01-01T00:00:00Z"}
    page.add_init_script(f"sessionStorage.setItem('headwater.session', {json.dumps(json.dumps(session))})")
    page.goto(f"{origin.url}/together?room=hall-1")
    expect(page.get_by_role("heading", name="Room hall-1")).to_be_visible()
    expect(page.get_by_role("checkbox")).to_have_count(3)
    page.screenshot(path=screenshots / "together-room.png")
    for n in (2, 3):
        page.get_by_role("checkbox").nth(n - 1).uncheck()
    expect(page.get_by_role("button", name="Watch together")).to_be_disabled()
    page.get_by_role("checkbox").nth(1).check()
    page.get_by_role("button", name="Watch together").click()
    until(page, PLAYING, STATE)
    in_step(page)
    assert complaints == []


def test_a_link_with_grants_works_for_whoever_has_it_and_on_a_phone(
    origin: Origin, scenario: Callable[..., Scenario], open_context: Callable[..., BrowserContext], screenshots: Path
) -> None:
    """One grant for each; nobody has to sign in, and nothing is wider than the screen."""
    recordings = [
        scenario(title="Camera", private=True),
        scenario(title="Screen with a long name, longer than a phone"),
    ]
    for recording in recordings:
        recording.finish()
    page = open_context(viewport={"width": 390, "height": 844}, color_scheme="dark").new_page()
    together(page, origin, *recordings, more="&grants=good,")
    in_step(page)
    for layout in ("One large", "Inset", "Side by side"):
        page.get_by_role("button", name=layout).click()
        assert value(page, "document.documentElement.scrollWidth <= window.innerWidth")
        page.screenshot(path=screenshots / f"together-phone-{layout.split()[0].lower()}.png")


def test_links_that_make_no_sense_are_explained(page: Page, origin: Origin) -> None:
    """In a sentence, by the address alone."""
    page.goto(origin.url)
    read = "async (search) => (await import('/assets/together/query.js')).read(search)"
    asked = {
        "?recordings=a": "One recording is not watched together with anything. Choose another one as well.",
        "?recordings=a,b,c,d,e": "Up to 4 can be watched together.",
        "?recordings=a,../b": "This link names something that is no recording.",
        "?recordings=a,b&offsets=0,x": "Offsets are seconds, separated by commas.",
    }
    assert {search: page.evaluate(read, search)["problem"] for search in asked} == asked
    good = page.evaluate(read, "?recordings=a,b&grants=,g&offsets=0,-1.5")
    assert (good["problem"], good["offsetsGiven"]) == (None, True)
    assert [(one["id"], one["grant"], one["offsetS"]) for one in good["wanted"]] == [("a", None, 0), ("b", "g", -1.5)]
