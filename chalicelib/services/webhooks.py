"""Webhooks as their owners see them: made, changed, tried out, looked into and removed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.access import Role
from chalicelib.domain.webhooks.delivery import DeliveryStatus, delivery_of
from chalicelib.domain.webhooks.endpoint import SecretRef, Webhook
from chalicelib.domain.webhooks.events import made_up_event
from chalicelib.domain.webhooks.messages import ForgetMessage
from chalicelib.domain.webhooks.signing import hint_of
from chalicelib.domain.webhooks.targets import parse_target
from chalicelib.errors import Conflict, Forbidden, NotFound, Transient
from chalicelib.services.recordings import fair_group
from chalicelib.services.webhook_telling import send_attempt

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from chalicelib.domain.access import Caller
    from chalicelib.domain.webhooks.delivery import Delivery
    from chalicelib.services.ports import Clock, Queue
    from chalicelib.services.webhook_ports import Deliveries, Secrets, Webhooks

MOST = 20
"""Webhooks of one person. Each event is sent to all of them: this bounds what one costs."""
_RACES = 8


@dataclass(frozen=True, slots=True)
class Wish:
    """A webhook that somebody wants, already checked for shape."""

    url: str
    events: tuple[str, ...]
    description: str = ""


@dataclass(frozen=True, slots=True)
class WebhookLibrary:
    """The webhooks table under the rules of access: everybody has their own, and nobody sees another's."""

    webhooks: Webhooks
    deliveries: Deliveries
    secrets: Secrets
    queue: Queue
    clock: Clock
    local_targets: bool = False

    def create(self, caller: Caller, wish: Wish) -> tuple[Webhook, str]:
        """Make one; returns it with its secret, which nobody can ask for again.

        Raises Forbidden, BadRequest("webhook_url_refused") or Conflict("webhook_limit").
        """
        _require_publisher(caller)
        parse_target(wish.url, local=self.local_targets)
        if len(self.webhooks.by_owner(caller.sub)) >= MOST:
            raise Conflict("webhook_limit", f"You have {MOST} webhooks already: remove one first.")
        webhook_id = f"wh_{self.clock.token()}"
        secret, ref = self._new_secret(webhook_id)
        webhook = Webhook(
            id=webhook_id,
            owner=caller.sub,
            url=wish.url,
            events=wish.events,
            created_at=self.clock.now(),
            description=wish.description,
            secrets=(ref,),
        )
        if not self.webhooks.create(webhook):
            raise Transient("id_taken", "The new webhook's id was already taken: try again.")
        return webhook, secret

    def mine(self, caller: Caller) -> list[Webhook]:
        """Return the caller's, oldest first."""
        return sorted(self.webhooks.by_owner(caller.sub), key=lambda webhook: webhook.created_at)

    def find(self, caller: Caller, webhook_id: str) -> Webhook:
        """Return one of the caller's; raises NotFound("webhook_not_found")."""
        webhook = self.webhooks.get(caller.sub, webhook_id)
        if webhook is None:
            raise NotFound("webhook_not_found", "There is no such webhook.")
        return webhook

    def change(self, caller: Caller, webhook_id: str, changes: Mapping[str, Any]) -> Webhook:
        """Set `url`, `events`, `description` or `enabled`; nothing to set writes nothing."""
        _require_publisher(caller)
        if "url" in changes:
            parse_target(str(changes["url"]), local=self.local_targets)
        if not changes:
            return self.find(caller, webhook_id)
        return self._replace(caller, webhook_id, lambda webhook: webhook.changed(changes))

    def rotate(self, caller: Caller, webhook_id: str) -> tuple[Webhook, str]:
        """Give it a new secret, which is returned this once; the old one signs on for a day."""
        _require_publisher(caller)
        secret, ref = self._new_secret(webhook_id)
        now = self.clock.now()
        return self._replace(caller, webhook_id, lambda webhook: webhook.rotated(ref, now)), secret

    def delete(self, caller: Caller, webhook_id: str) -> None:
        """Remove one; what is under way to it is given up, and its log goes soon after."""
        webhook = self.find(caller, webhook_id)
        # Asked for first: a log without its webhook is harmless, and goes after thirty days at the latest.
        self.queue.send([ForgetMessage(webhook.id).dumps()], group=fair_group(caller.sub))
        self.webhooks.delete(caller.sub, webhook.id)

    def test(self, caller: Caller, webhook_id: str) -> Delivery:
        """Send a made-up event, whatever the webhook has subscribed to; raises Conflict("webhook_disabled")."""
        _require_publisher(caller)
        webhook = self._enabled(caller, webhook_id)
        now = self.clock.now()
        delivery = delivery_of(made_up_event(f"evt_{self.clock.token()}", caller.sub, now), webhook.id, now)
        if not self.deliveries.create(delivery):
            raise Transient("id_taken", "The new event's id was already taken: try again.")
        send_attempt(self.queue, delivery)
        return delivery

    def log(
        self, caller: Caller, webhook_id: str, *, limit: int, cursor: str | None
    ) -> tuple[list[Delivery], str | None]:
        """One page of deliveries, newest events first, and the next cursor."""
        return self.deliveries.page(self.find(caller, webhook_id).id, limit=limit, cursor=cursor)

    def redeliver(self, caller: Caller, webhook_id: str, delivery_id: str) -> Delivery:
        """Send one again, under the same event id, with all its tries.

        Raises NotFound: webhook_not_found, delivery_not_found. Raises Conflict: webhook_disabled, delivery_pending.
        """
        _require_publisher(caller)
        webhook = self._enabled(caller, webhook_id)
        delivery = self.deliveries.get(webhook.id, delivery_id)
        if delivery is None:
            raise NotFound("delivery_not_found", "There is no such delivery; they are kept for thirty days.")
        again = delivery.sent_off(self.clock.now())
        if delivery.status is DeliveryStatus.PENDING or not self.deliveries.replace(again):
            raise Conflict("delivery_pending", "This delivery is under way already.")
        send_attempt(self.queue, again)
        return again

    def _enabled(self, caller: Caller, webhook_id: str) -> Webhook:
        webhook = self.find(caller, webhook_id)
        if not webhook.enabled:
            raise Conflict("webhook_disabled", "This webhook is disabled: enable it first.")
        return webhook

    def _new_secret(self, webhook_id: str) -> tuple[str, SecretRef]:
        salt = self.clock.token()
        secret = self.secrets.secret(webhook_id, salt)
        return secret, SecretRef(salt, hint_of(secret))

    def _replace(self, caller: Caller, webhook_id: str, after: Callable[[Webhook], Webhook]) -> Webhook:
        for _ in range(_RACES):
            changed = after(self.find(caller, webhook_id))
            if self.webhooks.replace(changed):
                return changed
        raise Transient("webhook_contended", "This webhook was being changed by others: try again.")


def _require_publisher(caller: Caller) -> None:
    """Whoever lost the role may still look at and remove what they made."""
    if caller.role not in {Role.PUBLISHER, Role.ADMIN}:
        raise Forbidden("forbidden_role", "Only publishers and administrators may have webhooks.")
