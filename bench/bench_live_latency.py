"""How old a live picture is when Chromium shows it: on the real embedded cloud, from the encoder's frame on.

Run by `make bench`. `headwater live push --test` draws the wall clock into each frame as it is made, 20 white or black
boxes; a page reads it back from the canvas for each frame that it presents. So the time holds everything: encoder,
segment, upload, event, packaging of the two-rung ladder, announcement, player. Prints a table and writes
build/bench/live-latency.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from playwright.sync_api import Browser, sync_playwright  # noqa: E402
from support.stack import Stack  # noqa: E402

from headwater.push.inputs import CLOCK_BITS, CLOCK_BOX  # noqa: E402

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FLAGS += ["--autoplay-policy=no-user-gesture-required"]
GIVE_UP_S = 60
SETTLE_S = 10
PLAYING = """() => {
  const video = document.querySelector('video');
  if (!video) return false;
  video.muted = true;
  if (video.paused) video.play();
  return video.currentTime > 0 && !video.paused;
}"""
WATCH = """([bits, box, sourceWidth]) => {
  const video = document.querySelector('video');
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', {willReadFrequently: true});
  window.ages = [];
  window.stalls = 0;
  video.addEventListener('waiting', () => { window.stalls += 1; });
  const look = () => {
    const side = box * video.videoWidth / sourceWidth;
    canvas.width = Math.ceil(bits * side);
    canvas.height = Math.ceil(side);
    context.drawImage(video, 0, 0, canvas.width, canvas.height, 0, 0, canvas.width, canvas.height);
    const now = Math.round(performance.timeOrigin + performance.now());
    let clock = 0;
    for (let bit = 0; bit < bits; bit += 1) {
      const middle = context.getImageData(Math.floor((bit + 0.5) * side), Math.floor(side / 2), 1, 1).data;
      if (middle[1] > 127) clock += 2 ** bit;
    }
    const age = (now - clock) % 2 ** bits;
    window.ages.push((age + 2 ** bits) % 2 ** bits / 1000);
    video.requestVideoFrameCallback(look);
  };
  video.requestVideoFrameCallback(look);
}"""


@dataclass(frozen=True, slots=True)
class Watched:
    """Ages in s of the frames that were shown, how they came, and what else was seen."""

    ages: list[float]
    source: str
    """How the player learned of segments: push or poll."""
    behind_s: float
    """From the end of the playlist to the picture, at the end."""
    stalls: int
    delivered_s: float
    """From the end of a segment's capture until storage had it, as the agent says."""


@dataclass(frozen=True, slots=True)
class Setting:
    """What is measured: seconds of a segment, size of the source, names of the rungs, seconds to look."""

    target_s: int
    size: str
    profiles: tuple[str, ...]
    seconds: float


def watch(stack: Stack, browser: Browser, setting: Setting, state: Path) -> Watched:
    """Go live and look at what Chromium shows."""
    environment = os.environ | {"HEADWATER_URL": stack.url, "HEADWATER_USER": "ann", "XDG_STATE_HOME": str(state)}
    command = [sys.executable, "-m", "headwater", "live"]
    rungs = [part for name in setting.profiles for part in ("--profile", name)]
    start = [*command, "start", "bench", "--target", str(setting.target_s), *rungs, "--json"]
    started = json.loads(subprocess.run(start, env=environment, cwd=ROOT, capture_output=True, check=True).stdout)
    recording_id = started["stream"]["recording_id"]
    source = ["--test", "--size", setting.size, "--bitrate", "2000", "--stop", "--json"]
    push = subprocess.Popen(
        [*command, "push", recording_id, *source], env=environment, cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    page = browser.new_page()
    try:
        _wait_for_first_segments(stack, recording_id)
        page.goto(started["playback_url"])
        page.wait_for_function(PLAYING, timeout=GIVE_UP_S * 1000)
        page.wait_for_timeout(SETTLE_S * 1000)
        page.evaluate(WATCH, [CLOCK_BITS, CLOCK_BOX, int(setting.size.split("x")[0])])
        page.wait_for_timeout(setting.seconds * 1000)
        ages, stalls, live = page.evaluate("[window.ages, window.stalls, window.headwater.live]")
    finally:
        page.close()
        push.send_signal(signal.SIGTERM)
        said, _ = push.communicate(timeout=60)
    states = [item for line in said.splitlines() if (item := json.loads(line)).get("type") == "status"]
    lags = [item["lag_s"] for item in states if item["lag_s"] is not None]
    return Watched(ages, str(live["source"]), float(live["behindS"]), stalls, statistics.median(lags))


def _wait_for_first_segments(stack: Stack, recording_id: str) -> None:
    until = time.monotonic() + GIVE_UP_S
    with stack.api() as api:
        while True:
            ingest = api.get(f"/recordings/{recording_id}/stream/live/stats").raise_for_status().json()["ingest"]
            if ingest and ingest["segments"] >= 3:
                return
            if time.monotonic() > until:
                raise TimeoutError(f"No segment arrived: {ingest}")
            time.sleep(0.3)


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--targets", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--size", default="1280x720", help="of the source")
    parser.add_argument("--profiles", nargs="+", default=["rescue", "low"], help="rungs")
    parser.add_argument("--seconds", type=float, default=40)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="headwater-bench-"))
    stack = Stack(folder / "data")
    rows: dict[int, Watched] = {}
    try:
        stack.start()
        with sync_playwright() as playwright:
            executable = os.environ.get("HEADWATER_CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
            for target_s in options.targets:
                setting = Setting(target_s, options.size, tuple(options.profiles), options.seconds)
                rows[target_s] = watch(stack, browser, setting, folder / "state")
            browser.close()
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)
    report(rows)


def report(rows: dict[int, Watched]) -> None:
    """Print the table and write the JSON beside the other benches'."""
    print(
        "| segments | frame made to shown, s: min / median / p90 / max | behind the edge, s | stalls | in storage, s |"
    )
    print("|---|---|---|---|---|")
    for target_s, row in rows.items():
        ages = sorted(row.ages)
        tenth = statistics.quantiles(ages, n=10)[-1]
        spread = f"{ages[0]:.1f} / {statistics.median(ages):.1f} / {tenth:.1f} / {ages[-1]:.1f}"
        print(f"| {target_s} s, {row.source} | {spread} | {row.behind_s:.1f} | {row.stalls} | {row.delivered_s:.2f} |")
    output = ROOT / "build/bench/live-latency.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({str(target_s): {"ages_s": row.ages} for target_s, row in rows.items()}))


if __name__ == "__main__":
    main()
