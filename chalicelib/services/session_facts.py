"""Keeps sessions' facts: what reports say becomes sums, once, whatever comes twice or dies in between."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.domain.analytics.readings import Arrival, read_event, shown
from chalicelib.domain.analytics.record import SessionRecord
from chalicelib.domain.analytics.session import MOST_EVENTS
from chalicelib.domain.analytics.summing import outcome_of
from chalicelib.errors import TooMany, Transient
from chalicelib.services.analytics_ports import Fold, ViewerSession

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.abr.reports import Event
    from chalicelib.domain.recording import Recording
    from chalicelib.domain.sessions import PlayerSession
    from chalicelib.services.analytics_ports import EventLog, Folds
    from chalicelib.services.ladders import Ladder
    from chalicelib.services.ports import Clock
    from chalicelib.services.reports import PlayerSessions
    from chalicelib.services.viewers import Viewer

FULL = "session_full"
"""Why events above the highest number are not counted."""


class ViewerNames(Protocol):
    """Holds the key under which viewers are named."""

    def of_user(self, user: str) -> str:
        """Return the name of somebody who is signed in."""

    def of_browser(self, viewer_id: str) -> str:
        """Return the name of who uses a browser, by the random id that it keeps."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What of a report is new to analytics."""

    before: SessionRecord
    record: SessionRecord
    fresh: tuple[dict[str, Any], ...] = ()
    """Readings of the events that are new, in order of sequence."""
    refused: tuple[tuple[int, str], ...] = ()


class SessionFactsKeeper:
    """Reads reports into facts, and writes these with the session."""

    def __init__(self, sessions: PlayerSessions, folds: Folds, log: EventLog, names: ViewerNames, clock: Clock) -> None:
        """Write to `sessions`, or, when the sums are to hear of it, to `folds`; single events go to `log`."""
        self._sessions = sessions
        self._folds = folds
        self._log = log
        self._names = names
        self._clock = clock

    def read(self, viewer: Viewer, known: PlayerSession, events: Sequence[Event], ladder: Ladder) -> Intake:
        """Return what is new; raises TooMany for a report too many, when it has anything new."""
        now = self._clock.now()
        before = SessionRecord.from_dict(known.facts, now=now)
        new = [event for event in events if before.facts.takes(event.sequence)]
        refused = tuple((event.sequence, FULL) for event in events if event.sequence >= MOST_EVENTS)
        if not new:
            return Intake(before, before, (), refused)
        pace = before.pace.after(now)
        if pace is None:
            raise TooMany("too_many_reports", "This session reports more than once a second: put events together.")
        if before.erased:
            return Intake(before, replace(before.noting(event.sequence for event in new), pace=pace), (), refused)
        arrival = Arrival(
            round(1000 * now),
            round(1000 * before.opened_at),
            ladder.profile,
            round(1000 * ladder.segment_s),
            self._names.of_browser,
        )
        fresh = tuple(read_event(event, arrival) for event in new)
        record = replace(before.after(fresh), pace=pace, country=before.country or viewer.country)
        return Intake(before, record, fresh, refused)

    def keep(self, changed: PlayerSession, intake: Intake, recording: Recording) -> bool:
        """Write a session with what is new of it; False when somebody else has written it meanwhile."""
        now, record = self._clock.now(), intake.record
        if record.erased:
            return self._sessions.save(replace(changed, viewer="", facts=record.to_dict()), now=now)
        name = self._names.of_user(changed.viewer) if changed.viewer else ""
        record = replace(record, name=name)
        # Before the session, which says that they have come: who dies between the two is sent them again.
        self._log.add(changed.recording_id, changed.session, [shown(reading) for reading in intake.fresh], now=now)
        if record.is_due(intake.before, now):
            try:
                return self.fold(changed, record, recording)
            except Transient:
                # The sums are contended: what is to be added waits in the session for its next report, or the sweep.
                pass
        kept = replace(changed, facts=record.to_dict(), sweep_at=record.sweep_at(now, recording.duration_s))
        return self._sessions.save(kept, now=now)

    def fold(self, session: PlayerSession, record: SessionRecord, recording: Recording) -> bool:
        """Write a session and let the sums hear of it; False when somebody else has written it meanwhile."""
        now, duration_s = self._clock.now(), recording.duration_s
        told = record.told(duration_s, now)
        kept = replace(session, facts=told.to_dict(), sweep_at=told.sweep_at(now, duration_s))
        row = viewer_session(kept, told, recording)
        return self._folds.write(kept, Fold(row, record.share, told.share), now=now)


def viewer_session(session: PlayerSession, record: SessionRecord, recording: Recording) -> ViewerSession:
    """Return a session as the viewer_analytics table has it."""
    facts, outcome = record.facts, outcome_of(record.facts, record.context(recording.duration_s))
    return ViewerSession(
        recording_id=recording.id,
        session=session.session,
        session_start=facts.begun_ms / 1000,
        owner=recording.owner,
        room_id=recording.room_id,
        user_id=session.viewer,
        viewer=record.viewer,
        session_end=facts.last_ms / 1000 if outcome.ended else None,
        bitrate_selected=round(outcome.mean_kbps or 0),
        bitrate_switches=facts.switches,
        buffer_events=facts.stalls,
        total_watch_time=outcome.watch_ms / 1000,
        stall_s=outcome.stall_ms / 1000,
        startup_ms=outcome.startup_ms,
        started=facts.started,
        failure=outcome.failure,
        live=facts.live,
        latency_ms=outcome.latency_ms,
        network=outcome.network,
        device=outcome.device,
        country=record.country,
        completion=round(outcome.completion, 4),
        good=outcome.good,
        qoe=None if outcome.qoe is None else round(outcome.qoe, 3),
        last_seen=facts.last_ms / 1000,
        rungs=dict(facts.rungs),
    )
