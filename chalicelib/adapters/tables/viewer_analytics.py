"""The viewer_analytics table: one row per recording and player session, gone after the time to keep it."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

from pynamodb.attributes import BooleanAttribute, JSONAttribute, TTLAttribute, UnicodeAttribute
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.adapters.tables.base import BILLING, Count, Seconds, Table, run
from chalicelib.adapters.tables.mapping import item_values, read_item
from chalicelib.domain.keys import address
from chalicelib.errors import BadRequest
from chalicelib.services.analytics_ports import ViewerSession

KEEP_S = 400 * 24 * 3600
"""Thirteen months, so that a month can be compared with the same month a year before."""


class ByRecording(GlobalSecondaryIndex["SessionItem"]):
    """A recording's sessions in order of time."""

    class Meta:
        """Index settings."""

        index_name = "by_recording"
        projection = AllProjection()

    recording_id = UnicodeAttribute(hash_key=True)
    session_start = Seconds(range_key=True)


class ByUser(GlobalSecondaryIndex["SessionItem"]):
    """A person's sessions in order of time; anonymous ones are not in it."""

    class Meta:
        """Index settings."""

        index_name = "by_user"
        projection = AllProjection()

    user_id = UnicodeAttribute(hash_key=True)
    session_start = Seconds(range_key=True)


class ByRoom(GlobalSecondaryIndex["SessionItem"]):
    """The sessions of an owner's room in order of time; recordings without a room are not in it."""

    class Meta:
        """Index settings."""

        index_name = "by_room"
        projection = AllProjection()

    owner_room = UnicodeAttribute(hash_key=True)
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
    owner = UnicodeAttribute(null=True)
    room_id = UnicodeAttribute(null=True)
    owner_room = UnicodeAttribute(null=True)
    user_id = UnicodeAttribute(null=True)
    viewer = UnicodeAttribute(null=True)
    session_end = Seconds(null=True)
    bitrate_selected = Count(default=0)
    bitrate_switches = Count(default=0)
    buffer_events = Count(default=0)
    total_watch_time = Seconds(default=0.0)
    stall_s = Seconds(default=0.0)
    startup_ms = Count(null=True)
    started = BooleanAttribute(default=False)
    failure = UnicodeAttribute(null=True)
    live = BooleanAttribute(default=False)
    latency_ms = Count(null=True)
    network = UnicodeAttribute(null=True)
    device = UnicodeAttribute(null=True)
    country = UnicodeAttribute(null=True)
    completion = Seconds(default=0.0)
    good = BooleanAttribute(null=True)
    qoe = Seconds(null=True)
    last_seen = Seconds(default=0.0)
    rungs = JSONAttribute(null=True)
    expires_at = TTLAttribute()

    by_recording = ByRecording()
    by_user = ByUser()
    by_room = ByRoom()


@dataclass(frozen=True, slots=True)
class _Listing:
    """One partition of an index: what it is ordered under, and whose it is."""

    index: GlobalSecondaryIndex[Any]
    name: str
    value: str


class ViewerAnalyticsTable:
    """Implements analytics_ports.Sessions."""

    def put(self, session: ViewerSession) -> None:
        """Write a session whole; the same one again replaces it."""
        run(session_item(session).save)

    def of_recording(
        self, recording_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[list[ViewerSession], str | None]:
        """Sessions of a recording, newest first, and where to go on; raises BadRequest("bad_cursor")."""
        return _page(_Listing(SessionItem.by_recording, "recording_id", recording_id), limit, cursor)

    def of_user(self, user_id: str, *, limit: int) -> list[ViewerSession]:
        """A person's sessions, newest first."""
        return _page(_Listing(SessionItem.by_user, "user_id", user_id), limit, None)[0]

    def of_room(
        self, owner: str, room_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[list[ViewerSession], str | None]:
        """Sessions of all recordings of an owner's room, newest first."""
        return _page(_Listing(SessionItem.by_room, "owner_room", _room(owner, room_id)), limit, cursor)

    def get(self, recording_id: str, session: str) -> ViewerSession | None:
        """Read one, strongly consistent."""
        try:
            return read_session(run(lambda: SessionItem.get(recording_id, session, consistent_read=True)))
        except SessionItem.DoesNotExist:
            return None

    def some_of_recording(self, recording_id: str, *, limit: int) -> list[ViewerSession]:
        """Any sessions of a recording, strongly consistent: what is left to remove."""
        found = partial(SessionItem.query, recording_id, consistent_read=True, limit=limit)
        return run(lambda: [read_session(item) for item in found()])

    def delete(self, recording_id: str, session: str) -> None:
        """Remove one; quiet when there is none."""
        run(SessionItem(recording_id, session).delete)


def session_item(session: ViewerSession) -> SessionItem:
    """Return a session as it is stored."""
    expires_at = datetime.fromtimestamp(session.session_start + KEEP_S, tz=UTC)
    room: dict[str, Any] = {"owner_room": _room(session.owner, session.room_id)} if session.room_id else {}
    return SessionItem(**item_values(session), **room, expires_at=expires_at)


def read_session(item: SessionItem) -> ViewerSession:
    """Return a stored session."""
    return read_item(ViewerSession, item, {})


def _room(owner: str, room_id: str) -> str:
    """Return the name of a room among all owners': quoted, so that no two pairs make the same."""
    return json.dumps([owner, room_id], ensure_ascii=False, separators=(",", ":"))


def _page(listing: _Listing, limit: int, cursor: str | None) -> tuple[list[ViewerSession], str | None]:
    after = None if cursor is None else _start_key(listing, cursor)

    def read() -> tuple[list[SessionItem], Any]:
        found = listing.index.query(
            listing.value, scan_index_forward=False, limit=limit, page_size=limit, last_evaluated_key=after
        )
        return list(found), found.last_evaluated_key

    items, key = run(read)
    if key is None or not items:
        return [read_session(item) for item in items], None
    last = items[-1]
    return [read_session(item) for item in items], _cursor(listing, last.session_start, last.recording_id, last.session)


def _cursor(listing: _Listing, *place: float | str) -> str:
    text = json.dumps([*place, _check(listing, *place)], separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _start_key(listing: _Listing, cursor: str) -> dict[str, dict[str, Any]]:
    refusal = BadRequest("bad_cursor", "This cursor was not made for this list.")
    try:
        text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        start, recording_id, session, check = json.loads(text)
    except (binascii.Error, ValueError, TypeError, RecursionError):
        raise refusal from None
    if check != _check(listing, start, recording_id, session):
        raise refusal
    return {
        listing.name: {"S": listing.value},
        "session_start": {"N": json.dumps(start)},
        "recording_id": {"S": recording_id},
        "session": {"S": session},
    }


def _check(listing: _Listing, *place: object) -> str:
    """Return a checksum; a forged cursor could only start elsewhere in a list that its reader may read anyway."""
    return address({"list": listing.name, "key": listing.value, "place": list(place)}, 10)
