"""What pages cost to open, and what Lighthouse would ask of them: on the real embedded cloud, in Chromium, cold cache.

Run by `make bench`. Prints a table and writes build/bench/pages.json. Sizes are of bodies as they travel, compressed;
`usable` is the time from navigation until what the page is for is on screen and no task of over 50 ms is running.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from playwright.sync_api import sync_playwright  # noqa: E402
from support.axe import serious  # noqa: E402
from support.pages import BASICS, kept_session, pages  # noqa: E402
from support.stack import Stack, settled  # noqa: E402

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

CLIP = ROOT / "tests/media/short-720p25.mp4"
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
SETTLED_MS = 2000
OBSERVE = """
  window.seen = { shift: 0, busyUntil: 0, blocked: 0, usable: null };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.seen.shift += entry.value;
  }).observe({ type: "layout-shift", buffered: true });
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      window.seen.busyUntil = startTime + duration;
      window.seen.blocked += duration - 50;
    }
  }).observe({ type: "longtask", buffered: true });
"""
LOADED = """() => ["navigation", "resource"].flatMap((kind) => performance.getEntriesByType(kind))
  .map(({ name, encodedBodySize }) => [new URL(name).pathname, encodedBodySize])"""
USABLE = """(selector) => {
  const there = document.querySelector(selector)?.checkVisibility();
  if (there) window.seen.usable ??= performance.now();
  return Boolean(there);
}"""


@dataclass(frozen=True, slots=True)
class Opened:
    """One opening of a page. Times in ms, sizes in KiB."""

    usable: float
    painted: float
    blocked: float
    shift: float
    script: float
    everything: float
    requests: int
    faults: tuple[str, ...]


def open_once(browser: Browser, origin: str, session: str, path: str, selector: str) -> Opened:
    """Open a page in a new context and let it come to rest."""
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    try:
        keep = (
            f"if (location.origin === {json.dumps(origin)}) sessionStorage.setItem('headwater.session', {session!r});"
        )
        context.add_init_script(keep + OBSERVE)
        return _opened(context, origin + path, selector)
    finally:
        context.close()


def _opened(context: BrowserContext, url: str, selector: str) -> Opened:
    page = context.new_page()
    faults: list[str] = []
    page.on("console", lambda line: faults.append(line.text) if line.type in {"warning", "error"} else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(url, wait_until="commit")
    page.wait_for_function(USABLE, arg=selector, polling="raf", timeout=30_000)
    page.wait_for_timeout(SETTLED_MS)
    seen = page.evaluate("window.seen")
    painted = page.evaluate("performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? 0")
    loaded = page.evaluate(LOADED)
    faults += page.evaluate(BASICS) + serious(page)
    return Opened(
        usable=max(seen["usable"], seen["busyUntil"] if seen["busyUntil"] < seen["usable"] + 500 else 0),
        painted=painted,
        blocked=seen["blocked"],
        shift=seen["shift"],
        script=sum(size for path, size in loaded if path.endswith((".js", ".mjs"))) / 1024,
        everything=sum(size for _, size in loaded) / 1024,
        requests=len(loaded),
        faults=tuple(faults),
    )


def upload(stack: Stack) -> str:
    """Upload the short clip and wait until it is ready; returns its id."""
    recording = str(stack.upload(CLIP, "--title", "Rivers")["id"])
    stack.wait_for(recording, settled)
    return recording


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="headwater-bench-"))
    stack = Stack(folder / "data")
    rows: dict[str, list[Opened]] = {}
    try:
        stack.start()
        recording = upload(stack)
        session = kept_session(stack.token())
        with sync_playwright() as playwright:
            executable = os.environ.get("HEADWATER_CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
            for _ in range(options.runs):
                for name, (path, selector) in pages(recording).items():
                    rows.setdefault(name, []).append(open_once(browser, stack.url, session, path, selector))
            browser.close()
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)
    report(rows)


def report(rows: dict[str, list[Opened]]) -> None:
    """Print the table and write the JSON beside the other benches'."""
    print(
        "| page | usable, ms | first paint, ms | blocked, ms | layout shift | script, KiB | in all, KiB | requests | |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for name, opened in rows.items():

        def middle(what: str, opened: list[Opened] = opened) -> float:
            return float(statistics.median(getattr(one, what) for one in opened))

        times = " | ".join(f"{middle(what):.0f}" for what in ("usable", "painted", "blocked"))
        sizes = " | ".join(f"{middle(what):.0f}" for what in ("script", "everything", "requests"))
        faults = "; ".join(sorted({fault for one in opened for fault in one.faults})) or "no fault"
        print(f"| {name} | {times} | {middle('shift'):.3f} | {sizes} | {faults} |")
    output = ROOT / "build/bench/pages.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps({name: [asdict(one) for one in opened] for name, opened in rows.items()}))


if __name__ == "__main__":
    main()
