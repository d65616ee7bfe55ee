"""What analytics learns from a player: who, on what, for how long, which parts, and how it ended."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from support.waiting import eventually, until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

HW = "window.headwater"
FLUSH = f"{HW}.reporter.flush()"


def play(page: Page, origin: Origin, recording: Scenario, at_s: float) -> None:
    """Open the page and play up to a time."""
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, f"{HW}.video.currentTime > {at_s}")


def told(page: Page, recording: Scenario) -> list[dict[str, Any]]:
    """Have everything reported, and return it."""
    page.evaluate(FLUSH)
    until(page, f"{HW}.reporter.waiting === 0")
    return recording.events


def test_a_session_opens_with_who_and_on_what(
    origin: Origin, scenario: Callable[..., Scenario], open_context: Callable[..., BrowserContext]
) -> None:
    """Before anything else; the browser's name stays the same from visit to visit, and is left out when so wished."""
    recording = scenario()
    recording.finish()
    context = open_context()
    opened = []
    for counted in (True, True, False):
        page = context.new_page()
        if not counted:
            page.add_init_script("localStorage.setItem('headwater.counted', 'no')")
        recording.reports.clear()
        play(page, origin, recording, 0.1)
        opened.append(told(page, recording)[0])
        page.close()
    first, again, uncounted = opened
    assert [event["kind"] for event in opened] == ["join"] * 3
    assert (first["seq"], first["wt"], first["device"], first["live"], first["embed"]) == (
        0,
        0,
        "desktop",
        False,
        False,
    )
    assert re.fullmatch(r"[A-Za-z0-9_-]{16,64}", first["vid"])
    assert again["vid"] == first["vid"]
    assert "vid" not in uncounted


def test_devices_are_told_apart(page: Page, origin: Origin) -> None:
    """By what browsers say of themselves, and by the screen where they say the wrong thing."""
    page.goto(origin.url)
    agents = [
        ("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/140.0", False, False, 1080, "desktop"),
        ("Mozilla/5.0 (X11; Linux x86_64) Firefox/140.0", None, False, 1080, "desktop"),
        ("Mozilla/5.0 (Linux; Android 15; Pixel 9) Chrome/140.0 Mobile", True, True, 412, "phone"),
        ("Mozilla/5.0 (Linux; Android 15; SM-X910) Chrome/140.0", False, True, 900, "tablet"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/605", None, True, 390, "phone"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605", None, True, 820, "tablet"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Safari/605", None, False, 900, "desktop"),
        ("Mozilla/5.0 (SMART-TV; Linux; Tizen 8.0) Version/8.0", None, False, 1080, "tv"),
        ("curl/8", None, False, 0, "other"),
    ]
    kinds = page.evaluate(
        """async (machines) => {
          const { kindOf } = await import("/assets/abr/viewer.js");
          const width = 2000;
          return machines.map(([agent, mobile, touched, height]) => kindOf({ agent, mobile, touched, width, height }));
        }""",
        [machine[:4] for machine in agents],
    )
    assert kinds == [machine[4] for machine in agents]


def test_what_was_played_is_told_and_pauses_are_not(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """Ranges of the recording and a person's time, also over a seek, at another speed and through a pause."""
    recording = scenario()
    recording.finish()
    play(page, origin, recording, 1)
    page.evaluate(f"{HW}.video.currentTime = 10")
    until(page, f"!{HW}.video.seeking && {HW}.video.currentTime > 10.5")
    faster_s = page.evaluate(f"(({HW}.video.playbackRate = 2), {HW}.video.currentTime)")
    until(page, f"{HW}.video.currentTime > 12.5")
    page.evaluate(f"{HW}.video.pause()")
    page.wait_for_timeout(300)
    page.evaluate(f"{HW}.video.playbackRate = 1")
    events = told(page, recording)
    pause = next(event for event in events if event["kind"] == "pause")
    seen = page.evaluate(
        """async (ranges) => (await import("/assets/abr/watch-time.js")).merged(ranges)""",
        [[a / 1000, b / 1000] for event in events for a, b in event.get("seen", [])],
    )
    (from_s, left_s), (back_s, to_s) = seen
    assert (from_s, back_s) == (pytest.approx(0, abs=0.1), pytest.approx(10, abs=0.05))
    assert 1 < left_s < 9
    assert to_s == pytest.approx(pause["pt"] / 1000, abs=0.05)
    expected_s = left_s - from_s + faster_s - back_s + (to_s - faster_s) / 2
    assert pause["wt"] / 1000 == pytest.approx(expected_s, abs=0.3)
    counted = [event["wt"] for event in events]
    assert counted == sorted(counted)
    assert page.evaluate(f"{HW}.player.watchdog.played.ms") == pause["wt"]


def test_leaving_is_told_with_the_viewers_name_and_last_ranges(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """By a beacon, as nothing else outlives a page; what was reported before had the token of who is signed in."""
    recording = scenario()
    recording.finish()
    page.add_init_script(
        "sessionStorage.setItem('headwater.session', JSON.stringify({token: 't-mara', user: 'mara', role: 'viewer',"
        " expires_at: '2099-01-01T00:00:00Z'}))"
    )
    play(page, origin, recording, 0.5)
    eventually(lambda: recording.reports, page=page)
    assert set(recording.reporters) == {"Bearer t-mara"}
    page.goto("about:blank")
    eventually(lambda: any(event["kind"] == "end" for event in recording.events), page=page)
    end = recording.events[-1]
    assert (end["kind"], end["reason"]) == ("end", "left")
    assert end["wt"] > 300
    assert end["seen"]
    assert end["frames"] > 0


def test_the_end_is_told_once(page: Page, origin: Origin, scenario: Callable[..., Scenario]) -> None:
    """Who closes the page after the last picture has not left before it."""
    recording = scenario()
    recording.finish()
    play(page, origin, recording, 0.1)
    page.evaluate(f"{HW}.video.currentTime = 23")
    until(page, f"{HW}.video.ended")
    told(page, recording)
    page.goto("about:blank")
    page.wait_for_timeout(300)
    assert [event["reason"] for event in recording.events if event["kind"] == "end"] == ["ended"]


def test_giving_up_is_told_as_fatal(page: Page, origin: Origin, scenario: Callable[..., Scenario]) -> None:
    """With the code of what went wrong; errors that were recovered from are not."""
    recording = scenario()
    recording.finish()
    play(page, origin, recording, 0.5)
    page.evaluate(
        f"{HW}.player.errorPolicy.errors.push({{ at: 0, type: 't', details: 'bufferAppendError', fatal: true }});"
        f"{HW}.player.fail()"
    )
    events = told(page, recording)
    assert [(event["kind"], event.get("code"), event.get("fatal")) for event in events[-2:]] == [
        ("error", "bufferAppendError", True),
        ("end", None, None),
    ]
    assert events[-1]["reason"] == "failed"


def test_a_streams_segments_say_how_far_behind_the_camera(
    page: Page, origin: Origin, stream: Callable[..., Scenario]
) -> None:
    """A stream has no timeline that viewers share, so it has no ranges."""
    recording = stream()
    recording.live.run()
    play(page, origin, recording, 2)
    until(page, f"typeof {HW}.player.latencyS === 'number'")
    eventually(lambda: any("latency_ms" in event for event in told(page, recording)), page=page)
    events = recording.events
    assert events[0]["live"] is True
    assert all(0 < event["latency_ms"] < 30_000 for event in events if "latency_ms" in event)
    assert not any("seen" in event for event in events)


def test_reports_stay_within_what_the_server_takes(page: Page, origin: Origin) -> None:
    """Its size and its pace; when it asks to be left alone it is, and a token it refuses is left out."""
    page.goto(origin.url)
    sent = page.evaluate(
        """async () => {
          const { Reporter } = await import("/assets/abr/reporter.js");
          const sent = [];
          const answers = [[401, {}], [429, { "retry-after": "3" }], [200, {}], [200, {}]];
          window.fetch = async (url, { body, headers }) => {
            const [status, more] = answers[sent.length] ?? [200, {}];
            const events = JSON.parse(body).events.map(({ seq }) => seq);
            const { authorization: bearer = null } = headers;
            sent.push({ status, at: performance.now(), size: body.length, events, bearer });
            return new Response("{}", { status, headers: more });
          };
          const reporter = new Reporter();
          reporter.open({ url: "/x?token=t", headers: () => ({ authorization: "Bearer old" }), open: true });
          for (let n = 0; n < 50; n += 1) reporter.tell("segment", { reason: "x".repeat(700) });
          await reporter.flush();
          while (reporter.waiting) await new Promise((resolve) => setTimeout(resolve, 50));
          return sent;
        }"""
    )
    assert [report["status"] for report in sent] == [401, 429, 200, 200, 200]
    assert all(report["size"] <= 16 * 1024 for report in sent)
    assert [report["bearer"] for report in sent] == ["Bearer old", None, None, None, None]
    assert sent[2]["at"] - sent[1]["at"] >= 2900
    assert all(after["at"] - before["at"] > 900 for before, after in pairwise(sent))
    taken = [number for report in sent if report["status"] == 200 for number in report["events"]]
    assert taken == list(range(50))


def test_who_waited_for_the_encoder_has_not_waited_for_the_network(
    page: Page, origin: Origin, scenario: Callable[..., Scenario]
) -> None:
    """A session's start-up time begins when the page was opened, or when there was something to play."""
    recording = scenario()
    page.goto(f"{origin.url}/watch/{recording.id}")
    until(page, f"{HW}.phase === 'preparing'")
    page.wait_for_timeout(1500)
    recording.finish()
    until(page, f"{HW}.video.currentTime > 0.1")
    shown_ms = page.evaluate(f"{HW}.firstFrameMs")
    start = next(event for event in told(page, recording) if event["kind"] == "start")
    assert 0 < start["startup_ms"] < shown_ms - 1400
