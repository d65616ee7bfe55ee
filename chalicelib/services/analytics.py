"""What owners are told of the watching of their recordings: sums, sessions, and who was there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.access import Action, Role, forbidden_role, require_own
from chalicelib.domain.analytics.attendance import attendance
from chalicelib.domain.analytics.course import MOST_MOMENTS, course
from chalicelib.domain.analytics.measures import total
from chalicelib.domain.analytics.periods import period
from chalicelib.domain.analytics.reports import range_report, seconds, shown, slots_report
from chalicelib.domain.analytics.retention import DIMENSIONS, breakdown, retention, rung_shares
from chalicelib.domain.analytics.stall_reasons import why
from chalicelib.domain.documents import iso
from chalicelib.domain.recording import RecordingStatus
from chalicelib.domain.sessions import check_session_id, session_not_found
from chalicelib.services.recordings import find

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import date

    from chalicelib.domain.access import Caller
    from chalicelib.domain.analytics.attendance import Attendance
    from chalicelib.domain.analytics.course import Moment
    from chalicelib.domain.analytics.measures import Measures
    from chalicelib.domain.analytics.stall_reasons import Reason
    from chalicelib.domain.recording import Recording
    from chalicelib.services.analytics_ports import Rollups, Sessions, Timelines, ViewerSession
    from chalicelib.services.live_now import LiveNow
    from chalicelib.services.ports import Clock, Recordings

    Page = tuple[list[ViewerSession], str | None]

EVERYBODY = "*"
MOST_WATCHED = 10
ATTENDANCE_SESSIONS = 1000
"""Sessions that one page of attendance is made of."""
ATTENDANCE_CSV_SESSIONS = 20_000
"""And one spreadsheet: what the gateway's half minute is enough for."""
_READ_AT_ONCE = 250


@dataclass(frozen=True, slots=True)
class SessionCourse:
    """One session looked into."""

    session: ViewerSession
    recording: Recording
    moments: list[Moment]
    truncated: bool
    """There may be more than is shown."""
    reasons: list[Reason]


@dataclass(frozen=True, slots=True)
class Analytics:
    """Everything is read from sums and rows that are there already: the cost does not grow with the traffic."""

    rollups: Rollups
    sessions: Sessions
    timelines: Timelines
    recordings: Recordings
    live: LiveNow
    clock: Clock

    def overview(self, caller: Caller, first: date | None, last: date | None, owner: str | None) -> dict[str, Any]:
        """Return the sums of an owner's recordings by day, what is on now, and what was watched most.

        Raises Forbidden, BadRequest("invalid_request").
        """
        whose = self._owner(caller, owner)
        now = self.clock.now()
        asked = period(first, last, now=now)
        days = self.rollups.owner_days(whose, asked.before.days[0], asked.days[-1])
        return range_report(days, asked, now=now) | {
            "live_now": self.live.summary(None if whose == EVERYBODY else whose),
            "most_watched": self._most_watched(whose),
        }

    def recording(self, caller: Caller, recording_id: str, first: date | None, last: date | None) -> dict[str, Any]:
        """Return a recording's sums by day and over all time; raises NotFound, Forbidden, BadRequest."""
        recording = self._find(caller, recording_id)
        now = self.clock.now()
        asked = period(first, last, now=now)
        days = self.rollups.recording_days(recording.id, asked.before.days[0], asked.days[-1])
        ever = self.rollups.recording_total(recording.id)
        slots = slots_report(days, asked, now=now)
        more = {} if slots is None else {"slots": [{"at": iso(at), "viewers": viewers} for at, viewers in slots]}
        parts = _parts(total(days[day] for day in asked.days if day in days))
        return (
            range_report(days, asked, now=now)
            | more
            | parts
            | _all_time(ever)
            | {"recording": recording_facts(recording)}
        )

    def sessions_of(self, caller: Caller, recording_id: str, limit: int, cursor: str | None) -> Page:
        """Return a page of a recording's sessions, newest first; raises NotFound, Forbidden, BadRequest."""
        recording = self._find(caller, recording_id)
        return self.sessions.of_recording(recording.id, limit=limit, cursor=cursor)

    def session(self, caller: Caller, recording_id: str, session: str) -> SessionCourse:
        """Look into one session; raises NotFound: recording_not_found, session_not_found; Forbidden."""
        recording = self._find(caller, recording_id)
        found = self.sessions.get(recording.id, check_session_id(session))
        if found is None:
            raise session_not_found()
        events = self.timelines.events(recording.id, session)
        moments = course(events[:MOST_MOMENTS], found.session_start)
        return SessionCourse(found, recording, moments, len(events) >= MOST_MOMENTS, why(moments))

    def recording_attendance(
        self, caller: Caller, recording_id: str, cursor: str | None, *, most: int = ATTENDANCE_SESSIONS
    ) -> tuple[Attendance, str | None]:
        """Return who watched a recording, of at most `most` sessions, and where to go on.

        Raises NotFound, Forbidden, BadRequest("bad_cursor").
        """
        recording = self._find(caller, recording_id)
        return _gather(lambda at, n: self.sessions.of_recording(recording.id, limit=n, cursor=at), cursor, most)

    def room_attendance(
        self, caller: Caller, room_id: str, owner: str | None, cursor: str | None, *, most: int = ATTENDANCE_SESSIONS
    ) -> tuple[Attendance, str | None]:
        """Return who watched the recordings of an owner's room; admins may name the owner. Raises as above."""
        require_own(caller, Action.ANALYSE)
        whose = owner or caller.sub
        if whose != caller.sub and caller.role is not Role.ADMIN:
            raise forbidden_role(Action.ANALYSE)
        return _gather(lambda at, n: self.sessions.of_room(whose, room_id, limit=n, cursor=at), cursor, most)

    def live_now(self, caller: Caller, owner: str | None) -> list[dict[str, Any]]:
        """Return the streams that are on; raises Forbidden."""
        whose = self._owner(caller, owner)
        return self.live.items(None if whose == EVERYBODY else whose)

    def _find(self, caller: Caller, recording_id: str) -> Recording:
        return find(self.recordings, caller, recording_id, Action.ANALYSE)

    def _owner(self, caller: Caller, owner: str | None) -> str:
        """Return whose sums to show: one's own, to admins everybody's or those of whom they name."""
        require_own(caller, Action.ANALYSE)
        if caller.role is Role.ADMIN:
            return owner or EVERYBODY
        # Somebody may be called by the name of everybody's sums.
        if owner not in {None, caller.sub} or caller.sub == EVERYBODY:
            raise forbidden_role(Action.ANALYSE)
        return caller.sub

    def _most_watched(self, owner: str) -> list[dict[str, Any]]:
        found = self.rollups.most_watched(owner, limit=MOST_WATCHED)
        titled = [(one, self.recordings.get(one.recording_id)) for one in found]
        return [
            {
                "recording_id": one.recording_id,
                "title": recording.title,
                "watch_s": seconds(one.watch_ms),
                "views": one.views,
            }
            for one, recording in titled
            if recording is not None and recording.status is not RecordingStatus.DELETING
        ]


def recording_facts(recording: Recording) -> dict[str, Any]:
    """Return what dashboards say of a recording."""
    return {
        "id": recording.id,
        "title": recording.title,
        "duration_s": recording.duration_s or None,
        "live": recording.is_live,
        "created_at": iso(recording.created_at),
    }


def _all_time(ever: Measures) -> dict[str, Any]:
    return {
        "all_time": shown(ever, viewers=ever.viewers),
        "retention": retention(ever),
    }


def _parts(sums: Measures) -> dict[str, Any]:
    divided = {member: breakdown(sums, dimension) for member, dimension in DIMENSIONS.items()}
    return {"rungs": rung_shares(sums), **divided}


def _gather(read: Callable[[str | None, int], Page], cursor: str | None, most: int) -> tuple[Attendance, str | None]:
    found: list[ViewerSession] = []
    for _ in range(-(-most // _READ_AT_ONCE)):
        page, cursor = read(cursor, _READ_AT_ONCE)
        found += page
        if cursor is None:
            break
    return attendance(found), cursor
