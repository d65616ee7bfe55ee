"""Bearer tokens: RS256 JWTs of one issuer, checked against the keys it publishes."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import jwt
from jwt.exceptions import InvalidTokenError, PyJWKClientConnectionError, PyJWKClientError, PyJWKSetError

from chalicelib.domain.access import Caller, role_of
from chalicelib.errors import Transient, Unauthorized

if TYPE_CHECKING:
    from jwt import PyJWK, PyJWKClient

ALGORITHM = "RS256"
LEEWAY_S = 5
MAX_TOKEN = 8192
"""Characters; a gateway takes no longer header."""
MAX_SUBJECT = 255
"""Characters, as OpenID Connect limits it."""
FETCH_TIMEOUT_S = 5


class TokenVerifier:
    """Says who a token belongs to. Keys are cached for minutes; an unknown key id refetches at most every 30 s."""

    def __init__(self, *, issuer: str, audience: str, jwks_url: str = "", role_claim: str = "role") -> None:
        """Without `jwks_url` the issuer's own well-known address is used."""
        self._issuer = issuer
        self._audience = audience
        self._jwks_url = jwks_url or f"{issuer.rstrip('/')}/.well-known/jwks.json"
        self._role_claim = role_claim

    @cached_property
    def _keys(self) -> PyJWKClient:
        return jwt.PyJWKClient(self._jwks_url, timeout=FETCH_TIMEOUT_S)

    def caller(self, authorization: str) -> Caller:
        """Read an Authorization header; raises Unauthorized for anything but a valid token of the issuer."""
        scheme, _, token = authorization.strip().partition(" ")
        token = token.strip()
        if scheme.lower() != "bearer" or not token or len(token) > MAX_TOKEN:
            raise _refused("A bearer token is needed.")
        claims = self._claims(token)
        sub = claims["sub"]
        if not sub.isascii() or not sub.isprintable() or not 0 < len(sub) <= MAX_SUBJECT:
            raise _refused("The token's subject cannot be used.")
        return Caller(sub, role_of(claims.get(self._role_claim)))

    def _claims(self, token: str) -> dict[str, Any]:
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key(token),
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                leeway=LEEWAY_S,
                options={"require": ["iss", "exp", "sub"], "verify_aud": False},
            )
        except jwt.ExpiredSignatureError:
            raise _refused("The token has expired: get a new one.") from None
        except (InvalidTokenError, ValueError):
            raise _refused("The token is not valid here.") from None
        if not self._is_for_us(claims):
            raise _refused("The token is not valid here.")
        return claims

    def _is_for_us(self, claims: dict[str, Any]) -> bool:
        """True for our audience. Cognito's access tokens have none: they name the client that they were given to."""
        audience = claims.get("aud")
        if audience is None:
            return claims.get("token_use") == "access" and claims.get("client_id") == self._audience
        return self._audience in (audience if isinstance(audience, list) else [audience])

    def _key(self, token: str) -> PyJWK:
        header = jwt.get_unverified_header(token)
        key_id = header.get("kid")
        # Looked at before any key is fetched: garbage costs no request.
        if header.get("alg") != ALGORITHM or not isinstance(key_id, str):
            raise InvalidTokenError
        try:
            return self._keys.get_signing_key(key_id)
        except (PyJWKClientConnectionError, PyJWKSetError, ValueError) as error:
            raise Transient("issuer_unavailable", "The issuer's keys cannot be fetched now: try again.") from error
        except PyJWKClientError:
            raise InvalidTokenError from None


def _refused(detail: str) -> Unauthorized:
    return Unauthorized("unauthorized", detail)
