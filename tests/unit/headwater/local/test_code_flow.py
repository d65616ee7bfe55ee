"""The development issuer's codes: what may ask for one, and who gets a token for it."""

from __future__ import annotations

from typing import Any

import pytest

from headwater.local import code_flow
from headwater.local.code_flow import Codes, Refused, Unanswerable

URL = "http://127.0.0.1:8787"
BACK = f"{URL}/signed-in"
VERIFIER = "dBjftJeZ4CVP-mBK5VgbOQGq1a0pvuYzH2Kv7nZk3jE"
QUERY = {
    "response_type": "code",
    "client_id": code_flow.CLIENT_ID,
    "redirect_uri": BACK,
    "scope": "openid profile",
    "state": "s",
    "nonce": "n",
    "code_challenge": code_flow.challenge_of(VERIFIER),
    "code_challenge_method": "S256",
}
FORM = {
    "grant_type": "authorization_code",
    "client_id": code_flow.CLIENT_ID,
    "redirect_uri": BACK,
    "code_verifier": VERIFIER,
}


class Moment:
    """A clock that tests set."""

    now = 1000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


def refusal(form: dict[str, str], codes: Codes) -> str:
    """Return the error of a token request that fails."""
    with pytest.raises(Refused) as caught:
        codes.redeem(form)
    return caught.value.error


def test_the_challenge_is_rfc_7636s() -> None:
    """Its appendix B."""
    verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    assert code_flow.challenge_of(verifier) == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/signed-in",
        "http://127.0.0.1:8787/other",
        "http://127.0.0.1:8787/signed-in?x=1",
        "http://127.0.0.1:8787.evil.example/signed-in",
        "http://127.0.0.1:8787@evil.example/signed-in",
        "http://evil.example\\@127.0.0.1/signed-in",
        "javascript:alert(1)",
        "",
    ],
)
def test_answers_go_to_this_machine_alone(uri: str) -> None:
    """An address elsewhere is not even told that it was refused."""
    with pytest.raises(Unanswerable):
        code_flow.redirect_of(QUERY | {"redirect_uri": uri}, URL)


def test_other_names_of_this_machine_are_known() -> None:
    """A page may have been opened as localhost; another client may not."""
    there = "http://localhost:8787/signed-in"
    assert code_flow.redirect_of(QUERY | {"redirect_uri": there}, URL) == there
    with pytest.raises(Unanswerable):
        code_flow.redirect_of(QUERY | {"client_id": "other"}, URL)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"nonce": "n" * 513}, "invalid_request"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_incomplete_requests_are_named(changes: dict[str, str], error: str) -> None:
    """Each by the error its specification has for it."""
    with pytest.raises(Refused) as caught:
        code_flow.read_asked(QUERY | changes, BACK)
    assert caught.value.error == error


def test_a_code_works_once() -> None:
    """For who holds the verifier, and never again."""
    codes = Codes(Moment())
    form = FORM | {"code": codes.issue(code_flow.read_asked(QUERY, BACK), "mara", "admin")}
    granted = codes.redeem(form)
    assert (granted.user, granted.role, granted.asked.nonce) == ("mara", "admin", "n")
    assert refusal(form, codes) == "invalid_grant"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"code_verifier": VERIFIER[:-1] + "X"}, "invalid_grant"),
        ({"code_verifier": ""}, "invalid_grant"),
        ({"redirect_uri": "http://localhost:8787/signed-in"}, "invalid_grant"),
        ({"client_id": "other"}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"code": "guessed"}, "invalid_grant"),
    ],
)
def test_nobody_else_gets_a_token(changes: dict[str, str], error: str) -> None:
    """A stolen code is worth nothing without its verifier."""
    codes = Codes(Moment())
    form = FORM | {"code": codes.issue(code_flow.read_asked(QUERY, BACK), "mara", "viewer")}
    assert refusal(form | changes, codes) == error


def test_codes_grow_old_and_stay_few(monkeypatch: Any) -> None:
    """A minute, and a bound on how many wait."""
    monkeypatch.setattr(code_flow, "MOST_CODES", 2)
    moment = Moment()
    codes = Codes(moment)
    asked = code_flow.read_asked(QUERY, BACK)
    first, second, third = (codes.issue(asked, name, "viewer") for name in ("a", "b", "c"))
    assert refusal(FORM | {"code": first}, codes) == "invalid_grant"
    assert codes.redeem(FORM | {"code": second}).user == "b"
    moment.now += code_flow.CODE_TTL_S
    assert refusal(FORM | {"code": third}, codes) == "invalid_grant"
