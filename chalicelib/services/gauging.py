"""What an operator watches of encoding: how fast jobs are, and what a minute of them costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.cost import PICO, receipt
from chalicelib.domain.gauges import COST_PER_MINUTE, ENCODE_SPEED, cost_per_minute, encode_speed
from chalicelib.domain.job import JobStatus

if TYPE_CHECKING:
    from chalicelib.domain.cost import PriceTable
    from chalicelib.domain.job import Job
    from chalicelib.services.ports import Gauge, Ledger


@dataclass(frozen=True, slots=True)
class JobGauges:
    """Tells a finished job's figures. Two workers that end a job together say the same twice: an average stays one."""

    ledger: Ledger
    prices: PriceTable
    gauge: Gauge

    def tell(self, job: Job | None, *, since: float) -> None:
        """Tell of a job that was finished at or after `since` (Unix seconds); of any other say nothing."""
        if job is None or job.status is not JobStatus.COMPLETED or (job.finished_at or 0) < since:
            return
        media_s = float(job.plan.media.duration_s)
        if (speed := encode_speed(media_s, job.started_at, job.finished_at)) is not None:
            self.gauge(ENCODE_SPEED, speed)
        spent = receipt(self.ledger.bills(job.id), self.prices).total / PICO
        if (cost := cost_per_minute(spent, media_s)) is not None:
            self.gauge(COST_PER_MINUTE, cost)
