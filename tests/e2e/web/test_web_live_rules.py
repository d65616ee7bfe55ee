"""What the live player makes of announcements, silence and clocks: pure rules, run where they will run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.live import segment

from chalicelib.domain.live.playlists import entry_json, media_playlist
from chalicelib.domain.live.window import LiveWindow

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from web_origin import Origin

pytestmark = pytest.mark.e2e

CALL = "async ([module, name, ...rest]) => (await import(`/assets/${module}.js`))[name](...rest)"
KEEP_UP = """async ([text, kind, steps]) => {
  const { PlaylistText } = await import("/assets/live/playlist-text.js");
  const playlist = new PlaylistText(text);
  return steps.map(({ first, dsn, entries }) => {
    const taken = entries.map((entry) => playlist.append(entry, kind));
    playlist.dropBelow(first, dsn);
    return [taken.every(Boolean), playlist.render().replace("#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES\\n", "")];
  });
}"""
CLOCK = """async (heard) => {
  const { ServerClock, latencyS } = await import("/assets/live/latency.js");
  const clock = new ServerClock();
  for (const [sent, received] of heard) clock.hear(sent, received);
  return [clock.at(1000), latencyS(null, 5), latencyS(2, 5), latencyS(9, 5)];
}"""
TARGET = {"targetMs": 2000, "pushed": True, "idle": False, "doubted": False, "heardMs": 9000, "polledMs": 4000}


def programme() -> list[LiveWindow]:
    """A window after each of its segments: it slides, the encoder restarts, sound is missing for a moment."""
    sent = [segment(n) for n in range(8)]
    sent += [segment(n, 100 + 2 * n, run=1, tag="two") for n in range(3)]
    sent += [segment(3, 106, run=1, tag="three", sound=False), *(segment(n, 100 + 2 * n, run=1) for n in range(4, 12))]
    windows = [LiveWindow(2, 14)]
    for one in sent:
        windows.append(windows[-1].accept(one, one.received_at))
    return [window for window in windows if window.entries]


@pytest.mark.parametrize("kind", ["video", "audio"])
def test_a_playlist_that_is_kept_up_is_the_servers(page: Page, origin: Origin, kind: str) -> None:
    """Entry by entry, discontinuities, init segments and what slides out included: the very text."""
    first, *later = programme()
    steps: list[dict[str, Any]] = []
    edge = first.edge
    for window in later:
        entries = [entry_json(entry) for entry in window.entries if entry.msn > edge]
        edge = window.edge
        steps.append({"first": window.media_sequence, "dsn": window.discontinuity_sequence, "entries": entries})
    page.goto(origin.url)
    kept = page.evaluate(KEEP_UP, [media_playlist(first, kind), kind, steps])
    assert kept == [[True, media_playlist(window, kind)] for window in later]
    assert later[-1].discontinuity_sequence > 0


def test_only_what_follows_is_appended(page: Page, origin: Origin) -> None:
    """A segment that does not come next changes nothing, nor does one behind the end."""
    window = LiveWindow(2, 100).accept(segment(0), 0.0).accept(segment(1), 0.0)
    text, entry = media_playlist(window, "video"), entry_json(window.entries[-1])
    far = {"first": 0, "dsn": 0, "entries": [entry | {"msn": 3}]}
    page.goto(origin.url)
    assert page.evaluate(KEEP_UP, [text, "video", [far]]) == [[False, text]]
    over = text + "#EXT-X-ENDLIST\n"
    assert page.evaluate(KEEP_UP, [over, "video", [far | {"entries": [entry | {"msn": 2}]}]]) == [[False, over]]


def test_announcements_continue_a_playlist_or_leave_a_gap(page: Page, origin: Origin) -> None:
    """What is known is passed over; null says that something between is missing."""

    def entries(*numbers: int) -> list[dict[str, int]]:
        return [{"msn": number} for number in numbers]

    page.goto(origin.url)
    asked = [(4, entries(5, 6)), (5, entries(4, 5, 6)), (6, entries(4, 5)), (4, entries(6, 7)), (4, entries(5, 7))]
    seen = [page.evaluate(CALL, ["live/sequence", "continuation", last, found]) for last, found in asked]
    assert seen == [entries(5, 6), entries(6), [], None, None]
    gathered = page.evaluate(CALL, ["live/sequence", "gathered", entries(5, 7), entries(6, 7)])
    assert gathered == entries(5, 6, 7)


def test_playlists_are_fetched_when_announcements_stay_away(page: Page, origin: Origin) -> None:
    """After one and a half targets of silence, at once in doubt or without a socket, seldom while nothing can come."""
    page.goto(origin.url)
    cases: list[tuple[dict[str, Any], int]] = [
        ({}, 12_000),
        ({"targetMs": 1000}, 11_000),
        ({"polledMs": 12_000, "grew": True}, 14_000),
        ({"polledMs": 12_000, "grew": False}, 13_000),
        ({"doubted": True, "polledMs": 0}, 0),
        ({"pushed": False, "polledMs": 0}, 0),
        ({"pushed": False, "grew": True}, 6000),
        ({"pushed": False, "grew": False}, 5000),
        ({"idle": True}, 19_000),
        ({"idle": True, "pushed": False, "grew": True}, 6000),
    ]
    seen = [page.evaluate(CALL, ["live/sequence", "nextPollMs", TARGET | course]) for course, _ in cases]
    assert seen == [due for _, due in cases]


def test_waits_between_attempts_double_and_are_spread(page: Page, origin: Origin) -> None:
    """From half a second to a quarter of a minute, half of it by chance."""
    page.goto(origin.url)
    waits = [page.evaluate(CALL, ["live/sequence", "backoffMs", n, chance]) for n in (1, 2, 9) for chance in (0, 1)]
    assert waits == [250, 500, 500, 1000, 7500, 15_000]


def test_latency_is_reckoned_on_the_servers_clock(page: Page, origin: Origin) -> None:
    """The message that travelled fastest tells best how far the clocks are apart; nonsense is not told."""
    page.goto(origin.url)
    assert page.evaluate(CLOCK, [[100, 160.4], [101, 161.1], [102, 163]]) == [pytest.approx(939.9), None, 3, None]
    words = [page.evaluate(CALL, ["live/latency", "behindWords", seconds]) for seconds in (4.6, 75, 3700)]
    assert words == ["\u22120:05", "\u22121:15", "\u22121:01:40"]
    assert page.evaluate(CALL, ["live/latency", "watchingWords", 1204]) == "1,204 watching"


def test_what_is_captured_fits_the_ladder(page: Page, origin: Origin) -> None:
    """Even sizes within the box, never larger than what is captured; names go on from any object."""
    page.goto(f"{origin.url}/studio")
    box = {"width": 1280, "height": 720}
    sources = [{"width": 2560, "height": 1440}, {"width": 641, "height": 361}, {"width": 1000, "height": 2000}, {}]
    sizes = [page.evaluate(CALL, ["studio/encoder", "fitted", source, box]) for source in sources]
    assert [(size["width"], size["height"]) for size in sizes] == [(1280, 720), (640, 360), (360, 720), (1280, 720)]
    assert page.evaluate(CALL, ["studio/uploader", "namesFrom", "init.mp4", 3]) == ["init.mp4", "0.m4s", "1.m4s"]
    assert page.evaluate(CALL, ["studio/uploader", "namesFrom", "9.m4s", 2]) == ["9.m4s", "10.m4s"]
    conditions = [
        page.evaluate(CALL, ["studio/rates", "conditionOf", *case]) for case in ([1, 0, 2], [5, 0, 2], [0, 1, 2])
    ]
    assert conditions == ["good", "slow", "away"]
