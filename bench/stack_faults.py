"""Faults of the machinery on a whole stack, many times: `stack_faults.py [KIND ...] [--trials N] [--seed FIRST]`.

Prints a row for each kind as it is done. A trial that breaks a rule is named with its kind and seed, and ends it
with 1; `stack_faults.py KIND --trials 1 --seed N` tries that one again.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from faults import clips  # noqa: E402  found by the line above
from faults.cloud import FaultyCloud  # noqa: E402
from faults.kinds import KINDS  # noqa: E402
from faults.plan import Plan  # noqa: E402
from faults.trial import Batch, Kind, trials  # noqa: E402

if TYPE_CHECKING:
    from faults.checks import Clip

TRIALS = 100


@dataclass
class Row:
    """What came of one kind."""

    kind: Kind
    first: int
    tried: int = 0
    struck: int = 0
    survived: int = 0
    took_s: float = 0.0
    codes: Counter[str] = field(default_factory=Counter)
    users_saw: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        saw = [f"{count} x {what}" for what, count in self.users_saw.most_common()]
        saw += [f"{count} x `{code}`, cured by a retry" for code, count in self.codes.most_common()]
        seeds = f"{self.first} to {self.first + self.tried - 1}"
        counts = f"{self.tried} | {self.struck} | {self.survived}"
        return f"| {self.kind.name} | {counts} | {'; '.join(saw) or 'nothing'} | {seeds} | {self.took_s:.0f} |"


def try_kind(kind: Kind, count: int, first: int, sources: list[Clip]) -> Row:
    """Try a kind on a stack of its own."""
    row, begun = Row(kind, first), time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="headwater-faults-"))
    cloud = FaultyCloud(folder / "data", plan=kind.plan(Plan()))
    cloud.start()
    try:
        for start in range(first, first + count, kind.batch):
            seeds = range(start, min(start + kind.batch, first + count))
            _add(row, Batch(cloud, kind, trials(seeds, kind), sources), f"seeds {seeds[0]} to {seeds[-1]}")
        # Nothing strikes any more: the workers that are left have to do an ordinary recording
        plain = Kind("afterwards", "", lambda _trial: [])
        clean = Batch(cloud, plain, trials([first], plain), sources)
        row.broken += [f"{kind.name} afterwards: {rule}" for rule in (*clean.run(), *clean.trials[0].broken)]
    finally:
        status = cloud.stop()
        cloud.proxy.stop()
        row.took_s = time.monotonic() - begun
        if row.broken:
            print(f"kept: {folder}", flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
    if status:
        row.broken.append(f"{kind.name} the stack ended with {status}")
    return row


def _add(row: Row, batch: Batch, which: str) -> None:
    row.broken += [f"{row.kind.name} {which}: {rule}" for rule in batch.run()]
    row.codes += batch.codes
    row.users_saw += Counter(batch.failed)
    for trial in batch.trials:
        row.tried += 1
        row.struck += bool(trial.struck)
        row.survived += not trial.broken
        said = [line for strike in trial.strikes for line in strike.said]
        row.broken += [f"{row.kind.name} seed {trial.seed}: {rule} ({said})" for rule in trial.broken]


def main() -> int:
    """Try them; returns the exit status."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kinds", nargs="*", help=f"of {', '.join(KINDS)}; all of them by default")
    parser.add_argument("--trials", type=int, default=TRIALS, help="of each kind")
    parser.add_argument("--seed", type=int, default=0, help="of the first trial")
    options = parser.parse_args()
    if unknown := set(options.kinds) - set(KINDS):
        parser.error(f"there is no kind {', '.join(sorted(unknown))}")
    sources, broken = clips.make(), 0
    print("| Kind | trials | struck | survived | people saw | seeds | s |\n|---|---|---|---|---|---|---|", flush=True)
    for name in options.kinds or KINDS:
        row = try_kind(KINDS[name], options.trials, options.seed, sources)
        print(row, flush=True)
        for rule in row.broken:
            print(f"  {rule}", flush=True)
        broken += len(row.broken)
    print(f"\nrules broken: {broken}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
