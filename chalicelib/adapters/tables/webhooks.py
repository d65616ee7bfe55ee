"""The webhooks table: webhook_ports.Webhooks on DynamoDB."""

from __future__ import annotations

from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, UnicodeAttribute

from chalicelib.adapters.tables.base import BILLING, ConditionFailed, Count, Seconds, Table, run
from chalicelib.adapters.tables.mapping import item_values, read_item
from chalicelib.domain.webhooks.endpoint import SecretRef, Webhook


class WebhookItem(Table):
    """One webhook as stored; attributes are named as domain.webhooks.endpoint.Webhook's fields."""

    class Meta:
        """Table settings."""

        kind = "webhooks"
        billing_mode = BILLING

    owner = UnicodeAttribute(hash_key=True)
    id = UnicodeAttribute(range_key=True)
    url = UnicodeAttribute()
    events = JSONAttribute()
    created_at = Seconds()
    description = UnicodeAttribute(null=True)
    enabled = BooleanAttribute(default=True)
    disabled_reason = UnicodeAttribute(null=True)
    secrets = JSONAttribute()
    failing_since = Seconds(null=True)
    last_status = UnicodeAttribute(null=True)
    last_at = Seconds(null=True)
    version = Count(default=0)


class WebhooksTable:
    """Implements webhook_ports.Webhooks. A person's lie together, so that whoever tells finds them in one read."""

    def get(self, owner: str, webhook_id: str) -> Webhook | None:
        """Read one, strongly consistent."""
        try:
            return _webhook(run(lambda: WebhookItem.get(owner, webhook_id, consistent_read=True)))
        except WebhookItem.DoesNotExist:
            return None

    def by_owner(self, owner: str) -> list[Webhook]:
        """All of a person, strongly consistent."""
        return run(lambda: [_webhook(item) for item in WebhookItem.query(owner, consistent_read=True)])

    def create(self, webhook: Webhook) -> bool:
        """Insert; False when the id exists."""
        return _save(webhook, WebhookItem.id.does_not_exist())

    def replace(self, webhook: Webhook) -> bool:
        """Write it if the stored version is `webhook.version - 1`."""
        return _save(webhook, WebhookItem.version == webhook.version - 1)

    def delete(self, owner: str, webhook_id: str) -> None:
        """Remove it; quiet when there is none."""
        run(lambda: WebhookItem(owner, webhook_id).delete())


def _save(webhook: Webhook, condition: Any) -> bool:
    values = item_values(webhook)
    packed = {"events": list(webhook.events), "secrets": [secret.to_list() for secret in webhook.secrets]}
    item = WebhookItem(**(values | packed))
    try:
        run(lambda: item.save(condition=condition))
    except ConditionFailed:
        return False
    return True


def _webhook(item: WebhookItem) -> Webhook:
    secrets = tuple(SecretRef.from_list(secret) for secret in item.secrets)
    return read_item(Webhook, item, {}, events=tuple(item.events), secrets=secrets)
