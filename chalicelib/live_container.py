"""Composition root of live streams: as `container`, whose builders and these build on each other."""

# ruff: noqa: PLC0415  importing in the builders is the point of them
from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from chalicelib.config import settings

if TYPE_CHECKING:
    from chalicelib.adapters.sqs import SqsQueue
    from chalicelib.adapters.tables.live_streams import LiveStreamsTable
    from chalicelib.services.live_ports import LiveSegments


@cache
def streams() -> LiveStreamsTable:
    """The live_streams table."""
    from chalicelib.adapters.tables.live_streams import LiveStreamsTable

    return LiveStreamsTable()


@cache
def segments() -> LiveSegments:
    """The live_segments table."""
    from chalicelib.adapters.tables.live_segments import LiveSegmentsTable

    return LiveSegmentsTable()


@cache
def live_queue() -> SqsQueue:
    """S3's notifications of segments, and streams to finish."""
    from chalicelib.adapters.sqs import SqsQueue

    return SqsQueue(settings().live_queue_url)


@cache
def broadcast_queue() -> SqsQueue:
    """What viewers are to hear, in order for each group."""
    from chalicelib.adapters.sqs import SqsQueue

    return SqsQueue(settings().broadcast_queue_url)


def reset() -> None:
    """Forget everything that was built, so that a test can begin with other settings."""
    for built in list(globals().values()):
        forget = getattr(built, "cache_clear", None)
        if forget is not None and getattr(built, "__module__", "") == __name__:
            forget()
