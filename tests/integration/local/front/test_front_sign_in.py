"""Signing in as a page does it, over HTTP: discovery, form, code, tokens."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest

from headwater.local import code_flow

VERIFIER = "v" * 43


class Form(HTMLParser):
    """The form of a page: where it posts to, the names of its fields."""

    def __init__(self, page: str) -> None:
        """Read the page."""
        super().__init__()
        self.action = ""
        self.fields: list[str] = []
        self.inline: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what matters."""
        values = dict(attrs)
        if tag == "form":
            self.action = values["action"] or ""
        if tag == "input":
            self.fields.append(str(values["name"]))
        self.inline += [name for name in values if name == "style" or name.startswith("on")]
        if tag == "script" and "src" not in values:
            self.inline.append("script")


def query(url: str, **changes: str) -> str:
    """Return the query of a page that asks to sign somebody in."""
    asked = {
        "response_type": "code",
        "client_id": code_flow.CLIENT_ID,
        "redirect_uri": f"{url}/signed-in",
        "scope": "openid profile",
        "state": "the state",
        "nonce": "the nonce",
        "code_challenge": code_flow.challenge_of(VERIFIER),
        "code_challenge_method": "S256",
    }
    return urlencode(asked | changes)


def test_a_page_signs_somebody_in(front: Any) -> None:
    """From /config.json to a token that the key set checks, as any issuer would be asked."""
    auth = front.http.get("/config.json").json()["auth"]
    found = front.http.get(f"{auth['authority']}/.well-known/openid-configuration")
    about = found.json()
    assert (about["issuer"], found.headers["access-control-allow-origin"]) == (f"{front.url}/dev", "*")
    page = front.http.get(f"{about['authorization_endpoint']}?{query(front.url, login_hint='ann')}")
    form = Form(page.text)
    assert (form.fields, form.inline, 'value="ann"' in page.text) == (["user", *["role"] * 3], [], True)
    sent = front.http.post(form.action, data={"user": "ann", "role": "admin"})
    back = urlsplit(sent.headers["location"])
    answer = {name: values[0] for name, values in parse_qs(back.query).items()}
    assert (sent.status_code, f"{back.scheme}://{back.netloc}{back.path}") == (303, f"{front.url}/signed-in")
    assert (answer["state"], answer["iss"]) == ("the state", about["issuer"])
    trade = {
        "grant_type": "authorization_code",
        "client_id": auth["client_id"],
        "redirect_uri": f"{front.url}/signed-in",
        "code": answer["code"],
        "code_verifier": VERIFIER,
    }
    tokens = front.http.post(about["token_endpoint"], data=trade)
    assert (tokens.headers["cache-control"], tokens.json()["token_type"]) == ("no-store", "Bearer")
    key = jwt.PyJWK(front.http.get(about["jwks_uri"]).json()["keys"][0]).key
    access = jwt.decode(tokens.json()["access_token"], key, ["RS256"], audience="headwater", issuer=about["issuer"])
    identity = jwt.decode(tokens.json()["id_token"], key, ["RS256"], audience=auth["client_id"], issuer=about["issuer"])
    assert (access["sub"], access["role"], identity["nonce"]) == ("ann", "admin", "the nonce")
    again = front.http.post(about["token_endpoint"], data=trade)
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_the_form_is_held_to_the_pages_policy(front: Any) -> None:
    """No page of elsewhere frames it or gets its answer."""
    page = front.http.get(f"/dev/authorize?{query(front.url)}")
    policy = dict(part.split(" ", 1) for part in page.headers["content-security-policy"].split("; "))
    assert (policy["script-src"], policy["frame-ancestors"]) == ("'self'", "'none'")
    assert policy["form-action"] == f"'self' {front.url}"


@pytest.mark.parametrize("form", [{"user": "", "role": "viewer"}, {"user": "a b", "role": "viewer"}, {"user": "a"}])
def test_a_name_that_cannot_be_is_asked_for_again(front: Any, form: dict[str, str]) -> None:
    """What was typed stays, escaped, and the reason is there."""
    answer = front.http.post(f"/dev/authorize?{query(front.url)}", data=form)
    assert (answer.status_code, "user must have 1 to 64 characters" in answer.text) == (400, True)


def test_markup_in_what_is_typed_stays_text(front: Any) -> None:
    """The page is written by hand: nothing of a query or a form becomes part of it."""
    evil = '"><script src=x>'
    url = f"/dev/authorize?{query(front.url, login_hint=evil, state=evil)}"
    for page in (front.http.get(url), front.http.post(url, data={"user": evil, "role": evil})):
        assert "<script src=x>" not in page.text


def test_what_cannot_be_answered_is_not_sent_back(front: Any) -> None:
    """An unknown address gets a problem; a known one its error, with the state."""
    stray = front.http.get(f"/dev/authorize?{query(front.url, redirect_uri='https://evil.example/signed-in')}")
    silent = front.http.get(f"/dev/authorize?{query(front.url, prompt='none')}")
    assert (stray.status_code, stray.json()["code"]) == (400, "invalid_request")
    answer = parse_qs(urlsplit(silent.headers["location"]).query)
    assert (silent.status_code, answer["error"], answer["state"]) == (303, ["login_required"], ["the state"])
