"""What requests about analytics look like."""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from chalicelib.entrypoints.schemas import Query

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


def _iso_day(text: object) -> object:
    """Let nothing but a day through: pydantic would also read Unix times."""
    if not isinstance(text, str) or not _DAY.fullmatch(text):
        raise ValueError("must be a day such as 2026-11-28")
    return text


Day = Annotated[date, BeforeValidator(_iso_day)]
Owner = Annotated[str, Field(min_length=1, max_length=255)]
Cursor = Annotated[str, Field(max_length=2048)]


class RangeQuery(Query):
    """GET /v1/recordings/{id}/analytics; UTC days, both included."""

    first: Annotated[Day | None, Field(alias="from")] = None
    last: Annotated[Day | None, Field(alias="to")] = None


class OverviewQuery(RangeQuery):
    """GET /v1/analytics/overview."""

    owner: Owner | None = None


class LiveNowQuery(Query):
    """GET /v1/analytics/live."""

    owner: Owner | None = None


class SessionsQuery(Query):
    """GET /v1/recordings/{id}/analytics/sessions."""

    limit: Annotated[int, Field(ge=1, le=200)] = 50
    cursor: Cursor | None = None


class AttendanceQuery(Query):
    """GET /v1/recordings/{id}/analytics/attendance."""

    cursor: Cursor | None = None
    format: Literal["json", "csv"] = "json"


class RoomAttendanceQuery(AttendanceQuery):
    """GET /v1/rooms/{room}/attendance."""

    owner: Owner | None = None
