"""What the player tells the server of a session, and that playing never depends on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.waiting import eventually, troubles, until

from chalicelib.domain.abr.reports import read_batch

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

HW = "window.headwater"
FLUSH = f"{HW}.reporter.flush()"


def play(page: Page, origin: Origin, recording: Scenario, at_s: float) -> None:
    """Open the page and play up to a time."""
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, f"{HW}.video.currentTime > {at_s}")


def test_every_segment_is_told_in_cmcds_words(page: Page, origin: Origin, scenario: Callable[..., Scenario]) -> None:
    """Once each, in the server's own format, with what the engine needs to follow."""
    recording = scenario()
    recording.finish()
    play(page, origin, recording, 2)
    until(page, f"{HW}.buffered.at(-1)[1] > 23")
    page.evaluate(FLUSH)
    until(page, f"{HW}.reporter.waiting === 0")
    assert all(read_batch(body) for _, body in recording.reports)
    segments = [event for event in recording.events if event["kind"] == "segment"]
    assert [event["index"] for event in segments] == list(range(12))
    first = segments[0]
    assert (first["rendition"], first["br"], first["tb"], first["d"]) == ("v-low", 150, 900, 2000)
    assert first["bytes"] == recording.ladder.chunks["v-low"][0].segments[0][1]
    assert (first["ot"], first["st"], first["sf"]) == ("v", "v", "h")
    assert all(0 <= event["ttfb_ms"] <= event["duration_ms"] for event in segments)
    assert [event["kind"] for event in recording.events].count("start") == 1
    assert len({session for session, _ in recording.reports}) == 1


def test_the_server_says_where_to_begin_and_where_to_report(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """Its advice decides the first rung, its address takes the reports, and the device is told first."""
    recording = scenario()
    recording.finish()
    recording.advised = {"recommended": {"id": "v-mid"}, "cap": {"id": "v-mid", "reason": "screen"}}
    play(page, origin, recording, 3)
    page.evaluate(FLUSH)
    until(page, f"{HW}.reporter.waiting === 0")
    assert {session for session, _ in recording.reports} == {"given"}
    segments = [event["rendition"] for event in recording.events if event["kind"] == "segment"]
    assert set(segments) == {"v-mid"}
    _, device = (event for event in recording.events if event["kind"] == "join")
    assert (device["width"], device["height"], device["dpr"], device["save_data"]) == (1280, 800, 1, False)
    assert set(device["decoding"]) == {"150", "400", "900"}


def test_without_advice_it_begins_lowest_and_names_its_session_itself(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """A server that cannot advise may still take reports."""
    recording = scenario(advice_status=503)
    recording.finish()
    play(page, origin, recording, 1)
    page.evaluate(FLUSH)
    eventually(lambda: recording.reports, page=page)
    assert len(recording.reports[0][0]) == 32
    segments = [event["rendition"] for event in recording.events if event["kind"] == "segment"]
    assert segments[0] == "v-low"


def test_a_page_that_goes_away_leaves_its_last_words(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """The browser delivers them after the page is gone; what comes twice has the same number."""
    recording = scenario()
    recording.finish()
    play(page, origin, recording, 1)
    page.evaluate(FLUSH)
    eventually(lambda: recording.reports, page=page)
    page.evaluate(f"{HW}.video.pause()")
    until(page, f"{HW}.reporter.waiting > 0")
    page.goto("about:blank")
    eventually(lambda: any(event["kind"] == "pause" for event in recording.events), page=page)
    numbers = [event["seq"] for event in recording.events]
    assert numbers == list(range(len(numbers)))


def test_reports_wait_for_a_server_that_is_away(page: Page, origin: Origin, scenario: Callable[..., Scenario]) -> None:
    """A 503 loses nothing, disturbs nothing, and the next answer takes all of it."""
    recording = scenario(events_status=503)
    recording.finish()
    play(page, origin, recording, 1)
    page.evaluate(FLUSH)
    until(page, f"{HW}.video.currentTime > 2")
    assert (recording.reports, troubles(page)) == ([], [])
    recording.events_status = 200
    eventually(lambda: recording.reports, page=page)
    assert recording.events[0]["seq"] == 0


def test_a_server_that_wants_no_reports_gets_none(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """After a refusal nothing is sent or kept, and the video plays on."""
    recording = scenario(events_status=404)
    recording.finish()
    play(page, origin, recording, 1)
    page.evaluate(FLUSH)
    until(page, f"{HW}.reporter.waiting === 0")
    recording.events_status = 200
    until(page, f"{HW}.video.currentTime > 3")
    page.evaluate(FLUSH)
    assert (recording.reports, page.evaluate(f"{HW}.reporter.waiting")) == ([], 0)


def test_the_queue_is_bounded(page: Page, origin: Origin) -> None:
    """Of six hundred events that nobody takes the last five hundred are kept, and the loss is counted."""
    page.goto(origin.url)
    kept = page.evaluate(
        """async () => {
          const { Reporter } = await import("/assets/abr/reporter.js");
          const reporter = new Reporter();
          for (let n = 0; n < 600; n += 1) reporter.tell("seek", {});
          return [reporter.waiting, reporter.counts];
        }"""
    )
    assert kept == [500, {"accepted": 0, "dropped": 100}]
