"""Rows that an earlier version stored: what tests/golden/rows holds has to be read as it was then.

A folder for each version of the tables' schema, a file for each table with the item as it lay in DynamoDB and what its
reader made of it. Readers may learn to tell more; what they told once stays.
"""

from __future__ import annotations

import base64
import json
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.tables import ALL_MODELS
from chalicelib.adapters.tables.analytics_rollups import RollupsTable
from chalicelib.adapters.tables.base import SCHEMA_VERSION
from chalicelib.adapters.tables.job_bills import LedgerTable
from chalicelib.adapters.tables.jobs import JobsTable
from chalicelib.adapters.tables.live_connection_rows import connection_of, read
from chalicelib.adapters.tables.live_segments import LiveSegmentsTable
from chalicelib.adapters.tables.live_streams import LiveStreamsTable
from chalicelib.adapters.tables.network_history import NetworkHistoryTable
from chalicelib.adapters.tables.player_sessions import PlayerSessionsTable
from chalicelib.adapters.tables.rate_limits import RateLimitsTable
from chalicelib.adapters.tables.recordings import RecordingsTable
from chalicelib.adapters.tables.session_events import SessionEventsTable
from chalicelib.adapters.tables.viewer_analytics import ViewerAnalyticsTable
from chalicelib.adapters.tables.webhook_deliveries import WebhookDeliveriesTable
from chalicelib.adapters.tables.webhooks import WebhooksTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import SteppingClock

GOLDEN = Path(__file__).parents[2] / "golden" / "rows"
FILES = sorted(GOLDEN.glob("v*/*.json"))
Row = dict[str, Any]


def text(row: Row, name: str) -> str:
    """Return a string attribute, or what a number is written as."""
    return str(next(iter(row[name].values())))


def connection(row: Row) -> object:
    """Read a viewer's connection."""
    item = read(text(row, "key"), text(row, "part"))
    assert item is not None
    return connection_of(item)


READERS: dict[str, Callable[[Row, SteppingClock], object]] = {
    "recordings": lambda row, clock: RecordingsTable(clock).get(text(row, "id")),
    "transcoding_jobs": lambda row, _: JobsTable().get(text(row, "id")),
    "encode_tasks": lambda row, _: JobsTable().tasks(text(row, "job_id")),
    "job_bills": lambda row, _: LedgerTable().bills(text(row, "job_id")),
    "live_streams": lambda row, _: LiveStreamsTable().get(text(row, "id")),
    "live_segments": lambda row, _: list(LiveSegmentsTable().of_stream(text(row, "stream_id"))),
    "live_connections": lambda row, _: connection(row),
    "network_history": lambda row, _: NetworkHistoryTable().read(text(row, "name")),
    "player_sessions": lambda row, _: PlayerSessionsTable().load(*text(row, "id").split("/"), now=0.0),
    "viewer_analytics": lambda row, _: ViewerAnalyticsTable().get(text(row, "recording_id"), text(row, "session")),
    "session_events": lambda row, _: SessionEventsTable().events(*text(row, "id").split("/")),
    "analytics_rollups": lambda row, _: RollupsTable().recording_days(
        text(row, "sum").split("#")[2], "2000-01-01", "2999-12-31"
    ),
    "rate_limits": lambda row, _: RateLimitsTable().due(text(row, "name")),
    "webhooks": lambda row, _: WebhooksTable().get(text(row, "owner"), text(row, "id")),
    "webhook_deliveries": lambda row, _: WebhookDeliveriesTable().get(text(row, "webhook_id"), text(row, "id")),
}


def plain(value: Any) -> Any:
    """Return a reader's answer as JSON values."""
    if is_dataclass(value) and not isinstance(value, type):
        return {part.name: plain(getattr(value, part.name)) for part in fields(value)}
    if isinstance(value, dict):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    return value if value is None or isinstance(value, bool | int | float) else str(value)


def told_before(now: Any, then: Any) -> Any:
    """Return of what is told now those members that were told then."""
    if isinstance(then, dict) and isinstance(now, dict):
        return {name: told_before(now.get(name, "nothing"), value) for name, value in then.items()}
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        return [told_before(*pair) for pair in zip(now, then, strict=True)]
    return now


def wire(value: Any) -> Any:
    """Return an item as boto3 takes it: binary values are base64 in the file."""
    if isinstance(value, dict):
        return {k: base64.b64decode(v) if k == "B" and isinstance(v, str) else wire(v) for k, v in value.items()}
    return [wire(one) for one in value] if isinstance(value, list) else value


def stored(path: Path, more: Row) -> Row:
    """Put a file's row into its table; returns it."""
    item: Row = json.loads(path.read_text())["item"]
    dynamodb = clients.client("dynamodb")
    dynamodb.put_item(TableName=f"headwater-local-{path.stem}", Item=wire(item | more))
    return item


@pytest.mark.parametrize("later", [{}, {"colour": {"S": "blue"}}], ids=["its own", "a later version's"])
@pytest.mark.usefixtures("tables")
def test_rows_are_read_as_they_were(later: Row, clock: SteppingClock) -> None:
    """After an upgrade those of the version before; after a rollback also those with members nobody here knows."""
    for path in FILES:
        row = stored(path, later)
        then = json.loads(path.read_text())["reads"]
        now = plain(READERS[path.stem](row, clock))
        assert (path.stem, told_before(now, then)) == (path.stem, then)


def test_every_table_has_its_row() -> None:
    """Of this version of the schema, which each row names."""
    current = GOLDEN / f"v{SCHEMA_VERSION}"
    kinds = {model.Meta.kind for model in ALL_MODELS}  # type: ignore[attr-defined]  # our own addition to Meta
    assert {path.stem for path in current.glob("*.json")} == kinds
    versions = [json.loads(path.read_text())["item"]["v"]["N"] for path in current.glob("*.json")]
    assert set(versions) == {str(SCHEMA_VERSION)}
