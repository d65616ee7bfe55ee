"""The development issuer's authorization-code flow: OpenID Connect with PKCE, as far as a public client needs it."""

from __future__ import annotations

import base64
import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode, urlsplit

from headwater.local.targets import is_local_host

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

CLIENT_ID = "headwater-console"
SCOPE = "openid profile"
REDIRECT_PATH = "/signed-in"
CODE_TTL_S = 60.0
MOST_CODES = 1000
_NETLOC = re.compile(r"[A-Za-z0-9.\-\[\]:]+")
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_OPAQUE = re.compile(r"[\x20-\x7e]{1,512}")


class Unanswerable(Exception):
    """A request whose sender must not be sent back: who it is or where it waits cannot be believed."""


@dataclass(frozen=True, slots=True)
class Refused(Exception):
    """An OAuth error as its specification names it, with a sentence."""

    error: str
    description: str


@dataclass(frozen=True, slots=True)
class Asked:
    """What a page asked `/dev/authorize` for."""

    redirect_uri: str
    state: str
    nonce: str
    challenge: str

    def answer(self, **parameters: str) -> str:
        """Return the address that takes an answer back."""
        return f"{self.redirect_uri}?{urlencode(parameters | ({'state': self.state} if self.state else {}))}"


@dataclass(frozen=True, slots=True)
class Granted:
    """Who signed in, for the one who holds the code and its verifier."""

    asked: Asked
    user: str
    role: str
    until: float


def redirect_of(query: Mapping[str, str], public_url: str) -> str:
    """Return where the answer goes; raises Unanswerable for a client or an address that is not ours."""
    if query.get("client_id") != CLIENT_ID:
        raise Unanswerable(f"client_id must be {CLIENT_ID}.")
    uri = query.get("redirect_uri", "")
    try:
        parts = urlsplit(uri)
        plain = _NETLOC.fullmatch(parts.netloc) is not None and (parts.port is None or parts.port > 0)
        known = plain and is_local_host(parts.netloc, urlsplit(public_url).netloc)
    except ValueError:
        known = False
    if not known or parts.scheme not in {"http", "https"} or uri != f"{parts.scheme}://{parts.netloc}{REDIRECT_PATH}":
        raise Unanswerable(f"redirect_uri must be {REDIRECT_PATH} of this machine.")
    return uri


def read_asked(query: Mapping[str, str], redirect_uri: str) -> Asked:
    """Read the rest of the request; raises Refused."""
    if query.get("response_type") != "code":
        raise Refused("unsupported_response_type", "response_type must be code.")
    if "openid" not in query.get("scope", "").split():
        raise Refused("invalid_scope", "scope must hold openid.")
    if query.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(query.get("code_challenge", "")):
        raise Refused("invalid_request", "A code_challenge by S256 is required.")
    for name in ("state", "nonce"):
        if query.get(name) and not _OPAQUE.fullmatch(query[name]):
            raise Refused("invalid_request", f"{name} must have at most 512 printable ASCII characters.")
    if query.get("prompt") == "none":
        raise Refused("login_required", "This issuer remembers nobody: a person has to say who they are.")
    return Asked(redirect_uri, query.get("state", ""), query.get("nonce", ""), query["code_challenge"])


class Codes:
    """Codes that were handed out: each works once, within a minute, for the page that asked."""

    def __init__(self, now: Callable[[], float]) -> None:
        """`now` in Unix seconds."""
        self._now = now
        self._granted: dict[str, Granted] = {}

    def issue(self, asked: Asked, user: str, role: str) -> str:
        """Return a code for `user` in `role`."""
        now = self._now()
        self._granted = {code: it for code, it in self._granted.items() if it.until > now}
        while len(self._granted) >= MOST_CODES:
            del self._granted[next(iter(self._granted))]
        code = secrets.token_urlsafe(32)
        self._granted[code] = Granted(asked, user, role, now + CODE_TTL_S)
        return code

    def redeem(self, form: Mapping[str, str]) -> Granted:
        """Take a token request's code back; raises Refused. A wrong verifier spends the code as well."""
        if form.get("grant_type") != "authorization_code":
            raise Refused("unsupported_grant_type", "grant_type must be authorization_code.")
        if form.get("client_id") != CLIENT_ID:
            raise Refused("invalid_client", f"client_id must be {CLIENT_ID}.")
        granted = self._granted.pop(form.get("code", ""), None)
        if granted is None or granted.until <= self._now():
            raise Refused("invalid_grant", "This code is unknown, spent or older than a minute.")
        verifier = form.get("code_verifier", "")
        if form.get("redirect_uri") != granted.asked.redirect_uri:
            raise Refused("invalid_grant", "redirect_uri is another than the code was asked for.")
        if not _VERIFIER.fullmatch(verifier) or challenge_of(verifier) != granted.asked.challenge:
            raise Refused("invalid_grant", "code_verifier does not match the code_challenge.")
        return granted


def challenge_of(verifier: str) -> str:
    """Return the S256 challenge of a verifier (RFC 7636)."""
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def discovery(issuer: str) -> dict[str, object]:
    """Return the issuer's OpenID configuration."""
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "jwks_uri": f"{issuer}/jwks.json",
        "scopes_supported": SCOPE.split(),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "claims_supported": ["sub", "role", "preferred_username"],
        "authorization_response_iss_parameter_supported": True,
    }
