"""The bench's command: measure, print, and write the tables and pictures into the documentation."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from . import learned, plots, tables
from .measure import FOLDS, OURS, Outcome, measure, sessions
from .simulator import CONFIGS, PRODUCT, VOD4, Config
from .synthetic import generate
from .traces import Trace, TraceError, folds, load

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).parents[2]
TRACES, CACHE = ROOT.parent / "shared/traces", ROOT / "build/bench/abr"
BEGIN, END = "<!-- bench_abr: begin -->\n", "<!-- bench_abr: end -->\n"
PICTURED: tuple[Config, ...] = (VOD4, PRODUCT)
QUICK = 6


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--traces", type=Path, help="folder of CLASS/NAME.csv (default: ../shared/traces, else made-up ones)"
    )
    parser.add_argument("--configs", nargs="+", choices=[c.name for c in CONFIGS], help="only these configurations")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument(
        "--quick", action="store_true", help=f"one trace in {QUICK}, the product's tables; writes nothing"
    )
    parser.add_argument("--docs", type=Path, default=ROOT / "docs", help="where abr.md and images/ are")
    parser.add_argument("--cache", type=Path, default=CACHE, help="where tables and the optimum's plans are kept")
    return parser.parse_args(given)


def between_marks(document: str, content: str) -> str:
    """The document with the part between the marks replaced; a ValueError without both marks, in order."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the document needs {BEGIN.strip()} and {END.strip()}")
    return before + begin + "\n" + content + "\n" + end + after


def telling(outcomes: Sequence[Outcome], over: str) -> Outcome:
    """The slow session with the median gain over a rival: neither the kindest nor the worst to us."""
    who = OURS if OURS in outcomes[0].scores else over
    slow = [o for o in outcomes if o.kind == tables.SLOW] or list(outcomes)
    return sorted(slow, key=lambda o: (o.scores[who].linear - o.scores[over].linear, o.trace))[len(slow) // 2]


def pictures(
    results: dict[str, list[Outcome]], traces: Sequence[Trace], learnt: learned.Tables, cache: Path
) -> dict[str, str]:
    """File names and their contents."""
    found = {}
    for config in (config for config in PICTURED if config.name in results):
        outcomes = results[config.name]
        found[f"abr-classes-{config.name}.svg"] = plots.by_class(config, outcomes)
        found[f"abr-sessions-{config.name}.svg"] = plots.distribution(config, outcomes)
        rival = tables.best_rival(outcomes)
        shown = telling(outcomes, rival).trace
        trace = next(t for t in traces if t.id == shown)
        names = [name for name in (OURS, rival) if name in outcomes[0].scores]
        both = sessions(trace, config, learnt[config.name, folds(traces, FOLDS)[shown]], cache, names)
        found[f"abr-session-{config.name}.svg"] = plots.one_session(trace, config, both)
    return found


def text(results: dict[str, list[Outcome]], names: Sequence[str]) -> str:
    """The part of the document that is measured."""
    parts = [tables.summary(results)]
    parts += [tables.table(config, results[config.name]) for config in CONFIGS if config.name in results]
    parts += [f"![{name.removesuffix('.svg').replace('-', ' ')}](images/{name})\n" for name in names]
    return "\n".join(parts)


def write(docs: Path, results: dict[str, list[Outcome]], drawings: dict[str, str]) -> None:
    """Put tables into abr.md and pictures beside it."""
    (docs / "images").mkdir(parents=True, exist_ok=True)
    for name, drawing in drawings.items():
        (docs / "images" / name).write_text(drawing, encoding="utf-8")
    path = docs / "abr.md"
    path.write_text(between_marks(path.read_text(encoding="utf-8"), text(results, list(drawings))), encoding="utf-8")


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def main(given: Sequence[str] | None = None) -> int:
    """Measure everyone; 2 when the traces cannot be used."""
    asked = arguments(given)
    recorded = asked.traces or (TRACES if TRACES.is_dir() else None)
    configs = [config for config in CONFIGS if not asked.configs or config.name in asked.configs]
    if not recorded:
        print("No recorded traces: these are made up, and say little about real links (see docs/abr.md).\n")
    try:
        traces = load(recorded) if recorded else generate(12)
        learnt = {} if asked.quick else learned.learn(traces, configs, asked.cache, jobs=asked.jobs, say=_say)
    except TraceError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    if asked.quick:
        traces = traces[::QUICK]
        print(f"Quick: one trace in {QUICK}, and {OURS} with the product's tables, which may have seen them.\n")
    results = measure(traces, configs, tables=learnt, jobs=asked.jobs, cache=asked.cache)
    print(text(results, []))
    if recorded and not asked.quick and len(configs) == len(CONFIGS):
        write(asked.docs, results, pictures(results, traces, learnt, asked.cache))
        print(f"Written to {asked.docs / 'abr.md'}.")
    return 0
