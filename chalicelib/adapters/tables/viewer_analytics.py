"""The viewer_analytics table: one row per recording and player session, gone after the time to keep it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.adapters.tables.base import BILLING, Count, Seconds, Table, run
from chalicelib.adapters.tables.mapping import item_values, read_item

KEEP_S = 400 * 24 * 3600
"""Thirteen months, so that a month can be compared with the same month a year before."""


@dataclass(frozen=True, slots=True)
class ViewerSession:
    """What one player session came to. Times are Unix seconds, bitrates kbps, `user_id` empty when anonymous."""

    recording_id: str
    session: str
    session_start: float
    user_id: str = ""
    session_end: float | None = None
    bitrate_selected: int = 0
    bitrate_switches: int = 0
    buffer_events: int = 0
    total_watch_time: float = 0.0
    """Seconds of playing, pauses and stalls left out."""


class ByUser(GlobalSecondaryIndex["SessionItem"]):
    """A person's sessions in order of time; anonymous ones are not in it."""

    class Meta:
        """Index settings."""

        index_name = "by_user"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True)
    session_start = Seconds(range_key=True)


class SessionItem(Table):
    """One session as stored."""

    class Meta:
        """Table settings."""

        kind = "viewer_analytics"
        billing_mode = BILLING

    recording_id = UnicodeAttribute(hash_key=True)
    session = UnicodeAttribute(range_key=True)
    session_start = Seconds()
    user_id = UnicodeAttribute(null=True)
    session_end = Seconds(null=True)
    bitrate_selected = Count(default=0)
    bitrate_switches = Count(default=0)
    buffer_events = Count(default=0)
    total_watch_time = Seconds(default=0.0)
    expires_at = TTLAttribute()

    by_user = ByUser()


class ViewerAnalyticsTable:
    """Sessions by recording and by user."""

    def put(self, session: ViewerSession) -> None:
        """Write a session whole; the same one again replaces it."""
        expires_at = datetime.fromtimestamp(session.session_start + KEEP_S, tz=UTC)
        item = SessionItem(**item_values(session), expires_at=expires_at)
        run(item.save)

    def by_recording(self, recording_id: str, *, limit: int) -> list[ViewerSession]:
        """Sessions of a recording by name, at most `limit`, strongly consistent."""
        return run(lambda: [_session(i) for i in SessionItem.query(recording_id, consistent_read=True, limit=limit)])

    def by_user(self, user_id: str, *, limit: int) -> list[ViewerSession]:
        """Newest first, at most `limit`, eventually consistent."""
        found = SessionItem.by_user
        return run(lambda: [_session(i) for i in found.query(user_id, scan_index_forward=False, limit=limit)])


def _session(item: SessionItem) -> ViewerSession:
    return read_item(ViewerSession, item, {})
