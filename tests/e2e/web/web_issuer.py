"""The stand-in's issuer: the development issuer's own flow and page, with tokens that nobody signs."""

from __future__ import annotations

import base64
import json
import time
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlencode, urlsplit

from headwater.local import code_flow
from headwater.local.sign_in_page import sign_in_page

if TYPE_CHECKING:
    from web_origin import Handler

LASTS_S = 3600


class StandInIssuer:
    """Answers below /dev for one origin."""

    def __init__(self) -> None:
        """Nobody has signed in yet; tokens last `lasts_s` seconds."""
        self.codes = code_flow.Codes(time.time)
        self.lasts_s = LASTS_S
        self.opaque = ""
        """An access token that says nothing to the page or the API."""
        self.asked: list[dict[str, str]] = []
        """What /dev/authorize was asked for."""

    def get(self, handler: Handler, url: str, policy: str) -> None:
        """Answer a GET below /dev."""
        address = urlsplit(handler.path)
        query = dict(parse_qsl(address.query))
        if address.path.endswith("openid-configuration"):
            handler.reply_json(code_flow.discovery(f"{url}/dev"))
        elif address.path == "/dev/authorize":
            self.asked.append(query)
            action = f"/dev/authorize?{urlencode(query)}"
            page = sign_in_page(action, user=query.get("login_hint", "")).encode()
            handler.reply(200, page, "text/html", {"Content-Security-Policy": policy})
        else:
            handler.problem(404, "no_such_route", "There is nothing here.")

    def post(self, handler: Handler, url: str, body: bytes) -> None:
        """Answer a form that was sent, and a page's token request."""
        address = urlsplit(handler.path)
        form = dict(parse_qsl(body.decode()))
        if address.path == "/dev/authorize":
            query = dict(parse_qsl(address.query))
            asked = code_flow.read_asked(query, code_flow.redirect_of(query, url))
            code = self.codes.issue(asked, form["user"], form["role"])
            handler.reply(303, b"", "text/plain", {"Location": asked.answer(code=code, iss=f"{url}/dev")})
            return
        try:
            granted = self.codes.redeem(form)
        except code_flow.Refused as error:
            handler.reply_json({"error": error.error, "error_description": error.description}, 400)
            return
        claims = {"iss": f"{url}/dev", "aud": code_flow.CLIENT_ID, "sub": granted.user, "role": granted.role}
        id_token = ".".join(["t-id", _base64url(claims | {"nonce": granted.asked.nonce}), ""])
        own = ".".join(["t-access", _base64url(claims | {"aud": "headwater"}), ""])
        access = {"access_token": self.opaque or own, "expires_in": self.lasts_s, "token_type": "Bearer"}
        handler.reply_json(access | {"id_token": id_token})


def config(url: str) -> dict[str, object]:
    """Return /config.json's `auth`."""
    authority = {"authority": f"{url}/dev", "client_id": code_flow.CLIENT_ID, "scope": code_flow.SCOPE}
    return {"kind": "oidc", "dev": True, **authority}


def _base64url(document: dict[str, str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).rstrip(b"=").decode()
