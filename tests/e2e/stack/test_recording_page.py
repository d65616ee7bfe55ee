"""A recording from its owner's page, on the real stack: its job, its captions, its link, its end."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.pipeline import FFMPEG
from support.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser, Page
    from support.stack import Stack

pytestmark = pytest.mark.e2e
HW = "window.headwater"
ENCODED_S = 300
SRT = b"1\n00:00:01,000 --> 00:00:29,000\nWo ein Fluss beginnt\n"
SHOWN = f"""[...{HW}.video.textTracks].filter((track) => track.mode === 'showing')
  .flatMap((track) => [...(track.activeCues ?? [])].map((cue) => cue.text))"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Half a minute of 480p: a fast machine has not encoded all of it before somebody says stop."""
    made = tmp_path_factory.mktemp("clip") / "rivers.mp4"
    picture = ["-f", "lavfi", "-i", "testsrc2=s=854x480:r=24:d=30", "-c:v", "libx264", "-preset", "ultrafast"]
    command = [FFMPEG, "-v", "error", "-nostdin", *picture, "-pix_fmt", "yuv420p", "-y", str(made)]
    subprocess.run(command, check=True, timeout=60)
    return made


def sign_in(page: Page, stack: Stack, user: str) -> None:
    """Have a session from the first script on."""
    known = {"token": stack.token(user), "user": user, "role": "publisher", "expires_at": "2100-01-01T00:00:00Z"}
    page.add_init_script(f"sessionStorage.setItem('headwater.session', JSON.stringify({json.dumps(known)}))")


@pytest.mark.timeout(1200)
def test_a_recording_from_its_upload_to_its_end(
    stack: Stack, clip: Path, page: Page, browser: Browser, complaints: list[str]
) -> None:
    """One journey, as its owner makes it; somebody with the link sees it in a browser of theirs."""
    recording_id = stack.upload(clip)["id"]
    sign_in(page, stack, "ann")
    page.goto(f"{stack.url}/recordings/{recording_id}")

    # the job fills in, is stopped, and goes on from where it was
    until(page, "document.querySelector('.chunks__strip [data-state=done]')", "null", ENCODED_S)
    page.get_by_role("button", name="Cancel encoding").click()
    page.get_by_role("dialog").get_by_role("button", name="Cancel encoding").click()
    expect(page.locator("#job-title")).to_have_text("Encoding cancelled")
    expect(page.locator("#job")).to_contain_text("job_cancelled")
    kept = int(page.evaluate("document.querySelectorAll('.chunks__strip [data-state=done]').length"))
    page.get_by_role("button", name="Go on encoding").click()
    until(page, f"document.querySelectorAll('.chunks__strip [data-state=done]').length > {kept}", "null", ENCODED_S)
    until(page, "document.querySelector('#job-title').textContent.startsWith('Encoded in')", "null", ENCODED_S)
    until(page, "!document.querySelector('.chunks__strip .chunks__cell:not([data-state=done])')", "null", ENCODED_S)
    with stack.api() as api:
        rows = api.get(f"/recordings/{recording_id}/transcode/chunks").raise_for_status().json()["renditions"]
    assert page.locator(".chunks__row").count() == len(rows)
    assert {letter for row in rows for letter in row["chunks"]} == {"d"}

    # it plays here, with captions as soon as there are some
    page.get_by_role("button", name="Play", exact=True).first.click()
    until(page, f"{HW}.video.currentTime > 2")
    page.get_by_role("button", name="Add captions").click()
    captions = {"name": "fluss.de.srt", "mimeType": "application/x-subrip", "buffer": SRT}
    page.get_by_label("File, .vtt or .srt").set_input_files(captions)
    page.get_by_label("Shown unless somebody chooses otherwise").check()
    page.get_by_role("button", name="Upload").click()
    until(page, f"{SHOWN}.includes('Wo ein Fluss beginnt')")

    # its link opens it for somebody else, who need not sign in
    link = page.get_by_role("textbox", name="Link").input_value()
    context = browser.new_context()
    guest = context.new_page()
    guest.goto(link)
    until(guest, f"{HW}.video.currentTime > 1")
    expect(guest.get_by_role("link", name="Manage")).to_have_count(0)
    context.close()

    page.get_by_role("button", name="Delete").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete recording").click()
    page.wait_for_url(f"{stack.url}/")
    with stack.api() as api:
        assert api.get(f"/recordings/{recording_id}").status_code == 404
    assert complaints == []
