"""Histories over a cloud that misbehaves by seed: `simulation.py [HISTORIES] [FIRST SEED]`.

Seven of ten are of uploads, the others of live streams. Prints a table; a seed that broke a rule is named with what it
broke, and ends it with 1: `simulation.py uploads SEED` or `live SEED` runs it again and lists its faults.
`simulation.py bugs` plants known bugs and says after how many histories each was found.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from simulation.history import Outcome, live_history, upload_history  # noqa: E402  found by the line above
from simulation.planted import BUGS, found_at  # noqa: E402

HISTORIES, TENTHS = 10_000, 7
KINDS = {"uploads": upload_history, "live": live_history}


def history(case: tuple[str, int]) -> tuple[str, Outcome, float]:
    """One history, and its CPU seconds."""
    began = time.process_time()
    outcome = KINDS[case[0]](case[1])
    return case[0], outcome, time.process_time() - began


def run(histories: int, first: int) -> int:
    """Run histories on all cores; returns the exit status."""
    uploads = histories * TENTHS // 10
    cases = [("uploads", first + n) for n in range(uploads)] + [("live", first + n) for n in range(histories - uploads)]
    faults, sums, bad = Counter[str](), {kind: Counter[str]() for kind in KINDS}, Counter[str]()
    cpu_s = dict.fromkeys(KINDS, 0.0)
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for kind, outcome, seconds in pool.map(history, cases, chunksize=10):
            told = outcome.faults
            faults.update(_kind(fault) for fault in told)
            sums[kind].update(histories=1, faults=len(told), steps=outcome.steps, playlists=outcome.playlists)
            sums[kind]["hours"] += int(outcome.virtual_s / 3600)
            cpu_s[kind] += seconds
            for defect in outcome.defects:
                print(f"{kind} {outcome.seed}: {defect}", flush=True)
            bad[kind] += bool(outcome.defects)
    print("| | histories | seeds | faults | steps | playlists published | virtual hours | CPU s each | broken |")
    print("|---|---|---|---|---|---|---|---|---|")
    for kind, total in sums.items():
        count = total["histories"]
        facts = (total["faults"], total["steps"], total["playlists"], total["hours"])
        shown = " | ".join(f"{fact:,}" for fact in facts) + f" | {cpu_s[kind] / max(1, count):.2f} | {bad[kind]}"
        print(f"| {kind} | {count:,} | {first} to {first + count - 1} | {shown} |")
    print("\n" + ", ".join(f"{name} {count:,}" for name, count in faults.most_common()))
    return 1 if bad.total() else 0


def _kind(fault: str) -> str:
    """Which kind of fault it was: the words that name no call and no process."""
    kinds = ("died before", "died after", "refused", "unheard", "repeated", "slow", "twice", "lost", "out of time")
    return next((kind for kind in kinds if kind in fault), fault)


def one(kind: str, seed: int) -> int:
    """Run one history again; returns the exit status."""
    _, outcome, _ = history((kind, seed))
    print(f"{kind} {seed}: {len(outcome.faults)} faults, {outcome.steps} steps, digest {outcome.digest}")
    for fault in outcome.faults:
        print(f"  {fault}")
    for defect in outcome.defects:
        print(f"broken: {defect}")
    return 1 if outcome.defects else 0


def bugs(most: int = 1000) -> int:
    """Plant each known bug; returns the exit status."""
    print("| Planted | found after | seed | by |\n|---|---|---|---|")
    missed = 0
    for name, bug in BUGS.items():
        found = found_at(name, most)
        missed += found is None
        seed, said = found or (most, "nothing")
        print(f"| {bug.what} | {seed + 1} histories | {seed} | {said} |", flush=True)
    return 1 if missed else 0


def main() -> int:
    """Read the command line."""
    words = sys.argv[1:]
    if words[:1] == ["bugs"]:
        return bugs()
    if words and words[0] in KINDS:
        return one(words[0], int(words[1]))
    return run(int(words[0]) if words else HISTORIES, int(words[1]) if len(words) > 1 else 0)


if __name__ == "__main__":
    sys.exit(main())
