"""Trains the tables that the product ships, on all traces; or tells whether those are what training gives now."""

from __future__ import annotations

import argparse
import json
import os
import sys
from array import array
from base64 import b64decode
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.domain.abr import tables

from .simulator import Config
from .traces import TraceError, load
from .training import train

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .traces import Trace

ROOT = Path(__file__).parents[2]
TRACES, SHIPPED = ROOT.parent / "shared/traces", Path(tables.__file__).parent


def config_of(kind: tables.Kind) -> Config:
    """The sessions that a table is trained on."""
    return Config(kind.name, kind.segment_s, kind.max_buffer_s, kind.kbps)


def _train(job: tuple[Sequence[Trace], tables.Kind]) -> str:
    traces, kind = job
    return train(traces, config_of(kind))


def difference(old: str, new: str) -> str:
    """What sets two files apart, in words; empty when they are the same."""
    if old == new:
        return ""
    one, other = json.loads(old), json.loads(new)
    before, after = (array("h", b64decode(data.pop("values"))) for data in (one, other))
    if len(before) != len(after) or one.keys() != other.keys():
        return "another layout"
    parts = [name for name in one if one[name] != other[name]]
    moved = [abs(a - b) for a, b in zip(before, after, strict=True) if a != b]
    if moved:
        parts.append(f"{len(moved)} of {len(before)} values, by {max(moved)} steps at most")
    return "; ".join(parts) or "spelling"


def arguments(given: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--traces", type=Path, default=TRACES, help="folder of CLASS/NAME.csv (default: ../shared/traces)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; 1 when a shipped table is another")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--only", nargs="+", choices=[kind.name for kind in tables.TABLES], help="only these tables")
    parser.add_argument("--out", type=Path, default=SHIPPED, help="where the tables are")
    return parser.parse_args(given)


def main(given: Sequence[str] | None = None) -> int:
    """Train all; 2 when the traces cannot be used, 1 when a check finds another table."""
    asked = arguments(given)
    try:
        traces = load(asked.traces)
    except TraceError as wrong:
        print(wrong, file=sys.stderr)
        return 2
    kinds = [kind for kind in tables.TABLES if not asked.only or kind.name in asked.only]
    different = 0
    with ProcessPoolExecutor(asked.jobs) as pool:
        for kind, text in zip(kinds, pool.map(_train, [(traces, kind) for kind in kinds]), strict=True):
            path = asked.out / f"{kind.name}.json"
            apart = difference(path.read_text("ascii"), text) if path.is_file() else "missing"
            different += bool(apart)
            print(f"{kind.name}: {apart or 'up to date'}", flush=True)
            if apart and not asked.check:
                path.write_text(text, encoding="ascii")
    return int(asked.check and different > 0)
