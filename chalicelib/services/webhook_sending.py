"""Deliveries on their way: one attempt at a time, again when it fails, and an end to what never answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.webhooks.delivery import QUEUE_DELAY_S, Answer, DeliveryStatus, Failure
from chalicelib.domain.webhooks.events import body_of
from chalicelib.domain.webhooks.signing import CONTENT_TYPE, headers
from chalicelib.domain.webhooks.targets import parse_target
from chalicelib.errors import BadRequest, Transient
from chalicelib.services.webhook_telling import send_attempt

if TYPE_CHECKING:
    from chalicelib.domain.webhooks.delivery import Delivery
    from chalicelib.domain.webhooks.endpoint import Webhook
    from chalicelib.domain.webhooks.messages import DeliverMessage, ForgetMessage
    from chalicelib.services.ports import Clock, Queue
    from chalicelib.services.webhook_ports import Deliveries, Poster, Secrets, Webhooks

SWEEP_LIMIT = 500
_RACES = 8


@dataclass(frozen=True, slots=True)
class Sender:
    """Carries out deliver and forget messages. At least once: receivers know a repeated event by its id."""

    webhooks: Webhooks
    deliveries: Deliveries
    secrets: Secrets
    poster: Poster
    queue: Queue
    clock: Clock
    user_agent: str
    local_targets: bool = False

    def deliver(self, message: DeliverMessage) -> Delivery | None:
        """Make the attempt that the message asks for; None when it is not the one that is due."""
        delivery = self.deliveries.get(message.webhook_id, message.delivery_id)
        if delivery is None or delivery.status is not DeliveryStatus.PENDING or delivery.tries != message.attempt:
            return None
        webhook = self.webhooks.get(message.owner, message.webhook_id)
        if webhook is None or not webhook.enabled:
            self.deliveries.replace(delivery.given_up())
            return None
        now = self.clock.now()
        claimed = delivery.claimed(now)
        if _claimed_by_another(delivery, now) or not self.deliveries.replace(claimed):
            return None
        answer = self._post(webhook, claimed, now)
        after = claimed.after(answer, self.clock.now())
        if not self.deliveries.replace(after):
            return None  # it was sent off anew meanwhile
        if after.next_attempt_at is not None:
            wait = after.next_attempt_at - self.clock.now()
            if wait <= QUEUE_DELAY_S:
                send_attempt(self.queue, after, delay_s=max(0, round(wait)))
        self._note(webhook, answer)
        return after

    def forget(self, message: ForgetMessage) -> None:
        """Remove the log of a webhook that is gone."""
        self.deliveries.forget(message.webhook_id)

    def sweep(self) -> int:
        """Send messages for attempts that are due and have none, or lost theirs; returns how many."""
        now, sent = self.clock.now(), 0
        for listed in self.deliveries.due(now, limit=SWEEP_LIMIT):
            # The index is a little late: only what the row says now is sent for.
            delivery = self.deliveries.get(listed.webhook_id, listed.id)
            if delivery is None or delivery.due_at is None or delivery.due_at > now:
                continue
            send_attempt(self.queue, delivery)
            # Noted after sending: lost in between, it is only sent twice.
            self.deliveries.replace(delivery.reminded(now))
            sent += 1
        return sent

    def _post(self, webhook: Webhook, delivery: Delivery, now: float) -> Answer:
        try:
            target = parse_target(webhook.url, local=self.local_targets)
        except BadRequest:
            return Answer(None, Failure.ADDRESS_REFUSED.value)
        body = body_of(delivery.payload)
        secrets = [self.secrets.secret(webhook.id, ref.salt) for ref in webhook.signing(now)]
        sent = headers(secrets, delivery.event_id, int(now), body)
        return self.poster.post(target, {"content-type": CONTENT_TYPE, "user-agent": self.user_agent, **sent}, body)

    def _note(self, webhook: Webhook, answer: Answer) -> None:
        """Say on the webhook how it went; lost races are tried again, for it decides whether it is disabled."""
        current: Webhook | None = webhook
        for _ in range(_RACES):
            if current is None:
                return
            now = self.clock.now()
            noted = current.succeeded(now) if answer.arrived else current.failed(now, gone=answer.gone)
            if self.webhooks.replace(noted):
                return
            current = self.webhooks.get(webhook.owner, webhook.id)
        raise Transient("webhook_contended", "Too many deliveries noted themselves on one webhook at once.")


def _claimed_by_another(delivery: Delivery, now: float) -> bool:
    """True while somebody is at it: between the claim and its end nothing says when the next attempt is due."""
    return delivery.claimed_until is not None and delivery.claimed_until > now
