"""The network_history table: how fast networks have been, under names that tell nothing, gone after a month or two."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from chalicelib.adapters.tables.base import BILLING, Seconds, Table, run
from chalicelib.domain.networks import Share

if TYPE_CHECKING:
    from pynamodb.expressions.update import Action


class NetworkItem(Table):
    """A network in one period as stored."""

    class Meta:
        """Table settings."""

        kind = "network_history"
        billing_mode = BILLING

    name = UnicodeAttribute(hash_key=True)
    weight = Seconds(default=0.0)
    total = Seconds(default=0.0)
    expires_at = TTLAttribute()


class NetworkHistoryTable:
    """Implements pasts.NetworkHistory."""

    def read(self, name: str) -> Share | None:
        """Return what was added up under a name, eventually consistent; None when there is nothing."""
        try:
            item = run(lambda: NetworkItem.get(name))
        except NetworkItem.DoesNotExist:
            return None
        return Share(item.weight, item.total)

    def add(self, name: str, share: Share, *, expires_at: float) -> None:
        """Add a share: one write that needs no read, whoever else writes."""
        actions: list[Action] = [
            NetworkItem.weight.add(share.weight),
            NetworkItem.total.add(share.total),
            NetworkItem.expires_at.set(datetime.fromtimestamp(expires_at, UTC)),
            NetworkItem.v.set(1),
        ]
        run(lambda: NetworkItem(name).update(actions=actions))
