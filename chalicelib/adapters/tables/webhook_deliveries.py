"""The webhook_deliveries table: webhook_ports.Deliveries on DynamoDB."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any
from zlib import crc32

from pynamodb.attributes import JSONAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.adapters.tables.base import BILLING, ConditionFailed, Count, PackedJson, Seconds, Table, run
from chalicelib.adapters.tables.mapping import item_values, read_item
from chalicelib.domain.webhooks.delivery import KEPT_S, Attempt, Delivery, DeliveryStatus
from chalicelib.errors import BadRequest

_ID = re.compile(r"dlv_[0-9]{13}_[0-9a-f]{16}")
_SHARDS = 8
"""Partitions of the index: one alone would bound how many deliveries can begin in a second."""


class ByDue(GlobalSecondaryIndex["DeliveryItem"]):
    """For the schedule, earliest first; a delivery is in it until nothing more is to be done for it."""

    class Meta:
        """Index settings."""

        index_name = "by_due"
        projection = AllProjection()

    waits = UnicodeAttribute(hash_key=True)
    due_at = Seconds(range_key=True)


class DeliveryItem(Table):
    """One delivery as stored; attributes are named as domain.webhooks.delivery.Delivery's fields."""

    class Meta:
        """Table settings."""

        kind = "webhook_deliveries"
        billing_mode = BILLING

    webhook_id = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    owner = UnicodeAttribute()
    event_id = UnicodeAttribute()
    type = UnicodeAttribute()
    created_at = Seconds()
    payload = PackedJson()
    status = UnicodeAttribute()
    attempts = JSONAttribute()
    tries = Count(default=0)
    round_from = Count(default=0)
    next_attempt_at = Seconds(null=True)
    claimed_until = Seconds(null=True)
    waits = UnicodeAttribute(null=True)
    due_at = Seconds(null=True)
    version = Count(default=0)
    expires_at = TTLAttribute()

    by_due = ByDue()


class WebhookDeliveriesTable:
    """Implements webhook_ports.Deliveries."""

    def get(self, webhook_id: str, delivery_id: str) -> Delivery | None:
        """Read one, strongly consistent."""
        try:
            return _delivery(run(lambda: DeliveryItem.get(webhook_id, delivery_id, consistent_read=True)))
        except DeliveryItem.DoesNotExist:
            return None

    def create(self, delivery: Delivery) -> bool:
        """Insert; False when it is there."""
        return _save(delivery, DeliveryItem.id.does_not_exist())

    def replace(self, delivery: Delivery) -> bool:
        """Write it if the stored version is `delivery.version - 1`."""
        return _save(delivery, DeliveryItem.version == delivery.version - 1)

    def page(self, webhook_id: str, *, limit: int, cursor: str | None) -> tuple[list[Delivery], str | None]:
        """Newest events first. The cursor is the last delivery's id: it says nothing that the page did not."""
        if cursor is not None and _ID.fullmatch(cursor) is None:
            raise BadRequest("bad_cursor", "This cursor was not made for this list.")
        older: Any = None if cursor is None else DeliveryItem.id < cursor

        def read() -> list[Delivery]:
            query = DeliveryItem.query(webhook_id, older, scan_index_forward=False, limit=limit + 1)
            return [_delivery(item) for item in query]

        found = run(read)
        return found[:limit], found[limit - 1].id if len(found) > limit else None

    def due(self, now: float, *, limit: int) -> list[Delivery]:
        """Those that the schedule has to look after by now, eventually consistent."""
        until, found = DeliveryItem.due_at <= now, []
        for shard in range(_SHARDS):
            query = partial(DeliveryItem.by_due.query, str(shard), until, limit=limit)
            found += run(lambda query=query: [_delivery(item) for item in query()])  # type: ignore[misc]
        return sorted(found, key=lambda delivery: delivery.due_at or now)[:limit]

    def forget(self, webhook_id: str) -> None:
        """Remove all of a webhook."""

        def remove() -> None:
            with DeliveryItem.batch_write() as batch:
                for item in DeliveryItem.query(webhook_id, attributes_to_get=["webhook_id", "id"]):
                    batch.delete(DeliveryItem(item.webhook_id, item.id))

        run(remove)


def _save(delivery: Delivery, condition: Any) -> bool:
    values = item_values(delivery) | {
        "payload": dict(delivery.payload),
        "attempts": [attempt.to_list() for attempt in delivery.attempts],
        "waits": None if delivery.due_at is None else str(crc32(delivery.id.encode()) % _SHARDS),
        "expires_at": datetime.fromtimestamp(max(delivery.created_at, delivery.next_attempt_at or 0.0) + KEPT_S, UTC),
    }
    item = DeliveryItem(**values)
    try:
        run(lambda: item.save(condition=condition))
    except ConditionFailed:
        return False
    return True


def _delivery(item: DeliveryItem) -> Delivery:
    attempts = tuple(Attempt.from_list(attempt) for attempt in item.attempts)
    return read_item(Delivery, item, {}, status=DeliveryStatus(item.status), attempts=attempts)
