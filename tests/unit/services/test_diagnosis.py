"""What an installation says of itself: each thing that fails is named, and stops no other."""

from __future__ import annotations

from typing import Any

import pytest
from support.fakes import FakeClock, FakeObjects

from chalicelib.errors import Transient
from chalicelib.services.diagnosis import Desk, Diagnosis, Pulse


class Dead:
    """Some dead letters."""

    def __init__(self, letters: int) -> None:
        """Say how many."""
        self.letters = letters

    def count(self) -> int:
        """How many."""
        return self.letters


def failing(error: Exception) -> Any:
    """Return a read that fails."""

    def read() -> int:
        raise error

    return read


@pytest.fixture
def pulse() -> Pulse:
    """A schedule that never ran, at 1000 s."""
    return Pulse(FakeObjects(), FakeClock(1000.0))


def examine(pulse: Pulse, **parts: Any) -> dict[str, Any]:
    """Report with one queue and these parts; AWS's codes are what `str` says of an error."""
    dead: Any = Dead(3)
    desk = Desk(lambda: 7, dead)
    return Diagnosis(parts, {"encode": desk}, pulse, pulse.clock, lambda error: getattr(error, "aws", "")).report()


def test_all_is_well(pulse: Pulse) -> None:
    """Numbers, times, and empty codes."""
    pulse.beat()
    report = examine(pulse, table=lambda: None)
    assert report["schedule"] == {"last_run": "1970-01-01T00:16:40.000Z", "age_s": 0.0, "code": ""}
    assert report["queues"] == [{"queue": "encode", "waiting": 7, "dead_letters": 3, "code": ""}]
    assert report["parts"] == [{"part": "table", "ok": True, "code": ""}]


def test_the_schedule_has_an_age(pulse: Pulse) -> None:
    """Counted from its last whole run; never below zero, whatever the clocks say."""
    assert examine(pulse)["schedule"] == {"last_run": None, "age_s": None, "code": ""}
    pulse.beat()
    clock: Any = pulse.clock
    clock.time = 1090.0
    assert examine(pulse)["schedule"]["age_s"] == 90.0
    clock.time = 900.0
    assert examine(pulse)["schedule"]["age_s"] == 0.0


def test_what_fails_is_named(pulse: Pulse) -> None:
    """By AWS's code, by ours, or by the kind of error; the others are tried all the same."""
    denied = PermissionError()
    denied.aws = "AccessDenied"  # type: ignore[attr-defined]  # what the double of AWS's errors carries
    wrapped = Transient("aws_unavailable", "Not now.")
    wrapped.__cause__ = denied
    report = examine(
        pulse,
        denied=failing(denied),
        wrapped=failing(wrapped),
        ours=failing(Transient("aws_unavailable", "Not now.")),
        odd=failing(LookupError()),
        fine=lambda: 1,
    )
    codes = {part["part"]: part["code"] for part in report["parts"]}
    assert codes == {
        "denied": "AccessDenied",
        "wrapped": "AccessDenied",
        "ours": "aws_unavailable",
        "odd": "LookupError",
        "fine": "",
    }


def test_a_queue_that_is_gone(pulse: Pulse) -> None:
    """Its numbers are unknown."""
    dead: Any = Dead(0)
    gone = failing(LookupError())
    report = Diagnosis({}, {"live": Desk(gone, dead)}, pulse, pulse.clock, lambda _error: "").report()
    assert report["queues"] == [{"queue": "live", "waiting": None, "dead_letters": 0, "code": "LookupError"}]
