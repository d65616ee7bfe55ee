"""Viewer sessions by recording and by user."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.adapters.tables.viewer_analytics import KEEP_S, SessionItem, ViewerAnalyticsTable, ViewerSession

SESSION = ViewerSession("rec_1", "s1", 1000.0, "ada", 1060.5, 2000, 3, 1, 58.25)


pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def sessions() -> ViewerAnalyticsTable:
    """Return the repository over an empty table."""
    return ViewerAnalyticsTable()


def test_a_session_written_twice_is_one(sessions: ViewerAnalyticsTable) -> None:
    """The last state of a session replaces the one before."""
    sessions.put(replace(SESSION, session_end=None, total_watch_time=10.0))
    sessions.put(SESSION)
    sessions.put(SESSION)

    assert sessions.by_recording("rec_1", limit=9) == [SESSION]


def test_look_ups(sessions: ViewerAnalyticsTable) -> None:
    """By user newest first; an anonymous session belongs to no user."""
    later = replace(SESSION, recording_id="rec_2", session="s2", session_start=2000.0)
    anonymous = ViewerSession("rec_1", "s3", 3000.0)
    for session in (SESSION, later, anonymous):
        sessions.put(session)

    assert sessions.by_user("ada", limit=9) == [later, SESSION]
    assert sessions.by_user("ada", limit=1) == [later]
    assert sessions.by_user("grace", limit=9) == []
    assert sessions.by_recording("rec_1", limit=9) == [SESSION, anonymous]


def test_sessions_expire(sessions: ViewerAnalyticsTable) -> None:
    """DynamoDB removes a session when the time to keep it is over."""
    sessions.put(SESSION)

    assert SessionItem.get("rec_1", "s1").expires_at.timestamp() == SESSION.session_start + KEEP_S
