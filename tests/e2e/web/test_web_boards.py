"""The analytics pages, before a stand-in that tells them what to show."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.axe import serious
from support.waiting import until
from web_analytics import AnalyticsOrigin
from web_figures import RECORDING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Page

pytestmark = pytest.mark.e2e

SESSION = """sessionStorage.setItem("headwater.session", JSON.stringify(
  {token: "t-mara", user: "mara", role: "publisher", expires_at: "2100-01-01T00:00:00Z"}))"""
BROWSER_REPORTS = "Failed to load resource"
RECORD = f"/analytics/recordings/{RECORDING['id']}"
READY = "document.querySelector('#board-body')?.getAttribute('aria-busy') === 'false'"
NOTHING = "null"
"""What to say of the page when waiting was in vain: there is no player."""
STREAM = {
    "recording_id": "rec_live",
    "title": "Ice, live from the glacier",
    "room_id": "ice",
    "viewers": 48,
    "peak": 61,
    "started_at": "2026-11-28T09:00:00Z",
    "latency_ms": 3100,
    "ingest": {"bitrate_kbps": 3100, "lag_s": 0.4, "status": "active"},
}


@pytest.fixture
def origin() -> Iterator[AnalyticsOrigin]:
    """Pages and analytics on a free port."""
    origin = AnalyticsOrigin(Path(__file__).parents[3] / "web")
    thread = threading.Thread(target=origin.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield origin
    origin.shutdown()
    thread.join()
    origin.server_close()


@pytest.fixture
def visit(page: Page, origin: AnalyticsOrigin) -> Callable[[str], Page]:
    """Open a board, signed in."""
    page.add_init_script(SESSION)

    def go(path: str) -> Page:
        page.goto(origin.url + path)
        until(page, READY, NOTHING)
        return page

    return go


def ours(complaints: list[str]) -> list[str]:
    """Complaints that are not the browser's report of a refused request."""
    return [line for line in complaints if not line.startswith(BROWSER_REPORTS)]


PAGES = {
    "overview": "/analytics",
    "today": "/analytics?days=today",
    "live": "/analytics/live",
    "recording": f"{RECORD}?days=28",
    "sessions": f"{RECORD}?show=sessions",
    "people": f"{RECORD}?show=people",
    "session": f"{RECORD}/sessions/session-0000000000000006",
    "room": "/analytics/rooms/geology",
}


@pytest.mark.parametrize("name", PAGES)
def test_boards_hold_on_a_desk_and_on_a_phone(
    origin: AnalyticsOrigin,
    open_context: Callable[..., BrowserContext],
    screenshots: Path,
    name: str,
) -> None:
    """By day and by night: axe finds nothing serious, nothing scrolls sideways, the console is silent."""
    origin.analytics.streams = [STREAM]
    for width, height, scheme in ((1440, 900, "light"), (390, 844, "dark")):
        context = open_context(viewport={"width": width, "height": height}, color_scheme=scheme)
        context.add_init_script(SESSION)
        page = context.new_page()
        complaints: list[str] = []
        page.on(
            "console",
            lambda line, said=complaints: said.append(line.text) if line.type in {"warning", "error"} else None,
        )
        page.on("pageerror", lambda error, said=complaints: said.append(str(error)))
        page.goto(origin.url + PAGES[name])
        until(page, READY, NOTHING)
        page.screenshot(path=screenshots / f"board-{name}-{width}-{scheme}.png", full_page=True)
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.set_viewport_size({"width": min(width, 360), "height": height})
        until(page, "document.documentElement.scrollWidth <= innerWidth", NOTHING)
        assert (serious(page), ours(complaints)) == ([], [])
        context.close()


def test_the_overview_compares_with_the_days_before(visit: Callable[[str], Page], origin: AnalyticsOrigin) -> None:
    """Figures say the sums that were told, against before; days are asked for once, and so are those before them."""
    page = visit("/analytics")
    days = [path for path in origin.analytics.asked if "overview" in path]
    assert len(days) == len(set(days)) == 2
    expect(page.get_by_role("tab", name="Watch time")).to_contain_text("more")
    views = page.get_by_role("tab", name="Views ")
    views.click()
    expect(views).to_have_attribute("aria-selected", "true")
    page.get_by_role("button", name="Table").first.click()
    rows = page.locator(".board__sheet tbody tr")
    expect(rows).to_have_count(7)
    shown = sum(
        int(cell.replace(",", "")) for cell in page.locator(".board__sheet tbody td:first-of-type").all_inner_texts()
    )
    assert str(shown) in views.inner_text()


def test_days_change_without_another_page(visit: Callable[[str], Page]) -> None:
    """The address says which days, back and forward work, and what has focus keeps it."""
    page = visit("/analytics")
    page.evaluate("window.same = true")
    page.get_by_role("link", name="28 days").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/analytics?days=28")
    until(page, READY, NOTHING)
    expect(page.get_by_role("link", name="28 days")).to_be_focused()
    expect(page.locator(".board__key").first).to_contain_text("The 28 days before")
    page.go_back()
    expect(page.locator(".board__key").first).to_contain_text("The 7 days before")
    assert page.evaluate("window.same")


def test_a_chart_is_read_with_the_keyboard(visit: Callable[[str], Page]) -> None:
    """Arrow keys go from day to day, and what they come to is said."""
    page = visit("/analytics")
    plot = page.locator(".board__plot").first
    plot.focus()
    page.keyboard.press("End")
    said = page.locator(".board__chart [aria-live]").first
    expect(said).to_contain_text("Watch time")
    last = said.inner_text()
    expect(page.locator(".board__tip").first).to_be_visible()
    page.keyboard.press("ArrowLeft")
    expect(said).not_to_have_text(last)
    page.keyboard.press("Escape")
    expect(page.locator(".board__tip").first).to_be_hidden()


def test_nothing_watched_says_what_will_appear(visit: Callable[[str], Page], origin: AnalyticsOrigin) -> None:
    """An empty board is no row of zeros."""
    origin.analytics.scale = 0
    page = visit("/analytics")
    expect(page.get_by_role("heading", name="Nobody has watched yet")).to_be_visible()
    expect(page.get_by_role("link", name="Go live")).to_be_visible()
    page.goto(f"{origin.url}{RECORD}")
    expect(page.get_by_role("heading", name="Nobody has watched this yet")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "words"), [(404, "There is nothing to see here"), (500, "The numbers could not be loaded")]
)
def test_trouble_is_named(visit: Callable[[str], Page], origin: AnalyticsOrigin, status: int, words: str) -> None:
    """With the code; what may pass can be tried again."""
    origin.analytics.status = status
    page = visit(RECORD)
    expect(page.get_by_role("heading", name=words)).to_be_visible()
    origin.analytics.status = 200
    if status == 500:
        page.get_by_role("button", name="Try again").click()
        expect(page.get_by_role("heading", name=RECORDING["title"])).to_be_visible()


def test_a_session_shows_why_it_stood_still(visit: Callable[[str], Page], complaints: list[str]) -> None:
    """Each reason leads to its place in the picture, and the picture to its reason."""
    page = visit(PAGES["session"])
    reasons = page.locator(".board__why")
    reasons.nth(1).focus()
    expect(reasons.nth(1)).to_have_attribute("aria-current", "true")
    expect(page.locator(".board__reading")).to_contain_text("Stood still for")
    expect(page.locator(".board__reading")).to_contain_text("The link fell to")
    page.locator(".board__plot").first.focus()
    page.keyboard.press("Home")
    expect(page.locator(".board__reading")).to_contain_text("The player opened")
    expect(reasons.nth(1)).not_to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Closer").click()
    expect(page.get_by_role("button", name="All of it")).to_be_visible()
    reasons.first.hover()
    expect(reasons.first).to_have_attribute("aria-current", "true")
    page.get_by_role("button", name="Table").click()
    expect(page.get_by_role("row", name="Stood still")).to_have_count(reasons.count())
    assert (serious(page), complaints) == ([], [])


def test_sessions_are_paged(visit: Callable[[str], Page], origin: AnalyticsOrigin) -> None:
    """More of them on demand, and each leads to its own board."""
    page = visit(PAGES["sessions"])
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(50)
    page.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(origin.analytics.sessions)
    expect(page.get_by_role("button", name="Show more")).to_be_hidden()
    rows.nth(2).get_by_role("link").click()
    page.wait_for_url("**/sessions/session-0000000000000002")
    expect(page.get_by_role("heading", name="Why it stood still")).to_be_visible()


def test_attendance_is_sorted_and_saved(visit: Callable[[str], Page]) -> None:
    """By any column, both ways; the file is the server's, fetched with the token, all sheets in one."""
    page = visit(PAGES["room"])
    head = page.get_by_role("columnheader", name="Sessions")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    cells = page.locator("td[data-name=Sessions]")
    down = [int(text) for text in cells.all_inner_texts()]
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert (down, [int(text) for text in cells.all_inner_texts()]) == (sorted(down, reverse=True), sorted(down))
    with page.expect_download() as saving:
        page.get_by_role("button", name="Download CSV").click()
    assert saving.value.suggested_filename == "attendance-geology.csv"
    assert Path(saving.value.path()).read_text() == "user,watch_s\nmara,12\ntheo,9\n"


def test_live_now_keeps_up(visit: Callable[[str], Page], origin: AnalyticsOrigin) -> None:
    """Numbers change in place, a stream that ends goes, and nothing at all says so."""
    origin.analytics.streams = [STREAM]
    page = visit("/analytics/live")
    row = page.locator(".board__stream")
    expect(row).to_contain_text("48 watching")
    origin.analytics.streams = [STREAM | {"viewers": 49}]
    expect(row).to_contain_text("49 watching")
    origin.analytics.streams = []
    expect(page.get_by_role("heading", name="Nothing is live")).to_be_visible(timeout=15_000)


CALL = "async ([module, name, ...rest]) => (await import(`/assets/boards/${module}.js`))[name](...rest)"


@pytest.mark.parametrize(
    ("module", "name", "given", "expected"),
    [
        ("words", "share", [0.99996], "99.9 %"),
        ("words", "share", [0.0042], "0.42 %"),
        ("words", "share", [None], "\u2013"),
        ("words", "span", [15_120], "4 h 12 min"),
        ("words", "span", [3599], "1 h"),
        ("words", "delay", [999.4], "999 ms"),
        ("words", "days", ["2026-11-22", "2026-11-28"], "22 to 28 November 2026"),
        ("words", "days", ["2025-12-30", "2026-01-05"], "30 December 2025 to 5 January 2026"),
        ("words", "country", ["PT"], "Portugal"),
        ("words", "country", ["<b>"], "<b>"),
        ("paint", "spread", [7, 3], [0, 3, 6]),
        ("paint", "ticking", [0, 2730, 4], [0, 900, 1800, 2700]),
        (
            "moments",
            "bands",
            [[{"kind": "stall", "at_ms": 9000, "stall_ms": 2500}], 20],
            [{"kind": "stall", "from": 6.5, "to": 9}],
        ),
        ("moments", "bands", [[{"kind": "pause", "at_ms": 4000}], 20], [{"kind": "pause", "from": 4, "to": 20}]),
    ],
)
def test_rules(
    page: Page, origin: AnalyticsOrigin, module: str, name: str, given: list[object], expected: object
) -> None:
    """Words, marks on axes and bands, called where they run."""
    page.goto(f"{origin.url}/signed-in")
    assert page.evaluate(CALL, [module, name, *given]) == expected


def test_a_stall_begins_with_an_empty_buffer(page: Page, origin: AnalyticsOrigin) -> None:
    """Players tell of it when it is over; the picture of the buffer must not run through it."""
    page.goto(f"{origin.url}/signed-in")
    told = [{"kind": "segment", "at_ms": 2000, "buffer_s": 4}, {"kind": "stall", "at_ms": 9000, "stall_ms": 2500}]
    found = page.evaluate(CALL, ["moments", "points", told])
    assert found["moments"][1] == {"kind": "dry", "at_ms": 6500, "buffer_s": 0}
    assert found["xs"] == [2, 6.5, 9]


def test_somebody_on_two_pages_is_one_person(page: Page, origin: AnalyticsOrigin) -> None:
    """Sums add up, the first and the last time are those of both, and others stay who they are."""
    page.goto(f"{origin.url}/signed-in")
    common = {"user": None, "completion": 0.5, "recordings": 1, "sessions": 2, "watch_s": 60}
    one = common | {"viewer": "a", "first_at": "2026-11-20T10:00:00Z", "last_at": "2026-11-21T10:00:00Z"}
    earlier = one | {"user": "mara", "completion": 0.8, "first_at": "2026-11-02T10:00:00Z"}
    other = one | {"viewer": "b"}
    both = earlier | {"sessions": 4, "watch_s": 120}
    assert page.evaluate(CALL, ["people", "together", [one, other, earlier]]) == [both, other]


def test_moments_at_once_are_apart(page: Page, origin: AnalyticsOrigin) -> None:
    """In the order of their time, and none hides another."""
    page.goto(f"{origin.url}/signed-in")
    found = page.evaluate(
        CALL,
        [
            "moments",
            "points",
            [{"kind": "end", "at_ms": 700}, {"kind": "join", "at_ms": 500}, {"kind": "seek", "at_ms": 500}],
        ],
    )
    assert [moment["kind"] for moment in found["moments"]] == ["join", "seek", "end"]
    assert found["xs"] == sorted(set(found["xs"]))
