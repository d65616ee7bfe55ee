"""Everyone on every trace: who takes part, and what each session was worth."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from . import learned
from .adapter import HeadwaterController
from .metrics import Scores, good, score, strict
from .optimum import optimum
from .rivals import RIVALS
from .simulator import simulate
from .traces import folds

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from .simulator import Config, Controller, Session
    from .traces import Trace

OURS, OPTIMUM = "Headwater", "offline optimum"
FOLDS = learned.FOLDS
Factory = Callable[["Path | None"], "Controller"]
"""Makes a controller; gets the table that has not seen the trace to come, or None for the product's own."""


def _ours(table: Path | None) -> Controller:
    return HeadwaterController(learned.read(table) if table else None)


def contenders() -> dict[str, Factory]:
    """Everyone who plays, but the optimum."""
    rivals: dict[str, Factory] = {name: partial(lambda rival, _: rival(), rival) for name, rival in RIVALS.items()}
    return rivals | {OURS: _ours}


@dataclass(frozen=True, slots=True)
class Outcome:
    """One trace in one configuration, by contender; the optimum is one of them."""

    trace: str
    kind: str
    scores: dict[str, Scores]

    def good(self, name: str) -> bool:
        """Whether the contender's session was GOOD."""
        return good(self.scores[name], self.scores[OPTIMUM].mean_kbps)

    def strict(self, name: str) -> bool:
        """Whether it was STRICT."""
        return strict(self.scores[name], self.scores[OPTIMUM].mean_kbps)

    @property
    def attainable(self) -> bool:
        """Whether the session could be GOOD at all: the optimum is."""
        return self.good(OPTIMUM)


def sessions(
    trace: Trace, config: Config, table: Path | None, cache: Path | None, names: Iterable[str]
) -> dict[str, Session]:
    """The sessions of some contenders on a trace."""
    made = contenders()
    return {
        name: optimum(trace, config, cache=cache) if name == OPTIMUM else simulate(trace, config, made[name](table))
        for name in names
    }


def _outcome(job: tuple[Trace, Config, Path | None, Path | None]) -> Outcome:
    trace, config, table, cache = job
    ran = sessions(trace, config, table, cache, [*contenders(), OPTIMUM])
    return Outcome(trace.id, trace.kind, {name: score(session) for name, session in ran.items()})


def measure(
    traces: Sequence[Trace],
    configs: Sequence[Config],
    *,
    tables: learned.Tables | None = None,
    jobs: int = 1,
    cache: Path | None = None,
) -> dict[str, list[Outcome]]:
    """Outcomes by configuration, in the order of the traces; the same whatever the number of processes.

    Without `tables` ours decides with the product's, which may have been learned from these very traces.
    """
    fold = folds(traces, FOLDS)
    work = [
        (trace, config, (tables or {}).get((config.name, fold[trace.id])), cache)
        for config in configs
        for trace in traces
    ]
    if jobs > 1:
        with ProcessPoolExecutor(jobs) as pool:
            found = list(pool.map(_outcome, work, chunksize=4))
    else:
        found = [_outcome(job) for job in work]
    outcomes: dict[str, list[Outcome]] = {config.name: [] for config in configs}
    for (_, config, _, _), outcome in zip(work, found, strict=True):
        outcomes[config.name].append(outcome)
    return outcomes
