"""Who was there, and spreadsheets that run nothing."""

from __future__ import annotations

import csv
from dataclasses import replace
from io import StringIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.analytics.attendance import COLUMNS, Person, attendance, attendance_csv
from chalicelib.domain.analytics.spreadsheet import cell, table
from chalicelib.services.analytics_ports import ViewerSession

ANNA = ViewerSession(
    "rec_1", "s1", 100.0, user_id="anna", viewer="v1", session_end=160.0, total_watch_time=50.0, completion=0.5
)


def test_sessions_of_one_person_are_one_line() -> None:
    """First and last time, sessions, seconds; of each recording the session that played most of it."""
    sessions = [
        ANNA,
        replace(ANNA, session="s2", session_start=300.0, session_end=None, last_seen=420.0, completion=0.25),
        replace(ANNA, session="s3", recording_id="rec_2", session_start=50.0, session_end=60.0, completion=1.0),
    ]
    assert attendance(sessions).people == (Person("anna", "v1", 50.0, 420.0, 3, 150.0, 0.75, 2),)


def test_people_without_a_name() -> None:
    """A browser that counts as one viewer is a person without a name; what says nothing at all is only counted."""
    unnamed = replace(ANNA, session="s2", user_id="", viewer="v2", total_watch_time=60.0)
    found = attendance([ANNA, unnamed, replace(ANNA, session="s3", user_id="", viewer="")])
    assert [(person.user, person.viewer) for person in found.people] == [("", "v2"), ("anna", "v1")]
    assert found.anonymous_sessions == 1


def test_live_has_no_completion() -> None:
    """Nobody can play all of what has no end."""
    (person,) = attendance([replace(ANNA, live=True)]).people
    assert person.completion is None
    both = attendance([replace(ANNA, live=True), ANNA]).people
    assert both[0].completion == 0.5


def test_nobody() -> None:
    """No lines, and a spreadsheet of headings only."""
    assert attendance([]).people == ()
    assert attendance_csv([]) == ",".join(COLUMNS) + "\r\n"


@given(st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(0, 99), st.integers(0, 999)), max_size=30))
def test_nothing_is_lost(drawn: list[tuple[str, int, int]]) -> None:
    """Sessions and seconds add up, whoever's they were and in whatever order they came."""
    sessions = [
        replace(ANNA, session=f"s{place}", user_id="", viewer=viewer, session_start=float(at), total_watch_time=watched)
        for place, (viewer, at, watched) in enumerate(drawn)
    ]
    found = attendance(sessions)
    assert sum(person.sessions for person in found.people) + found.anonymous_sessions == len(sessions)
    named = [session for session in sessions if session.viewer]
    assert sum(person.watch_s for person in found.people) == sum(session.total_watch_time for session in named)
    assert {person.viewer for person in found.people} == {session.viewer for session in named}
    assert all(person.first_at <= person.last_at for person in found.people)
    assert attendance(sessions[::-1]) == found


@pytest.mark.parametrize(
    "text",
    ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", " =1", "\U00016b78=1", "＝1", '=HYPERLINK("http://x")'],  # noqa: RUF001
)
def test_formulas_are_text(text: str) -> None:
    """An apostrophe makes them text; quotes and line ends cannot break out of the cell."""
    (row,) = list(csv.reader(StringIO(table(["user"], [[text]]))))[1:]
    assert row[0].startswith("'")
    assert len(row) == 1


@given(st.lists(st.text(), min_size=1, max_size=4))
def test_what_goes_in_is_read_back(cells: list[str]) -> None:
    """By a reader of CSV, one line each, none of them a formula."""
    (row,) = list(csv.reader(StringIO(table(["a"], [cells]), newline="")))[1:]
    assert row == [cell(text) for text in cells]
    assert not any(value.lstrip().startswith(("=", "+", "-", "@")) for value in row)


def test_numbers_stay_numbers() -> None:
    """A spreadsheet can add them up."""
    person = Person("anna", "v1", 0.0, 60.0, 2, 12.5, None, 1)
    line = attendance_csv([person]).splitlines()[1]
    assert line == "anna,v1,1970-01-01T00:00:00.000Z,1970-01-01T00:01:00.000Z,2,12.5,,1"
