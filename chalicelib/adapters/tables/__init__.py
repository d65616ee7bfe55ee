"""The DynamoDB tables: one module each, and the repositories over them.

Importing this package alone is cheap; `ALL_MODELS` and `create_all` import every model when they are used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chalicelib.adapters.tables.base import Table

    ALL_MODELS: tuple[type[Table], ...]

__all__ = ["ALL_MODELS", "create_all"]


def __getattr__(name: str) -> Any:
    """Import the models on the first use of ALL_MODELS: a worker needs two or three of them."""
    if name != "ALL_MODELS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return _models()


def create_all() -> list[str]:
    """Create the tables that are missing, for the local stack and tests; returns all names. Safe to repeat."""
    names = []
    for model in _models():
        if not model.exists():
            model.create_table(wait=True)
        names.append(model.table_name())
    return names


def _models() -> tuple[type[Table], ...]:
    from chalicelib.adapters.tables.encode_tasks import TaskItem  # noqa: PLC0415  see __getattr__
    from chalicelib.adapters.tables.job_bills import BillItem  # noqa: PLC0415
    from chalicelib.adapters.tables.live_connection_rows import ConnectionItem  # noqa: PLC0415
    from chalicelib.adapters.tables.live_segments import SegmentItem  # noqa: PLC0415
    from chalicelib.adapters.tables.live_stream_rows import StreamItem  # noqa: PLC0415
    from chalicelib.adapters.tables.network_history import NetworkItem  # noqa: PLC0415
    from chalicelib.adapters.tables.player_sessions import PlayerSessionItem  # noqa: PLC0415
    from chalicelib.adapters.tables.rate_limits import RateItem  # noqa: PLC0415
    from chalicelib.adapters.tables.recordings import RecordingItem  # noqa: PLC0415
    from chalicelib.adapters.tables.rollup_rows import RollupItem  # noqa: PLC0415
    from chalicelib.adapters.tables.session_events import EventsItem  # noqa: PLC0415
    from chalicelib.adapters.tables.transcoding_jobs import JobItem  # noqa: PLC0415
    from chalicelib.adapters.tables.viewer_analytics import SessionItem  # noqa: PLC0415
    from chalicelib.adapters.tables.webhook_deliveries import DeliveryItem  # noqa: PLC0415
    from chalicelib.adapters.tables.webhooks import WebhookItem  # noqa: PLC0415

    watching = (SessionItem, PlayerSessionItem, NetworkItem, RollupItem, EventsItem)
    live = (StreamItem, SegmentItem, ConnectionItem)
    hooks = (WebhookItem, DeliveryItem)
    return (RecordingItem, JobItem, TaskItem, BillItem, *live, *watching, *hooks, RateItem)
