"""Bearer tokens, against an issuer on the loopback that serves its keys."""

from __future__ import annotations

import json
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from jwt.algorithms import RSAAlgorithm

from chalicelib.adapters.tokens import TokenVerifier
from chalicelib.domain.access import Caller, Role
from chalicelib.errors import Transient, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Iterator

ISSUER = "https://issuer.example/dev"


@dataclass
class Issuer:
    """Signs tokens; `body` is what its JWKS address answers, None a 500."""

    key: RSAPrivateKey
    url: str = ""
    body: bytes | None = b""
    fetches: list[str] = field(default_factory=list)

    def token(self, *, kid: object = "k1", algorithm: str = "RS256", key: Any = None, **changes: Any) -> str:
        """Sign a token that is right but for `changes`; a claim of None is left out."""
        claims = {"iss": ISSUER, "aud": "headwater", "sub": "anna", "role": "publisher", "exp": time.time() + 60}
        claims = {name: value for name, value in (claims | changes).items() if value is not None}
        return jwt.encode(
            claims, self.key if key is None else key, algorithm=algorithm, headers={"kid": kid} if kid else {}
        )


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    """The issuer's key."""
    return generate_private_key(65537, 2048)


@contextmanager
def serving(issuer: Issuer) -> Iterator[None]:
    """Serve the issuer's keys on a free port."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            issuer.fetches.append(self.path)
            self.send_response(200 if issuer.body is not None else 500)
            self.end_headers()
            self.wfile.write(issuer.body or b"")

        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        issuer.url = f"http://127.0.0.1:{server.server_port}"
        yield
        server.shutdown()
        thread.join()


@pytest.fixture
def issuer(key: RSAPrivateKey) -> Iterator[Issuer]:
    """An issuer with one key."""
    public = json.loads(RSAAlgorithm.to_jwk(key.public_key())) | {"kid": "k1", "use": "sig", "alg": "RS256"}
    made = Issuer(key, body=json.dumps({"keys": [public]}).encode())
    with serving(made):
        yield made


@pytest.fixture
def verifier(issuer: Issuer) -> TokenVerifier:
    """A verifier of that issuer's tokens."""
    return TokenVerifier(issuer=ISSUER, audience="headwater", jwks_url=f"{issuer.url}/jwks.json")


def test_a_good_token(issuer: Issuer, verifier: TokenVerifier) -> None:
    """Says who and what; the keys are fetched once."""
    assert verifier.caller(f"Bearer {issuer.token()}") == Caller("anna", Role.PUBLISHER)
    assert verifier.caller(f"bearer  {issuer.token(role='admin', sub='x|1')} ") == Caller("x|1", Role.ADMIN)
    assert verifier.caller(f"Bearer {issuer.token(role='king')}").role == Role.VIEWER
    assert verifier.caller(f"Bearer {issuer.token(role=None)}").role == Role.VIEWER
    assert verifier.caller(f"Bearer {issuer.token(exp=time.time() - 2)}").sub == "anna"
    assert issuer.fetches == ["/jwks.json"]


def test_an_access_token_of_cognito(issuer: Issuer, verifier: TokenVerifier) -> None:
    """It has no audience but names its client; an identity token of the kind, or another client's, does not count."""
    access = {"aud": None, "token_use": "access", "client_id": "headwater"}
    assert verifier.caller(f"Bearer {issuer.token(**access)}").sub == "anna"
    for change in ({"client_id": "other"}, {"token_use": "id"}, {"client_id": None}, {"aud": "other"}):
        with pytest.raises(Unauthorized):
            verifier.caller(f"Bearer {issuer.token(**{**access, **change})}")


def test_one_of_several_audiences(issuer: Issuer, verifier: TokenVerifier) -> None:
    """A token may be for more than us."""
    assert verifier.caller(f"Bearer {issuer.token(aud=['other', 'headwater'])}").sub == "anna"


def test_another_claim_may_hold_the_role(issuer: Issuer) -> None:
    """Cognito lists groups."""
    verifier = TokenVerifier(issuer=ISSUER, audience="headwater", jwks_url=issuer.url, role_claim="cognito:groups")
    token = issuer.token(**{"cognito:groups": ["staff", "admin"]})
    assert verifier.caller(f"Bearer {token}").role == Role.ADMIN


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "other"},
        {"aud": None},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"nbf": 99999999999},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "a" * 256},
        {"sub": "a\nb"},
        {"sub": "ünna"},
        {"kid": "k2"},
        {"kid": None},
        {"algorithm": "RS512"},
        {"algorithm": "HS256", "key": "a secret that is at least thirty-two bytes"},
        {"algorithm": "none", "key": ""},
    ],
)
def test_tokens_that_are_not_ours(issuer: Issuer, verifier: TokenVerifier, changes: dict[str, Any]) -> None:
    """Wrong issuer, audience, time, subject, key or algorithm."""
    token = issuer.token(**changes)
    with pytest.raises(Unauthorized, match="unauthorized"):
        verifier.caller(f"Bearer {token}")


def test_a_token_of_another_key(verifier: TokenVerifier) -> None:
    """The right key id on the wrong key."""
    forged = Issuer(generate_private_key(65537, 2048)).token()
    with pytest.raises(Unauthorized):
        verifier.caller(f"Bearer {forged}")


@pytest.mark.parametrize(
    "authorization",
    [
        "",
        "Bearer",
        "Bearer ",
        "Basic YTpi",
        "Bearer a.b.c",
        "Bearer \ud800",
        "Bearer é",
        f"Bearer {'a' * 9000}",
        "a.b.c",
    ],
)
def test_garbage_costs_no_request(issuer: Issuer, verifier: TokenVerifier, authorization: str) -> None:
    """It is refused before any key is fetched."""
    with pytest.raises(Unauthorized):
        verifier.caller(authorization)
    assert issuer.fetches == []


def test_unknown_keys_do_not_hammer_the_issuer(issuer: Issuer, verifier: TokenVerifier) -> None:
    """Anybody can write a token with a new key id in it."""
    for number in range(5):
        with pytest.raises(Unauthorized):
            verifier.caller(f"Bearer {issuer.token(kid=f'x{number}')}")
    assert len(issuer.fetches) == 1


@pytest.mark.parametrize("body", [None, b"not json", b"[]x", b'{"keys": []}'])
def test_an_issuer_that_is_down_is_not_the_callers_fault(
    issuer: Issuer, verifier: TokenVerifier, body: bytes | None
) -> None:
    """Try again, rather than sign in again."""
    token, issuer.body = issuer.token(), body
    with pytest.raises(Transient, match="issuer_unavailable"):
        verifier.caller(f"Bearer {token}")


def test_the_well_known_address_is_the_default(issuer: Issuer) -> None:
    """Only the issuer need be configured."""
    verifier = TokenVerifier(issuer=issuer.url, audience="headwater")
    assert verifier.caller(f"Bearer {issuer.token(iss=issuer.url)}").sub == "anna"
    assert issuer.fetches == ["/.well-known/jwks.json"]
