"""Player sessions as stored: one writer at a time, and an end."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from chalicelib.adapters.tables.player_sessions import PlayerSessionsTable
from chalicelib.domain.sessions import PlayerSession

pytestmark = pytest.mark.usefixtures("tables")
NEW = PlayerSession("rec_1", "ses_0123456789abcdefghij", "ada", 0, {"last": 3, "engine": {"level": 7.25}}, 2000.0)


@pytest.fixture
def sessions() -> PlayerSessionsTable:
    """Return the repository over an empty table."""
    return PlayerSessionsTable()


def test_a_session_reads_as_it_was_written(sessions: PlayerSessionsTable) -> None:
    """With its version counted; an anonymous one too; another recording's of the same name is another."""
    assert sessions.load(NEW.recording_id, NEW.session, now=1000) is None
    assert sessions.save(NEW, now=1000)
    anonymous = replace(NEW, recording_id="rec_2", viewer="", state={})
    assert sessions.save(anonymous, now=1000)

    assert sessions.load(NEW.recording_id, NEW.session, now=1000) == replace(NEW, version=1)
    assert sessions.load("rec_2", NEW.session, now=1000) == replace(anonymous, version=1)


def test_a_late_writer_does_not_undo_a_newer_state(sessions: PlayerSessionsTable) -> None:
    """Whoever read an older version is told so, and nothing is written."""
    assert sessions.save(NEW, now=1000)
    first = sessions.load(NEW.recording_id, NEW.session, now=1000)
    assert first is not None
    assert sessions.save(replace(first, state={"last": 9}), now=1001)

    assert not sessions.save(replace(first, state={"last": 4}), now=1002)
    assert not sessions.save(NEW, now=1002)
    assert sessions.load(NEW.recording_id, NEW.session, now=1002) == replace(first, version=2, state={"last": 9})


def test_one_of_two_writers_wins(sessions: PlayerSessionsTable) -> None:
    """However they meet."""
    with ThreadPoolExecutor(2) as pool:
        won = list(pool.map(lambda n: sessions.save(replace(NEW, state={"last": n}), now=1000), range(2)))
    assert sorted(won) == [False, True]
    kept = sessions.load(NEW.recording_id, NEW.session, now=1000)
    assert kept is not None
    assert kept.state == {"last": won.index(True)}


def test_what_is_over_is_gone_and_may_begin_anew(sessions: PlayerSessionsTable) -> None:
    """Before DynamoDB gets round to removing it, and to the second."""
    assert sessions.save(NEW, now=1000)
    assert sessions.load(NEW.recording_id, NEW.session, now=1999.9) is not None
    assert sessions.load(NEW.recording_id, NEW.session, now=2000) is None
    again = replace(NEW, viewer="berta", state={}, expires_at=3000.0)
    assert not sessions.save(again, now=1999)
    assert sessions.save(again, now=2000)
    assert sessions.load(NEW.recording_id, NEW.session, now=2000) == replace(again, version=1)
