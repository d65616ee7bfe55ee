"""Bills as stored: whole, once, never going back, and gone with their job."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters.tables.job_bills import LedgerTable
from chalicelib.domain.cost import Bill, Request

pytestmark = pytest.mark.usefixtures("tables")
BILL = Bill(
    id="7f3a",
    job_id="job_1",
    function="on_encode",
    memory_mb=3538,
    ms=21_500,
    requests={Request.S3_PUT: 3, Request.DYNAMODB_WRITE: 21},
    stored_bytes=5_000_000_000,
    scratch_mb=2048,
)


@pytest.fixture
def ledger() -> LedgerTable:
    """Return the repository over an empty table."""
    return LedgerTable()


def test_a_bill_reads_as_it_was_written(ledger: LedgerTable) -> None:
    """Counts by kind survive; a bill without requests too; another job's are not among them."""
    plain = Bill("a", "job_1", "on_upload", 1024, 0)
    for bill in (BILL, plain, replace(BILL, job_id="job_2")):
        ledger.record(bill)

    assert ledger.bills("job_1") == [BILL, plain]
    assert ledger.bills("job_none") == []


def test_the_same_bill_twice_is_one(ledger: LedgerTable) -> None:
    """A later state replaces an earlier one; what arrives late does not take it back."""
    later = replace(BILL, ms=40_000, requests={Request.S3_PUT: 4})
    for bill in (BILL, BILL, later, BILL):
        ledger.record(bill)

    assert ledger.bills("job_1") == [later]


def test_delete_removes_every_bill_of_a_job_and_no_other(ledger: LedgerTable) -> None:
    """More than one batch holds; twice is as good as once."""
    for number in range(30):
        ledger.record(replace(BILL, id=str(number)))
    ledger.record(replace(BILL, job_id="job_2"))
    ledger.delete("job_1")
    ledger.delete("job_1")

    assert ledger.bills("job_1") == []
    assert ledger.bills("job_2") == [replace(BILL, job_id="job_2")]
