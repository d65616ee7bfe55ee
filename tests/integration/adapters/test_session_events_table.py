"""Events of sessions as stored: in order, once, and removed."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters.tables.session_events import KEEP_S, EventsItem, SessionEventsTable

pytestmark = pytest.mark.usefixtures("tables")
REC, SES = "rec_1", "ses_0123456789abcdefghij"


def events(*sequences: int) -> list[dict[str, Any]]:
    """Events of these numbers."""
    return [{"seq": sequence, "kind": "segment", "at_ms": 1000 * sequence} for sequence in sequences]


def test_events_come_back_in_order_and_once() -> None:
    """Whatever was reported when, twice or in other batches."""
    table = SessionEventsTable()
    for batch in (events(10, 11), events(0, 1, 2), events(0, 1, 2), events(2, 3, 12), []):
        table.add(REC, SES, batch, now=5000.0)
    table.add(REC, "another", events(7), now=5000.0)

    assert table.events(REC, SES) == events(0, 1, 2, 3, 10, 11, 12)
    assert {row.expires_at.timestamp() for row in EventsItem.scan()} == {5000.0 + KEEP_S}


def test_all_of_a_session_can_be_removed() -> None:
    """And nothing of another's."""
    table = SessionEventsTable()
    for first in range(0, 90, 3):
        table.add(REC, SES, events(first, first + 1, first + 2), now=0.0)
    table.add(REC, "another", events(7), now=0.0)
    for _ in range(2):
        table.delete(REC, SES)

    assert table.events(REC, SES) == []
    assert table.events(REC, "another") == events(7)
