"""Where the bearer token comes from: given by the person, or made by the development issuer and renewed in time."""

from __future__ import annotations

import getpass
import threading
import time
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from headwater.client.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Callable

    from headwater.client.transport import Transport

RENEW_BEFORE_S = 60.0


class TokenSource(Protocol):
    """Gives bearer tokens; safe to share between threads."""

    def token(self) -> str:
        """Return a token that holds for the next request."""

    def renewed(self, refused: str | None) -> str | None:
        """Return another token after `refused` was answered with 401; None when there is none."""


class GivenToken:
    """The one token the person gave; it cannot be renewed."""

    def __init__(self, token: str) -> None:
        """Take the token as it came."""
        self._token = token

    def token(self) -> str:
        """Return the token."""
        return self._token

    def renewed(self, refused: str | None) -> str | None:
        """Return None: only the person can get another."""
        del refused
        return None


class DevTokens:
    """Tokens of the embedded cloud's development issuer, for one user in one role."""

    def __init__(
        self, transport: Transport, user: str, role: str = "publisher", *, now: Callable[[], float] = time.time
    ) -> None:
        """Ask at `transport`'s origin; nothing is fetched before the first request needs it."""
        self._transport = transport
        self._user = user
        self._role = role
        self._now = now
        self._lock = threading.Lock()
        self._token = ""
        self._good_until = 0.0

    def token(self) -> str:
        """Return a token with at least a minute left. Raises ApiError when this server has no such issuer."""
        with self._lock:
            if self._now() >= self._good_until - RENEW_BEFORE_S:
                self._fetch()
            return self._token

    def renewed(self, refused: str | None) -> str | None:
        """Fetch anew, unless another thread did already: the server may have restarted with other keys."""
        with self._lock:
            if self._token == refused:
                self._fetch()
            return self._token if self._token != refused else None

    def _fetch(self) -> None:
        url = self._token_url()
        answer = self._transport.public_json(url, query={"user": self._user, "role": self._role})
        self._token = str(answer["token"])
        self._good_until = _unix(answer.get("expires_at"), default=self._now() + 300)

    def _token_url(self) -> str:
        try:
            config = self._transport.public_json("/config.json")
        except ApiError:
            config = None
        auth = config.get("auth") if isinstance(config, dict) else None
        if not isinstance(auth, dict) or not (auth.get("dev") is True or auth.get("kind") == "dev"):
            detail = "This server gives no development tokens. Pass --token or set HEADWATER_TOKEN."
            raise ApiError(401, "token_needed", detail)
        return str(auth.get("token_url") or "/dev/token")


def _unix(moment: object, *, default: float) -> float:
    """Read ISO 8601 or Unix seconds."""
    if isinstance(moment, int | float):
        return float(moment)
    try:
        return datetime.fromisoformat(str(moment)).timestamp()
    except ValueError:
        return default


def system_user() -> str:
    """Return the name of the person at this machine, `publisher` where the system knows none."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "publisher"
