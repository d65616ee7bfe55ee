"""In-memory ports of webhooks with the semantics the adapters promise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.webhooks.changes import Change
from chalicelib.domain.webhooks.delivery import Answer
from chalicelib.domain.webhooks.signing import derive_secret
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.webhooks.delivery import Delivery
    from chalicelib.domain.webhooks.endpoint import Webhook
    from chalicelib.domain.webhooks.events import Event
    from chalicelib.domain.webhooks.targets import Target

KEY = b"k" * 32


@dataclass
class FakeWebhooks:
    """The webhooks table."""

    rows: dict[tuple[str, str], Webhook] = field(default_factory=dict)

    def get(self, owner: str, webhook_id: str) -> Webhook | None:
        return self.rows.get((owner, webhook_id))

    def by_owner(self, owner: str) -> list[Webhook]:
        return [row for (of, _), row in self.rows.items() if of == owner]

    def create(self, webhook: Webhook) -> bool:
        return self.rows.setdefault((webhook.owner, webhook.id), webhook) is webhook

    def replace(self, webhook: Webhook) -> bool:
        current = self.rows.get((webhook.owner, webhook.id))
        if current is None or current.version != webhook.version - 1:
            return False
        self.rows[webhook.owner, webhook.id] = webhook
        return True

    def delete(self, owner: str, webhook_id: str) -> None:
        self.rows.pop((owner, webhook_id), None)


@dataclass
class FakeDeliveries:
    """The webhook_deliveries table."""

    rows: dict[tuple[str, str], Delivery] = field(default_factory=dict)

    def get(self, webhook_id: str, delivery_id: str) -> Delivery | None:
        return self.rows.get((webhook_id, delivery_id))

    def create(self, delivery: Delivery) -> bool:
        return self.rows.setdefault((delivery.webhook_id, delivery.id), delivery) is delivery

    def replace(self, delivery: Delivery) -> bool:
        current = self.rows.get((delivery.webhook_id, delivery.id))
        if current is None or current.version != delivery.version - 1:
            return False
        self.rows[delivery.webhook_id, delivery.id] = delivery
        return True

    def page(self, webhook_id: str, *, limit: int, cursor: str | None) -> tuple[list[Delivery], str | None]:
        found = sorted((r for r in self.rows.values() if r.webhook_id == webhook_id), key=lambda r: r.id, reverse=True)
        start = int(cursor or 0)
        return found[start : start + limit], str(start + limit) if start + limit < len(found) else None

    def due(self, now: float, *, limit: int) -> list[Delivery]:
        return [row for row in self.rows.values() if row.due_at is not None and row.due_at <= now][:limit]

    def forget(self, webhook_id: str) -> None:
        self.rows = {key: row for key, row in self.rows.items() if row.webhook_id != webhook_id}


@dataclass
class FakeUntold:
    """What rows have to tell, by their id."""

    rows: dict[str, list[str]] = field(default_factory=dict)

    def untold(self, row_id: str) -> tuple[str, ...]:
        return tuple(self.rows.get(row_id, ()))

    def told(self, row_id: str, changes: Sequence[str]) -> bool:
        if self.rows.get(row_id) != list(changes):
            return False
        del self.rows[row_id]
        return True

    def untold_rows(self, *, limit: int) -> list[tuple[str, float]]:
        return [(row, Change.loads(texts[0]).at) for row, texts in self.rows.items()][:limit]


class FakeSecrets:
    """Derives with a key that everybody knows."""

    def secret(self, webhook_id: str, salt: str) -> str:
        return derive_secret(KEY, webhook_id, salt)


@dataclass
class FakePoster:
    """Answers as told, 200 by default, and keeps what was sent: (target, headers, body)."""

    answers: list[Answer] = field(default_factory=list)
    sent: list[tuple[Target, dict[str, str], bytes]] = field(default_factory=list)

    def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        self.sent.append((target, dict(headers), body))
        return self.answers.pop(0) if self.answers else Answer(200, duration_ms=7)


@dataclass
class FakeBus:
    """Keeps events; refuses on demand."""

    refuses: bool = False
    events: list[Event] = field(default_factory=list)

    def put(self, event: Event) -> None:
        if self.refuses:
            raise Transient("event_refused", "Busy.")
        self.events.append(event)
