"""The tables as they are made: names, indexes, billing, expiry; and one client for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from moto.server import ThreadedMotoServer

from chalicelib.adapters import clients, tables
from chalicelib.adapters.tables.recordings import RecordingsTable
from chalicelib.config import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.recording import Recording

INDEXES = {
    "recordings": ["by_owner", "by_room", "by_status", "by_untold"],
    "transcoding_jobs": ["by_recording", "by_status"],
    "encode_tasks": [],
    "job_bills": [],
    "live_streams": ["by_recording", "by_room", "by_status", "by_untold"],
    "live_segments": [],
    "live_connections": [],
    "viewer_analytics": ["by_recording", "by_room", "by_user"],
    "player_sessions": ["to_sweep"],
    "network_history": [],
    "analytics_rollups": ["by_watch", "untidy"],
    "session_events": [],
    "webhooks": [],
    "webhook_deliveries": ["by_due"],
    "rate_limits": [],
}


@pytest.mark.usefixtures("aws")
def test_create_all_makes_what_is_missing() -> None:
    """Every table once, on demand, with its look-ups; a second call changes nothing."""
    names = tables.create_all()
    dynamodb = clients.client("dynamodb")
    made = {name: dynamodb.describe_table(TableName=name)["Table"] for name in tables.create_all()}

    assert names == [f"headwater-local-{kind}" for kind in INDEXES]
    assert {model.table_name() for model in tables.ALL_MODELS} == set(names)
    for kind, indexes in INDEXES.items():
        table = made[f"headwater-local-{kind}"]
        found = table.get("GlobalSecondaryIndexes", [])
        assert sorted(index["IndexName"] for index in found) == indexes
        assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
        keys_alone = {index["IndexName"] for index in found if index["Projection"]["ProjectionType"] == "KEYS_ONLY"}
        assert keys_alone <= {"untidy", "to_sweep"}


@pytest.mark.usefixtures("tables")
def test_only_what_players_report_expires() -> None:
    """Recordings and jobs never go by themselves; what is known of viewers, deliveries and callers does."""
    dynamodb = clients.client("dynamodb")
    status = {
        kind: dynamodb.describe_time_to_live(TableName=f"headwater-local-{kind}")["TimeToLiveDescription"]
        for kind in INDEXES
    }

    expiring = {kind for kind, ttl in status.items() if ttl["TimeToLiveStatus"] == "ENABLED"}
    assert expiring == {
        "viewer_analytics",
        "player_sessions",
        "network_history",
        "live_connections",
        "analytics_rollups",
        "session_events",
        "webhook_deliveries",
        "rate_limits",
    }


def test_an_unknown_name_is_refused() -> None:
    """The lazy attribute does not hide typing errors."""
    with pytest.raises(AttributeError, match="ALL_MODEL"):
        _ = tables.ALL_MODEL  # type: ignore[attr-defined]


@pytest.mark.usefixtures("aws")
def test_tables_are_found_where_the_environment_says(
    monkeypatch: pytest.MonkeyPatch,
    clock: Any,
    new_recording: Callable[..., Recording],
) -> None:
    """AWS_ENDPOINT_URL and the table prefix are honoured, and every model uses one client."""
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        monkeypatch.setenv("HEADWATER_TABLE_PREFIX", "elsewhere-")
        settings.cache_clear()
        clients.reset()
        names = tables.create_all()
        RecordingsTable(clock).create(new_recording(1))

        assert {name.split("-")[0] for name in names} == {"elsewhere"}
        assert RecordingsTable(clock).get(new_recording(1).id) == new_recording(1)
        assert clients.client("dynamodb").meta.endpoint_url == f"http://{host}:{port}"
        used = {model._get_connection().connection.client for model in tables.ALL_MODELS}
        assert used == {clients.client("dynamodb")}
    finally:
        server.stop()
        clients.reset()
        settings.cache_clear()
