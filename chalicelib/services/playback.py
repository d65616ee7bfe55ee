"""Watching: who may, the links that let somebody, and the cookies that open the CDN for one recording."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.access import Action, cookie_policy, may, relation_of, require
from chalicelib.domain.keys import media_prefix
from chalicelib.domain.recording import Visibility
from chalicelib.services.recordings import read_living

if TYPE_CHECKING:
    from chalicelib.domain.access import Caller
    from chalicelib.domain.recording import Recording
    from chalicelib.services.ports import Clock, Recordings


class MasterPlaylists(Protocol):
    """Writes multivariant playlists."""

    def generate_master_playlist(self, recording: Recording, *, planned: bool) -> str:
        """Raises Conflict("not_playable_yet") or Conflict("recording_errored")."""


class CookieSigner(Protocol):
    """Holds the CDN's private key."""

    def cookies(self, policy: str) -> dict[str, str]:
        """Return the three CloudFront cookies, name → value."""


class Grants(Protocol):
    """Holds the key of playback links."""

    def issue(self, recording_id: str, expires_at: int) -> str:
        """Return the grant of a link that ends at `expires_at` (Unix seconds)."""

    def check(self, recording_id: str, grant: str, *, now: float) -> None:
        """Raise Unauthorized("grant_invalid") or Unauthorized("grant_expired")."""


@dataclass(frozen=True, slots=True)
class Links:
    """Addresses that play a recording when opened: a page for people, a playlist for players."""

    playback_url: str
    master_url: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """A multivariant playlist with the cookies its URIs need: for `path` only, `max_age_s` seconds."""

    playlist: str
    cookies: dict[str, str]
    path: str
    max_age_s: int
    secure: bool


class Playback:
    """Decides who watches, and opens the CDN for them."""

    def __init__(  # noqa: PLR0913  five parts and two settings
        self,
        recordings: Recordings,
        playlists: MasterPlaylists,
        cookies: CookieSigner,
        grants: Grants,
        clock: Clock,
        *,
        public_url: str,
        ttl_s: int,
    ) -> None:
        """Links and cookies live `ttl_s` seconds; `public_url` has no trailing slash."""
        self._recordings = recordings
        self._playlists = playlists
        self._cookies = cookies
        self._grants = grants
        self._clock = clock
        self._public_url = public_url
        self._ttl_s = ttl_s

    def admit(self, caller: Caller | None, recording_id: str, grant: str | None) -> Recording:
        """Return a recording that may be watched: by right, because it is public, or by a grant.

        Raises NotFound, or Unauthorized with `unauthorized`, `grant_invalid` or `grant_expired`.
        """
        recording = read_living(self._recordings, recording_id)
        if may(caller, relation_of(caller, recording), Action.WATCH):
            return recording
        if grant:
            self._grants.check(recording.id, grant, now=self._clock.now())
        require(caller, recording, Action.WATCH, granted=bool(grant))
        return recording

    def open(self, recording: Recording, *, planned: bool) -> Ticket:
        """Return the playlist and its cookies; raises Conflict while there is nothing to play.

        The cookies last as long as a fresh link, whatever is left of the one that was opened: a lecture
        that was started in time plays to its end.
        """
        playlist = self._playlists.generate_master_playlist(recording, planned=planned)
        expires_at = int(self._clock.now()) + self._ttl_s
        cookies = self._cookies.cookies(cookie_policy(self._public_url, recording.id, expires_at))
        path = f"/{media_prefix(recording.id)}"
        return Ticket(playlist, cookies, path, self._ttl_s, self._public_url.startswith("https:"))

    def links(self, recording: Recording) -> Links:
        """Return addresses for its owner to use and hand on; those of a private recording carry a grant."""
        query = ""
        if recording.visibility is Visibility.PRIVATE:
            query = f"?grant={self._grants.issue(recording.id, int(self._clock.now()) + self._ttl_s)}"
        return Links(
            playback_url=f"{self._public_url}/watch/{recording.id}{query}",
            master_url=f"{self._public_url}/api/v1/recordings/{recording.id}/stream/master.m3u8{query}",
        )
