"""A process that sleeps has no pulse, one that computes has."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.pulse import STILL_S, Pulse

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def sleeper() -> Iterator[int]:
    """Return the id of a process that does nothing."""
    process = subprocess.Popen(["sleep", "60"])
    yield process.pid
    process.kill()
    process.wait()


def test_a_process_that_does_nothing_is_noticed(sleeper: int) -> None:
    """After the time given, not before; and it stays so."""
    pulse = Pulse(sleeper)
    assert [pulse.stopped(now) for now in (0, STILL_S, STILL_S + 1, STILL_S + 2)] == [False, False, True, True]


def test_work_begins_the_time_anew() -> None:
    """This very process computes between two looks."""
    pulse = Pulse(os.getpid())
    assert not pulse.stopped(0)
    spent = time.process_time()
    while time.process_time() < spent + 0.2:
        pass
    assert not pulse.stopped(STILL_S + 1)
    assert not pulse.stopped(2 * STILL_S)


def test_a_process_that_is_gone_counts_as_still(sleeper: int) -> None:
    """Whoever waits for its end learns of it another way."""
    pulse = Pulse(2**22 + sleeper)
    assert not pulse.stopped(0)
    assert pulse.stopped(STILL_S + 1)
