"""The library's states, its keyboard, several at once; the settings; how they look."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.axe import serious
from support.waiting import until

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import BrowserContext, Page
    from web_origin import Origin, Scenario

pytestmark = pytest.mark.e2e

FFMPEG = Path(__file__).parents[3] / "build/layers/ffmpeg/bin/ffmpeg"
SESSION = """sessionStorage.setItem("headwater.session", JSON.stringify(
  {token: "t-mara", user: "mara", role: "publisher", expires_at: "2100-01-01T00:00:00Z"}))"""
GREEN, BROWN = "c0=0x0b5d6b:c1=0x9fc7c4:x0=0:y0=0:x1=640:y1=360", "c0=0x3a2318:c1=0xb4481c:x0=640:y0=0:x1=0:y1=360"


def poster(colours: str) -> bytes:
    """One generated JPEG."""
    command = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", f"gradients=s=640x360:{colours}", "-frames:v", "1"]
    done = subprocess.run([*command, "-f", "mjpeg", "pipe:1"], capture_output=True, check=True, timeout=60)
    return done.stdout


@pytest.fixture
def library(origin: Origin, scenario: Callable[..., Scenario]) -> list[Scenario]:
    """One recording of each kind."""
    half = scenario(title="Hydrology 101: where rivers begin and why they bend", done={"a-main": 1, "v-low": 2})
    half.eta_s, half.usd = 760.0, "0.0241"
    ready = scenario(title="Evening lecture", stills={"poster.jpg": poster(GREEN)}, private=True)
    other = scenario(title="Field trip to the delta", stills={"poster.jpg": poster(BROWN)})
    for done in (ready, other):
        done.finish()
    failed = scenario(title="Broken file", recording_status="errored")
    failed.error = {"code": "not_media", "detail": "This file holds no video or audio that can be read."}
    begun = scenario(title="Interviews", recording_status="uploading")
    origin.pages = [[half, ready, begun, other, failed]]
    return [half, ready, begun, other, failed]


@pytest.fixture
def console(page: Page, origin: Origin, library: list[Scenario]) -> Page:
    """The library, signed in, with its rows there."""
    page.add_init_script(SESSION)
    page.goto(origin.url)
    expect(page.get_by_role("listitem")).to_have_count(len(library))
    return page


def titles(page: Page) -> list[str]:
    """Titles in the list, as they stand."""
    return page.locator("#recordings .recording__title").all_inner_texts()


def test_the_list_is_searched_filtered_and_ordered(console: Page, origin: Origin, complaints: list[str]) -> None:
    """Each choice is in the address, so that a reload and a link keep it."""
    console.keyboard.press("/")
    expect(console.get_by_role("searchbox")).to_be_focused()
    console.keyboard.type("LECTURE")
    expect(console.get_by_role("listitem")).to_have_count(1)
    expect(console).to_have_url(f"{origin.url}/?q=LECTURE")
    console.get_by_role("searchbox").fill("lakes")
    expect(console.get_by_role("heading", name="Nothing found for “lakes”")).to_be_visible()
    console.get_by_role("button", name="Show all recordings").click()
    expect(console.get_by_role("listitem")).to_have_count(5)
    console.get_by_label("Order").select_option("By title")
    until(console, "document.querySelector('#recordings .recording__title')?.textContent === 'Broken file'")
    console.get_by_label("Status").select_option("Ready")
    expect(console.get_by_role("listitem")).to_have_count(2)
    console.reload()
    expect(console.get_by_role("listitem")).to_have_count(2)
    assert titles(console) == ["Evening lecture", "Field trip to the delta"]
    assert complaints == []


def test_rows_show_pictures_and_how_far_they_are(console: Page, library: list[Scenario], complaints: list[str]) -> None:
    """Posters without cookies; percent and time while it encodes; then it is ready by itself."""
    until(console, "[...document.querySelectorAll('.recording img')].filter(i => i.naturalWidth === 640).length === 2")
    row = console.get_by_role("listitem").filter(has_text="Hydrology")
    expect(row).to_contain_text("% encoded · about 13 min left · $0.02 so far")
    library[0].finish()
    expect(row.locator(".badge")).to_have_text("Ready")
    expect(row.get_by_role("progressbar")).to_be_hidden()
    expect(row.locator("img")).to_have_count(0)
    library[0].stills["poster.jpg"] = poster(GREEN)  # named after the recording was ready
    expect(row.locator("img")).to_be_visible(timeout=20_000)
    assert complaints == []


def test_a_row_is_deleted_with_the_keyboard(console: Page, complaints: list[str]) -> None:
    """Its menu opens, moves and closes by keys, and nothing goes without a second word."""
    button = console.get_by_role("button", name="More about Evening lecture")
    button.focus()
    console.keyboard.press("Enter")
    expect(console.get_by_role("menuitem", name="Watch")).to_be_focused()
    console.keyboard.press("Escape")
    expect(button).to_be_focused()
    console.keyboard.press("Enter")
    expect(console.get_by_role("menuitem", name="Watch")).to_be_focused()
    console.keyboard.press("End")
    expect(console.get_by_role("menuitem", name="Delete…")).to_be_focused()
    console.keyboard.press("Enter")
    dialog = console.get_by_role("dialog", name="Delete “Evening lecture”?")
    expect(dialog.get_by_role("button", name="Cancel")).to_be_focused()
    console.keyboard.press("Escape")
    expect(console.get_by_role("listitem")).to_have_count(5)
    button.click()
    console.get_by_role("menuitem", name="Delete…").click()
    dialog.get_by_role("button", name="Delete").click()
    expect(console.get_by_role("listitem")).to_have_count(4)
    expect(console.get_by_role("link", name="Interviews")).to_be_focused()
    console.reload()
    expect(console.get_by_role("listitem")).to_have_count(4)
    assert complaints == []


def test_several_are_chosen_to_be_watched_together(console: Page, library: list[Scenario]) -> None:
    """Two to four of them; Escape puts the boxes away."""
    console.get_by_role("button", name="Select").click()
    bar = console.get_by_role("group", name="Chosen recordings")
    expect(bar.get_by_role("button", name="Watch together")).to_be_disabled()
    console.get_by_role("checkbox", name="Choose Evening lecture").check()
    console.get_by_role("checkbox", name="Choose Field trip to the delta").check()
    expect(bar).to_contain_text("2 chosen")
    link = bar.get_by_role("link", name="Watch together")
    expect(link).to_have_attribute("href", f"/together?recordings={library[1].id},{library[3].id}")
    console.keyboard.press("Escape")
    expect(bar).to_be_hidden()
    expect(console.get_by_role("checkbox")).to_have_count(0)


def test_an_upload_begun_elsewhere_takes_no_other_file(console: Page) -> None:
    """It asks for its own, by name and size."""
    with console.expect_file_chooser() as chooser:
        console.get_by_role("button", name="Go on").click()
    chooser.value.set_files({"name": "rivers.mp4", "mimeType": "video/mp4", "buffer": b"shorter"})
    expect(console.get_by_text("That is another file. This upload is of rivers.mp4, 20.0 MB.")).to_be_visible()


def test_the_theme_is_there_before_the_first_paint(origin: Origin, open_context: Callable[..., BrowserContext]) -> None:
    """Chosen once, it holds on every page and in every tab, and System follows the machine again."""
    context = open_context(color_scheme="light")
    page = context.new_page()
    page.add_init_script(SESSION)
    page.goto(f"{origin.url}/settings")
    page.get_by_role("radio", name="Dark").check()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    beside = context.new_page()
    beside.route("**/*.js", lambda route: route.continue_() if "theme.js" in route.request.url else route.abort())
    beside.goto(f"{origin.url}/watch/rec_nothing", wait_until="domcontentloaded")
    assert beside.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(15, 26, 29)"
    page.get_by_role("radio", name="System").check()
    expect(beside.locator("html")).to_have_attribute("data-theme", "light")


def test_settings_are_kept_and_erasing_asks_first(page: Page, origin: Origin, complaints: list[str]) -> None:
    """Not being counted forgets the browser's name; erasing goes on until nothing is left."""
    page.add_init_script(SESSION)
    page.goto(f"{origin.url}/settings")
    page.evaluate("localStorage.setItem('headwater.viewer', 'abcdefghijklmnop')")
    page.get_by_role("switch", name="Be counted as one viewer").uncheck()
    assert page.evaluate("localStorage.getItem('headwater.viewer')") is None
    page.get_by_role("switch", name="Save data").check()
    page.get_by_label("Highest quality by itself").select_option("720p")
    page.reload()
    expect(page.get_by_role("switch", name="Be counted as one viewer")).not_to_be_checked()
    expect(page.get_by_role("switch", name="Save data")).to_be_checked()
    expect(page.get_by_label("Highest quality by itself")).to_have_value("720")
    page.get_by_role("button", name="Erase…").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    assert origin.erased == []
    page.get_by_role("button", name="Erase…").click()
    page.get_by_role("dialog").get_by_role("button", name="Erase").click()
    expect(page.get_by_text("4 sessions were erased.")).to_be_visible()
    assert origin.erased == ["mara", "mara"]
    assert complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(360, "light"), (390, "dark"), (1440, "light")])
@pytest.mark.usefixtures("library")
def test_the_console_fits_and_is_looked_at(
    width: int,
    scheme: str,
    origin: Origin,
    open_context: Callable[..., BrowserContext],
    screenshots: Path,
) -> None:
    """Nothing scrolls sideways, axe finds nothing serious, and pictures are left for people to look at."""
    context = open_context(viewport={"width": width, "height": 844 if width < 1000 else 900}, color_scheme=scheme)
    page = context.new_page()

    def look(name: str) -> None:
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
        assert serious(page) == [], name
        page.screenshot(path=screenshots / f"console-{name}-{width}-{scheme}.png")

    page.goto(origin.url)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_label("User")).to_be_visible()
    look("issuer")
    page.add_init_script(SESSION)
    page.goto(origin.url)
    until(page, "[...document.querySelectorAll('.recording img')].filter(i => i.naturalWidth).length === 2")
    expect(page.get_by_role("listitem").first).to_contain_text("encoded")
    look("library")
    page.get_by_role("button", name="More about Evening lecture").click()
    expect(page.get_by_role("menuitem", name="Watch")).to_be_focused()
    look("menu")
    page.get_by_role("menuitem", name="Delete…").click()
    expect(page.get_by_role("dialog")).to_be_visible()
    look("delete")
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Select").click()
    page.get_by_role("checkbox", name="Choose Evening lecture").check()
    page.get_by_role("checkbox", name="Choose Interviews").check()
    look("selection")
    origin.pages = []
    page.goto(origin.url)
    expect(page.get_by_role("heading", name="No recordings yet")).to_be_visible()
    look("empty")
    page.goto(f"{origin.url}/settings")
    expect(page.get_by_text("Development issuer of this machine")).to_be_visible()
    look("settings")
