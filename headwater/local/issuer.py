"""The development token issuer. It hands anybody on this machine any identity: it exists in the embedded cloud only."""

from __future__ import annotations

import base64
import re
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

import jwt
from aiohttp import web

from headwater.local import code_flow
from headwater.local.keys import key_id
from headwater.local.replies import document, problem, read_body
from headwater.local.sign_in_page import sign_in_page
from headwater.local.static import security_headers

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from headwater.local.targets import Target

ROLES = ("publisher", "viewer", "admin")
AUDIENCE = "headwater"
DEFAULT_TTL_S = 12 * 3600
MAX_TTL_S = 30 * 24 * 3600
MAX_FORM_BYTES = 8192
_DISCOVERY = "/dev/.well-known/openid-configuration"
_USER = re.compile(r"[A-Za-z0-9._@-]{1,64}")
_USER_RULE = "user must have 1 to 64 characters, of letters, digits and . _ @ -"
_TTL = re.compile(r"[0-9]{1,8}")


class DevIssuer:
    """Signs RS256 tokens, for pages by OpenID Connect and for scripts by a GET, and publishes the key to check them."""

    def __init__(self, key: RSAPrivateKey, public_url: str) -> None:
        """Tokens name `{public_url}/dev` as their issuer."""
        self._key = key
        self._kid = key_id(key)[:16]
        self._public_url = public_url
        self._codes = code_flow.Codes(time.time)
        self.issuer = f"{public_url}/dev"

    async def handle(self, request: web.BaseRequest, target: Target) -> web.StreamResponse:
        """Answer what lies below /dev."""
        query = dict(parse_qsl(target.query, keep_blank_values=True))
        form = await _form(request) if request.method == "POST" else None
        answer = self._answer(request.method, target.path, query, form)
        if answer is None:
            return problem(404, "no_such_route", f"There is nothing at {target.path}.")
        return answer

    def _answer(
        self, method: str, path: str, query: dict[str, str], form: dict[str, str] | None
    ) -> web.StreamResponse | None:
        """Return the answer to one call; None where there is nothing. `form` is what a POST sent."""
        documents = {"/dev/jwks.json": self.jwks(), _DISCOVERY: code_flow.discovery(self.issuer)}
        if path not in {"/dev/token", "/dev/authorize", *documents}:
            return None
        if method != "GET" and (form is None or path in documents):
            allow = "GET" if path in documents else "GET, POST"
            return problem(405, "method_not_allowed", f"{path} takes {allow}.", {"Allow": allow})
        if path in documents:
            return _shared(document(documents[path]))
        if path == "/dev/authorize":
            return self._authorize(query, form)
        return self._token(query) if form is None else self._redeem(form)

    def _authorize(self, query: dict[str, str], form: dict[str, str] | None) -> web.StreamResponse:
        """Show the form, or take it back to the page that asked, with a code."""
        try:
            redirect_uri = code_flow.redirect_of(query, self._public_url)
        except code_flow.Unanswerable as error:
            return problem(400, "invalid_request", str(error))
        try:
            asked = code_flow.read_asked(query, redirect_uri)
        except code_flow.Refused as error:
            about = code_flow.Asked(redirect_uri, query.get("state", ""), "", "")
            return _see(about.answer(error=error.error, error_description=error.description, iss=self.issuer))
        action = f"/dev/authorize?{urlencode(query)}"
        if form is None:
            return self._page(sign_in_page(action, user=query.get("login_hint", "")), redirect_uri)
        user, role = form.get("user", "").strip(), form.get("role", "")
        if not _USER.fullmatch(user) or role not in ROLES:
            page = sign_in_page(action, user=user, role=role, message=f"{_USER_RULE}.")
            return self._page(page, redirect_uri, status=400)
        return _see(asked.answer(code=self._codes.issue(asked, user, role), iss=self.issuer))

    def _page(self, page: str, redirect_uri: str, status: int = 200) -> web.Response:
        headers = security_headers(self._public_url)
        # Chromium holds the redirect behind a form to form-action as well, and the page may go by another name.
        back = "{0.scheme}://{0.netloc}".format(urlsplit(redirect_uri))
        policy = headers["Content-Security-Policy"].replace("form-action 'self'", f"form-action 'self' {back}")
        headers |= {"Content-Security-Policy": policy, "Cache-Control": "no-store"}
        return web.Response(status=status, text=page, content_type="text/html", headers=headers)

    def _redeem(self, form: dict[str, str]) -> web.StreamResponse:
        """Answer a page's token request, as RFC 6749 words it."""
        try:
            granted = self._codes.redeem(form)
        except code_flow.Refused as error:
            body = {"error": error.error, "error_description": error.description}
            return _shared(web.json_response(body, status=400, headers={"Cache-Control": "no-store"}))
        now = int(time.time())
        who = {"iss": self.issuer, "aud": code_flow.CLIENT_ID, "sub": granted.user, "role": granted.role}
        asked = {"preferred_username": granted.user, "nonce": granted.asked.nonce}
        answer = {
            "access_token": self.sign(granted.user, granted.role, now + DEFAULT_TTL_S),
            "id_token": self._encode({**who, **asked, "iat": now, "exp": now + DEFAULT_TTL_S}),
            "token_type": "Bearer",
            "expires_in": DEFAULT_TTL_S,
            "scope": code_flow.SCOPE,
        }
        return _shared(document(answer))

    def _token(self, query: dict[str, str]) -> web.StreamResponse:
        user, role, ttl = query.get("user", ""), query.get("role", ""), query.get("ttl_s", str(DEFAULT_TTL_S))
        if not _USER.fullmatch(user):
            return problem(400, "invalid_user", _USER_RULE)
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
        return self._encode(claims)

    def _encode(self, claims: Mapping[str, object]) -> str:
        return jwt.encode(dict(claims), self._key, algorithm="RS256", headers={"kid": self._kid})

    def jwks(self) -> dict[str, list[dict[str, str]]]:
        """Public key as a JSON Web Key Set."""
        numbers = self._key.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": self._kid}
        return {"keys": [{**key, "n": _unsigned(numbers.n), "e": _unsigned(numbers.e)}]}


async def _form(request: web.BaseRequest) -> dict[str, str]:
    """Read a form's fields; one that is too large or no text has none."""
    body = await read_body(request, MAX_FORM_BYTES)
    return dict(parse_qsl((body or b"").decode("utf-8", "replace"), keep_blank_values=True))


def _see(url: str) -> web.Response:
    return web.Response(
        status=303, headers={"Location": url, "Cache-Control": "no-store", "Referrer-Policy": "no-referrer"}
    )


def _shared(response: web.Response) -> web.Response:
    """Let pages of other names of this machine read it: they ask without cookies."""
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response


def _unsigned(number: int) -> str:
    """Big-endian base64url without padding, as RFC 7518 writes integers."""
    raw = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
