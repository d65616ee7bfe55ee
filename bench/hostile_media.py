"""Seeded damage to small clips of every container, thousands of times: `hostile_media.py [CASES] [FIRST SEED]`.

Prints how they ended and the most that one took. Whatever broke a rule is named with its seed, and ends it with 1.
"""

from __future__ import annotations

import os
import sys
import tempfile
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.hostile import ENCODED, End, check, damaged, peak_mb  # noqa: E402  found by the line above

CASES = 5000


def case(seed: int) -> tuple[int, str, End, list[str], int]:
    """Seed, what was damaged how, end, broken rules, and the most megabytes a child of this process ever had."""
    clip, body, ways = damaged(seed)
    with tempfile.TemporaryDirectory() as folder:
        end, broken = check(Path(folder), body)
    return seed, f"{clip.name}, {ways}", end, broken, peak_mb()


def main() -> int:
    """Try them on all cores; returns the exit status."""
    cases = int(sys.argv[1]) if len(sys.argv) > 1 else CASES
    first = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    ends: Counter[str] = Counter()
    slowest: list[tuple[float, int, str]] = []
    peak = failed = 0
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for seed, what, end, broken, memory in pool.map(case, range(first, first + cases), chunksize=8):
            ends[end.code or ENCODED] += 1
            slowest = sorted([*slowest, (end.cpu_s, seed, what)], reverse=True)[:3]
            peak = max(peak, memory)
            for rule in broken:
                failed += 1
                print(f"seed {seed} ({what}) {rule}", flush=True)
    print(f"| seeds {first} to {first + cases - 1} | files |\n|---|---|")
    for name, count in ends.most_common():
        print(f"| `{name}` | {count} |")
    print(f"\nmost memory of one process: {peak} MB")
    for cpu, seed, what in slowest:
        print(f"most processor time: {cpu:.1f} s, seed {seed} ({what})")
    print(f"rules broken: {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
