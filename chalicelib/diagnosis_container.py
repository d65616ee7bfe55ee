"""Composition root of what an installation says of itself: as `container`."""

# ruff: noqa: PLC0415  importing in the builders is the point of them
from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib import container
from chalicelib.config import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.services.diagnosis import Desk, Diagnosis, Pulse

_NOBODY = "nobody"
"""A key that no row and no object has."""


@cache
def pulse() -> Pulse:
    """The schedule's note."""
    from chalicelib.services.diagnosis import Pulse

    return Pulse(container.source_objects(), container.clock())


@cache
def diagnosis() -> Diagnosis:
    """The API's own view of what it stands on."""
    from chalicelib.adapters.aws_errors import reason_of
    from chalicelib.services.diagnosis import Diagnosis

    return Diagnosis(_parts(), _desks(), pulse(), container.clock(), reason_of)


def _desks() -> dict[str, Desk]:
    from chalicelib.adapters.sqs import SqsDeadLetters, SqsQueue
    from chalicelib.services.diagnosis import Desk

    return {name: Desk(SqsQueue(url).waiting, SqsDeadLetters(url)) for name, url in settings().queue_urls.items()}


def _parts() -> dict[str, Callable[[], object]]:
    """Name one read of each thing that the API's role may read."""
    from chalicelib import analytics_container, live_container, webhook_container
    from chalicelib.adapters.tables.live_connections import LiveConnectionsTable
    from chalicelib.adapters.tables.network_history import NetworkHistoryTable
    from chalicelib.adapters.tables.rate_limits import RateLimitsTable

    return {
        "bucket source": lambda: container.source_objects().get(f"sources/{_NOBODY}"),
        "bucket media": lambda: container.media_objects().get(f"media/{_NOBODY}"),
        "table recordings": lambda: container.recordings().get(_NOBODY),
        "table transcoding_jobs": lambda: container.jobs().get(_NOBODY),
        "table encode_tasks": lambda: container.jobs().tasks(_NOBODY),
        "table job_bills": lambda: container.ledger().bills(_NOBODY),
        "table live_streams": lambda: live_container.streams().get(_NOBODY),
        "table player_sessions": lambda: container.player_sessions().load(_NOBODY, _NOBODY, now=0.0),
        "table viewer_analytics": lambda: analytics_container.sessions().get(_NOBODY, _NOBODY),
        "table session_events": lambda: analytics_container.timelines().events(_NOBODY, _NOBODY),
        "table analytics_rollups": lambda: analytics_container.rollups().recording_total(_NOBODY),
        "table network_history": lambda: NetworkHistoryTable().read(_NOBODY),
        "table rate_limits": lambda: RateLimitsTable().due(_NOBODY),
        "table live_connections": lambda: LiveConnectionsTable().get(_NOBODY),
        "table webhooks": lambda: webhook_container.webhooks().get(_NOBODY, _NOBODY),
        "table webhook_deliveries": lambda: webhook_container.deliveries().get(_NOBODY, _NOBODY),
        "key of the CDN": _sign,
        "key of links": lambda: bytes.fromhex(container.grant_key()),
    }


def _sign() -> object:
    from chalicelib.adapters.signing import CloudFrontCookies, read_secret

    if not settings().cdn_key_pair_id:
        raise LookupError
    signer = CloudFrontCookies(settings().cdn_key_pair_id, lambda: read_secret(settings().cdn_private_key_secret))
    return signer.cookies("{}")


def reset() -> None:
    """Forget what was built: for tests."""
    for built in (pulse, diagnosis):
        built.cache_clear()
