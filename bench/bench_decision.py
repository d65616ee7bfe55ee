"""What deciding costs: one decision, one question whether to give up, early and late in a session, and loading.

Run by `make bench`. The engine alone (`Policy`) and the whole manager with its rules, cleaning and explanation, after
10 and after 10,000 segments, as nothing may grow with a session. Prints a table and writes build/bench/decision.json.
"""

from __future__ import annotations

import argparse
import json
import random
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.abr import report  # noqa: E402

from chalicelib.domain.abr import ABRConfig, AdaptiveBitrateManager  # noqa: E402
from chalicelib.domain.abr.link import observe, start  # noqa: E402
from chalicelib.domain.abr.policy import Policy, Transfer, View  # noqa: E402

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

SEGMENTS = (10, 10_000)
FRESH = "import sys, time; sys.path.insert(0, sys.argv[1]); began = time.perf_counter(); "
LOADS = {
    "importing chalicelib.domain.abr": "import chalicelib.domain.abr; ",
    "reading the table, once": (
        "from chalicelib.domain.abr.tables import load; began = time.perf_counter(); load('vod'); "
    ),
}


@dataclass(frozen=True, slots=True)
class Timed:
    """What was done, after so many segments, and how long it took in milliseconds."""

    what: str
    segments: int | None
    p50_ms: float
    p99_ms: float


def quantiles(what: str, segments: int | None, took_s: list[float]) -> Timed:
    """The middle, and what one in a hundred exceeds."""
    ordered = sorted(took_s)
    middle, last = ordered[len(ordered) // 2], ordered[min(len(ordered) * 99 // 100, len(ordered) - 1)]
    return Timed(what, segments, middle * 1000, last * 1000)


def timed(question: Callable[[], object], count: int) -> list[float]:
    """Seconds of each call."""
    took = []
    for _ in range(count):
        began = time.perf_counter()
        question()
        took.append(time.perf_counter() - began)
    return took


def rates(count: int) -> Iterator[float]:
    """A link that drifts, in kbit/s."""
    dice = random.Random(1)  # noqa: S311 - repeatable, not secret
    kbps = 3000.0
    for _ in range(count):
        kbps = min(max(kbps * dice.lognormvariate(0, 0.3), 200.0), 20_000.0)
        yield kbps


def of_the_policy(segments: int, count: int) -> list[Timed]:
    """The engine alone; every question is another one."""
    config = ABRConfig()
    policy = Policy.for_config(config.profile.kbps, config.segment_s, config.max_buffer_s)
    link = start()
    for kbps in rates(segments):
        link = observe(link, kbps, 1.0, 0.04)
    dice = random.Random(2)  # noqa: S311 - repeatable, not secret
    top = len(policy.kbps) - 1

    def view() -> View:
        sizes = [kbps * 1000 * policy.segment_s * dice.uniform(0.6, 1.6) for kbps in policy.kbps]
        return View(dice.uniform(0, 30), dice.randint(0, top), sizes, top, 0.04)

    views = iter([view() for _ in range(2 * count)])
    given = iter([Transfer(top, 8e6, dice.uniform(0, 1e6), dice.uniform(1, 4), 0.04) for _ in range(count)])
    return [
        quantiles("decision, engine", segments, timed(lambda: policy.choose(link, next(views)), count)),
        quantiles(
            "giving up?, engine",
            segments,
            timed(lambda: policy.should_abandon(link, next(views), next(given)), count),
        ),
    ]


def of_the_manager(segments: int, count: int) -> list[Timed]:
    """Everything around it."""
    manager = AdaptiveBitrateManager(ABRConfig())
    for index, kbps in enumerate(rates(segments)):
        manager.record_segment_metrics(report(index, index % 5, kbps))
    state = json.dumps(manager.state())
    fed = iter([report(segments + index, 3, kbps) for index, kbps in enumerate(rates(count))])
    return [
        quantiles("decision, manager", segments, timed(manager.recommend, count)),
        quantiles(
            "giving up?, manager", segments, timed(lambda: manager.should_abandon(4, 5e4, 2500.0, ttfb_ms=40), count)
        ),
        quantiles("taking in a report", segments, timed(lambda: manager.record_segment_metrics(next(fed)), count)),
        quantiles(
            f"going on elsewhere, {len(state) / 1024:.1f} KiB of state",
            segments,
            timed(lambda: AdaptiveBitrateManager.resume(manager.config, json.loads(state)), count),
        ),
    ]


def loading(count: int) -> list[Timed]:
    """In a process of its own, each time."""
    found = []
    for what, code in LOADS.items():
        program = FRESH + code + "print(time.perf_counter() - began)"
        took = [
            float(subprocess.run([sys.executable, "-c", program, str(ROOT)], capture_output=True, check=True).stdout)
            for _ in range(count)
        ]
        found.append(quantiles(what, None, took))
    return found


def table(rows: list[Timed]) -> str:
    """A line each."""
    lines = [f"{'':44}{'after':>10}{'p50 ms':>10}{'p99 ms':>10}"]
    for row in rows:
        after = "" if row.segments is None else f"{row.segments:,}"
        lines.append(f"{row.what:44}{after:>10}{row.p50_ms:>10.3f}{row.p99_ms:>10.3f}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, keep."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="questions of each kind")
    parser.add_argument("--loads", type=int, default=15, help="fresh processes")
    parser.add_argument("--out", type=Path, default=ROOT / "build/bench/decision.json")
    asked = parser.parse_args()
    rows = [row for segments in SEGMENTS for row in of_the_policy(segments, asked.count)]
    rows += [row for segments in SEGMENTS for row in of_the_manager(segments, asked.count)]
    rows += loading(asked.loads)
    print(table(rows))
    asked.out.parent.mkdir(parents=True, exist_ok=True)
    asked.out.write_text(json.dumps([asdict(row) for row in rows], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
