"""Limits on how often one caller may ask, held over all functions at once; where they cannot be, all are let in."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.gauges import RATE_LIMITED, RATE_UNHELD
from chalicelib.domain.rates import caller_of
from chalicelib.errors import TooMany

if TYPE_CHECKING:
    from chalicelib.domain.rates import Kind, Rate, Rates
    from chalicelib.services.ports import Clock, Gauge

UNHELD_S = 10
"""How long nothing is asked of a table that failed: a limit must not make calls wait for it."""

log = logging.getLogger(__name__)


class Cells(Protocol):
    """Where it is kept when callers' next calls are due."""

    def take(self, name: str, rate: Rate, *, now_ms: int) -> int | None:
        """Let a call through and return None; or return when its caller's next call is due (ms), and change nothing.

        Of any number of calls at once no more are let through than `rate` allows.
        """


class CellNames(Protocol):
    """Holds the key under which callers are named."""

    def __call__(self, kind: Kind, who: str, /) -> str:
        """Return what a caller is counted under."""


class RateLimiter:
    """Counts callers' calls.

    It fails open: what it guards is money over hours, and the gateway's own limit, the firewall and quotas stand
    without it, while a table that is down for a minute would otherwise lock every publisher out.
    """

    def __init__(self, cells: Cells, names: CellNames, rates: Rates, clock: Clock, gauge: Gauge) -> None:
        """`gauge` hears of each call that is refused, and of each that could not be counted."""
        self._cells = cells
        self._names = names
        self._rates = rates
        self._clock = clock
        self._gauge = gauge
        self._unheld_until = 0.0

    def check(self, kind: Kind, user: str = "", address: str = "") -> None:
        """Count a call of a person, or of a network where nobody is named; raises TooMany("too_many_calls")."""
        self.count(kind, caller_of(user, address))

    def count(self, kind: Kind, who: str) -> None:
        """Count a call of `who`, whatever that names; an empty name is not counted. Raises as `check` does."""
        rate = self._rates.of(kind)
        now = self._clock.now()
        now_ms = int(now * 1000)
        if not rate.burst or not who:
            return
        if now < self._unheld_until:
            self._gauge(RATE_UNHELD, 1)
            return
        try:
            due = self._cells.take(self._names(kind, who), rate, now_ms=now_ms)
        except Exception:  # whatever it is: see above
            self._unheld_until = now + UNHELD_S
            self._gauge(RATE_UNHELD, 1)
            log.exception("rates cannot be held: calls are let through")
            return
        if due is not None:
            self._gauge(RATE_LIMITED, 1)
            wait_s = rate.wait_s(due, now_ms)
            text = f"Up to {rate.burst} at once and {rate.per_minute} a minute: try again in {wait_s} s."
            raise TooMany("too_many_calls", text, retry_after_s=wait_s)
