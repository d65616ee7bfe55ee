"""Stock hls.js and our player side by side in Chromium, each behind its own copy of the same link.

Prints a table, writes build/bench/player.json and, with `--docs FILE`, the table between its markers there.
`--traces DIR`: folders of CSV files with columns duration_ms, bandwidth_kbps, latency_ms; generated ones otherwise.
Real time: each trace takes as long as is played.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import random
import shutil
import sys
import tempfile
import threading
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests/e2e/web")]

from e2e.web.web_link import Link, Trace, mean_kbps  # noqa: E402
from e2e.web.web_origin import Handler, Origin, Scenario  # noqa: E402
from player_media import RUNGS, SEGMENT_S, make  # noqa: E402
from playwright.sync_api import sync_playwright  # noqa: E402

if TYPE_CHECKING:
    from e2e.web.web_media import Ladder
    from playwright.sync_api import Browser, Page

HERE = Path(__file__).parent
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"]
FLAGS += ["--autoplay-policy=no-user-gesture-required", "--disable-background-timer-throttling"]
FLAGS += ["--disable-backgrounding-occluded-windows", "--disable-renderer-backgrounding"]
MARKS = ("<!-- bench_player: begin -->", "<!-- bench_player: end -->")
RECORDING = "rec_00000000000000000000"
KBPS = [kbps for _, _, kbps in RUNGS.values()]
STALL_WEIGHT, QOE_S = 4.3, 4
STOCK, OURS = "hls.js 1.7.4", "Headwater"
PAGES = {STOCK: f"/bench/stock.html#{RECORDING}", OURS: f"/watch/{RECORDING}"}
_STOCK_PAGE = "<!doctype html><title>stock</title><video muted></video>"
_STOCK_PAGE += '<script type="module" src="/bench/stock.js"></script>'


@dataclass(frozen=True)
class Played:
    """One session of one player."""

    trace: str
    player: str
    mean_kbps: float
    stalled_s: float
    stalls: int
    startup_s: float
    switches: int
    abandoned: int
    played_s: float
    qoe: float
    rules: str


class BenchHandler(Handler):
    """Serves a page with stock hls.js as well."""

    def page(self, path: str, parts: list[str]) -> None:
        """Answer with a file of web/, or one of the two of the bench."""
        if path == "/bench/stock.html":
            self.reply(200, _STOCK_PAGE.encode(), "text/html", {})
        elif path == "/bench/stock.js":
            self.reply(200, (HERE / "player_stock.js").read_bytes(), "text/javascript", {})
        else:
            super().page(path, parts)


def origin_with(ladder: Ladder, trace: Trace) -> Origin:
    """Start an origin of its own whose media come through the trace."""
    origin = Origin(ROOT / "web")
    origin.RequestHandlerClass = BenchHandler
    scenario = Scenario(RECORDING, ladder, link=Link(trace))
    scenario.finish()
    origin.scenarios[RECORDING] = scenario
    threading.Thread(target=origin.serve_forever, daemon=True).start()
    return origin


def side_by_side(browser: Browser, ladder: Ladder, name: str, trace: Trace, seconds: int) -> list[Played]:
    """Play the same trace with both players at the same time."""
    origins = {player: origin_with(ladder, trace) for player in PAGES}
    pages = {player: browser.new_context(viewport={"width": 1920, "height": 1080}).new_page() for player in PAGES}
    for player, page in pages.items():
        page.add_init_script(path=HERE / "player_recorder.js")
        page.goto(origins[player].url + PAGES[player], wait_until="commit")
    next(iter(pages.values())).wait_for_timeout(1000 * seconds)
    played = [summary(name, player, page) for player, page in pages.items()]
    for player, page in pages.items():
        page.context.close()
        origins[player].shutdown()
        origins[player].server_close()
    return played


def summary(name: str, player: str, page: Page) -> Played:
    """Read what a page recorded; linear QoE for each 4 s of content, as docs/abr.md defines it."""
    seen = page.evaluate("window.recorded.state()")
    last = math.ceil(seen["playedS"] / SEGMENT_S)
    levels = [seen["levels"][str(sn)] for sn in range(last) if str(sn) in seen["levels"]]
    mbps = [KBPS[level] / 1000 for level in levels]
    changes = [abs(after - before) for before, after in pairwise(mbps)]
    startup_s = ((seen["firstFrameMs"] or 0) - seen["askedMs"]) / 1000
    stalled_s = seen["stalledMs"] / 1000
    parts = max(1e-9, SEGMENT_S * len(mbps) / QOE_S)
    mean = sum(mbps) / max(1, len(mbps))
    qoe = mean - (STALL_WEIGHT * (stalled_s + startup_s) + sum(changes)) / parts
    switches, stalls = sum(change > 0 for change in changes), len(seen["stalls"])
    return Played(
        name, player, 1000 * mean, stalled_s, stalls, startup_s, switches, seen["abandoned"], seen["playedS"], qoe,
        seen["rules"],
    )  # fmt: skip


def generated(number: int) -> Trace:
    """Walk in the logarithm of the rate, with a hole now and then: no trace of the real world, but as restless."""
    draw = random.Random(number)  # noqa: S311  the same trace each time
    level, steps = math.log(draw.choice([700, 1500, 3000, 6000])), []
    for _ in range(400):
        level += 0.05 * (math.log(2500) - level) + draw.gauss(0, 0.2)
        hole = draw.random() < 0.02
        steps.append((1.0, 60.0 if hole else math.exp(min(9.5, max(4.5, level)))))
    return Trace(tuple(steps), 0.05)


def chosen(folder: Path | None, count: int) -> dict[str, Trace]:
    """Take as many traces, in turn from each class, those whose mean is nearest to what the ladder can use."""
    if folder is None:
        return {f"generated {number}": generated(number) for number in range(1, count + 1)}
    classes = [path for path in sorted(folder.iterdir()) if path.is_dir()]
    traces = [{path.stem: Trace.read(path) for path in sorted(found.glob("*.csv"))} for found in classes]
    ranked = [[name for _, name in sorted((_distance(group[name]), name) for name in group)] for group in traces]
    picked: dict[str, Trace] = {}
    for turn in range(max(map(len, ranked))):
        for group, names in zip(traces, ranked, strict=True):
            if turn < len(names) and len(picked) < count:
                picked[names[turn]] = group[names[turn]]
    return picked


def _distance(trace: Trace) -> float:
    """From the rates that the ladder spans: what is far above or below it tells nothing apart."""
    return abs(math.log(mean_kbps(trace.steps) / 2500))


def table(played: list[Played]) -> str:
    """Both players in rows beside each other, then the means."""
    lines = ["| link | player | mean kbit/s | stalls | stalled, s | start, s | switches | given up | QoE, linear |"]
    lines.append("|---|---|---|---|---|---|---|---|---|")
    lines += [
        f"| {p.trace} | {p.player} | {p.mean_kbps:.0f} | {p.stalls} | {p.stalled_s:.1f} | {p.startup_s:.2f} "
        f"| {p.switches} | {p.abandoned} | {p.qoe:.2f} |"
        for p in played
    ]
    return "\n".join([*lines, *(_overall([p for p in played if p.player == player]) for player in PAGES)])


def _overall(own: list[Played]) -> str:
    """Means, and sums of what is counted, in one row."""
    kbps, stalled_s, startup_s, qoe = (
        sum(getattr(p, key) for p in own) / len(own) for key in ("mean_kbps", "stalled_s", "startup_s", "qoe")
    )
    stalls, switches, abandoned = (sum(getattr(p, key) for p in own) for key in ("stalls", "switches", "abandoned"))
    cells = ["all", own[0].player, f"{kbps:.0f}", stalls, f"{stalled_s:.1f}", f"{startup_s:.2f}", switches, abandoned]
    return "| " + " | ".join(f"**{cell}**" for cell in [*cells, f"{qoe:.2f}"]) + " |"


def write(text: str, docs: Path) -> None:
    """Put the table between its markers."""
    before, _, rest = docs.read_text().partition(MARKS[0])
    _, found, after = rest.partition(MARKS[1])
    if not found:
        message = f"{docs} has no {MARKS[0]} … {MARKS[1]}"
        raise SystemExit(message)
    docs.write_text(f"{before}{MARKS[0]}\n\n{text}\n\n{MARKS[1]}{after}")


def main() -> None:
    """Play, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--traces", type=Path)
    parser.add_argument("--count", type=int, default=4)
    parser.add_argument("--seconds", type=int, default=90)
    parser.add_argument("--docs", type=Path)
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="headwater-bench-"))
    played: list[Played] = []
    try:
        ladder = make(folder, options.seconds + 20, seed=1)
        with sync_playwright() as playwright:
            executable = os.environ.get("HEADWATER_CHROMIUM") or shutil.which("chromium")
            browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
            for name, trace in chosen(options.traces, options.count).items():
                played += side_by_side(browser, ladder, name, trace, options.seconds)
            browser.close()
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    text = table(played)
    print(text)
    output = ROOT / "build/bench/player.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps([asdict(p) for p in played], indent=1))
    if options.docs:
        write(text, options.docs)


if __name__ == "__main__":
    main()
