"""Sums, events and viewers' names for tests, in memory."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.domain.analytics.measures import Measures
from chalicelib.domain.sessions import viewer_name
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.sessions import PlayerSession
    from chalicelib.services.analytics_ports import Fold, ViewerSession


@dataclass
class FakeFolds:
    """Sums beside the sessions of `sessions`, by whose they are and day; a day of `all` is over all time."""

    sessions: Any
    rows: dict[tuple[str, str], ViewerSession] = field(default_factory=dict)
    sums: dict[tuple[str, str], Measures] = field(default_factory=dict)
    views: dict[tuple[str, str, str], int] = field(default_factory=dict)
    """Views by viewer, recording and day."""
    contended: bool = False
    writes: int = 0

    def write(self, session: PlayerSession, fold: Fold, *, now: float) -> bool:
        """Write all of it or nothing."""
        if self.contended:
            raise Transient("aws_unavailable", "Others write the same sums.")
        if not self.sessions.save(session, now=now):
            return False
        self.writes += 1
        row, before, after = fold.row, fold.before, fold.after
        self.rows[row.recording_id, row.session] = row
        self._add(row.recording_id, "all", after.total - before.total)
        for day in {*before.days, *after.days}:
            change = after.days.get(day, Measures()) - before.days.get(day, Measures())
            for whose in (row.recording_id, row.owner):
                self._add(whose, day, change)
        for share, step in ((before, -1), (after, 1)):
            for day in (share.day, "all") if share.viewer else ():
                self._view(share.viewer, row.recording_id, day, step)
        return True

    def _add(self, whose: str, day: str, change: Measures) -> None:
        self.sums[whose, day] = self.sums.get((whose, day), Measures()) + change

    def _view(self, viewer: str, recording_id: str, day: str, step: int) -> None:
        key = (viewer, recording_id, day)
        before = self.views.get(key, 0)
        self.views[key] = before + step
        self._add(recording_id, day, Measures(viewers=(before + step > 0) - (before > 0)))

    def known(self) -> dict[tuple[str, str], Measures]:
        """Sums that are not empty."""
        return {key: sum_ for key, sum_ in self.sums.items() if sum_ != Measures()}


@dataclass
class FakeEventLog:
    """The session_events table."""

    rows: dict[tuple[str, str], dict[int, dict[str, Any]]] = field(default_factory=dict)

    def add(self, recording_id: str, session: str, events: Sequence[dict[str, Any]], *, now: float) -> None:
        """Write events."""
        assert now
        self.rows.setdefault((recording_id, session), {}).update({event["seq"]: event for event in events})

    def delete(self, recording_id: str, session: str) -> None:
        """Remove a session's."""
        self.rows.pop((recording_id, session), None)


class ViewerKey:
    """Viewers' names under a known key."""

    def of_user(self, user: str) -> str:
        """Name somebody."""
        return viewer_name(b"key", "user", user)

    def of_browser(self, viewer_id: str) -> str:
        """Name a browser."""
        return viewer_name(b"key", "browser", viewer_id)


@dataclass
class FakeWatched:
    """What is known of recordings' viewers: a row for each."""

    rows: list[str] = field(default_factory=list)

    def purge(self, recording_id: str) -> None:
        """Remove a recording's."""
        self.rows[:] = [row for row in self.rows if row != recording_id]
