"""How long from the end of an upload to the first picture in Chromium: on the real embedded cloud.

Run by `make bench`. Prints a table and writes build/bench/first-frame.json. Sources are the committed one-minute
1080p30 clip and, made from it without re-encoding, the same for ten and for sixty minutes.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import datetime
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from playwright.sync_api import Browser, sync_playwright  # noqa: E402
from support.stack import Stack  # noqa: E402

FFMPEG = str(ROOT / "build/layers/ffmpeg/bin/ffmpeg")
CLIP = ROOT / "tests/media/demo-1080p30.mp4"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FLAGS += ["--autoplay-policy=no-user-gesture-required"]
GIVE_UP_S = 120
FIRST_FRAME = "performance.timeOrigin + window.headwater.firstFrameMs"


def source(minutes: int, folder: Path) -> Path:
    """Repeat the one-minute clip without touching its pictures."""
    if minutes == 1:
        return CLIP
    path = folder / f"{minutes}min.mp4"
    command = [FFMPEG, "-v", "error", "-stream_loop", str(minutes - 1), "-i", str(CLIP), "-c", "copy", str(path)]
    subprocess.run(command, check=True)
    return path


def first_frame(stack: Stack, browser: Browser, path: Path) -> tuple[float, float]:
    """Upload a file; returns seconds from the end of the upload to (playable, first picture shown)."""
    size = path.stat().st_size
    with stack.api() as api:
        asked = {"title": path.stem, "filename": path.name, "size_bytes": size, "content_type": "video/mp4"}
        made = api.post("/recordings", json=asked).raise_for_status().json()
        recording, session = made["recording"], made["upload"]
        with path.open("rb") as file:
            for part in session["parts"]:
                api.put(part["url"], content=file.read(part["size_bytes"])).raise_for_status()
        page = browser.new_page()
        page.goto(recording["playback_url"])
        begin = time.time()
        api.post(f"/recordings/{recording['id']}/upload/complete").raise_for_status()
        while page.evaluate("window.headwater.firstFrameMs") is None:
            page.wait_for_timeout(30)
            if time.time() > begin + GIVE_UP_S:
                raise TimeoutError(page.evaluate("window.headwater.phase"))
        shown = page.evaluate(FIRST_FRAME) / 1000
        page.close()
        progress = api.get(f"/recordings/{recording['id']}/transcode/progress").json()
        playable = datetime.fromisoformat(progress["playable_at"]).timestamp()
        api.delete(f"/recordings/{recording['id']}").raise_for_status()
    return playable - begin, shown - begin


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=int, nargs="+", default=[1, 10, 60])
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="headwater-bench-"))
    stack = Stack(folder / "data")
    rows: dict[int, list[tuple[float, float]]] = {minutes: [] for minutes in options.minutes}
    try:
        stack.start()
        with sync_playwright() as playwright:
            executable = os.environ.get("HEADWATER_CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
            sources = {minutes: source(minutes, folder) for minutes in rows}
            for _ in range(options.runs):
                for minutes, path in sources.items():
                    rows[minutes].append(first_frame(stack, browser, path))
                    time.sleep(3)
            browser.close()
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)
    report(rows)


def report(rows: dict[int, list[tuple[float, float]]]) -> None:
    """Print the table and write the JSON beside the other benches'."""
    print("| source, 1080p30 | playable after, s (median) | first picture after, s: min / median / max | to 1 min |")
    print("|---|---|---|---|")
    base = statistics.median(shown for _, shown in next(iter(rows.values())))
    for minutes, measured in rows.items():
        shown = sorted(s for _, s in measured)
        middle = statistics.median(shown)
        playable = statistics.median(p for p, _ in measured)
        spread = f"{shown[0]:.1f} / {middle:.1f} / {shown[-1]:.1f}"
        print(f"| {minutes} min | {playable:.1f} | {spread} | {middle / base:.2f} |")
    output = ROOT / "build/bench/first-frame.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({str(m): [{"playable_s": p, "shown_s": s} for p, s in r] for m, r in rows.items()}))


if __name__ == "__main__":
    main()
