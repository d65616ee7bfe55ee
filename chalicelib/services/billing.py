"""Noting what an invocation uses for a job, often enough that little is lost when it dies."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from math import ceil
from typing import TYPE_CHECKING

from chalicelib.domain.cost import Bill, Request, pico_of, receipt

if TYPE_CHECKING:
    from chalicelib.domain.cost import PriceTable
    from chalicelib.domain.job import Job
    from chalicelib.services.ports import Clock, Ledger

SOURCE_READS = 4
"""GET requests of one FFmpeg: it was seen to make two to four on a file with an index; nobody counts them for us."""


@dataclass(frozen=True, slots=True)
class Rates:
    """What this function is to AWS: its name, its memory in MB, and the prices."""

    function: str
    memory_mb: int
    prices: PriceTable


@dataclass(slots=True)
class Meter:
    """One invocation's bill while it grows. `id` is unique in the job; `began` Unix seconds."""

    ledger: Ledger
    clock: Clock
    rates: Rates
    job_id: str
    id: str
    began: float
    stored_bytes: int = 0
    requests: Counter[Request] = field(default_factory=Counter)

    def count(self, kind: Request, number: int = 1) -> None:
        """Add requests; they are written with the next `write`."""
        self.requests[kind] += number

    def write(self) -> None:
        """Write the bill as it is now, over its earlier state."""
        self.count(Request.DYNAMODB_WRITE)
        self.ledger.record(
            Bill(
                id=self.id,
                job_id=self.job_id,
                function=self.rates.function,
                memory_mb=self.rates.memory_mb,
                ms=max(1, ceil((self.clock.now() - self.began) * 1000)),
                requests=dict(self.requests),
                stored_bytes=self.stored_bytes,
            )
        )


def over_limit(job: Job, ledger: Ledger, prices: PriceTable) -> bool:
    """True when the job has cost what it may; what is running now has been billed up to some seconds ago."""
    if job.max_cost_usd is None:
        return False
    return receipt(ledger.bills(job.id), prices).total >= pico_of(job.max_cost_usd)
