"""What was played is what the dashboards show: two viewers, one of them on a link that breaks down."""

from __future__ import annotations

import csv
import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from playwright.sync_api import expect
from support.axe import serious
from support.pages import kept_session
from support.stack import ROOT, Stack, someone
from support.waiting import PATIENCE_S, until

if TYPE_CHECKING:
    from collections.abc import Iterator

    from playwright.sync_api import Browser, Page, Request, Route

pytestmark = pytest.mark.e2e

HW = "window.headwater"
SLOW_BYTES_S = 24_000
STARVED = """addEventListener("DOMContentLoaded", () => {
  const timer = setInterval(() => {
    const video = window.headwater?.video;
    if (!(video?.currentTime > 1 && video.readyState < 3 && !video.ended)) return;
    clearInterval(timer);
    setTimeout(() => window.starved(), 2500);
  }, 50);
});"""
"""Says when the picture has stood still for a while."""
READY = "document.querySelector('#board-body')?.getAttribute('aria-busy') === 'false'"


@dataclass
class Told:
    """What a player told the server, each event once."""

    events: dict[int, dict[str, Any]] = field(default_factory=dict)

    def note(self, request: Request) -> None:
        """Read one report."""
        if request.method == "POST" and "/events" in request.url and request.post_data:
            for event in json.loads(request.post_data)["events"]:
                self.events[event["seq"]] = event

    def count(self, kind: str) -> int:
        """Events of a kind."""
        return sum(event["kind"] == kind for event in self.events.values())


def play(page: Page, address: str) -> Told:
    """Open the player and wait until it is over, and told."""
    told = Told()
    page.on("request", told.note)
    page.goto(address)
    until(page, f"{HW}.video.ended && {HW}.reporter.waiting === 0")
    return told


class Breakdown:
    """A link that carries next to nothing from one segment of picture on, until the picture has stood still."""

    def __init__(self, page: Page, at: int = 3) -> None:
        """`at`: which request for picture, init segments counted."""
        self.page, self.at, self.seen = page, at, 0
        self.link = page.context.new_cdp_session(page)
        self.link.send("Network.enable")
        page.route("**/media/**/*.mp4", self._hold)
        page.add_init_script(STARVED)
        page.expose_function("starved", self._mend)

    def _hold(self, route: Route) -> None:
        self.seen += "/v-" in route.request.url
        if self.seen == self.at:
            self._carry(SLOW_BYTES_S)
        route.continue_()

    def _mend(self) -> None:
        self._carry(-1)

    def _carry(self, bytes_s: int) -> None:
        conditions = {"offline": False, "latency": 0, "downloadThroughput": bytes_s, "uploadThroughput": -1}
        self.link.send("Network.emulateNetworkConditions", conditions)


def folded(stack: Stack, owner: str, recording: str, sessions: int) -> list[dict[str, Any]]:
    """Wait until so many sessions are over."""
    deadline = time.monotonic() + 2 * PATIENCE_S
    with stack.api(owner) as api:
        while True:
            found = api.get(f"/recordings/{recording}/analytics/sessions").raise_for_status().json()["sessions"]
            if sum(one["ended_at"] is not None and one["watch_s"] > 0 for one in found) >= sessions:
                return list(found)
            assert time.monotonic() < deadline, found
            time.sleep(0.3)


@dataclass
class Played:
    """A recording that two people watched to its end; its owner's sums are of nothing else."""

    owner: str
    recording: str
    sessions: list[dict[str, Any]]
    bob: Told
    nobody: Told
    """Whose link broke down."""


@pytest.fixture(scope="module")
def played(stack: Stack, browser: Browser, short_clip: Path) -> Played:
    """Play it as bob, then as nobody on a link that breaks down."""
    owner = someone("dana")
    recording = str(stack.upload(short_clip, "--title", "Deltas", "--wait", user=owner)["id"])
    with stack.api(owner) as api:
        api.patch(f"/recordings/{recording}", json={"visibility": "public"}).raise_for_status()
    address = f"{stack.url}/watch/{recording}"
    with opened(browser, stack.token("bob"), "bob") as page:
        bob = play(page, address)
    with opened(browser) as page:
        Breakdown(page)
        nobody = play(page, address)
    return Played(owner, recording, folded(stack, owner, recording, 2), bob, nobody)


@contextmanager
def opened(browser: Browser, token: str = "", user: str = "") -> Iterator[Page]:
    """Open a page, signed in when a token is given."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    if token:
        kept = json.dumps(kept_session(token, user))
        context.add_init_script(f"sessionStorage.setItem('headwater.session', {kept})")
    yield context.new_page()
    context.close()


@pytest.fixture
def board(stack: Stack, played: Played, browser: Browser) -> Iterator[Page]:
    """A page of the owner's; axe finds nothing serious on the last board it showed, and its console is silent."""
    with opened(browser, stack.token(played.owner), played.owner) as page:
        complaints: list[str] = []
        page.on("console", lambda line: complaints.append(line.text) if line.type in {"warning", "error"} else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        yield page
        assert (serious(page), complaints) == ([], [])


def show(page: Page, address: str, name: str) -> None:
    """Go to a board, wait for its numbers and keep a picture of it."""
    page.goto(address)
    until(page, READY)
    folder = ROOT / "artifacts/web"
    folder.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=folder / f"real-{name}.png", full_page=True)


def test_the_sums_are_of_what_was_played(stack: Stack, played: Played, board: Page) -> None:
    """Two views of two viewers, over all recordings and of this one, and as much watch time as was played."""
    watched_s = sum(one["watch_s"] for one in played.sessions)
    assert len(played.sessions) == 2
    for name, path in (("overview", "/analytics"), ("recording", f"/analytics/recordings/{played.recording}")):
        views = board.get_by_role("tab", name="Views 2 ")
        deadline = time.monotonic() + PATIENCE_S
        show(board, f"{stack.url}{path}?days=today", name)
        while not views.count() and time.monotonic() < deadline:  # what was played just now is added soon
            board.wait_for_timeout(500)
            show(board, f"{stack.url}{path}?days=today", name)
        expect(board.get_by_role("tab", name="Views 2 ")).to_be_visible()
        expect(board.get_by_role("tab", name="Viewers a day 2 ")).to_be_visible()
        expect(board.get_by_role("tab", name=f"Watch time {watched_s:.0f} s ")).to_be_visible()
    expect(board.get_by_role("heading", name="How far they watched")).to_be_visible()
    expect(board.locator(".board__facts-list")).to_contain_text("Watched of it100 %")


def test_a_stall_is_found_and_explained(stack: Stack, played: Played, board: Page) -> None:
    """The list leads to the session that stood still, and its picture names each stall and why."""
    stalls, others = played.nobody.count("stall"), played.bob.count("stall")
    assert stalls > 0
    show(board, f"{stack.url}/analytics/recordings/{played.recording}?show=sessions", "sessions")
    rows = board.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="bob")).to_contain_text(f"{others}, " if others else "none")
    expect(rows.filter(has_text="Anonymous")).to_contain_text(f"{stalls}, ")
    rows.filter(has_text="Anonymous").get_by_role("link").click()
    reasons = board.locator(".board__why")
    expect(reasons).to_have_count(stalls)
    reasons.first.focus()
    expect(board.locator(".board__reading")).to_contain_text("Stood still for")
    board.screenshot(path=ROOT / "artifacts/web/real-session.png", full_page=True)


def test_attendance_names_who_was_signed_in(stack: Stack, played: Played, board: Page) -> None:
    """On the page, and in the file."""
    show(board, f"{stack.url}/analytics/recordings/{played.recording}?show=people", "people")
    rows = board.locator("tbody tr")
    expect(rows).to_have_count(2)
    expect(rows.filter(has_text="bob")).to_contain_text("100 %")
    with board.expect_download() as saving:
        board.get_by_role("button", name="Download CSV").click()
    with Path(saving.value.path()).open(newline="", encoding="utf-8-sig") as file:
        lines = list(csv.DictReader(file))
    assert [line["user"] for line in lines if line["user"]] == ["bob"]
    assert len(lines) == 2
