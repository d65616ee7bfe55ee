"""Players' reports: what is new moves their session, teaches their network's history, and is answered with advice."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.abr.following import Followed, follow
from chalicelib.domain.analytics.session import MOST_EVENTS
from chalicelib.domain.networks import share_of
from chalicelib.domain.rates import Kind
from chalicelib.domain.sessions import KEEP_S, PlayerSession
from chalicelib.errors import Transient
from chalicelib.services.quality import advise, config_of, prior_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.abr.following import Taken
    from chalicelib.domain.abr.reports import Event
    from chalicelib.services.ladders import Ladder, Ladders
    from chalicelib.services.limiting import RateLimiter
    from chalicelib.services.pasts import NetworkPasts
    from chalicelib.services.ports import Clock
    from chalicelib.services.quality import Advice
    from chalicelib.services.session_facts import Intake, SessionFactsKeeper
    from chalicelib.services.viewers import Viewer

REPORT_S = 10
"""Seconds from one report to the next."""
FIRST_REPORT_S = 4
"""While little is known: the first advice is worth most."""
_KNOWN = 5
_TRIES = 2


class PlayerSessions(Protocol):
    """The player_sessions table."""

    def load(self, recording_id: str, session: str, *, now: float) -> PlayerSession | None:
        """Read one, strongly consistent; None when there is none or its time is over."""

    def save(self, session: PlayerSession, *, now: float) -> bool:
        """Write it if it is still at the version that was read (0: absent, or its time is over); False when not."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a player is told: what became of its report, and what to do next."""

    taken: Taken
    last: int
    """The highest sequence number seen: what is above has to be sent again."""
    advice: Advice
    report_after_s: int


class SessionReports:
    """Takes reports. The same one again, late or twice at once, changes nothing."""

    def __init__(
        self,
        sessions: PlayerSessions,
        facts: SessionFactsKeeper,
        ladders: Ladders,
        pasts: NetworkPasts,
        clock: Clock,
        limiter: RateLimiter | None = None,
    ) -> None:
        """Keep sessions in `sessions`, for analytics through `facts`; teach `pasts` what their transfers measured.

        New sessions count against the rate of whoever begins them: their names are the players' own.
        """
        self._limiter = limiter
        self._sessions = sessions
        self._facts = facts
        self._ladders = ladders
        self._pasts = pasts
        self._clock = clock

    def take(self, viewer: Viewer, session: str, events: Sequence[Event]) -> Answer:
        """Take what is new among `events`.

        Raises Conflict while there is nothing to choose among, NotFound for somebody else's session, TooMany for more
        than a report a second in the long run and for too many new sessions, Transient("session_contended") when
        others write it all the time.
        """
        ladder = self._ladders.of(viewer.recording)
        for _ in range(_TRIES):
            answer = self._try(viewer, session, events, ladder)
            if answer is not None:
                return answer
        raise Transient("session_contended", "Several reports of this session came at once; send this one again.")

    def _try(self, viewer: Viewer, session: str, events: Sequence[Event], ladder: Ladder) -> Answer | None:
        now = self._clock.now()
        stored = self._sessions.load(viewer.recording.id, session, now=now)
        known = stored or PlayerSession(viewer.recording.id, session)
        viewer.check(known)
        if stored is None and self._limiter is not None:
            self._limiter.check(Kind.WATCH, viewer.name, viewer.address)
        past = None if stored else self._pasts.of(viewer.address)
        followed = Followed.resume(config_of(ladder), known.state, prior_of(past))
        intake = self._facts.read(viewer, known, events, ladder)
        within = [event for event in events if event.sequence < MOST_EVENTS]
        taken = _counted(follow(followed, within), intake, len(events))
        advice = advise(followed.manager, ladder, "session")
        answer = Answer(taken, followed.last, advice, REPORT_S if advice.samples >= _KNOWN else FIRST_REPORT_S)
        if not taken.accepted:
            return answer
        share = share_of(taken.transfers, followed.given)
        followed.given += share.weight
        changed = replace(known, viewer=viewer.named(known), state=followed.state(), expires_at=now + KEEP_S)
        if not self._facts.keep(changed, intake, viewer.recording):
            return None
        # After the session, which says what has been given: who dies between the two loses a share and adds none twice.
        self._pasts.learn(viewer.address, share)
        return answer


def _counted(taken: Taken, intake: Intake, came: int) -> Taken:
    """Return what became of a batch: an event that analytics has not seen is new, though the engine has moved on."""
    accepted = max(taken.accepted, len(intake.fresh))
    return replace(taken, accepted=accepted, ignored=came - accepted, refused=taken.refused + intake.refused)
