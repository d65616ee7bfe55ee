"""EventBridge: the same events on a bus of the account, for what runs in it."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from chalicelib.adapters import clients
from chalicelib.adapters.aws_errors import translated
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from chalicelib.domain.webhooks.events import Event

SOURCE = "headwater"


class EventBridgeBus:
    """Implements webhook_ports.Bus."""

    def __init__(self, bus: str) -> None:
        """Take the bus's name or ARN."""
        self._bus = bus

    def put(self, event: Event) -> None:
        """Send an event under its type; `id` in the detail is how a rule's target knows one that comes twice."""
        detail = {"id": event.id, "owner": event.owner, **event.payload}
        entry = {
            "EventBusName": self._bus,
            "Source": SOURCE,
            "DetailType": event.type.value,
            "Time": datetime.fromtimestamp(event.at, UTC),
            "Detail": json.dumps(detail, separators=(",", ":")),
        }
        with translated("The event bus"):
            answer = clients.client("events").put_events(Entries=[entry])
        if answer.get("FailedEntryCount"):
            code = answer["Entries"][0].get("ErrorCode", "unknown")
            raise Transient("event_refused", f"The event bus did not take an event ({code}).")
