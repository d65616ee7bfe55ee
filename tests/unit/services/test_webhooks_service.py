"""Webhooks under the rules of access."""

from __future__ import annotations

import pytest
from support.fakes import FakeClock, FakeQueue
from support.webhook_fakes import FakeDeliveries, FakeSecrets, FakeWebhooks

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.webhooks.delivery import DeliveryStatus
from chalicelib.domain.webhooks.messages import DeliverMessage, ForgetMessage, parse_webhook_message
from chalicelib.errors import BadRequest, Conflict, Forbidden, NotFound
from chalicelib.services.webhooks import MOST, WebhookLibrary, Wish

ADA, BOB = Caller("ada", Role.PUBLISHER), Caller("bob", Role.ADMIN)
VIEWER = Caller("ada", Role.VIEWER)
WISH = Wish("https://a.test/h", ("*",))


@pytest.fixture
def library() -> WebhookLibrary:
    """Return one over empty tables."""
    return WebhookLibrary(FakeWebhooks(), FakeDeliveries(), FakeSecrets(), FakeQueue(), FakeClock())


def sent(library: WebhookLibrary) -> list[object]:
    """Return the messages that were sent."""
    assert isinstance(library.queue, FakeQueue)
    return [parse_webhook_message(body) for body, _, _ in library.queue.messages]


def test_a_secret_is_shown_once_and_stored_never(library: WebhookLibrary) -> None:
    """The row has its hint, and what it is derived from."""
    webhook, secret = library.create(ADA, WISH)
    assert secret.startswith("whsec_")
    assert webhook.secrets[0].hint.endswith(secret[-4:])
    assert secret not in repr(library.find(ADA, webhook.id))


def test_everybody_has_their_own(library: WebhookLibrary) -> None:
    """Also administrators: another's is not found, and not listed."""
    webhook, _ = library.create(ADA, WISH)
    assert [one.id for one in library.mine(ADA)] == [webhook.id]
    assert library.mine(BOB) == []
    for refused in (library.find, library.delete, library.rotate, library.test):
        with pytest.raises(NotFound, match="webhook_not_found"):
            refused(BOB, webhook.id)
    with pytest.raises(NotFound):
        library.change(BOB, webhook.id, {"enabled": False})
    with pytest.raises(NotFound):
        library.log(BOB, webhook.id, limit=5, cursor=None)


def test_viewers_may_only_look_and_remove(library: WebhookLibrary) -> None:
    """What somebody made who was a publisher once."""
    webhook, _ = library.create(ADA, WISH)
    with pytest.raises(Forbidden):
        library.create(VIEWER, WISH)
    for refused in (library.rotate, library.test):
        with pytest.raises(Forbidden):
            refused(VIEWER, webhook.id)
    with pytest.raises(Forbidden):
        library.change(VIEWER, webhook.id, {})
    with pytest.raises(Forbidden):
        library.redeliver(VIEWER, webhook.id, "x")
    assert library.find(VIEWER, webhook.id) == webhook
    library.delete(VIEWER, webhook.id)
    assert library.mine(ADA) == []


def test_addresses_are_judged(library: WebhookLibrary) -> None:
    """When it is made and when it is changed."""
    with pytest.raises(BadRequest, match="webhook_url_refused"):
        library.create(ADA, Wish("http://a.test/", ("*",)))
    webhook, _ = library.create(ADA, WISH)
    with pytest.raises(BadRequest):
        library.change(ADA, webhook.id, {"url": "https://10.0.0.1/"})
    assert library.change(ADA, webhook.id, {"url": "https://b.test/"}).url == "https://b.test/"


def test_there_is_an_end_to_them(library: WebhookLibrary) -> None:
    """So that an event costs no more than so many requests."""
    for _ in range(MOST):
        library.create(ADA, WISH)
    with pytest.raises(Conflict, match="webhook_limit"):
        library.create(ADA, WISH)


def test_rotating(library: WebhookLibrary) -> None:
    """A new secret, shown once; both count for a day."""
    webhook, first = library.create(ADA, WISH)
    rotated, second = library.rotate(ADA, webhook.id)
    assert first != second
    assert [ref.expires_at is None for ref in rotated.secrets] == [True, False]


def test_a_test_is_sent_whatever_is_subscribed_to(library: WebhookLibrary) -> None:
    """Each time under another id, and not while disabled."""
    webhook, _ = library.create(ADA, Wish("https://a.test/", ("live.ended",)))
    first, second = library.test(ADA, webhook.id), library.test(ADA, webhook.id)
    assert first.event_id != second.event_id
    assert sent(library) == [DeliverMessage("ada", webhook.id, one.id, 0) for one in (first, second)]
    library.change(ADA, webhook.id, {"enabled": False})
    with pytest.raises(Conflict, match="webhook_disabled"):
        library.test(ADA, webhook.id)


def test_redelivering(library: WebhookLibrary) -> None:
    """What has ended is sent again under the same event id; what is under way is not sent twice."""
    webhook, _ = library.create(ADA, WISH)
    delivery = library.test(ADA, webhook.id)
    with pytest.raises(Conflict, match="delivery_pending"):
        library.redeliver(ADA, webhook.id, delivery.id)
    library.deliveries.replace(delivery.given_up())
    again = library.redeliver(ADA, webhook.id, delivery.id)
    assert (again.status, again.event_id) == (DeliveryStatus.PENDING, delivery.event_id)
    assert len(sent(library)) == 2
    with pytest.raises(NotFound, match="delivery_not_found"):
        library.redeliver(ADA, webhook.id, "dlv_0")


def test_removing_takes_the_log(library: WebhookLibrary) -> None:
    """By a message; what is under way finds no webhook."""
    webhook, _ = library.create(ADA, WISH)
    library.delete(ADA, webhook.id)
    assert sent(library) == [ForgetMessage(webhook.id)]
    with pytest.raises(NotFound):
        library.find(ADA, webhook.id)
