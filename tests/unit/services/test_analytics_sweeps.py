"""Settling sums: what is over, a bounded lot at a time. Closing sessions is held to in test_session_facts."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from support.viewing import Cinema
from support.watching import MIDNIGHT_MS, sweeps

from chalicelib.errors import Transient
from chalicelib.services import analytics_sweeps

MIDNIGHT = MIDNIGHT_MS / 1000
"""Between the 15th and 16th of January 2027."""


@dataclass
class FakeParts:
    """Parts of sums that can be settled; some are contended, some change all the time."""

    parts: dict[str, list[str]]
    contended: set[str] = field(default_factory=set)
    changing: set[str] = field(default_factory=set)
    asked: list[str] = field(default_factory=list)

    def unsettled(self, part: str, *, limit: int) -> list[str]:
        """Those of a day."""
        self.asked.append(part)
        return self.parts.get(part, [])[:limit]

    def settle(self, key: str, part: str) -> bool:
        """Settle one."""
        if key in self.contended:
            raise Transient("aws_unavailable", "Others add to it.")
        if key in self.changing:
            return False
        self.parts[part].remove(key)
        return True


def settle(parts: FakeParts, now: float) -> int:
    """Sweep at a time."""
    cinema = Cinema()
    cinema.clock.time = now
    return sweeps(cinema, parts).settle()


@pytest.mark.parametrize(("hours", "done"), [(0.5, 1), (0.99, 1), (1.01, 3)])
def test_a_day_is_settled_an_hour_after_its_end(hours: float, done: int) -> None:
    """All-time sums always, today's never."""
    parts = FakeParts({"all": ["a"], "2027-01-15": ["b", "c"], "2027-01-16": ["d"]})
    assert settle(parts, MIDNIGHT + 3600 * hours) == done
    assert parts.parts["2027-01-16"] == ["d"]


def test_late_parts_of_the_last_week_are_settled_too() -> None:
    """And no day is looked at for ever."""
    parts = FakeParts({})
    assert settle(parts, MIDNIGHT + 40_000) == 0
    assert parts.asked == ["all", *(f"2027-01-{day:02}" for day in range(15, 8, -1))]


def test_one_that_is_contended_stops_no_other() -> None:
    """It is there the next time."""
    parts = FakeParts({"all": ["a", "b", "c"]}, contended={"a"}, changing={"b"})
    assert settle(parts, MIDNIGHT) == 1
    assert parts.parts["all"] == ["a", "b"]


def test_a_sweep_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is left has its turn in a minute."""
    monkeypatch.setattr(analytics_sweeps, "PARTS", 3)
    parts = FakeParts({"all": ["a", "b"], "2027-01-15": ["c", "d", "e"]})
    assert settle(parts, MIDNIGHT + 7200) == 3
    assert parts.parts == {"all": [], "2027-01-15": ["d", "e"]}
