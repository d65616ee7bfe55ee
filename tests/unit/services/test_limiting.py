"""Holding rates: who is told what, and that a limit which cannot be held keeps nobody out."""

from __future__ import annotations

import pytest
from support.fakes import FakeClock

from chalicelib.adapters.memory_cells import MOST, MemoryCells
from chalicelib.domain.gauges import RATE_LIMITED, RATE_UNHELD
from chalicelib.domain.rates import Kind, Rate, Rates
from chalicelib.errors import TooMany, Transient
from chalicelib.services.limiting import UNHELD_S, RateLimiter


class Broken:
    """A table that fails, and counts how often it was asked."""

    def __init__(self, error: Exception) -> None:
        self.error, self.asked = error, 0

    def take(self, _name: str, _rate: Rate, *, now_ms: int) -> int | None:
        """Fail."""
        assert now_ms
        self.asked += 1
        raise self.error


class World:
    """A limiter of two calls at once, one every ten seconds."""

    def __init__(self, cells: MemoryCells | Broken, **rates: Rate) -> None:
        self.clock, self.told = FakeClock(), list[tuple[str, float]]()
        self.limiter = RateLimiter(
            cells,
            lambda kind, who: f"{kind}/{who}",
            Rates(**({"make": Rate(2, 6)} | rates)),
            self.clock,
            lambda name, value: self.told.append((name, value)),
        )

    def passes(self, kind: Kind = Kind.MAKE, user: str = "anna", address: str = "") -> bool:
        """Try once."""
        try:
            self.limiter.check(kind, user, address)
        except TooMany:
            return False
        return True


def test_each_caller_has_their_own_rate_for_each_kind() -> None:
    """Used up by one, it is there for others, and for other things; it fills again by the pace."""
    world = World(MemoryCells())
    assert [world.passes() for _ in range(4)] == [True, True, False, False]
    assert world.told == [(RATE_LIMITED, 1), (RATE_LIMITED, 1)]
    assert world.passes(user="berta")
    assert world.passes(Kind.WORK)
    assert world.passes(user="", address="192.0.2.1")
    world.clock.time += 9.9
    assert not world.passes()
    world.clock.time += 0.2
    assert [world.passes() for _ in range(2)] == [True, False]


def test_the_refusal_says_when_to_come_again() -> None:
    """In seconds, for machines and for people."""
    world = World(MemoryCells())
    while world.passes():
        pass
    with pytest.raises(TooMany, match="try again in 10 s") as refused:
        world.limiter.check(Kind.MAKE, "anna")
    assert (refused.value.code, refused.value.status, refused.value.retry_after_s) == ("too_many_calls", 429, 10)


def test_no_limit_and_nobody_to_count() -> None:
    """A rate of nothing at once is none; who cannot be told apart is let through."""
    world = World(MemoryCells(), make=Rate(0, 1))
    assert all(world.passes() for _ in range(10))
    assert all(world.passes(Kind.WATCH, user="", address="nowhere") for _ in range(10))


@pytest.mark.parametrize("error", [Transient("aws_unavailable", "Down."), KeyError("due"), TimeoutError()])
def test_a_table_that_fails_keeps_nobody_out(error: Exception) -> None:
    """It is counted, and the table left alone for a while: callers must not wait for it."""
    cells = Broken(error)
    world = World(cells)
    assert all(world.passes() for _ in range(5))
    assert cells.asked == 1
    assert world.told == [(RATE_UNHELD, 1)] * 5
    world.clock.time += UNHELD_S
    assert world.passes()
    assert cells.asked == 2


def test_memory_forgets_who_was_heard_longest_ago() -> None:
    """It cannot grow without end, whoever comes."""
    cells, rate = MemoryCells(), Rate(1, 1)
    assert cells.take("first", rate, now_ms=1000) is None
    assert cells.take("first", rate, now_ms=1000) == 61_000
    for number in range(MOST):
        assert cells.take(f"other-{number}", rate, now_ms=1000) is None
    assert cells.take("first", rate, now_ms=1000) is None
