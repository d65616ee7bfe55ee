"""Standard Webhooks: secrets, and signatures over `id.timestamp.body`."""

from __future__ import annotations

import base64
import hashlib
import hmac
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

PREFIX = "whsec_"
HINT_CHARS = 4
CONTENT_TYPE = "application/json"


def derive_secret(key: bytes, webhook_id: str, salt: str) -> str:
    """Return the secret of a webhook: made of the installation's key each time it is used, and stored nowhere."""
    digest = hmac.new(key, f"webhook:{webhook_id}:{salt}".encode(), hashlib.sha256).digest()
    return PREFIX + base64.b64encode(digest).decode()


def hint_of(secret: str) -> str:
    """Return what tells secrets apart without giving one away."""
    return f"{PREFIX}…{secret[-HINT_CHARS:]}"


def signature(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Return `v1,` and the base64 of HMAC-SHA256; `timestamp` in Unix seconds."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{message_id}.{timestamp}.".encode() + body
    return f"v1,{base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()}"


def headers(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """Return the three headers; with several secrets several signatures, of which a receiver needs one that fits."""
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, message_id, timestamp, body) for secret in secrets),
    }
