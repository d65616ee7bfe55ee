"""What a job has cost so far, without reading its bills at every poll."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from support.fakes import FakeClock, FakeLedger

from chalicelib.domain.cost import Bill, PriceTable, receipt
from chalicelib.services.receipts import ENDED_FRESH_S, FRESH_S, Receipts

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass
class Counting(FakeLedger):
    """Notes what is read."""

    read: list[str] = field(default_factory=list)

    def bills(self, job_id: str) -> list[Bill]:
        """Note it and read."""
        self.read.append(job_id)
        return super().bills(job_id)


@dataclass
class Desk:
    """Receipts over a ledger and a clock."""

    ledger: Counting = field(default_factory=Counting)
    clock: FakeClock = field(default_factory=FakeClock)

    def __post_init__(self) -> None:
        self.receipts = Receipts(self.ledger, PriceTable(), self.clock)

    def record(self, *bills: Bill) -> Sequence[Bill]:
        """Write bills."""
        for one in bills:
            self.ledger.record(one)
        return bills


def bill(number: int, job_id: str = "job_1") -> Bill:
    """One invocation's."""
    return Bill(id=f"b{number}", job_id=job_id, function="on_encode", memory_mb=3538, ms=1000 + number)


@pytest.fixture
def desk() -> Desk:
    """An empty ledger."""
    return Desk()


def test_it_is_the_sum_of_the_jobs_own_bills(desk: Desk) -> None:
    """As the domain adds them up; another job's are another's."""
    desk.record(bill(9, "job_2"))
    bills = desk.record(bill(1), bill(2))
    assert desk.receipts.of("job_1", ended=False) == receipt(bills, PriceTable()).to_dict()


def test_without_bills_there_is_no_receipt(desk: Desk) -> None:
    """Nothing rather than zero dollars."""
    assert desk.receipts.of("job_1", ended=False) is None


def test_bills_are_read_once_in_ten_seconds(desk: Desk) -> None:
    """However often it is asked, also while there are none; then what has come since is in it."""
    for _ in range(5):
        assert desk.receipts.of("job_1", ended=False) is None
        desk.clock.time += FRESH_S / 5 - 0.01
    desk.record(bill(1))
    assert desk.receipts.of("job_1", ended=False) is None
    desk.clock.time += FRESH_S
    assert desk.receipts.of("job_1", ended=False) is not None
    assert desk.ledger.read == ["job_1", "job_1"]


def test_the_end_is_the_whole_sum(desk: Desk) -> None:
    """What was read while it ran is not good enough for two seconds any more."""
    desk.receipts.of("job_1", ended=False)
    bills = desk.record(bill(1))
    desk.clock.time += ENDED_FRESH_S
    assert desk.receipts.of("job_1", ended=False) is None
    assert desk.receipts.of("job_1", ended=True) == receipt(bills, PriceTable()).to_dict()


def test_many_jobs_do_not_fill_the_memory(desk: Desk) -> None:
    """The oldest answer goes; the newest stay."""
    for number in range(100):
        desk.receipts.of(f"job_{number}", ended=False)
    desk.receipts.of("job_99", ended=False)
    desk.receipts.of("job_0", ended=False)
    assert desk.ledger.read[-2:] == ["job_99", "job_0"]
