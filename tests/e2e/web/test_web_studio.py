"""The studio with Chromium's fake devices, against a stand-in for the way in."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import expect
from support.waiting import until

if TYPE_CHECKING:
    from playwright.sync_api import Page
    from web_ingest import Ingest
    from web_origin import Origin

pytestmark = pytest.mark.e2e

FFMPEG = Path(__file__).parents[3] / "build/layers/ffmpeg/bin/ffmpeg"
BROADCAST = "window.headwater.studio.broadcast"
SENT = f"({BROADCAST}?.sending.segments ?? 0)"
STATE = "document.body.innerText"
SPOOL = """async () => {
  const { Spool } = await import("/assets/studio/spool.js");
  const spool = new Spool(100);
  const parcel = (n) => ({ run: 0, name: `${n}.m4s`, bytes: new Uint8Array(80).fill(n), durationS: 1, madeMs: n });
  for (let n = 0; n < 5; n += 1) spool.push(parcel(n));
  const deadline = performance.now() + 60000;
  while (spool.held > 100 && performance.now() < deadline) await new Promise((done) => setTimeout(done, 5));
  const seen = [spool.length, spool.seconds, spool.held];
  const order = [];
  for (let one = await spool.first(); one; one = await spool.first()) {
    order.push([one.name, one.bytes[0], one.bytes.length]);
    spool.shift();
  }
  return [seen, order, spool.length, spool.held];
}"""


def enter(page: Page, origin: Origin) -> None:
    """Sign in, and wait for the picture."""
    page.goto(f"{origin.url}/studio")
    page.get_by_role("button", name="Sign in").click()
    page.get_by_label("User").fill("mara")
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(f"{origin.url}/studio")
    until(page, "document.querySelector('#preview').videoWidth > 0", STATE)


def go_live(page: Page, origin: Origin, *, segments: int = 2) -> None:
    """Broadcast in segments of one second until so many have been sent."""
    enter(page, origin)
    page.get_by_label("Title").fill("Evening lecture")
    page.get_by_label("Delay").select_option("Short")
    page.get_by_label("Quality").select_option("360p")
    page.get_by_role("button", name="Go live").click()
    until(page, f"{SENT} >= {segments}", STATE)


def stop(page: Page) -> None:
    """Stop, and confirm it."""
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Stop the stream").click()
    expect(page.get_by_role("heading", name="The stream has ended")).to_be_visible(timeout=20_000)


def decoded(ingest: Ingest, epoch: int, name: str) -> list[str]:
    """Kinds of streams in a segment behind its init segment; every frame of them decodes, or this fails."""
    body = ingest.objects[f"{epoch}/init.mp4"] + ingest.objects[f"{epoch}/{name}"]
    command = [FFMPEG, "-hide_banner", "-xerror", "-i", "-", "-f", "null", "-"]
    done = subprocess.run(command, input=body, capture_output=True, check=True)
    lines = done.stderr.decode().split("Stream mapping:")[0].splitlines()
    return sorted(kind for line in lines for kind in ("Video: h264", "Audio: aac") if kind in line)


def test_goes_live_in_segments_that_each_decode_alone(page: Page, origin: Origin, complaints: list[str]) -> None:
    """Sign in, title, one press; sound and picture in order, health and link beside it; stop asks first."""
    ingest = origin.ingest
    go_live(page, origin, segments=3)
    expect(page.locator("#on-air")).to_contain_text(re.compile(r"Live \d+:\d\d"))
    expect(page.locator("#condition")).to_have_text("Everything arrives.")
    expect(page.locator("#health")).to_contain_text("segments")
    assert page.get_by_label("Link for viewers").input_value() == f"{origin.url}/watch/{ingest.recordings[0]['id']}"
    expect(page.locator("#health")).to_contain_text("Watching3")
    page.get_by_role("button", name="Stop", exact=True).click()
    page.get_by_role("button", name="Keep going").click()
    assert ingest.status == "active"
    stop(page)
    assert ingest.status == "stopped"
    assert (ingest.recordings[0]["title"], ingest.targets) == ("Evening lecture", [1])
    names = ingest.names(1)
    assert names == ["init.mp4", *(f"{n}.m4s" for n in range(len(names) - 1))]
    assert decoded(ingest, 1, "0.m4s") == ["Audio: aac", "Video: h264"]
    assert decoded(ingest, 1, names[-2]) == ["Audio: aac", "Video: h264"]
    assert ingest.epochs[0]["first_pdt"] == pytest.approx(ingest.claimed_at[0], abs=60)
    assert page.evaluate("document.querySelector('#preview').srcObject") is None
    assert [line for line in complaints if "VideoFrame was garbage collected" not in line] == []


def test_an_outage_costs_no_segment(page: Page, origin: Origin) -> None:
    """What cannot be sent is kept and said so; later all of it arrives, in order."""
    go_live(page, origin)
    origin.ingest.away = True
    expect(page.locator("#condition")).to_contain_text("No connection")
    until(page, f"{BROADCAST}.uploader.spool.length >= 3", STATE)
    origin.ingest.away = False
    expect(page.locator("#condition")).to_have_text("Everything arrives.")
    stop(page)
    names = origin.ingest.names(1)
    assert names == ["init.mp4", *(f"{n}.m4s" for n in range(len(names) - 1))]
    assert len(names) > 5


def test_another_picture_is_another_run_of_the_same_stream(page: Page, origin: Origin) -> None:
    """Sharing the screen while live claims the next epoch; the stream goes on."""
    go_live(page, origin)
    page.get_by_role("radio", name="Screen").check()
    until(page, "document.querySelector('#preview').dataset.source === 'screen'", STATE)
    sent = int(page.evaluate(SENT))
    until(page, f"{SENT} >= {sent + 3}", STATE)
    stop(page)
    assert len(origin.ingest.epochs) == 2
    assert origin.ingest.names(2)[:2] == ["init.mp4", "0.m4s"]
    assert decoded(origin.ingest, 2, "0.m4s") == ["Audio: aac", "Video: h264"]


def test_a_stream_that_is_on_already_can_be_stopped(page: Page, origin: Origin) -> None:
    """Its key is shown once, so whoever comes back can only end it; recordings that wait can be chosen."""
    chosen = origin.ingest.create("Planned for tonight")
    origin.ingest.status = "active"
    enter(page, origin)
    page.get_by_label("Recording").select_option(chosen["id"])
    expect(page.get_by_label("Title")).to_be_hidden()
    page.get_by_role("button", name="Go live").click()
    expect(page.get_by_role("alert")).to_have_text("This recording is being streamed to already.")
    page.get_by_role("button", name="Stop the stream that is on").click()
    until(page, "document.querySelector('#setup-message').textContent === ''", STATE)
    assert origin.ingest.status == "stopped"


def test_what_memory_should_not_hold_waits_in_the_database(page: Page, origin: Origin) -> None:
    """In order, byte for byte, and gone once it has been sent."""
    page.goto(f"{origin.url}/studio")
    seen, order, left, held = page.evaluate(SPOOL)
    assert seen[:2] == [5, 5]
    assert seen[2] <= 100
    assert order == [[f"{n}.m4s", n, 80] for n in range(5)]
    assert (left, held) == (0, 0)
