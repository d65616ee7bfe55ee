"""Taking sessions away: a deleted recording's, and those of who wants to be forgotten. Sums that name nobody stay."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from chalicelib.domain.access import Role
from chalicelib.domain.analytics.record import SessionRecord
from chalicelib.errors import Forbidden, Transient

if TYPE_CHECKING:
    from chalicelib.domain.access import Caller
    from chalicelib.services.analytics_ports import EventLog, OpenSessions, SessionRows, Settling, ViewerSession
    from chalicelib.services.ports import Clock
    from chalicelib.services.session_facts import ViewerNames

AT_ONCE = 100
"""Sessions forgotten in one call: some seconds."""
_TRIES = 5


@dataclass(frozen=True, slots=True)
class Erased:
    """How many sessions were forgotten, and whether there may be more."""

    sessions: int
    pending: bool


@dataclass(frozen=True, slots=True)
class Forgetting:
    """Every step may run twice; the row that names the rest goes last."""

    rows: SessionRows
    sessions: OpenSessions
    log: EventLog
    settling: Settling
    clock: Clock

    def purge(self, recording_id: str) -> None:
        """Remove everything that is known of a recording's viewers, and its own sums; its owner's sums stay."""
        while some := self.rows.some_of_recording(recording_id, limit=AT_ONCE):
            for row in some:
                self.log.delete(recording_id, row.session)
                self.sessions.delete(recording_id, row.session)
                if row.viewer:
                    self.settling.forget_views(row.viewer, recording_id)
                self.rows.delete(recording_id, row.session)
        self.settling.delete_recording(recording_id)

    def forget(self, user: str, name: str) -> Erased:
        """Forget some of a person's sessions; `name` is what the sums know them by."""
        some = self.rows.of_user(user, limit=AT_ONCE)
        for row in some:
            self._forget(row)
        self.settling.forget_viewer(name)
        return Erased(len(some), pending=len(some) == AT_ONCE)

    def _forget(self, row: ViewerSession) -> None:
        """Forget one. While it goes on it is remembered that it was, so that what is told from now on is not taken."""
        for _ in range(_TRIES):
            now = self.clock.now()
            stored = self.sessions.load(row.recording_id, row.session, now=now)
            if stored is None:
                break
            record = SessionRecord.from_dict(stored.facts, now=now).forgotten()
            if self.sessions.save(replace(stored, viewer="", facts=record.to_dict(), sweep_at=None), now=now):
                break
        else:
            raise Transient("session_contended", "A session goes on and reports all the time; try again.")
        self.log.delete(row.recording_id, row.session)
        self.rows.delete(row.recording_id, row.session)


@dataclass(frozen=True, slots=True)
class Erasure:
    """Forgetting under the rules of access."""

    forgetting: Forgetting
    names: ViewerNames

    def erase(self, caller: Caller, user: str) -> Erased:
        """Forget what somebody watched; raises Forbidden for everybody but them and administrators."""
        if caller.role is not Role.ADMIN and caller.sub != user:
            raise Forbidden("forbidden_role", "Only an administrator may erase what somebody else watched.")
        return self.forgetting.forget(user, self.names.of_user(user))
