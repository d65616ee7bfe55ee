"""What the schedule does for analytics: sessions that vanished are closed, sums of days that are over settled."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from chalicelib.domain.analytics.record import SessionRecord
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from chalicelib.services.analytics_ports import EventLog, OpenSessions, Settling
    from chalicelib.services.ports import Clock, Recordings
    from chalicelib.services.session_facts import SessionFactsKeeper

SESSIONS = 300
"""Sessions closed in one sweep: some ten seconds of writing."""
PARTS = 150
"""Parts settled in one sweep."""
ALL = "all"
DAY_OVER_S = 3600
"""After midnight: what comes later is settled as well, a little at a time."""
DAYS_BACK = 7
"""For longer than a session's events can be late."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class AnalyticsSweeps:
    """Runs every minute. Each step may be done twice, or be left to the next sweep."""

    sessions: OpenSessions
    log: EventLog
    facts: SessionFactsKeeper
    settling: Settling
    recordings: Recordings
    clock: Clock

    def close_left(self) -> int:
        """Close sessions that nothing has come of for a quarter of an hour, and let the sums hear all; how many."""
        due = self.sessions.to_sweep(now=self.clock.now(), limit=SESSIONS)
        return sum(self._close(recording_id, session) for recording_id, session in due)

    def settle(self) -> int:
        """Pack up parts of sums: those over all time, and those of days that are over; returns how many."""
        today = datetime.fromtimestamp(self.clock.now() - DAY_OVER_S, UTC)
        days = [(today - timedelta(days=back)).strftime("%Y-%m-%d") for back in range(1, DAYS_BACK + 1)]
        done = 0
        for part in (ALL, *days):
            for key in self.settling.unsettled(part, limit=PARTS - done):
                done += self._settle(key, part)
            if done >= PARTS:
                break
        return done

    def _close(self, recording_id: str, session: str) -> bool:
        now = self.clock.now()
        # Whatever its time is: what the sums have not heard is not to go with it.
        stored = self.sessions.load(recording_id, session, now=0.0)
        if stored is None or stored.sweep_at is None or stored.sweep_at > now:
            return False
        recording = self.recordings.get(recording_id)
        if recording is None or recording.status is RecordingStatus.DELETING:
            self.log.delete(recording_id, session)
            self.sessions.delete(recording_id, session)
            return True
        record = replace(SessionRecord.from_dict(stored.facts, now=now), closed=True)
        try:
            return self.facts.fold(stored, record, recording)
        except Transient:
            log.warning("the sums are contended: %s of %s stays for the next sweep", session, recording_id)
            return False

    def _settle(self, key: str, part: str) -> bool:
        try:
            return self.settling.settle(key, part)
        except Transient:
            log.warning("others add to %s all the time: it stays for the next sweep", key)
            return False
