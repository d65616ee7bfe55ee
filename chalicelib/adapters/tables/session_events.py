"""The session_events table: what single events sessions reported, one packed row for each report, gone in a month."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from chalicelib.adapters.tables.base import BILLING, PackedJson, Table, run

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

KEEP_S = 30 * 24 * 3600
MOST_EVENTS = 5000
"""Events of a session that are read: as much as a picture of it can show."""
_PAGE = 200


class EventsItem(Table):
    """The events of one report. `first` is the sequence number of its first event, in seven digits."""

    class Meta:
        """Table settings."""

        kind = "session_events"
        billing_mode = BILLING

    id = UnicodeAttribute(hash_key=True)
    first = UnicodeAttribute(range_key=True)
    events = PackedJson()
    expires_at = TTLAttribute()


class SessionEventsTable:
    """Implements analytics_ports.Timelines."""

    def add(self, recording_id: str, session: str, events: Sequence[dict[str, Any]], *, now: float) -> None:
        """Write events that were not reported before, in order of `seq`; the same ones again change nothing."""
        if not events:
            return
        row = EventsItem(
            _key(recording_id, session),
            f"{events[0]['seq']:07d}",
            events=list(events),
            expires_at=datetime.fromtimestamp(now + KEEP_S, UTC),
        )
        run(row.save)

    def events(self, recording_id: str, session: str) -> list[dict[str, Any]]:
        """Return its events in the order of `seq`, at most MOST_EVENTS, as plain JSON values."""
        by_sequence: dict[int, dict[str, Any]] = {}
        for row in _rows(_key(recording_id, session)):
            for event in row.events:
                by_sequence.setdefault(event["seq"], event)
            if len(by_sequence) >= MOST_EVENTS:
                break
        return [by_sequence[sequence] for sequence in sorted(by_sequence)][:MOST_EVENTS]

    def delete(self, recording_id: str, session: str) -> None:
        """Remove all of a session's; quiet when there are none."""
        run(partial(_empty, _key(recording_id, session)))


def _empty(key: str) -> None:
    with EventsItem.batch_write() as batch:
        for row in EventsItem.query(key, attributes_to_get=["id", "first"], consistent_read=True):
            batch.delete(row)


def _rows(key: str) -> Iterator[EventsItem]:
    found = iter(EventsItem.query(key, page_size=_PAGE))
    while (row := run(partial(next, found, None))) is not None:
        yield row


def _key(recording_id: str, session: str) -> str:
    return f"{recording_id}/{session}"
