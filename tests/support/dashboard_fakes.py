"""In-memory ports of analytics, with the semantics the tables promise."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.domain.analytics.measures import Measures
from chalicelib.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.services.analytics_ports import ViewerSession, WatchedRecording


@dataclass
class FakeRollups:
    """Sums by owner or recording, and day; those of all time are under the day "ever"."""

    days: dict[tuple[str, str], Measures] = field(default_factory=dict)
    watched: dict[str, list[WatchedRecording]] = field(default_factory=dict)
    reads: list[tuple[str, str, str]] = field(default_factory=list)

    def recording_days(self, recording_id: str, first: str, last: str) -> dict[str, Measures]:
        return self._between(recording_id, first, last)

    def recording_total(self, recording_id: str) -> Measures:
        return self.days.get((recording_id, "ever"), Measures())

    def owner_days(self, owner: str, first: str, last: str) -> dict[str, Measures]:
        return self._between(owner, first, last)

    def most_watched(self, owner: str, *, limit: int) -> list[WatchedRecording]:
        return sorted(self.watched.get(owner, []), key=lambda one: -one.watch_ms)[:limit]

    def _between(self, of: str, first: str, last: str) -> dict[str, Measures]:
        self.reads.append((of, first, last))
        return {day: sums for (name, day), sums in self.days.items() if name == of and first <= day <= last}


@dataclass
class FakeViewerSessions:
    """The viewer_analytics table."""

    rows: list[ViewerSession] = field(default_factory=list)

    def of_recording(
        self, recording_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[list[ViewerSession], str | None]:
        return self._page([row for row in self.rows if row.recording_id == recording_id], limit, cursor)

    def of_user(self, user_id: str, *, limit: int) -> list[ViewerSession]:
        return self._page([row for row in self.rows if row.user_id == user_id], limit, None)[0]

    def of_room(
        self, owner: str, room_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[list[ViewerSession], str | None]:
        return self._page([row for row in self.rows if (row.owner, row.room_id) == (owner, room_id)], limit, cursor)

    def get(self, recording_id: str, session: str) -> ViewerSession | None:
        found = (row for row in self.rows if (row.recording_id, row.session) == (recording_id, session))
        return next(found, None)

    @staticmethod
    def _page(rows: list[ViewerSession], limit: int, cursor: str | None) -> tuple[list[ViewerSession], str | None]:
        if cursor is not None and not cursor.isdecimal():
            raise BadRequest("bad_cursor", "This cursor was not made for this list.")
        begin = int(cursor or 0)
        found = sorted(rows, key=lambda row: -row.session_start)
        return found[begin : begin + limit], str(begin + limit) if begin + limit < len(found) else None


@dataclass
class FakeTimelines:
    """The session_events table."""

    rows: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)

    def events(self, recording_id: str, session: str) -> Sequence[dict[str, Any]]:
        return self.rows.get((recording_id, session), [])
