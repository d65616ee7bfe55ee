"""Who watches, for the routes that follow a player: by right, by a link, or by the token of the session itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.sessions import check_session_id, session_not_found
from chalicelib.services.recordings import read_living

if TYPE_CHECKING:
    from chalicelib.domain.access import Caller
    from chalicelib.domain.recording import Recording
    from chalicelib.domain.sessions import PlayerSession
    from chalicelib.services.playback import Playback
    from chalicelib.services.ports import Clock, Recordings


class SessionTokens(Protocol):
    """Holds the key of session tokens."""

    def issue(self, recording_id: str, session: str, expires_at: int) -> str:
        """Return the token of a session that ends at `expires_at` (Unix seconds)."""

    def check(self, recording_id: str, session: str, token: str, *, now: float) -> None:
        """Raise Unauthorized("session_token_invalid") or Unauthorized("session_token_expired")."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What a request shows of who sends it. `address` is the viewer's, from a source that can be believed."""

    caller: Caller | None
    address: str
    grant: str | None = None
    session: str | None = None
    token: str | None = None
    country: str = ""
    """Two letters, from the CDN; empty when it does not say."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Somebody who may watch `recording`. `name` is the subject of their token, empty when anonymous.

    `proved`: a session token was shown, so the session is theirs whoever they are.
    """

    recording: Recording
    address: str
    name: str = ""
    proved: bool = False
    country: str = ""

    def check(self, session: PlayerSession) -> None:
        """Raise NotFound for a session of somebody else's."""
        if session.viewer and session.viewer != self.name and (self.name or not self.proved):
            raise session_not_found()

    def named(self, session: PlayerSession) -> str:
        """Return whose the session is from now on: what was anonymous is named only by who proves it theirs."""
        return session.viewer or (self.name if self.proved or not session.version else "")


@dataclass(frozen=True, slots=True)
class SessionTicket:
    """A session to report under until `expires_at` (Unix seconds)."""

    id: str
    token: str
    events_url: str
    expires_at: int


class Viewers:
    """Admits players and opens their sessions."""

    def __init__(
        self, playback: Playback, recordings: Recordings, tokens: SessionTokens, clock: Clock, *, ttl_s: int
    ) -> None:
        """Sessions' tokens live `ttl_s` seconds."""
        self._playback = playback
        self._recordings = recordings
        self._tokens = tokens
        self._clock = clock
        self._ttl_s = ttl_s

    def admit(self, recording_id: str, asking: Asking) -> Viewer:
        """Return who asks; raises NotFound or Unauthorized as playback does, and for a bad session or its token."""
        name = asking.caller.sub if asking.caller else ""
        if asking.session is not None:
            check_session_id(asking.session)
        if asking.session is not None and asking.token:
            self._tokens.check(recording_id, asking.session, asking.token, now=self._clock.now())
            recording, proved = read_living(self._recordings, recording_id), True
        else:
            recording, proved = self._playback.admit(asking.caller, recording_id, asking.grant), False
        return Viewer(recording, asking.address, name, proved, asking.country)

    def ticket(self, recording: Recording, session: str | None = None) -> SessionTicket:
        """Return a fresh ticket, of a new session or of one that goes on. Nothing is stored until it reports."""
        name = session or f"ses_{self._clock.token()}"
        expires_at = int(self._clock.now()) + self._ttl_s
        token = self._tokens.issue(recording.id, name, expires_at)
        url = f"/api/v1/recordings/{recording.id}/sessions/{name}/events?token={token}"
        return SessionTicket(name, token, url, expires_at)
