"""Composition root of webhooks: as `container`, whose builders and these build on each other."""

# ruff: noqa: PLC0415  importing in the builders is the point of them
from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import container
from chalicelib.config import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.adapters.sqs import SqsQueue
    from chalicelib.services.webhook_ports import Deliveries, Secrets, Webhooks
    from chalicelib.services.webhook_sending import Sender
    from chalicelib.services.webhook_telling import Teller
    from chalicelib.services.webhooks import WebhookLibrary


def hint_of_recordings() -> Callable[[str, str], None] | None:
    """Return what the recordings table says changes to; None where no queue is set, which leaves all to the sweep."""
    return _hint_of("recording")


def hint_of_streams() -> Callable[[str, str], None] | None:
    """Return the same for streams."""
    return _hint_of("stream")


def _hint_of(kind: str) -> Callable[[str, str], None] | None:
    if not settings().webhooks_queue_url:
        return None
    from chalicelib.domain.webhooks.messages import Subject
    from chalicelib.services.webhook_telling import Hints

    hints, subject = Hints(webhooks_queue()), Subject(kind)
    return lambda row_id, owner: hints.hint(subject, row_id, owner)


@cache
def webhooks_queue() -> SqsQueue:
    """What is to be told, and deliveries."""
    from chalicelib.adapters.sqs import SqsQueue

    return SqsQueue(settings().webhooks_queue_url)


@cache
def webhooks() -> Webhooks:
    """The webhooks table."""
    from chalicelib.adapters.tables.webhooks import WebhooksTable

    return WebhooksTable()


@cache
def deliveries() -> Deliveries:
    """The webhook_deliveries table."""
    from chalicelib.adapters.tables.webhook_deliveries import WebhookDeliveriesTable

    return WebhookDeliveriesTable()


@cache
def secrets() -> Secrets:
    """What webhooks are signed with."""
    from chalicelib.adapters.signing import HmacWebhooks

    return HmacWebhooks(container.grant_key)


@cache
def library() -> WebhookLibrary:
    """Webhooks under the rules of access."""
    from chalicelib.services.webhooks import WebhookLibrary

    return WebhookLibrary(
        webhooks(), deliveries(), secrets(), webhooks_queue(), container.clock(), settings().reaches_loopback
    )


@cache
def teller() -> Teller:
    """Makes deliveries of changes."""
    from chalicelib import live_container
    from chalicelib.adapters.event_bus import EventBridgeBus
    from chalicelib.adapters.tables.live_stream_rows import StreamItem
    from chalicelib.adapters.tables.recordings import RecordingItem
    from chalicelib.adapters.tables.untold import UntoldRows
    from chalicelib.services.webhook_telling import Teller

    return Teller(
        recordings=container.recordings(),
        streams=live_container.streams(),
        told_by_recordings=UntoldRows(RecordingItem),
        told_by_streams=UntoldRows(StreamItem),
        webhooks=webhooks(),
        deliveries=deliveries(),
        bus=EventBridgeBus(settings().event_bus) if settings().event_bus else None,
        queue=webhooks_queue(),
        clock=container.clock(),
        public_url=settings().public_url,
    )


@cache
def sender() -> Sender:
    """Sends deliveries."""
    from chalicelib import __version__
    from chalicelib.adapters.webhook_post import WebhookPost
    from chalicelib.services.webhook_sending import Sender

    local = settings().reaches_loopback
    return Sender(
        webhooks=webhooks(),
        deliveries=deliveries(),
        secrets=secrets(),
        poster=WebhookPost(local=local),
        queue=webhooks_queue(),
        clock=container.clock(),
        user_agent=f"Headwater/{__version__} (webhooks)",
        local_targets=local,
    )


def reset() -> None:
    """Forget everything that was built, so that a test can begin with other settings."""
    for built in list(globals().values()):
        forget = getattr(built, "cache_clear", None)
        if forget is not None and getattr(built, "__module__", "") == __name__:
            forget()
