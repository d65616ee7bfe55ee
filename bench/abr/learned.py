"""What is learned from traces is judged on others: a table for each fold, trained on all the other folds' traces.

Tables are kept by what they were made from: traces, configuration and the code that trains.
"""

from __future__ import annotations

import hashlib
from concurrent.futures import ProcessPoolExecutor
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.domain.abr import link, policy, table

from .traces import TraceError, folds
from .training import train

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.domain.abr.table import Table

    from .simulator import Config
    from .traces import Trace

FOLDS = 5
CODE = ("experience", "links", "training")
Tables = dict[tuple[str, int], Path]
"""Configuration's name and fold to the table that has not seen that fold."""


@cache
def _code() -> str:
    """Everything but traces and configuration that a table depends on."""
    digest = hashlib.sha256()
    for name in CODE:
        digest.update((Path(__file__).parent / f"{name}.py").read_bytes())
    constants = {name: value for name, value in vars(link).items() if isinstance(value, float | int)}
    digest.update(repr((sorted(constants.items()), policy.PER_S, policy.STALL_PER_S, table.VERSION)).encode())
    return digest.hexdigest()


def key(traces: Sequence[Trace], config: Config) -> str:
    """A name for what training on these would give."""
    digest = hashlib.sha256(_code().encode() + repr(config).encode())
    for trace in traces:
        digest.update(repr((trace.id, list(trace.rows()))).encode())
    return digest.hexdigest()[:20]


def _train(job: tuple[Sequence[Trace], Config, Path]) -> Path:
    traces, config, path = job
    path.parent.mkdir(parents=True, exist_ok=True)
    unfinished = path.with_suffix(".part")
    unfinished.write_text(train(traces, config), encoding="ascii")
    return unfinished.replace(path)


def learn(
    traces: Sequence[Trace],
    configs: Sequence[Config],
    cache: Path,
    *,
    jobs: int = 1,
    say: Callable[[str], None] = lambda _: None,
) -> Tables:
    """Train what is missing; a TraceError when a fold leaves nothing to learn from."""
    fold, found = folds(traces, FOLDS), Tables()
    missing: list[tuple[Sequence[Trace], Config, Path]] = []
    for number in sorted(set(fold.values())):
        others = [trace for trace in traces if fold[trace.id] != number]
        if not others:
            raise TraceError("all traces are of one group a class: none are left to learn from")
        for config in configs:
            path = cache / "tables" / f"{config.name}-{key(others, config)}.json"
            found[config.name, number] = path
            if not path.is_file():
                missing.append((others, config, path))
    _work_off(missing, jobs, say)
    return found


def _work_off(missing: Sequence[tuple[Sequence[Trace], Config, Path]], jobs: int, say: Callable[[str], None]) -> None:
    if missing:
        say(f"training {len(missing)} tables, each without the fold that it is judged on")
    if jobs > 1 and missing:
        with ProcessPoolExecutor(jobs) as pool:
            for done, path in enumerate(pool.map(_train, missing), start=1):
                say(f"  {done} of {len(missing)}: {path.name}")
    else:
        for done, job in enumerate(missing, start=1):
            say(f"  {done} of {len(missing)}: {_train(job).name}")


@cache
def read(path: Path) -> Table:
    """A table that was kept."""
    return table.parse(path.read_bytes())
