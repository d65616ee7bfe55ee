"""A person runs the whole of it from a browser: signs in, uploads in two goes, sees it become ready, deletes it."""

from __future__ import annotations

import re
import subprocess
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Error, expect
from support.pipeline import FFMPEG
from support.stack import someone

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page, Request, Route
    from support.stack import Stack

pytestmark = pytest.mark.e2e
PATIENCE_MS = 120_000
GIVEN_UP = "() => document.querySelector('dialog[open]') || document.querySelectorAll('#uploads li').length === 1"
FOUND = "() => location.search === '?q=INTERVIEW' && document.querySelector('#library').dataset.view === 'list'"
PART = re.compile(r"[?&]partNumber=(\d+)")


@pytest.fixture(scope="module")
def three_parts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of picture that take more than 16 MiB."""
    clip = tmp_path_factory.mktemp("console") / "Interview 12.mp4"
    noise = "nullsrc=s=640x360:r=25:d=4,geq=random(1)*255:128:128"
    encode = [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-b:v",
        "40M",
        "-minrate",
        "40M",
        "-maxrate",
        "40M",
        "-bufsize",
        "4M",
    ]
    command = [FFMPEG, "-v", "error", "-nostdin", "-f", "lavfi", "-i", noise, *encode, "-pix_fmt", "yuv420p", str(clip)]
    subprocess.run(command, check=True, timeout=120)
    assert 16 * 2**20 < clip.stat().st_size < 24 * 2**20, clip.stat().st_size
    return clip


def sign_in(page: Page, stack: Stack, user: str) -> None:
    """Go through the issuer's page."""
    page.goto(stack.url)
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("User").fill(user)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("button", name=f"Account: {user}, publisher")).to_be_visible(timeout=PATIENCE_MS)


def uploaded(stack: Stack, user: str) -> list[int]:
    """Parts of this person's one unfinished upload that have arrived."""
    with stack.api(user) as api:
        found = api.get("/recordings", params={"status": "uploading"}).json()["recordings"]
        parts = api.get(f"/recordings/{found[0]['id']}/upload").json()["uploaded"] if found else []
    return [part["part_number"] for part in parts]


def test_from_signing_in_to_deleting(stack: Stack, three_parts: Path, page: Page, complaints: list[str]) -> None:
    """The page is reloaded in the middle of the upload: only what had not arrived is sent again."""
    page.set_default_timeout(PATIENCE_MS)
    page.on("dialog", lambda dialog: dialog.accept())
    ann = someone("ann")
    sign_in(page, stack, ann)
    expect(page.get_by_role("heading", name="No recordings yet")).to_be_visible(timeout=PATIENCE_MS)

    def first_part_only(route: Route) -> None:
        found = PART.search(route.request.url)
        if found is None or found[1] == "1":
            route.continue_()

    page.route(PART, first_part_only)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files(three_parts)
    expect(page.get_by_role("button", name="Pause Interview 12.mp4")).to_be_visible(timeout=PATIENCE_MS)
    deadline = time.monotonic() + 120
    while uploaded(stack, ann) != [1]:
        assert time.monotonic() < deadline, page.locator("#uploads").inner_text()
        page.wait_for_timeout(200)

    page.reload()
    page.unroute(PART, first_part_only)  # not before: that would let go of what is held
    sent: list[str] = []

    def note(request: Request) -> None:
        found = PART.search(request.url)
        if found is not None and request.method == "PUT":
            sent.append(found[1])

    page.on("request", note)
    row = page.get_by_role("listitem").filter(has_text="Interview 12")
    with page.expect_file_chooser() as chooser:
        row.get_by_role("button", name="Go on").click()
    chooser.value.set_files(three_parts)
    expect(row.locator(".badge")).to_have_text(re.compile("Encoding|Playable|Ready"), timeout=PATIENCE_MS)
    assert sorted(sent) == ["2", "3"]

    expect(row.locator(".badge")).to_have_text("Ready", timeout=PATIENCE_MS)
    picture = row.locator("img")
    expect(picture).to_be_visible(timeout=PATIENCE_MS)
    assert picture.evaluate("async (image) => { await image.decode(); return image.naturalWidth }") > 0

    page.get_by_role("searchbox").fill("INTERVIEW")
    page.wait_for_function(FOUND)  # rows of the answer, not those from before it
    expect(row).to_be_visible(timeout=PATIENCE_MS)
    row.get_by_role("button", name="More about Interview 12").click()
    page.get_by_role("menuitem", name="Delete…").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    expect(page.get_by_role("heading", name="Nothing found for “INTERVIEW”")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Show all recordings").click()
    expect(page.get_by_role("heading", name="No recordings yet")).to_be_visible(timeout=PATIENCE_MS)
    assert complaints == []


def test_uploads_pause_go_on_and_are_given_up(
    stack: Stack, short_clip: Path, three_parts: Path, page: Page, complaints: list[str]
) -> None:
    """Two files at once: one is paused and goes on to its end, the other is given up and leaves nothing behind."""
    page.set_default_timeout(PATIENCE_MS)
    bea = someone("bea")
    sign_in(page, stack, bea)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(PART, hold)
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose files").click()
    chooser.value.set_files([short_clip, three_parts])
    uploads = page.get_by_role("region", name="Uploads")
    expect(uploads.get_by_role("listitem")).to_have_count(2, timeout=PATIENCE_MS)
    page.get_by_role("button", name=f"Pause {short_clip.name}").click()
    expect(uploads.get_by_role("listitem").filter(has_text=short_clip.name)).to_contain_text(
        "Paused", timeout=PATIENCE_MS
    )
    page.get_by_role("button", name="Cancel Interview 12.mp4").click()
    dialog = page.get_by_role("dialog")
    asked = dialog.get_by_role("button", name="Cancel the upload")  # only once something of it has arrived
    page.wait_for_function(GIVEN_UP)
    if asked.is_visible():
        asked.click()
    expect(uploads.get_by_role("listitem")).to_have_count(1, timeout=PATIENCE_MS)
    for route in held:
        with suppress(Error):  # what was cancelled on the page cannot be answered any more
            route.abort()
    page.unroute(PART, hold)
    page.get_by_role("button", name=f"Go on {short_clip.name}").click()
    row = page.locator("#recordings").get_by_role("listitem")
    expect(row).to_have_count(1, timeout=PATIENCE_MS)
    expect(row).to_contain_text("short-720p25", timeout=PATIENCE_MS)
    with stack.api(bea) as api:
        deadline = time.monotonic() + 120
        while len(api.get("/recordings").json()["recordings"]) != 1:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert [line for line in complaints if "net::ERR_FAILED" not in line] == []
