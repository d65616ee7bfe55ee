"""/v1/analytics and what belongs to recordings, rooms and people of it: how the watching went."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from chalice.app import Blueprint

from chalicelib import analytics_container
from chalicelib.entrypoints.analytics_schemas import (
    AttendanceQuery,
    LiveNowQuery,
    OverviewQuery,
    RangeQuery,
    RoomAttendanceQuery,
    SessionsQuery,
)
from chalicelib.entrypoints.analytics_views import attendance_sheet, attendance_view, course_view, session_view
from chalicelib.entrypoints.authorizer import authorizer
from chalicelib.entrypoints.problems import answers
from chalicelib.entrypoints.requests import caller_of, read_query
from chalicelib.entrypoints.views import ok

if TYPE_CHECKING:
    from chalice.app import Response

    from chalicelib.domain.analytics.attendance import Attendance

blueprint = Blueprint(__name__)
_OF_RECORDING = "/v1/recordings/{recording_id}/analytics"


@blueprint.route("/v1/analytics/overview", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def read_overview() -> Response:
    """Sum up the watching of the caller's recordings by day; admins see everybody's, or those of whom they name."""
    query = read_query(blueprint.current_request, OverviewQuery)
    caller = caller_of(blueprint.current_request)
    return ok(analytics_container.analytics().overview(caller, query.first, query.last, query.owner))


@blueprint.route("/v1/analytics/live", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def read_live_now() -> Response:
    """Say which streams are on, with their viewers and how well they come in."""
    query = read_query(blueprint.current_request, LiveNowQuery)
    items = analytics_container.analytics().live_now(caller_of(blueprint.current_request), query.owner)
    return ok({"items": items})


@blueprint.route(_OF_RECORDING, methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def read_recording_analytics(recording_id: str) -> Response:
    """Sum up the watching of one recording by day and over all time."""
    query = read_query(blueprint.current_request, RangeQuery)
    caller = caller_of(blueprint.current_request)
    return ok(analytics_container.analytics().recording(caller, recording_id, query.first, query.last))


@blueprint.route(f"{_OF_RECORDING}/sessions", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def list_viewer_sessions(recording_id: str) -> Response:
    """List a recording's sessions, newest first."""
    query = read_query(blueprint.current_request, SessionsQuery)
    caller = caller_of(blueprint.current_request)
    found, cursor = analytics_container.analytics().sessions_of(caller, recording_id, query.limit, query.cursor)
    return ok({"sessions": [session_view(session) for session in found], "next_cursor": cursor})


@blueprint.route(f"{_OF_RECORDING}/sessions/{{session}}", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def read_viewer_session(recording_id: str, session: str) -> Response:
    """Look into one session: its timeline, and why it stalled."""
    caller = caller_of(blueprint.current_request)
    return ok(course_view(analytics_container.analytics().session(caller, recording_id, session)))


@blueprint.route(f"{_OF_RECORDING}/attendance", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def read_attendance(recording_id: str) -> Response:
    """Say who watched a recording, when and how much, as JSON or a spreadsheet."""
    query = read_query(blueprint.current_request, AttendanceQuery)
    caller = caller_of(blueprint.current_request)
    found, cursor = analytics_container.analytics().recording_attendance(
        caller, recording_id, query.cursor, most=_most(query)
    )
    return _attendance(found, cursor, query, recording_id)


@blueprint.route("/v1/rooms/{room}/attendance", methods=["GET"], authorizer=authorizer, content_types=[])
@answers
def read_room_attendance(room: str) -> Response:
    """Say who watched the recordings of a room."""
    query = read_query(blueprint.current_request, RoomAttendanceQuery)
    caller = caller_of(blueprint.current_request)
    found, cursor = analytics_container.analytics().room_attendance(
        caller, room, query.owner, query.cursor, most=_most(query)
    )
    return _attendance(found, cursor, query, re.sub(r"[^A-Za-z0-9_-]+", "-", room).strip("-") or "room")


@blueprint.route("/v1/users/{subject}/data", methods=["DELETE"], authorizer=authorizer, content_types=[])
@answers
def erase_user_data(subject: str) -> Response:
    """Forget what somebody watched: 200, or 202 while there is more than one call can take."""
    erased = analytics_container.erasure().erase(caller_of(blueprint.current_request), subject)
    document = {"erased_sessions": erased.sessions, "pending": erased.pending}
    return ok(document, status=202 if erased.pending else 200)


def _attendance(found: Attendance, cursor: str | None, query: AttendanceQuery, name: str) -> Response:
    if query.format == "csv":
        return attendance_sheet(found, cursor, f"attendance-{name}")
    return ok(attendance_view(found, cursor))


def _most(query: AttendanceQuery) -> int:
    """Sessions that one answer may be made of."""
    from chalicelib.services.analytics import (  # noqa: PLC0415  no other route needs sums
        ATTENDANCE_CSV_SESSIONS,
        ATTENDANCE_SESSIONS,
    )

    return ATTENDANCE_CSV_SESSIONS if query.format == "csv" else ATTENDANCE_SESSIONS
