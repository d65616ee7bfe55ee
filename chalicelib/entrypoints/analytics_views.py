"""What answers about analytics look like."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalice.app import Response

from chalicelib.domain.documents import iso
from chalicelib.entrypoints.views import HEADERS

if TYPE_CHECKING:
    from chalicelib.domain.analytics.attendance import Attendance, Person
    from chalicelib.domain.analytics.course import Moment
    from chalicelib.services.analytics import SessionCourse
    from chalicelib.services.analytics_ports import ViewerSession

CSV = "text/csv; charset=utf-8"
NEXT = "X-Next-Cursor"
"""A spreadsheet has no other place to say that there is more."""


def session_view(session: ViewerSession) -> dict[str, Any]:
    """Return what one session came to."""
    return {
        "session": session.session,
        "recording_id": session.recording_id,
        "user": session.user_id or None,
        "anonymous": not session.user_id,
        "started_at": iso(session.session_start),
        "ended_at": None if session.session_end is None else iso(session.session_end),
        "watch_s": round(session.total_watch_time, 3),
        "completion": None if session.live else round(session.completion, 4),
        "startup_ms": session.startup_ms,
        "stalls": session.buffer_events,
        "stall_s": round(session.stall_s, 3),
        "switches": session.bitrate_switches,
        "mean_kbps": session.bitrate_selected or None,
        "network": session.network or None,
        "device": session.device or None,
        "country": session.country or None,
        "live": session.live,
        "failure": session.failure or None,
        "good": session.good,
        "qoe": None if session.qoe is None else round(session.qoe, 3),
        "latency_ms": session.latency_ms,
    }


def course_view(course: SessionCourse) -> dict[str, Any]:
    """Return one session with its timeline, and why it stalled."""
    recording = course.recording
    return session_view(course.session) | {
        "recording": {"id": recording.id, "title": recording.title, "duration_s": recording.duration_s or None},
        "timeline": [moment_view(moment) for moment in course.moments],
        "truncated": course.truncated,
        "why": [
            {"at_ms": reason.at_ms, "stall_ms": round(reason.stall_ms), "code": reason.code, "text": reason.text}
            for reason in course.reasons
        ],
    }


def moment_view(moment: Moment) -> dict[str, Any]:
    """Return one event of a timeline; what it did not say is left out."""
    said = {
        "throughput_kbps": moment.throughput_kbps,
        "buffer_s": moment.buffer_s,
        "kbps": moment.kbps,
        "rung": moment.rung or None,
        "stall_ms": None if moment.stall_ms is None else round(moment.stall_ms),
        "reason": moment.reason or None,
        "pt_s": moment.pt_s,
        "code": moment.code or None,
    }
    known = {name: value for name, value in said.items() if value is not None}
    return {"at_ms": moment.at_ms, "kind": moment.kind, **known}


def attendance_view(found: Attendance, cursor: str | None) -> dict[str, Any]:
    """Return who was there."""
    return {
        "people": [_person_view(person) for person in found.people],
        "next_cursor": cursor,
        "anonymous_sessions": found.anonymous_sessions,
    }


def attendance_sheet(found: Attendance, cursor: str | None, name: str) -> Response:
    """Return who was there as a spreadsheet to save under `name`, plain letters only."""
    headers: dict[str, str | list[str]] = {
        "Content-Type": CSV,
        "Content-Disposition": f'attachment; filename="{name}.csv"',
        **HEADERS,
    }
    if cursor is not None:
        headers[NEXT] = cursor
    from chalicelib.domain.analytics.attendance import attendance_csv  # noqa: PLC0415  no other route needs sums

    return Response(attendance_csv(found.people), headers=headers, status_code=200)


def _person_view(person: Person) -> dict[str, Any]:
    return {
        "user": person.user or None,
        "viewer": person.viewer,
        "first_at": iso(person.first_at),
        "last_at": iso(person.last_at),
        "sessions": person.sessions,
        "watch_s": person.watch_s,
        "completion": person.completion,
        "recordings": person.recordings,
    }
