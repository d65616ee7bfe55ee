"""Key frames of a finished recording, through hls.js's own I-frame player in Chromium."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.waiting import STARVED, until

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page
    from support.stack import Stack

pytestmark = pytest.mark.e2e
HW = "window.headwater"
SEEN = "({at: scrub.video.currentTime, errors: scrub.errors, shown: [...scrub.shown]})"
SCRUB = f"""() => {{
  const video = document.createElement("video");
  video.muted = true;
  document.body.append(video);
  const hls = {HW}.hls.createIFramePlayer();
  window.scrub = {{ video, hls, errors: [], shown: new Set() }};
  hls.on("hlsError", (_, data) => scrub.errors.push(data.details));
  hls.on("hlsFragLoaded", (_, {{ frag }}) => scrub.shown.add(frag.sn));
  hls.attachMedia(video);
}}"""


def test_any_moment_shows_its_key_frame(stack: Stack, short_clip: Path, page: Page, complaints: list[str]) -> None:
    """Every picture of an I-frame playlist can be shown, in any order."""
    done = stack.cli("upload", str(short_clip), "--wait", "--json")
    assert done.returncode == 0, done.stderr
    page.goto(json.loads(done.stdout)["playback_url"])
    until(page, f"{HW}.video.currentTime > 0")
    page.evaluate(f"{HW}.video.pause()")
    assert page.evaluate(f"{HW}.hls.iframeVariants.map(v => [v.width, v.height])") == [[640, 360], *[[1280, 720]] * 2]
    page.evaluate(SCRUB)
    for moment in (4.5, 0.5, 2.5):
        page.evaluate(f"scrub.hls.loadMediaAt({moment})")
        page.evaluate(f"scrub.video.currentTime = {moment}")
        until(page, "scrub.video.readyState >= 2 && !scrub.video.seeking && scrub.video.videoWidth >= 640", SEEN)
    until(page, "[0, 1, 2].every((sn) => scrub.shown.has(sn))", SEEN)
    assert set(page.evaluate("scrub.errors")) <= STARVED
    assert complaints == []
