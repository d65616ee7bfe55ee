"""Attempts: made once each, noted, repeated, and given up."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from support.fakes import FakeClock, FakeQueue
from support.webhook_fakes import KEY, FakeDeliveries, FakePoster, FakeSecrets, FakeWebhooks

from chalicelib.domain.webhooks.delivery import CLAIM_S, Answer, Delivery, DeliveryStatus, delivery_of
from chalicelib.domain.webhooks.endpoint import GIVEN_UP_AFTER_S, OVERLAP_S, SecretRef, Webhook
from chalicelib.domain.webhooks.events import body_of, made_up_event
from chalicelib.domain.webhooks.messages import DeliverMessage, ForgetMessage, parse_webhook_message
from chalicelib.domain.webhooks.signing import derive_secret, signature
from chalicelib.services.webhook_sending import Sender


class World:
    """A sender with one webhook and one delivery to it."""

    def __init__(self) -> None:
        self.clock, self.queue, self.poster = FakeClock(), FakeQueue(), FakePoster()
        self.webhooks, self.deliveries = FakeWebhooks(), FakeDeliveries()
        hook = Webhook("wh_1", "ada", "https://a.test/h", ("*",), 1.0, secrets=(SecretRef("s1", "h"),))
        self.webhooks.create(hook)
        self.first = delivery_of(made_up_event("evt_1", "ada", self.clock.now()), "wh_1", self.clock.now())
        self.deliveries.create(self.first)
        self.sender = Sender(
            webhooks=self.webhooks,
            deliveries=self.deliveries,
            secrets=FakeSecrets(),
            poster=self.poster,
            queue=self.queue,
            clock=self.clock,
            user_agent="Headwater/test",
        )

    @property
    def hook(self) -> Webhook:
        """The webhook as it is now."""
        return self.webhooks.rows["ada", "wh_1"]

    @property
    def delivery(self) -> Delivery:
        """The delivery as it is now."""
        return self.deliveries.rows["wh_1", self.first.id]

    def deliver(self, attempt: int = 0) -> Delivery | None:
        """Handle the message of an attempt."""
        return self.sender.deliver(DeliverMessage("ada", "wh_1", self.first.id, attempt))

    def next(self) -> tuple[DeliverMessage, int]:
        """Take the message that was sent last, with its delay."""
        body, _, delay_s = self.queue.messages.pop()
        message = parse_webhook_message(body)
        assert isinstance(message, DeliverMessage)
        return message, delay_s


@pytest.fixture
def world() -> World:
    """Return a world in which nothing was sent."""
    return World()


def test_what_is_sent(world: World) -> None:
    """The event's own bytes, signed, under its id, to where the webhook points."""
    world.deliver()
    ((target, headers, body),) = world.poster.sent
    assert (target.host, target.path, target.secure) == ("a.test", "/h", True)
    assert json.loads(body) == world.first.payload
    assert body == body_of(world.first.payload)
    now = int(world.clock.now())
    assert headers == {
        "content-type": "application/json",
        "user-agent": "Headwater/test",
        "webhook-id": "evt_1",
        "webhook-timestamp": str(now),
        "webhook-signature": signature(derive_secret(KEY, "wh_1", "s1"), "evt_1", now, body),
    }
    assert world.delivery.status is DeliveryStatus.DELIVERED
    assert (world.hook.last_status, world.hook.last_at) == ("delivered", world.clock.now())
    assert not world.queue.messages


def test_during_a_rotation_both_secrets_sign(world: World) -> None:
    """And after a day the new one alone."""
    world.webhooks.replace(world.hook.rotated(SecretRef("s2", "h"), world.clock.now()))
    world.deliver()
    assert len(world.poster.sent[0][1]["webhook-signature"].split()) == 2
    world.clock.time += OVERLAP_S
    world.deliveries.replace(world.delivery.sent_off(world.clock.now()))
    world.deliver(1)
    assert len(world.poster.sent[1][1]["webhook-signature"].split()) == 1


def test_a_failure_comes_again(world: World) -> None:
    """By the queue while the wait is short, then by the schedule, each attempt under its own number."""
    world.poster.answers = [Answer(500), Answer(None, "timed_out"), Answer(503)]
    world.deliver()
    message, delay_s = world.next()
    assert (message.attempt, 4 <= delay_s <= 6) == (1, True)
    world.sender.deliver(message)
    message, delay_s = world.next()
    assert (message.attempt, 270 <= delay_s <= 330) == (2, True)
    world.sender.deliver(message)
    assert not world.queue.messages
    world.clock.time = world.delivery.due_at or 0
    assert world.sender.sweep() == 1
    message, delay_s = world.next()
    assert (message.attempt, delay_s) == (3, 0)
    assert world.sender.deliver(message) == world.delivery
    assert [attempt.error or attempt.status for attempt in world.delivery.attempts] == [500, "timed_out", 503, 200]
    assert world.hook.failing_since is None


def test_a_message_that_comes_twice_sends_once(world: World) -> None:
    """Also one that is older than what was done since."""
    world.deliver()
    assert world.deliver() is None
    assert world.deliver(1) is None
    assert len(world.poster.sent) == 1


def test_an_attempt_is_one_workers(world: World) -> None:
    """Until the claim has run out: then whoever held it is dead, and the schedule finds it."""
    claimed = world.first.claimed(world.clock.now())
    world.deliveries.replace(claimed)
    assert world.deliver() is None
    world.clock.time += CLAIM_S
    assert world.sender.sweep() == 1
    assert world.sender.deliver(world.next()[0]) is not None
    assert len(world.poster.sent) == 1


def test_a_lost_first_message_is_made_up_for(world: World) -> None:
    """A minute later, and only once while the queue is behind."""
    assert world.sender.sweep() == 0
    world.clock.time += 61
    assert world.sender.sweep() == 1
    world.clock.time += 61
    assert world.sender.sweep() == 0


def test_gone_disables(world: World) -> None:
    """The delivery has failed, and what else is under way is given up."""
    world.poster.answers = [Answer(410)]
    world.deliver()
    assert (world.hook.enabled, world.hook.disabled_reason) == (False, "gone")
    assert world.delivery.status is DeliveryStatus.FAILED
    other = replace(world.first, id="dlv_2")
    world.deliveries.create(other)
    assert world.sender.deliver(DeliverMessage("ada", "wh_1", "dlv_2", 0)) is None
    assert world.deliveries.rows["wh_1", "dlv_2"].status is DeliveryStatus.FAILED
    assert len(world.poster.sent) == 1


def test_five_days_of_failure_disable(world: World) -> None:
    """Counted over all deliveries."""
    world.poster.answers = [Answer(500)]
    world.webhooks.replace(world.hook.failed(world.clock.now() - GIVEN_UP_AFTER_S, gone=False))
    world.deliver()
    assert (world.hook.enabled, world.hook.disabled_reason) == (False, "failing")


def test_an_address_that_was_let_in_once_is_judged_again(world: World) -> None:
    """A row that says otherwise sends nothing."""
    world.webhooks.replace(replace(world.hook, url="http://127.0.0.1/", version=1))
    world.deliver()
    assert world.poster.sent == []
    assert [attempt.error for attempt in world.delivery.attempts] == ["address_refused"]


def test_a_webhook_that_is_gone_is_sent_nothing(world: World) -> None:
    """Its log goes too."""
    world.webhooks.delete("ada", "wh_1")
    assert world.deliver() is None
    assert world.poster.sent == []
    world.sender.forget(ForgetMessage("wh_1"))
    assert world.deliveries.rows == {}


class Killed(Exception):
    """The process died here."""


@pytest.mark.parametrize("step", ["claim", "post", "note", "send", "say"])
@pytest.mark.parametrize("after", [False, True])
def test_dying_at_any_step_delivers_all_the_same(monkeypatch: pytest.MonkeyPatch, step: str, *, after: bool) -> None:
    """Before or after each write: message or schedule comes again, and the receiver knows the event by its id."""
    world = World()
    world.poster.answers = [Answer(500)]
    of, name, nth = {
        "claim": (world.deliveries, "replace", 1),
        "post": (world.poster, "post", 1),
        "note": (world.deliveries, "replace", 2),
        "send": (world.queue, "send", 1),
        "say": (world.webhooks, "replace", 1),
    }[step]
    real, calls = getattr(of, name), iter(range(1, 99))

    def dies(*args: object, **kwargs: object) -> object:
        if next(calls) != nth:
            return real(*args, **kwargs)
        if after:
            real(*args, **kwargs)
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(of, name, dies)
        with pytest.raises(Killed):
            world.deliver()
    world.deliver()  # the queue's message comes again
    for _ in range(20):
        world.clock.time += 60
        world.sender.sweep()
        while world.queue.messages:
            world.sender.deliver(world.next()[0])
    assert world.delivery.status is DeliveryStatus.DELIVERED
    assert {headers["webhook-id"] for _, headers, _ in world.poster.sent} == {"evt_1"}
    assert len(world.poster.sent) <= 3
    assert (world.hook.enabled, world.hook.last_status) == (True, "delivered")
