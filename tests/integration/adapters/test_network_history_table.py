"""Networks' history as stored: writers only add."""

from __future__ import annotations

import pytest

from chalicelib.adapters.clients import client
from chalicelib.adapters.tables.network_history import NetworkHistoryTable
from chalicelib.domain.networks import PERIOD_S, Share, expiry_of, grown, past_of, share_of

pytestmark = pytest.mark.usefixtures("tables")
NOW = 700 * PERIOD_S + 29 * 86400.0


@pytest.fixture
def history() -> NetworkHistoryTable:
    """Return the repository over an empty table."""
    return NetworkHistoryTable()


def test_shares_add_up(history: NetworkHistoryTable) -> None:
    """The first makes the row; other names are not touched."""
    assert history.read("a") is None
    for _ in range(3):
        history.add("a", Share(0.25, 1.75), expires_at=expiry_of(700))
    history.add("b", Share(1.0, 7.0), expires_at=expiry_of(700))

    assert history.read("a") == Share(0.75, 5.25)
    assert history.read("b") == Share(1.0, 7.0)


def test_grown_shares_keep_their_precision(history: NetworkHistoryTable) -> None:
    """At a period's end, where they are largest."""
    expected = share_of([5000.0] * 7, 0.0)
    for _ in range(5):
        history.add("a", grown(expected, NOW), expires_at=expiry_of(700))
    stored = history.read("a")
    assert stored is not None
    past = past_of([(700, stored)], NOW)
    assert past is not None
    assert past.weight == pytest.approx(5 * expected.weight)
    assert past.mean_log_kbps == pytest.approx(expected.total / expected.weight)


def test_rows_have_an_end_and_nothing_else(history: NetworkHistoryTable) -> None:
    """Two numbers and a time: no address, no session, no viewer."""
    history.add("a", Share(0.25, 1.75), expires_at=expiry_of(700))
    item = client("dynamodb").get_item(TableName="headwater-local-network_history", Key={"name": {"S": "a"}})["Item"]
    assert item.keys() == {"name", "weight", "total", "expires_at", "v"}
    assert item["expires_at"] == {"N": str(int(expiry_of(700)))}
