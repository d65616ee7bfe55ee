"""What webhooks need from the world beyond `ports`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.webhooks.delivery import Answer, Delivery
    from chalicelib.domain.webhooks.endpoint import Webhook
    from chalicelib.domain.webhooks.events import Event
    from chalicelib.domain.webhooks.targets import Target


class Webhooks(Protocol):
    """The webhooks table. Writes are conditional; a lost race returns False, never an exception."""

    def get(self, owner: str, webhook_id: str) -> Webhook | None:
        """Read one, strongly consistent."""

    def by_owner(self, owner: str) -> list[Webhook]:
        """All of a person, strongly consistent."""

    def create(self, webhook: Webhook) -> bool:
        """Insert; False when the id exists."""

    def replace(self, webhook: Webhook) -> bool:
        """Write it if the stored version is `webhook.version - 1`."""

    def delete(self, owner: str, webhook_id: str) -> None:
        """Remove it; quiet when there is none."""


class Deliveries(Protocol):
    """The webhook_deliveries table. Rows go by themselves after thirty days."""

    def get(self, webhook_id: str, delivery_id: str) -> Delivery | None:
        """Read one, strongly consistent."""

    def create(self, delivery: Delivery) -> bool:
        """Insert; False when it is there."""

    def replace(self, delivery: Delivery) -> bool:
        """Write it if the stored version is `delivery.version - 1`."""

    def page(self, webhook_id: str, *, limit: int, cursor: str | None) -> tuple[list[Delivery], str | None]:
        """Newest events first; the cursor is opaque text, None at the end. Raises BadRequest("bad_cursor")."""

    def due(self, now: float, *, limit: int) -> list[Delivery]:
        """Those that the schedule has to look after by now, eventually consistent."""

    def forget(self, webhook_id: str) -> None:
        """Remove all of a webhook."""


class Untold(Protocol):
    """Rows with what they have to tell."""

    def untold(self, row_id: str) -> tuple[str, ...]:
        """Return the changes of a row that nobody was told of yet, oldest first, strongly consistent."""

    def told(self, row_id: str, changes: Sequence[str]) -> bool:
        """Take the changes out if they are all there is; False when there are others by now."""

    def untold_rows(self, *, limit: int) -> list[tuple[str, float]]:
        """Return ids of rows with something to tell, and since when, eventually consistent: for the sweep."""


class Secrets(Protocol):
    """Derives webhooks' secrets from a key that nobody else has."""

    def secret(self, webhook_id: str, salt: str) -> str:
        """Return `whsec_...`, the same each time."""


class Poster(Protocol):
    """Sends one request to somebody else's server."""

    def post(self, target: Target, headers: Mapping[str, str], body: bytes) -> Answer:
        """Send it, within ten seconds, to a public address only. Never raises for what the other side does."""


class Bus(Protocol):
    """The account's event bus."""

    def put(self, event: Event) -> None:
        """Send an event; raises Transient when it was not taken."""
