"""A player's session: its name, the token it reports under, and what is kept of it between reports."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from typing import Any

from chalicelib.errors import NotFound, Unauthorized

SESSION_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")
"""Ours, `ses_` and 20 characters, and the UUIDs that players make for themselves (CMCD `sid`)."""
TOKEN_VERSION = "s1"  # noqa: S105  a format's name
KEEP_S = 24 * 3600
"""How long after its last report a session is remembered."""


@dataclass(frozen=True, slots=True)
class PlayerSession:
    """One session as stored. `viewer` is the token's subject, empty when anonymous; `state` plain JSON values.

    `version` counts its writes, 0 before the first. `facts` is what analytics knows of it, plain JSON values as well.
    """

    recording_id: str
    session: str
    viewer: str = ""
    version: int = 0
    state: dict[str, Any] = field(default_factory=dict)
    expires_at: float = 0.0
    facts: dict[str, Any] = field(default_factory=dict)
    sweep_at: float | None = None
    """When somebody should look after it if it has said nothing by then; None when there is nothing to look after."""


def check_session_id(text: str) -> str:
    """Return a session's id; raises NotFound for what cannot be one."""
    if SESSION_ID.fullmatch(text) is None:
        raise session_not_found()
    return text


def session_not_found() -> NotFound:
    """Return the answer for a session that is absent, somebody else's or another recording's."""
    return NotFound("session_not_found", "There is no such session of this recording and viewer.")


def viewer_name(key: bytes, kind: str, of: str) -> str:
    """Return what a viewer is called in analytics: 24 hex digits that tell nothing without the key."""
    return hmac.new(key, f"viewer:{kind}:{of}".encode(), hashlib.sha256).hexdigest()[:24]


def make_session_token(key: bytes, recording_id: str, session: str, expires_at: int) -> str:
    """Return `s1.{Unix seconds}.{HMAC-SHA256, base64url}`: the right to report under one session until then."""
    return f"{TOKEN_VERSION}.{expires_at}.{_mac(key, recording_id, session, expires_at)}"


def check_session_token(key: bytes, recording_id: str, session: str, token: str, *, now: float) -> None:
    """Raise Unauthorized("session_token_invalid") or, for a true one that ran out, ("session_token_expired")."""
    version, _, rest = token.partition(".")
    expiry, _, mac = rest.partition(".")
    # One spelling only, as with grants: no signs, blanks, leading zeros or digits of other scripts.
    plain = expiry.isascii() and expiry.isdigit() and len(expiry) <= 12 and str(int(expiry)) == expiry  # noqa: PLR2004
    expected = _mac(key, recording_id, session, int(expiry)) if plain else ""
    if version != TOKEN_VERSION or not plain or not _same(expected, mac):
        raise Unauthorized("session_token_invalid", "This session token is not valid here.")
    if now >= int(expiry):
        raise Unauthorized("session_token_expired", "This session has expired: ask for a recommendation to begin anew.")


def _same(expected: str, shown: str) -> bool:
    return hmac.compare_digest(expected.encode(), shown.encode("utf-8", "replace"))


def _mac(key: bytes, recording_id: str, session: str, expires_at: int) -> str:
    digest = hmac.new(key, f"session:{recording_id}:{session}:{expires_at}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
