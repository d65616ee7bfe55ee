"""The development token issuer. It hands anybody on this machine any identity: it exists in the embedded cloud only."""

from __future__ import annotations

import base64
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

import jwt

from headwater.local.keys import key_id
from headwater.local.replies import document, problem

if TYPE_CHECKING:
    from aiohttp import web
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from headwater.local.targets import Target

ROLES = ("publisher", "viewer", "admin")
AUDIENCE = "headwater"
DEFAULT_TTL_S = 12 * 3600
MAX_TTL_S = 30 * 24 * 3600
_USER = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_TTL = re.compile(r"[0-9]{1,8}")


class DevIssuer:
    """Signs RS256 tokens and publishes the key that checks them."""

    def __init__(self, key: RSAPrivateKey, public_url: str) -> None:
        """Tokens name `{public_url}/dev` as their issuer."""
        self._key = key
        self._kid = key_id(key)[:16]
        self.issuer = f"{public_url}/dev"

    async def handle(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Answer GET /dev/token and GET /dev/jwks.json."""
        if target.path not in {"/dev/token", "/dev/jwks.json"}:
            return problem(404, "no_such_route", f"There is nothing at {target.path}.")
        if request.method != "GET":
            return problem(405, "method_not_allowed", "Tokens and keys can only be read.", {"Allow": "GET"})
        if target.path == "/dev/jwks.json":
            return document(self.jwks())
        return self._token(dict(parse_qsl(target.query, keep_blank_values=True)))

    def _token(self, query: dict[str, str]) -> web.StreamResponse:
        user, role, ttl = query.get("user", ""), query.get("role", ""), query.get("ttl_s", str(DEFAULT_TTL_S))
        if not _USER.fullmatch(user):
            detail = "user must have 1 to 64 characters, of letters, digits and . _ @ -"
            return problem(400, "invalid_user", detail)
        if role not in ROLES:
            return problem(400, "invalid_role", f"role must be one of {', '.join(ROLES)}")
        if not _TTL.fullmatch(ttl) or not 1 <= int(ttl) <= MAX_TTL_S:
            return problem(400, "invalid_ttl", f"ttl_s must be a whole number of seconds from 1 to {MAX_TTL_S}")
        expires_at = int(time.time()) + int(ttl)
        token = self.sign(user, role, expires_at)
        return document({"token": token, "expires_at": expires_at, "user": user, "role": role})

    def sign(self, user: str, role: str, expires_at: int) -> str:
        """Return a token; `expires_at` in Unix seconds."""
        claims = {
            "iss": self.issuer,
            "aud": AUDIENCE,
            "sub": user,
            "role": role,
            "iat": int(time.time()),
            "exp": expires_at,
        }
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._kid})

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Public key as a JSON Web Key Set."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self._kid}
        return {"keys": [{**key, "n": _unsigned(numbers.n), "e": _unsigned(numbers.e)}]}


def _unsigned(number: int) -> str:
    """Big-endian base64url without padding, as RFC 7518 writes integers."""
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
