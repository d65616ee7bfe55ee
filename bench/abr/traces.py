"""Network traces: what a link gave second by second, read from CSV files.

A folder of traces is `DIR/{class}/{id}.csv` with the columns `duration_ms,bandwidth_kbps,latency_ms`, and, if it is
there, `DIR/manifest.json` with `{"traces": [{"id", "source", "group"}]}`. A group is one network, route or place: its
traces are alike, so all of them are in the same fold of a cross-validation.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
from bisect import bisect_left, bisect_right
from collections import defaultdict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

HEADER = ["duration_ms", "bandwidth_kbps", "latency_ms"]
Row = tuple[float, float, float]


class TraceError(ValueError):
    """A file or folder that cannot be used; the sentence says where and why."""


class Trace:
    """What a link can carry: steps of constant bandwidth, repeated for ever. Times in seconds, amounts in bits."""

    __slots__ = ("_bits", "_latency", "_rate", "_starts", "duration_s", "group", "id", "kind", "total_bits")

    def __init__(self, rows: Iterable[Row], *, id: str = "", kind: str = "", group: str = "") -> None:  # noqa: A002 - the manifest's word
        """Take rows of (milliseconds, kbit/s, milliseconds of round trip)."""
        steps = [_checked(row, place) for place, row in enumerate(rows, start=1)]
        self.id, self.kind, self.group = id, kind, group or id
        self._rate = [kbps * 1000 for _, kbps, _ in steps]
        self._latency = [ms / 1000 for _, _, ms in steps]
        self._starts = [0.0, *itertools.accumulate(ms / 1000 for ms, _, _ in steps)]
        self._bits = [0.0, *itertools.accumulate(ms * kbps for ms, kbps, _ in steps)]
        self.duration_s, self.total_bits = self._starts[-1], self._bits[-1]
        if self.total_bits <= 0:
            raise TraceError("no step of the trace carries anything")

    def _step(self, place_s: float) -> int:
        return min(bisect_right(self._starts, place_s), len(self._rate)) - 1

    def latency_s(self, at_s: float) -> float:
        """Round trip at a moment."""
        return self._latency[self._step(at_s % self.duration_s)]

    def carried(self, until_s: float) -> float:
        """Bits that the link carries from 0 to a moment."""
        loops, place = divmod(until_s, self.duration_s)
        step = self._step(place)
        return loops * self.total_bits + self._bits[step] + (place - self._starts[step]) * self._rate[step]

    def moment(self, bits: float) -> float:
        """The first moment at which the link has carried so many bits."""
        loops, rest = divmod(bits, self.total_bits)
        if rest == 0 and loops > 0:  # not a moment later: the next loop may begin with nothing
            loops, rest = loops - 1, self.total_bits
        step = max(bisect_left(self._bits, rest) - 1, 0)
        within = (rest - self._bits[step]) / self._rate[step] if rest > 0 else 0.0
        return loops * self.duration_s + self._starts[step] + within

    def rows(self) -> Iterator[Row]:
        """The steps as a file has them."""
        for step, rate in enumerate(self._rate):
            yield (self._starts[step + 1] - self._starts[step]) * 1000, rate / 1000, self._latency[step] * 1000

    def mean_kbps(self) -> float:
        """Bandwidth over one loop."""
        return self.total_bits / self.duration_s / 1000


def _checked(row: Row, place: int) -> Row:
    ms, kbps, latency = row
    if not all(map(math.isfinite, row)):
        raise TraceError(f"step {place} is not of finite numbers: {row}")
    if ms <= 0 or kbps < 0 or latency < 0:
        raise TraceError(f"step {place} has no length, or less than nothing: {row}")
    return row


def _numbers(cells: list[str], place: int) -> Row:
    try:
        ms, kbps, latency = map(float, cells)
    except ValueError:
        raise TraceError(f"line {place} is not three numbers: {','.join(cells)!r}") from None
    return ms, kbps, latency


def _rows(text: str) -> list[Row]:
    lines = list(csv.reader(text.splitlines()))
    if not lines or lines[0] != HEADER:
        raise TraceError(f"the first line must be {','.join(HEADER)}")
    return [_numbers(cells, place) for place, cells in enumerate(lines[1:], start=2) if cells]


def read(path: Path, *, kind: str = "", group: str = "") -> Trace:
    """One file; a TraceError names it and the line."""
    try:
        return Trace(_rows(path.read_text(encoding="ascii")), id=path.stem, kind=kind, group=group)
    except (TraceError, UnicodeDecodeError) as wrong:
        raise TraceError(f"{path}: {wrong}") from None


def _groups(folder: Path) -> dict[str, str]:
    manifest = folder / "manifest.json"
    if not manifest.is_file():
        return {}
    try:
        return {str(entry["id"]): str(entry["group"]) for entry in json.loads(manifest.read_text("utf-8"))["traces"]}
    except (ValueError, KeyError, TypeError) as wrong:
        raise TraceError(f'{manifest}: must be {{"traces": [{{"id", "group"}}]}} ({wrong!r})') from None


def load(folder: Path) -> list[Trace]:
    """Every trace of a folder, by class and name."""
    if not folder.is_dir():
        raise TraceError(f"{folder} is not a folder")
    groups = _groups(folder)
    found = [
        read(path, kind=path.parent.name, group=groups.get(path.stem, "")) for path in sorted(folder.glob("*/*.csv"))
    ]
    if not found:
        raise TraceError(f"{folder} has no trace: they are expected as CLASS/NAME.csv")
    return found


def write(traces: Iterable[Trace], folder: Path) -> None:
    """Save traces as `load` reads them."""
    entries = []
    for trace in traces:
        path = folder / trace.kind / f"{trace.id}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        lines = [HEADER, *([f"{value:.6g}" for value in row] for row in trace.rows())]
        path.write_text("".join(",".join(cells) + "\n" for cells in lines), encoding="ascii")
        entries.append({"id": trace.id, "class": trace.kind, "group": trace.group})
    (folder / "manifest.json").write_text(json.dumps({"traces": entries}, indent=1) + "\n", encoding="utf-8")


def folds(traces: Sequence[Trace], count: int) -> dict[str, int]:
    """Trace id to its fold: each class is spread over all folds, and no group is in two of them."""
    groups: dict[tuple[str, str], list[str]] = defaultdict(list)
    for trace in traces:
        groups[trace.kind, trace.group].append(trace.id)
    sizes: dict[str, list[int]] = defaultdict(lambda: [0] * count)
    placed = {}
    for (kind, _), ids in sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])):
        fold = min(range(count), key=lambda n: (sizes[kind][n], n))
        sizes[kind][fold] += len(ids)
        placed.update(dict.fromkeys(ids, fold))
    return placed
