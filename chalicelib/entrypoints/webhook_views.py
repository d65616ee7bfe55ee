"""What answers about webhooks look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.domain.documents import iso

if TYPE_CHECKING:
    from chalicelib.domain.webhooks.delivery import Delivery
    from chalicelib.domain.webhooks.endpoint import Webhook


def webhook_view(webhook: Webhook, now: float) -> dict[str, Any]:
    """Return a webhook as its owner sees it, with what tells its secrets apart."""
    secrets = [{"hint": secret.hint, "expires_at": _iso(secret.expires_at)} for secret in webhook.signing(now)]
    last = {"status": webhook.last_status, "at": _iso(webhook.last_at)} if webhook.last_status else None
    return {
        "id": webhook.id,
        "url": webhook.url,
        "events": list(webhook.events),
        "description": webhook.description,
        "enabled": webhook.enabled,
        "disabled_reason": webhook.disabled_reason or None,
        "created_at": iso(webhook.created_at),
        "secrets": secrets,
        "failing_since": _iso(webhook.failing_since),
        "last": last,
    }


def delivery_view(delivery: Delivery) -> dict[str, Any]:
    """Return a delivery as the log shows it."""
    attempts = [
        {"at": iso(one.at), "status": one.status, "error": one.error or None, "duration_ms": one.duration_ms}
        for one in delivery.attempts
    ]
    return {
        "id": delivery.id,
        "event_id": delivery.event_id,
        "type": delivery.type,
        "created_at": iso(delivery.created_at),
        "status": delivery.status.value,
        "attempts": attempts,
        "next_attempt_at": _iso(delivery.next_attempt_at),
        "payload": dict(delivery.payload),
    }


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else iso(seconds)
