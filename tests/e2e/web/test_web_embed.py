"""The player in a frame of somebody else's page, and what the player page remembers, offers and explains."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.axe import serious
from support.waiting import troubles, until
from web_recording import OwnerOrigin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Frame, Page
    from web_origin import Scenario

pytestmark = pytest.mark.e2e

HW = "window.headwater"
AT = f"{HW}.video.currentTime"


class ForeignSite(ThreadingHTTPServer):
    """A page of another origin that holds what `address` names in a frame."""

    daemon_threads = True
    address = ""

    def handle_error(self, *_: object) -> None:
        """Browsers hang up whenever they like."""


class ForeignPage(BaseHTTPRequestHandler):
    """Answers everything with the page."""

    server: ForeignSite

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def do_GET(self) -> None:
        """Answer."""
        allowed = 'width=640 height=360 title="Rivers" allow="autoplay; fullscreen"'
        frame = f'<iframe src="{self.server.address}" {allowed}></iframe>'
        head = "<!doctype html><html lang=en><title>My blog</title><link rel=icon href=data:,>"
        body = f"{head}<main><h1>My blog</h1>{frame}</main>".encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


def serving(server: ThreadingHTTPServer) -> Iterator[ThreadingHTTPServer]:
    """Serve until the test is over."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def origin() -> Iterator[ThreadingHTTPServer]:
    """Pages with the headers that the embedded cloud gives them."""
    yield from serving(OwnerOrigin(Path(__file__).parents[3] / "web"))


@pytest.fixture
def blog() -> Iterator[ThreadingHTTPServer]:
    """Another origin."""
    yield from serving(ForeignSite(("127.0.0.1", 0), ForeignPage))


@pytest.fixture
def rivers(origin: OwnerOrigin, scenario: Callable[..., Scenario]) -> Scenario:
    """A finished private recording."""
    made = scenario(private=True)
    made.finish()
    origin.own(made)
    return made


def framed(page: Page, blog: ForeignSite, address: str) -> Frame:
    """Open the foreign page with that in its frame."""
    blog.address = address
    page.goto(f"http://127.0.0.1:{blog.server_port}/")
    return page.frames[1]


def test_another_origins_page_holds_the_player(
    page: Page, origin: OwnerOrigin, blog: ForeignSite, rivers: Scenario, complaints: list[str]
) -> None:
    """It waits to be asked, plays with the cookies of its own link, and names the recording with a way to its page."""
    frame = framed(page, blog, f"{origin.url}/embed/{rivers.id}?grant=good&t=4")
    until(frame, f"{HW}.phase === 'idle'")
    assert [path for path, _ in rivers.log if ".mp4" in path] == []
    title = frame.get_by_role("link", name=rivers.title)
    assert title.get_attribute("href") == f"/watch/{rivers.id}?grant=good"
    frame.get_by_role("button", name="Play", exact=True).first.click()
    until(frame, f"{AT} > 4.5")
    assert troubles(frame) == []
    assert complaints == []
    assert serious(page) == []  # last: its words to the frame are refused, which the console tells


def test_it_begins_by_itself_when_its_address_says_so(
    page: Page, origin: OwnerOrigin, blog: ForeignSite, rivers: Scenario
) -> None:
    """Without sound, from the moment named."""
    frame = framed(page, blog, f"{origin.url}/embed/{rivers.id}?grant=good&autoplay=1&muted=1&t=0m6s")
    until(frame, f"{AT} > 6.3 && {HW}.video.muted")


def test_nobody_signs_in_inside_a_frame(page: Page, origin: OwnerOrigin, blog: ForeignSite, rivers: Scenario) -> None:
    """Whose page it is in cannot be seen; a way out is offered instead."""
    frame = framed(page, blog, f"{origin.url}/embed/{rivers.id}?grant=bad")
    expect(frame.get_by_role("heading", name="This link no longer works")).to_be_visible()
    expect(frame.get_by_role("link", name="Open its page")).to_have_attribute("target", "_blank")
    expect(frame.get_by_role("textbox")).to_have_count(0)


def test_no_other_page_can_be_framed(page: Page, origin: OwnerOrigin, blog: ForeignSite, rivers: Scenario) -> None:
    """What can be clicked for somebody stays out of frames."""
    frame = framed(page, blog, f"{origin.url}/watch/{rivers.id}?grant=good")
    frame.wait_for_load_state()
    assert frame.locator("#stage").count() == 0


@pytest.fixture
def watched(page: Page, origin: OwnerOrigin, rivers: Scenario) -> Page:
    """The player page, playing."""
    page.goto(f"{origin.url}/watch/{rivers.id}?grant=good")
    until(page, f"{AT} > 0.2")
    return page


def test_speed_is_chosen_from_a_menu_and_kept(watched: Page) -> None:
    """By its name as it looks, and the next page plays as fast."""
    watched.get_by_role("button", name="1x, speed").click()
    assert serious(watched) == []
    watched.locator("#speed-menu").get_by_role("menuitemradio", name="1.5x").click()
    until(watched, f"{HW}.video.playbackRate === 1.5")
    watched.reload()
    until(watched, f"{AT} > 0.2 && {HW}.video.playbackRate === 1.5")


def test_it_goes_on_where_it_was_left(
    open_context: Callable[..., BrowserContext], origin: OwnerOrigin, scenario: Callable[..., Scenario]
) -> None:
    """It says so and how to start over; an address that names a moment is stronger."""
    recording = scenario(recording_status="ready")
    recording.finish()
    origin.own(recording).progress = {"duration_s": 240.0}
    address = f"{origin.url}/watch/{recording.id}"
    page = open_context().new_page()
    page.add_init_script(f"localStorage.setItem('headwater.places', JSON.stringify({{{recording.id}: [15, 1]}}))")
    page.add_init_script("""sessionStorage.setItem("headwater.session", JSON.stringify(
      {token: "t-mara", user: "mara", role: "publisher", expires_at: "2100-01-01T00:00:00Z"}))""")
    page.goto(address)
    expect(page.locator("#notice")).to_have_text("Going on at 0:15, where you left it. Press 0 to start over.")
    until(page, f"{AT} > 15")
    page.keyboard.press("0")
    until(page, f"{AT} < 10")
    page.goto(f"{address}?t=8")
    until(page, f"{AT} > 8 && {AT} < 15")


def test_places_are_kept_and_forgotten(watched: Page) -> None:
    """Kept in the middle, not at the beginning, and forgotten at the end."""
    kept = watched.evaluate(
        """async () => {
          const { Memory, momentOf } = await import("/assets/remember.js");
          const video = Object.assign(new EventTarget(), { currentTime: 0, duration: 100, ended: false, paused: true });
          const memory = new Memory("rec_x");
          memory.follow(video);
          const at = (s) => {
            video.currentTime = s;
            video.dispatchEvent(new Event("pause"));
            return memory.placeS(100);
          };
          const places = [at(5), at(42.7), at(90)];
          at(50);
          video.dispatchEvent(new Event("ended"));
          const moments = ["90", "90s", "1:30", "1h2m3s", "2m", "", "x", "-4"].map(momentOf);
          return { places, after: memory.placeS(100), moments };
        }"""
    )
    assert kept["places"] == [None, 42, None]
    assert kept["after"] is None
    assert kept["moments"] == [90, 90, 90, 3723, 120, None, None, None]


def test_the_keys_are_explained(watched: Page, complaints: list[str]) -> None:
    """At `?`, by the button, not while somebody types, and Escape puts the map away; digits go to tenths."""
    watched.keyboard.press("?")
    expect(watched.get_by_role("dialog", name="Keys")).to_be_visible()
    assert serious(watched) == []
    watched.keyboard.press("Escape")
    expect(watched.get_by_role("dialog", name="Keys")).to_be_hidden()
    watched.get_by_role("button", name="Keys").click()
    expect(watched.get_by_role("dialog", name="Keys")).to_be_visible()
    watched.get_by_role("button", name="Close").click()
    watched.keyboard.press("5")
    until(watched, f"Math.abs({AT} - 12) < 3 && {AT} >= 12")
    assert complaints == []
