"""The rate_limits table: when callers' next calls are due, under names that tell nothing; gone soon after."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from chalicelib.adapters.tables.base import BILLING, ConditionFailed, Count, Table, run
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.domain.rates import Rate

_RACES = 8
_TRIES = 2
"""Of one request: whoever waits for a limit waits for nothing."""


class RateItem(Table):
    """A caller's calls of one kind as stored."""

    class Meta:
        """Table settings."""

        kind = "rate_limits"
        billing_mode = BILLING

    name = UnicodeAttribute(hash_key=True)
    due_ms = Count()
    expires_at = TTLAttribute()


class RateLimitsTable:
    """Implements limiting.Cells.

    `Rate.after` as conditional writes: each is let through by a condition on what is stored at that moment, so no two
    callers can use the same cell. A call of who has been quiet is one write, one in a burst two writes and a read.
    """

    def take(self, name: str, rate: Rate, *, now_ms: int) -> int | None:
        """Let a call through, or say when the next one is due; raises Transient when others write all the time."""
        for _ in range(_RACES):
            idle = RateItem.name.does_not_exist() | (RateItem.due_ms <= now_ms)
            idle |= RateItem.due_ms > now_ms + rate.horizon_ms
            if self._write(name, rate, now_ms, RateItem.due_ms.set(now_ms + rate.interval_ms), idle):
                return None
            due = self.due(name)
            if due is not None and rate.after(due, now_ms) is None:
                return due
            early = (RateItem.due_ms > now_ms) & (RateItem.due_ms <= now_ms + rate.tolerance_ms)
            if self._write(name, rate, now_ms, RateItem.due_ms.add(rate.interval_ms), early):
                return None
        raise Transient("aws_unavailable", "A caller's calls could not be counted: too many came at once.")

    def due(self, name: str) -> int | None:
        """Return when a name's next call is due (ms), strongly consistent; None when nothing is known of it."""
        try:
            return int(run(lambda: RateItem.get(name, consistent_read=True), tries=_TRIES).due_ms)
        except RateItem.DoesNotExist:
            return None

    def _write(self, name: str, rate: Rate, now_ms: int, due: Action, condition: Condition) -> bool:
        end = datetime.fromtimestamp((now_ms + rate.memory_ms) / 1000 + 1, UTC)
        actions = [due, RateItem.expires_at.set(end), RateItem.v.set(1)]
        try:
            run(lambda: RateItem(name).update(actions=actions, condition=condition), tries=_TRIES)
        except ConditionFailed:
            return False
        return True
