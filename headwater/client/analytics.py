"""The calls about how recordings were watched, one method each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from headwater.client.errors import Unreachable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from headwater.client.transport import Transport

Json = dict[str, Any]
_PAGE = 200


class AnalyticsApi:
    """What owners may ask at one origin. Every method raises ApiError or Unreachable."""

    def __init__(self, transport: Transport) -> None:
        """Use `transport`, which knows origin and tokens."""
        self._transport = transport

    def overview(self, asked: dict[str, str]) -> Json:
        """Return the sums of one's recordings; `asked` may hold `from`, `to` and `owner`."""
        return self._get("/analytics/overview", asked)

    def recording(self, recording_id: str, asked: dict[str, str]) -> Json:
        """Return one recording's sums; `asked` may hold `from` and `to`."""
        return self._get(f"/recordings/{_part(recording_id)}/analytics", asked)

    def sessions(self, recording_id: str, *, limit: int) -> Iterator[Json]:
        """Yield a recording's sessions, newest first, at most `limit`."""
        asked, given = {"limit": str(min(limit, _PAGE))}, 0
        while True:
            page = self._get(f"/recordings/{_part(recording_id)}/analytics/sessions", asked)
            for session in page["sessions"]:
                yield session
                given += 1
                if given == limit:
                    return
            if not page["next_cursor"]:
                return
            asked["cursor"] = page["next_cursor"]

    def session(self, recording_id: str, session: str) -> Json:
        """Return one session with its timeline and why it stalled."""
        return self._get(f"/recordings/{_part(recording_id)}/analytics/sessions/{_part(session)}", {})

    def attendance(self, recording_id: str) -> Json:
        """Return everybody who watched a recording: `people`, `anonymous_sessions`."""
        return self._people(f"/recordings/{_part(recording_id)}/analytics/attendance", {})

    def room_attendance(self, room: str, asked: dict[str, str]) -> Json:
        """Return everybody who watched a room's recordings; `asked` may hold `owner`."""
        return self._people(f"/rooms/{_part(room)}/attendance", asked)

    def live(self, asked: dict[str, str]) -> list[Json]:
        """Return the streams that are on; `asked` may hold `owner`."""
        items: list[Json] = self._get("/analytics/live", asked)["items"]
        return items

    def erase(self, user: str) -> int:
        """Have all forgotten that somebody watched; returns how many sessions that were. Safe to repeat."""
        erased = 0
        while True:
            answer = self._object("DELETE", f"/users/{_part(user)}/data", {})
            erased += int(answer["erased_sessions"])
            if not answer["pending"] or not answer["erased_sessions"]:
                return erased

    def _people(self, path: str, asked: dict[str, str]) -> Json:
        people: dict[str, Json] = {}
        anonymous = 0
        query = dict(asked)
        while True:
            page = self._get(path, query)
            anonymous += page["anonymous_sessions"]
            for person in page["people"]:
                known = people.get(person["viewer"])
                people[person["viewer"]] = together(known, person) if known else person
            if not page["next_cursor"]:
                break
            query["cursor"] = page["next_cursor"]
        everybody = sorted(people.values(), key=lambda person: (-person["watch_s"], person["first_at"]))
        return {"people": everybody, "anonymous_sessions": anonymous}

    def _get(self, path: str, query: dict[str, str]) -> Json:
        return self._object("GET", path, query)

    def _object(self, method: str, path: str, query: dict[str, str]) -> Json:
        answer = self._transport.json(method, f"/api/v1{path}", query=query)
        if not isinstance(answer, dict):
            raise Unreachable(f"What answers at {self._transport.base_url} is not Headwater's API.")
        return answer


def together(one: Json, other: Json) -> Json:
    """Return somebody who is on two pages of attendance as one person."""
    done = [part for part in (one["completion"], other["completion"]) if part is not None]
    return {
        "user": one["user"] or other["user"],
        "viewer": one["viewer"],
        "first_at": min(one["first_at"], other["first_at"]),
        "last_at": max(one["last_at"], other["last_at"]),
        "sessions": one["sessions"] + other["sessions"],
        "watch_s": one["watch_s"] + other["watch_s"],
        "completion": max(done, default=None),
        "recordings": max(one["recordings"], other["recordings"]),
    }


def _part(name: str) -> str:
    """Quote a name so that whatever a person typed stays one path segment."""
    return quote(name, safe="")
