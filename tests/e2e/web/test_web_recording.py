"""A recording's own page, before a stand-in: its job filling in, its captions, its links, its end."""

from __future__ import annotations

import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.axe import serious
from support.waiting import eventually, troubles, until
from web_recording import OwnerOrigin

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from playwright.sync_api import BrowserContext, Page
    from web_origin import Scenario

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).parents[3]
HW = "window.headwater"
SESSION = """sessionStorage.setItem("headwater.session", JSON.stringify(
  {token: "t-mara", user: "mara", role: "publisher", expires_at: "2100-01-01T00:00:00Z"}))"""
BROWSER_REPORTS = "Failed to load resource"
GOOD_SRT = b"1\n00:00:01,000 --> 00:00:04,000\nGuten Tag\n\n2\n00:00:15,000 --> 00:00:18,000\nSp\xc3\xa4ter\n"
LONG = 364
"""Chunks of three hours."""


@pytest.fixture
def origin() -> Iterator[OwnerOrigin]:
    """Pages and what an owner asks, on a free port."""
    origin = OwnerOrigin(ROOT / "web")
    thread = threading.Thread(target=origin.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield origin
    origin.shutdown()
    thread.join()
    origin.server_close()


@pytest.fixture(scope="session")
def poster() -> bytes:
    """A picture of the demonstration."""
    command = [str(ROOT / "build/layers/ffmpeg/bin/ffmpeg"), "-v", "error", "-ss", "8"]
    command += ["-i", str(ROOT / "tests/media/demo-1080p30.mp4"), "-frames:v", "1", "-vf", "scale=960:-2"]
    return subprocess.run([*command, "-f", "mjpeg", "-"], check=True, capture_output=True, timeout=60).stdout


@pytest.fixture
def running(origin: OwnerOrigin, scenario: Callable[..., Scenario], poster: bytes) -> Scenario:
    """A private recording whose job runs: it plays already."""
    done = {"a-main": 1, "v-low": 3, "v-mid": 2, "v-high": 1}
    made = scenario(private=True, done=done, eta_s=42, usd="0.003", stills={"poster.jpg": poster})
    origin.own(made)
    return made


def sign_in(page: Page) -> None:
    """Have a session from the first script on."""
    page.add_init_script(SESSION)


def open_own(page: Page, origin: OwnerOrigin, recording: Scenario) -> None:
    """Open the owner's page, until its job has been looked at."""
    sign_in(page)
    page.goto(f"{origin.url}/recordings/{recording.id}")
    expect(page.get_by_role("heading", name=recording.title)).to_be_visible()


def ours(complaints: list[str]) -> list[str]:
    """Complaints that are not the browser's report of a refused request."""
    return [line for line in complaints if not line.startswith(BROWSER_REPORTS)]


STATES = "(cells) => cells.map((cell) => cell.dataset.state)"


def states(page: Page, row: str) -> list[str]:
    """States of a row's cells, from left to right."""
    cells = page.locator(".chunks__row", has_text=row).locator(".chunks__strip .chunks__cell")
    return list(cells.evaluate_all(STATES))


def test_a_job_fills_in(page: Page, origin: OwnerOrigin, running: Scenario, complaints: list[str]) -> None:
    """A row for each rung, best first and sound last, a cell for each piece; each becomes done in time."""
    open_own(page, origin, running)
    names = page.locator(".chunks__name")
    expect(names).to_have_text(["v-high", "v-mid", "v-low", "a-main"])
    eventually(lambda: states(page, "v-mid") == ["done", "done", "running", "waiting"], page=page)
    expect(page.locator("#job")).to_contain_text("about 40 s left")
    expect(page.locator(".chunks__row", has_text="v-mid").locator(".chunks__pace")).to_contain_text("96 fps · 3.2")
    running.finish("v-mid")
    expect(page.locator(".chunks__row", has_text="v-mid").locator(".chunks__pace")).to_have_text("done")
    until(page, "document.querySelectorAll('.chunks__row:nth-child(2) [data-state=done]').length === 4", "null")
    page.get_by_text("Receipt").click()
    expect(page.get_by_role("row", name="In all")).to_contain_text("$0.003412908")
    assert serious(page) == []
    assert complaints == []


def test_hours_fit(page: Page, origin: OwnerOrigin, running: Scenario) -> None:
    """Three hours are 120 columns at most; what is partly done is neither done nor waiting, and no failure is lost."""
    owned = origin.own(running)
    owned.chunk_s = 30
    owned.rows = {"v-low": "d" * 100 + "d." * 30 + "." * (LONG - 160), "v-mid": "d" * 200 + "f" + "." * (LONG - 201)}
    open_own(page, origin, running)
    until(page, "document.querySelectorAll('.chunks__row').length === 2", "null")
    low, mid = states(page, "v-low"), states(page, "v-mid")
    assert len(low) == len(mid) == 120
    assert {state: low.count(state) for state in set(low)} == {"done": 33, "partly": 20, "waiting": 67}
    assert mid.count("failed") == 1
    expect(page.locator(".chunks__axis")).to_contain_text("3:02:00")


def test_cancelled_and_going_on(page: Page, origin: OwnerOrigin, running: Scenario) -> None:
    """After a question each; the page says what became of it and goes on following."""
    open_own(page, origin, running)
    page.get_by_role("button", name="Cancel encoding").click()
    page.get_by_role("dialog").get_by_role("button", name="Let it run").click()
    assert origin.own(running).calls == []
    page.get_by_role("button", name="Cancel encoding").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel encoding").click()
    expect(page.locator("#job-title")).to_have_text("Encoding cancelled")
    expect(page.locator("#job")).to_contain_text("job_cancelled")
    page.get_by_role("button", name="Go on encoding").click()
    expect(page.locator("#job-title")).to_have_text("Encoding")
    assert origin.own(running).calls == ["DELETE transcode", "POST transcode/retry"]
    running.finish()
    expect(page.locator("#job-title")).to_have_text("Encoded")


def test_it_is_renamed_where_it_stands(page: Page, origin: OwnerOrigin, running: Scenario) -> None:
    """Enter keeps, Escape does not, and a name that looks like markup is a name."""
    open_own(page, origin, running)
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").press("Escape")
    page.get_by_role("button", name="Rename").click()
    page.get_by_label("Title").fill("Rivers & <b>seas</b>")
    page.get_by_label("Title").press("Enter")
    expect(page.get_by_role("heading", name="Rivers & <b>seas</b>")).to_be_visible()
    assert origin.own(running).changes == [{"title": "Rivers & <b>seas</b>"}]
    expect(page.locator("#share-snippet")).to_have_value(
        f'<iframe src="{origin.url}/embed/{running.id}?grant=v1.1796122800.abc" '
        'title="Rivers &#38; &#60;b&#62;seas&#60;/b&#62;" allow="autoplay; fullscreen; picture-in-picture" '
        'loading="lazy" style="width: 100%; aspect-ratio: 16 / 9; border: 0"></iframe>'
    )


def test_sharing(page: Page, origin: OwnerOrigin, running: Scenario, complaints: list[str]) -> None:
    """A private link says until when; a public one lasts. The preview is the embedded player itself."""
    open_own(page, origin, running)
    link = page.get_by_role("textbox", name="Link")
    expect(link).to_have_value(f"{origin.url}/watch/{running.id}?grant=v1.1796122800.abc")
    expect(page.locator("#share")).to_contain_text("The link works until Dec 1, 2026")
    page.get_by_label("Public").check()
    expect(link).to_have_value(f"{origin.url}/watch/{running.id}")
    expect(page.locator("#share")).not_to_contain_text("works until")
    assert origin.own(running).changes == [{"visibility": "public"}]
    page.get_by_text("Embed").click()
    page.get_by_role("button", name="Show preview").click()
    framed = page.frame_locator(".share__preview iframe")
    expect(framed.get_by_role("link", name=running.title)).to_have_attribute("href", f"/watch/{running.id}")
    expect(framed.get_by_role("button", name="Play", exact=True).first).to_be_visible()
    assert complaints == []


def test_captions_come_and_go(page: Page, origin: OwnerOrigin, running: Scenario) -> None:
    """What is wrong is told with its line; what is right is in the list, and can be taken away again."""
    open_own(page, origin, running)
    page.get_by_role("button", name="Add captions").click()
    files = page.get_by_label("File, .vtt or .srt")
    files.set_input_files({"name": "talk.de.srt", "mimeType": "application/x-subrip", "buffer": b"no"})
    expect(page.get_by_label("Language")).to_have_value("de")
    page.get_by_role("button", name="Upload").click()
    expect(page.get_by_role("alert")).to_have_text(
        "Line 4: these are no times; they look like 00:01:02.500 --> 00:01:04.000. captions_malformed"
    )
    files.set_input_files({"name": "talk.de.srt", "mimeType": "application/x-subrip", "buffer": GOOD_SRT})
    page.get_by_label("Shown unless somebody chooses otherwise").check()
    page.get_by_role("button", name="Upload").click()
    expect(page.locator("#captions .tracks__row")).to_contain_text("Deutsch")
    expect(page.locator("#captions .tracks__row")).to_contain_text("de · 2 cues · shown by default")
    page.get_by_role("button", name="Remove Deutsch").click()
    page.get_by_role("dialog").get_by_role("button", name="Remove").click()
    expect(page.locator("#captions")).to_contain_text("None yet.")
    assert origin.own(running).calls == ["DELETE captions/de"]


def test_it_plays_when_it_is_asked_to(page: Page, origin: OwnerOrigin, running: Scenario) -> None:
    """No session and no media before; then the player as everywhere, and links that begin where it is."""
    open_own(page, origin, running)
    until(page, f"{HW}.phase === 'idle' && {HW}.video.poster !== ''")
    assert [path for path, _ in running.log if ".mp4" in path] == []
    page.get_by_role("button", name="Play", exact=True).first.click()
    until(page, f"{HW}.video.currentTime > 1.1")
    page.evaluate(f"{HW}.video.pause()")
    page.get_by_label("Start at 0:0").check()
    at = int(page.evaluate(f"{HW}.video.currentTime"))
    expect(page.get_by_role("textbox", name="Link")).to_have_value(
        f"{origin.url}/watch/{running.id}?grant=v1.1796122800.abc&t={at}"
    )
    assert troubles(page) == []


def test_it_is_deleted(page: Page, origin: OwnerOrigin, running: Scenario, complaints: list[str]) -> None:
    """After a question that names it; then the library, and the page says that there is no such recording."""
    open_own(page, origin, running)
    page.get_by_role("button", name="Delete").click()
    expect(page.get_by_role("dialog")).to_contain_text(running.title)
    page.get_by_role("dialog").get_by_role("button", name="Delete recording").click()
    page.wait_for_url(f"{origin.url}/")
    assert origin.own(running).calls == ["DELETE "]
    page.goto(f"{origin.url}/recordings/{running.id}")
    expect(page.get_by_role("heading", name="No such recording")).to_be_visible()
    assert serious(page) == []
    assert ours(complaints) == []


def test_a_failed_job_says_where_and_why(page: Page, origin: OwnerOrigin, scenario: Callable[..., Scenario]) -> None:
    """The piece that gave up is marked, the reason stands beside a button that tries again."""
    failure = {"code": "encode_failed", "detail": "Encoding 180p failed 4 times in a row and was given up."}
    recording = scenario(done={"a-main": 1}, recording_status="errored", error=failure)
    origin.own(recording).rows = {"v-low": "dd..", "v-mid": "df.."}
    open_own(page, origin, recording)
    expect(page.locator("#job-title")).to_have_text("Encoding failed")
    expect(page.locator("#job")).to_contain_text(failure["detail"])
    until(page, "document.querySelectorAll('.chunks__row').length === 2", "null")
    eventually(lambda: states(page, "v-mid") == ["done", "failed", "waiting", "waiting"], page=page)
    expect(page.get_by_role("button", name="Try again")).to_be_visible()


def test_a_stream_has_its_facts_instead_of_a_job(
    page: Page, origin: OwnerOrigin, stream: Callable[..., Scenario], screenshots: Path
) -> None:
    """How it comes in, who watches, what was refused; it plays quietly, and is ended after a question."""
    recording = stream()
    origin.own(recording)
    open_own(page, origin, recording)
    until(page, f"{HW}.video.currentTime > 0 && {HW}.video.muted")
    for fact in ("3.1 Mbps", "0.4 s", "2.4 s", "12", "19"):
        expect(page.locator("#stream dd", has_text=fact).first).to_be_visible()
    expect(page.locator("#stream")).to_contain_text("7.m4s: It does not begin with a key frame. no_key_frame")
    expect(page.locator("#job")).to_be_hidden()
    expect(page.locator("#downloads")).to_be_hidden()
    expect(page.locator("#captions")).to_be_hidden()
    page.screenshot(path=screenshots / "recording-live.png", full_page=True)
    page.get_by_role("button", name="End stream").click()
    page.get_by_role("dialog").get_by_role("button", name="End stream").click()
    expect(page.get_by_text("The stream is over.")).to_be_visible()
    assert origin.own(recording).calls == ["DELETE stream/stop-live"]


@pytest.mark.parametrize("look", [("wide", 1440, "light"), ("phone", 390, "dark")])
def test_how_it_looks(
    open_context: Callable[..., BrowserContext],
    origin: OwnerOrigin,
    running: Scenario,
    screenshots: Path,
    look: tuple[str, int, str],
) -> None:
    """Nothing scrolls sideways, and there is a picture of it for people to look at."""
    name, width, scheme = look
    page = open_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    open_own(page, origin, running)
    until(page, f"{HW}.video.poster !== '' && document.querySelectorAll('.chunks__row').length === 4")
    page.wait_for_load_state("networkidle")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.screenshot(path=screenshots / f"recording-{name}.png", full_page=True)
