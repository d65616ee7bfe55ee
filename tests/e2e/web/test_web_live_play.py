"""The player page while its recording is a live stream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from support.waiting import eventually, troubles, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

HW = "window.headwater"
LIVE = f"{HW}.live"
AT = f"{HW}.video.currentTime"
STEADY = f"{HW}.phase === 'playing' && {LIVE}.source === 'push' && {HW}.video.readyState > 2"


def watch(page: Page, origin: Origin, recording: Scenario) -> None:
    """Open the player page."""
    page.goto(f"{origin.url}/watch/{recording.id}")


def follow(page: Page, origin: Origin, recording: Scenario) -> None:
    """Open the player page and wait until it plays what is pushed."""
    recording.live.run()
    watch(page, origin, recording)
    until(page, f"{STEADY} && {AT} > 0 && {LIVE}.msn >= {len(recording.live.entries) + 1}")


def value(page: Page, name: str) -> Any:
    """Read one of the page's hooks."""
    return page.evaluate(f"{HW}.{name}")


def left_out(recording: Scenario, rendition: str) -> set[int]:
    """Media sequence numbers between the first and the last segment fetched of a rendition that were not."""
    names = [path.split("/") for path in recording.live.log]
    found = {int(name[:5]) for folder, name in names if folder.startswith(rendition) and name.endswith(".m4s")}
    return set(range(min(found), max(found) + 1)) - found


def test_pushed_segments_play_near_the_edge_with_few_playlist_fetches(
    page: Page, origin: Origin, stream: Callable[..., Scenario], complaints: list[str]
) -> None:
    """One playlist of picture and one of sound, however many segments follow; latency is reported."""
    recording = stream()
    follow(page, origin, recording)
    msn = value(page, "live.msn")
    until(page, f"{LIVE}.msn >= {msn + 5}")
    assert recording.live.playlist_fetches < 2 * 5  # 2 as a rule, and 2 a segment without a socket
    until(page, f"{LIVE}.behindS < 4")
    assert value(page, "live.viewers") == 1
    expect(page.locator("#watching")).to_have_text("1 watching")
    expect(page.locator(".details #status")).to_have_text("Live")
    expect(page.get_by_role("button", name="Watching live")).to_be_visible()
    until(page, f"{LIVE}.latencyS > 0.5 && {LIVE}.latencyS < 6")
    reports = eventually(lambda: [told for told in recording.live.heard if told["type"] == "report"], page=page)
    assert 0.5 < reports[-1]["latency_s"] < 15
    assert troubles(page) == []
    assert complaints == []


def test_without_a_socket_playlists_are_polled_and_it_is_taken_when_there_is_one(
    page: Page, origin: Origin, stream: Callable[..., Scenario]
) -> None:
    """Nobody is left on a frozen picture; the upgrade shows in nothing but the source."""
    recording = stream(refuses_sockets=True)
    recording.live.run()
    watch(page, origin, recording)
    until(page, f"{AT} > 0 && {HW}.video.readyState > 2")
    msn = value(page, "live.msn")
    until(page, f"{LIVE}.msn >= {msn + 2}")
    assert value(page, "live.source") == "poll"
    recording.live.refuses_sockets = False
    until(page, f"{LIVE}.source === 'push'")
    assert troubles(page) == []


def test_a_socket_that_has_gone_deaf_is_replaced(page: Page, origin: Origin, stream: Callable[..., Scenario]) -> None:
    """Playlists tell of segments that announcements did not: they are played, and another connection is opened."""
    recording = stream()
    follow(page, origin, recording)
    recording.live.deaf = True
    until(page, f"{LIVE}.source === 'poll'")
    msn = value(page, "live.msn")
    until(page, f"{LIVE}.msn >= {msn + 1}")
    recording.live.deaf = False
    until(page, f"{LIVE}.source === 'push'")
    assert left_out(recording, "l-audio") == set()


def test_a_lost_connection_is_resumed_where_it_was_without_a_gap(
    page: Page, origin: Origin, stream: Callable[..., Scenario]
) -> None:
    """A fresh token each time, and the subscription goes on behind the last segment known."""
    recording = stream()
    follow(page, origin, recording)
    tickets = recording.live.tickets
    recording.live.drop()
    msn = value(page, "live.msn")
    until(page, f"{STEADY} && {LIVE}.msn >= {msn + 3}")
    subscribed = [message for message in recording.live.heard if message["type"] == "subscribe"]
    assert subscribed[-1]["after"] >= msn
    assert recording.live.tickets > tickets
    assert left_out(recording, "l-audio") == set()
    assert troubles(page) == []


def test_going_back_and_going_live_again(page: Page, origin: Origin, stream: Callable[..., Scenario]) -> None:
    """The viewer who seeks back stays there, is told how far behind, and one press leads to what is newest."""
    recording = stream(30)
    follow(page, origin, recording)
    page.evaluate(f"{AT} -= 12")
    until(page, f"{LIVE}.behindS > 9 && {HW}.video.readyState > 2 && !{HW}.video.seeking")
    button = page.locator("#live-button")
    expect(button).to_contain_text(re.compile("Go live\u22120:[12]"))
    at = value(page, "video.currentTime")
    until(page, f"{AT} > {at + 1}")
    assert value(page, "live.behindS") > 9
    button.click()
    until(page, f"{LIVE}.behindS < 4 && {HW}.video.readyState > 2")
    expect(button).to_have_text("Live")
    page.evaluate(f"{AT} = {HW}.player.edgeS + 5")  # beyond what there is
    until(page, f"{LIVE}.behindS > 0.5 && {LIVE}.behindS < 4 && {HW}.video.readyState > 2")


def test_who_fell_behind_is_brought_back_to_the_edge(
    page: Page, origin: Origin, stream: Callable[..., Scenario]
) -> None:
    """Also from where hls.js no longer plays faster, as long as the viewer did not go back."""
    recording = stream(30)
    follow(page, origin, recording)
    page.evaluate(f"{AT} = {HW}.player.edgeS - 4.2")
    until(page, f"!{HW}.video.seeking && {LIVE}.behindS > 3")
    page.evaluate(f"{HW}.player.following = true")
    until(page, f"{LIVE}.behindS < 2.6 && {HW}.video.readyState > 2")


@pytest.mark.parametrize("told", [True, False])
def test_a_paused_stream_says_so_and_goes_on_by_itself(
    page: Page, origin: Origin, stream: Callable[..., Scenario], *, told: bool
) -> None:
    """The encoder's absence is no error, whoever notices it first; the first segment that comes again plays."""
    recording = stream()
    follow(page, origin, recording)
    (recording.live.pause if told else recording.live.halt)()
    paused = "The stream is paused, waiting for the encoder. It goes on by itself."
    expect(page.locator("#notice")).to_have_text(paused)
    until(page, f"{HW}.phase === 'waiting'")
    expect(page.get_by_role("button", name="The stream is paused")).to_be_visible()
    expect(page.locator(".details #status")).to_have_text("Paused")
    at = value(page, "video.currentTime")
    recording.live.status = "active"
    recording.live.run()
    until(page, f"{HW}.phase === 'playing' && {AT} > {at + 1}")
    expect(page.locator("#notice")).to_be_hidden()
    assert troubles(page) == []


def test_an_ended_stream_can_be_watched_again(
    page: Page, origin: Origin, stream: Callable[..., Scenario], complaints: list[str]
) -> None:
    """It plays to its end, then offers the recording as soon as that is there, on the same page."""
    recording = stream()
    follow(page, origin, recording)
    recording.live.end()
    expect(page.get_by_role("heading", name="The stream has ended")).to_be_visible()
    expect(page.locator("#panel")).to_contain_text("being made ready")
    recording.finish()
    page.get_by_role("button", name="Watch the recording").click()
    until(page, f"{HW}.phase === 'playing' && {AT} > 0.3 && {HW}.video.duration > 23")
    assert value(page, "live") is None
    assert value(page, "levels") == ["v-low", "v-mid", "v-high"]
    expect(page.locator("#live-button")).to_be_hidden()
    expect(page.locator(".details #status")).to_have_text("Ready")
    assert complaints == []


def test_who_is_behind_at_the_end_goes_on_in_the_recording(
    page: Page, origin: Origin, stream: Callable[..., Scenario]
) -> None:
    """At the same distance from the end, without a press."""
    recording = stream(30)
    follow(page, origin, recording)
    page.evaluate(f"{AT} -= 10")
    until(page, f"{LIVE}.behindS > 8 && {HW}.video.readyState > 2")
    recording.live.end()
    recording.finish()
    until(page, f"{LIVE} === null && {HW}.video.readyState > 2 && {HW}.video.duration > 23")
    assert 4 < page.evaluate(f"{HW}.video.duration - {AT}") < 18
    expect(page.locator("#notice")).to_contain_text("This is its recording.")


def test_a_stream_that_has_not_begun_begins_by_itself(
    page: Page, origin: Origin, stream: Callable[..., Scenario]
) -> None:
    """Before the encoder, and before its first segment."""
    recording = stream(0)
    recording.recording_status = "waiting"
    watch(page, origin, recording)
    expect(page.get_by_role("heading", name="The stream has not begun yet")).to_be_visible()
    recording.recording_status = ""
    expect(page.get_by_role("heading", name="The stream is about to begin")).to_be_visible()
    recording.live.publish()
    recording.live.run()
    until(page, f"{HW}.phase === 'playing' && {AT} > 0.2")


def test_another_rung_needs_no_playlist(page: Page, origin: Origin, stream: Callable[..., Scenario]) -> None:
    """All rungs share one text; the choice is told to the server and shown by name."""
    recording = stream()
    follow(page, origin, recording)
    fetched = []
    while 0 not in fetched and len(fetched) < 6:  # a busy machine looks whether it missed something
        before = recording.live.playlist_fetches
        for rung in ("l-low", "l-high"):
            page.evaluate(f"{HW}.player.pin('{rung}')")
            until(page, f"{HW}.playing === '{rung}'")
        fetched.append(recording.live.playlist_fetches - before)
    assert 0 in fetched
    assert [m["quality"] for m in recording.live.heard if m["type"] == "subscribe"][-1] == "l-high"
    expect(page.locator("#quality-button")).to_have_text("180p")
