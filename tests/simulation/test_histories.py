"""Seeded histories: whatever goes wrong, nothing is lost, shown half, told twice or left behind."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from support.stand_in import Died

from chalicelib.errors import Transient
from simulation.history import live_history, upload_history
from simulation.hub import Hub, Weather
from simulation.planted import BUGS, found_at

ROOT = Path(__file__).parents[2]
UPLOADS, STREAMS, BATCH = 350, 150, 25
WITHIN = {"commit": 60, "ready": 10, "loser": 60, "adoption": 300, "row": 30}
"""Seeds within which each planted bug must be found: several times what it took."""


@pytest.mark.parametrize("first", range(0, UPLOADS, BATCH))
def test_uploads(first: int) -> None:
    """Jobs with cancel, retry, delete, second attempts, priorities, cost limits, other ladders, other sources."""
    for seed in range(first, first + BATCH):
        outcome = upload_history(seed)
        assert not outcome.defects, f"seed {seed}: {outcome.defects} after {outcome.faults}"


@pytest.mark.parametrize("first", range(0, STREAMS, BATCH))
def test_live_streams(first: int) -> None:
    """Encoders that come back and take over, stops in the middle of things, viewers who come, go and vanish."""
    for seed in range(first, first + BATCH):
        outcome = live_history(seed)
        assert not outcome.defects, f"seed {seed}: {outcome.defects} after {outcome.faults}"


@pytest.mark.parametrize("name", BUGS)
def test_a_planted_bug_is_found(name: str) -> None:
    """The same histories, with a known bug in the product."""
    assert found_at(name, WITHIN[name]) is not None


def test_a_seed_replays_in_another_process() -> None:
    """Whatever Python's own hashes do: the same steps, in the same order, at the same times."""
    program = "from simulation.history import *; print(upload_history(41).digest, live_history(7).digest)"
    said = set()
    for hashes in ("1", "2"):
        paths = os.pathsep.join((str(ROOT), str(ROOT / "tests")))
        environment = os.environ | {"PYTHONHASHSEED": hashes, "PYTHONPATH": paths}
        command = [sys.executable, "-c", program]
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=120)
        said.add(done.stdout.strip())
    assert len(said) == 1
    assert said == {f"{upload_history(41).digest} {live_history(7).digest}"}


def test_different_seeds_are_different_histories() -> None:
    """And the weather is not always bad."""
    outcomes = [upload_history(seed) for seed in range(12)]
    assert len({outcome.digest for outcome in outcomes}) == len(outcomes)
    assert any(outcome.faults for outcome in outcomes)
    assert any(not outcome.faults for outcome in outcomes)


@pytest.mark.parametrize(
    ("weather", "ends", "acts"),
    [
        (Weather(), "done", 1),
        (Weather(budget=1, refused=1.0), "Transient", 0),
        (Weather(budget=1, unheard=1.0), "Transient", 1),
        (Weather(budget=1, repeated=1.0), "done", 2),
        (Weather(budget=1, dies=2.0), "Died", 0),
    ],
)
def test_what_a_fault_does(weather: Weather, ends: str, acts: int) -> None:
    """Refused: nothing happened. Unheard: it did. Repeated: twice. A dead process makes no further call."""
    hub, done = Hub(1, weather), []

    def work() -> str:
        try:
            hub.call("store.put", lambda: done.append(1), writes=True)
        finally:
            if hub.current is not None and hub.current.dead:
                with pytest.raises(Died):
                    hub.call("store.put", lambda: done.append(1), writes=True)
        return "done"

    process = hub.begin("one", work)
    hub.run(lambda: process.over, limit_s=100)
    assert (process.result or type(process.error).__name__, len(done)) == (ends, acts)
    assert isinstance(process.error, (Transient, Died, type(None)))


def test_a_process_that_is_out_of_time_is_killed() -> None:
    """At its next step, wherever it stands."""
    hub = Hub(1, Weather())
    process = hub.begin("slow", lambda: hub.pause(61), limit_s=60)
    hub.run(lambda: process.over, limit_s=100)
    assert isinstance(process.error, Died)
    assert hub.faults == ["slow out of time"]
