"""What jobs have cost so far, for whoever pays for them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.domain.cost import receipt

if TYPE_CHECKING:
    from chalicelib.domain.cost import PriceTable
    from chalicelib.services.ports import Clock, Ledger

FRESH_S = 10.0
"""Workers write their bills about as often: reading them at every poll would show nothing new and cost more."""
ENDED_FRESH_S = 2.0
"""The last bills come right after a job's end, and whoever asks then wants the whole sum."""
_KEPT = 64


class Receipts:
    """Adds up bills, one query of a job's bills in ten seconds (two once it has ended) however often it is asked."""

    def __init__(self, ledger: Ledger, prices: PriceTable, clock: Clock) -> None:
        """Read bills from `ledger` and price them by `prices`."""
        self._ledger = ledger
        self._prices = prices
        self._clock = clock
        self._kept: dict[str, tuple[float, dict[str, Any] | None]] = {}

    def of(self, job_id: str, *, ended: bool) -> dict[str, Any] | None:
        """Return the receipt as plain JSON values, at most ten seconds old; None while there are no bills."""
        now = self._clock.now()
        fresh_s = ENDED_FRESH_S if ended else FRESH_S
        if job_id not in self._kept or now - self._kept[job_id][0] >= fresh_s:
            self._kept.pop(job_id, None)
            while len(self._kept) >= _KEPT:
                del self._kept[next(iter(self._kept))]
            bills = self._ledger.bills(job_id)
            self._kept[job_id] = (now, receipt(bills, self._prices).to_dict() if bills else None)
        return self._kept[job_id][1]
