"""Who watched, when and how much: sessions by person, and the same as a spreadsheet."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.analytics.spreadsheet import table
from chalicelib.domain.documents import iso

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

COLUMNS = ("user", "viewer", "first_at", "last_at", "sessions", "watch_s", "completion", "recordings")


class Attended(Protocol):
    """What is needed of a session."""

    @property
    def recording_id(self) -> str:
        """Of what."""

    @property
    def user_id(self) -> str:
        """Subject of the viewer's token, empty when anonymous."""

    @property
    def viewer(self) -> str:
        """The name that says nothing, empty when there was not even that."""

    @property
    def session_start(self) -> float:
        """Unix seconds."""

    @property
    def session_end(self) -> float | None:
        """None while it goes on."""

    @property
    def last_seen(self) -> float:
        """When it was last heard of, Unix seconds; 0 when unknown."""

    @property
    def total_watch_time(self) -> float:
        """Seconds of playing."""

    @property
    def live(self) -> bool:
        """Of a stream that was on."""

    @property
    def completion(self) -> float:
        """Part of the recording that was played, 0 to 1."""


@dataclass(frozen=True, slots=True)
class Person:
    """One viewer. Times are Unix seconds; `user` is empty when anonymous."""

    user: str
    viewer: str
    first_at: float
    last_at: float
    sessions: int
    watch_s: float
    completion: float | None
    """Of the recordings played the part played at one time, the most of each, in the mean; None of live streams."""
    recordings: int


@dataclass(frozen=True, slots=True)
class Attendance:
    """The people of some sessions, and the sessions of whom nothing is known but that they were."""

    people: tuple[Person, ...]
    anonymous_sessions: int


def attendance(sessions: Iterable[Attended]) -> Attendance:
    """Put sessions together by person, who watched most first."""
    by_person: dict[str, list[Attended]] = defaultdict(list)
    unknown = 0
    for session in sessions:
        name = session.viewer or session.user_id
        if name:
            by_person[name].append(session)
        else:
            unknown += 1
    people = [_person(name, of) for name, of in by_person.items()]
    return Attendance(tuple(sorted(people, key=lambda one: (-one.watch_s, one.first_at, one.viewer))), unknown)


def attendance_csv(people: Iterable[Person]) -> str:
    """Return people as a spreadsheet with a line of headings."""
    return table(COLUMNS, (_line(person) for person in people))


def _person(name: str, sessions: Sequence[Attended]) -> Person:
    best: dict[str, float] = {}
    for session in sessions:
        if not session.live:
            best[session.recording_id] = max(best.get(session.recording_id, 0.0), session.completion)
    return Person(
        user=next((session.user_id for session in sessions if session.user_id), ""),
        viewer=next((session.viewer for session in sessions if session.viewer), name),
        first_at=min(session.session_start for session in sessions),
        last_at=max(max(s.session_end or 0.0, s.last_seen, s.session_start) for s in sessions),
        sessions=len(sessions),
        watch_s=round(sum(session.total_watch_time for session in sessions), 3),
        completion=round(sum(best.values()) / len(best), 4) if best else None,
        recordings=len({session.recording_id for session in sessions}),
    )


def _line(person: Person) -> list[object]:
    times = [iso(person.first_at), iso(person.last_at)]
    done = "" if person.completion is None else person.completion
    return [person.user, person.viewer, *times, person.sessions, person.watch_s, done, person.recordings]
