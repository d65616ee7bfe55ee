"""Viewer sessions by recording, room and user."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters.tables.viewer_analytics import KEEP_S, SessionItem, ViewerAnalyticsTable
from chalicelib.errors import BadRequest
from chalicelib.services.analytics_ports import ViewerSession

SESSION = ViewerSession(
    "rec_1", "s1", 1000.0, "anna", "hall", "ada", "v1", 1060.5, 2000, 3, 1, 58.25, 0.5, 800, started=True,
    network="4g", device="phone", country="DE", completion=0.5, good=False, qoe=1.25, last_seen=1060.5,
    rungs={"720p 1000k": 58_000},
)  # fmt: skip


pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def sessions() -> ViewerAnalyticsTable:
    """Return the repository over an empty table."""
    return ViewerAnalyticsTable()


def test_a_session_written_twice_is_one(sessions: ViewerAnalyticsTable) -> None:
    """The last state of a session replaces the one before, whole: an end can be taken back."""
    sessions.put(SESSION)
    going_on = replace(SESSION, session_end=None, total_watch_time=70.0, good=None, qoe=None)
    sessions.put(going_on)
    sessions.put(going_on)

    assert sessions.of_recording("rec_1", limit=9) == ([going_on], None)
    assert sessions.get("rec_1", "s1") == going_on
    assert sessions.get("rec_1", "s2") is None


def test_look_ups(sessions: ViewerAnalyticsTable) -> None:
    """Newest first; an anonymous session belongs to no user, one without a room to no room, a room to one owner."""
    later = replace(SESSION, recording_id="rec_2", session="s2", session_start=2000.0)
    anonymous = ViewerSession("rec_1", "s3", 3000.0, "anna")
    others = replace(SESSION, recording_id="rec_3", session="s4", owner="bob", user_id="")
    for session in (SESSION, later, anonymous, others):
        sessions.put(session)

    assert sessions.of_user("ada", limit=9) == [later, SESSION]
    assert sessions.of_user("ada", limit=1) == [later]
    assert sessions.of_user("grace", limit=9) == []
    assert sessions.of_recording("rec_1", limit=9) == ([anonymous, SESSION], None)
    assert sessions.of_room("anna", "hall", limit=9) == ([later, SESSION], None)
    assert sessions.of_room("bob", "hall", limit=9) == ([others], None)
    assert sessions.of_room("anna", "", limit=9) == ([], None)


def test_pages(sessions: ViewerAnalyticsTable) -> None:
    """A cursor leads on, to the end, and through its own list only."""
    made = [replace(SESSION, session=f"s{n}", session_start=1000.0 + n) for n in range(5)]
    for session in made:
        sessions.put(session)

    found, cursor, pages = [], None, 0
    while pages == 0 or cursor:
        page, cursor = sessions.of_recording("rec_1", limit=2, cursor=cursor)
        found += page
        pages += 1
    assert found == made[::-1]
    _, first = sessions.of_recording("rec_1", limit=2)
    for wrong in (first, "x", "", "W10"):
        with pytest.raises(BadRequest, match="bad_cursor"):
            sessions.of_room("anna", "hall", limit=2, cursor=wrong)


def test_sessions_expire_and_can_be_removed(sessions: ViewerAnalyticsTable) -> None:
    """DynamoDB removes a session when the time to keep it is over; somebody may be faster."""
    sessions.put(SESSION)

    assert SessionItem.get("rec_1", "s1").expires_at.timestamp() == SESSION.session_start + KEEP_S
    assert sessions.some_of_recording("rec_1", limit=5) == [SESSION]
    for _ in range(2):
        sessions.delete("rec_1", "s1")
    assert sessions.some_of_recording("rec_1", limit=5) == []
