"""CloudFront cookies verify with the public key; grants use the stored key."""

from __future__ import annotations

import base64
from itertools import count

import pytest
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from chalicelib.adapters.signing import (
    CloudFrontCookies,
    HmacGrants,
    HmacNetworks,
    HmacSessions,
    HmacViewers,
    cookie_text,
)
from chalicelib.domain.access import check_grant
from chalicelib.domain.networks import network_name
from chalicelib.domain.sessions import check_session_token, viewer_name
from chalicelib.errors import Unauthorized

ID = "rec_0123456789abcdefghij"


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    """A CloudFront key."""
    return generate_private_key(65537, 2048)


def pem(key: RSAPrivateKey) -> str:
    """Return the key as Secrets Manager holds it."""
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


def decode(text: str) -> bytes:
    """Undo CloudFront's alphabet."""
    return base64.b64decode(text.replace("-", "+").replace("_", "=").replace("~", "/"), validate=True)


def test_cloudfront_can_verify_the_cookies(key: RSAPrivateKey) -> None:
    """The signature is over the exact policy text; the secret is fetched once."""
    fetched = count()

    def fetch() -> str:
        assert next(fetched) == 0
        return pem(key)

    signer = CloudFrontCookies("K123", fetch)
    for policy in ('{"Statement":[1]}', '{"Statement":[2]}'):
        cookies = signer.cookies(policy)
        assert cookies["CloudFront-Key-Pair-Id"] == "K123"
        assert decode(cookies["CloudFront-Policy"]) == policy.encode()
        key.public_key().verify(decode(cookies["CloudFront-Signature"]), policy.encode(), PKCS1v15(), hashes.SHA1())  # noqa: S303  as CloudFront verifies


def test_the_alphabet_fits_a_cookie() -> None:
    """None of + = / survives."""
    text = cookie_text(bytes(range(256)) + b"\xfb\xff\xfe")
    assert not set("+=/") & set(text)
    assert decode(text) == bytes(range(256)) + b"\xfb\xff\xfe"


def test_grants_use_the_stored_key() -> None:
    """Hex in the secret, with or without a line's end."""
    grants = HmacGrants(lambda: "00ff\n")
    grant = grants.issue(ID, 100)
    check_grant(b"\x00\xff", ID, grant, now=1)
    grants.check(ID, grant, now=1)
    with pytest.raises(Unauthorized, match="grant_expired"):
        grants.check(ID, grant, now=100)


def test_sessions_and_networks_use_the_same_key_for_other_things() -> None:
    """No token is a grant, and no grant a token."""
    sessions, networks, session = HmacSessions(lambda: "00ff"), HmacNetworks(lambda: "00ff"), "ses_0123456789abcdefghij"
    token = sessions.issue(ID, session, 100)
    check_session_token(b"\x00\xff", ID, session, token, now=1)
    sessions.check(ID, session, token, now=1)
    with pytest.raises(Unauthorized, match="session_token_expired"):
        sessions.check(ID, session, token, now=100)
    with pytest.raises(Unauthorized, match="session_token_invalid"):
        sessions.check(ID, session, HmacGrants(lambda: "00ff").issue(ID, 100), now=1)
    assert networks.name("192.0.2.1", 7) == network_name(b"\x00\xff", "192.0.2.0/24", 7)
    assert networks.name("nobody", 7) is None


def test_viewers_are_named_with_the_stored_key() -> None:
    """People and browsers apart."""
    names = HmacViewers(lambda: "ab" * 32)
    assert names.of_user("ada") == viewer_name(b"\xab" * 32, "user", "ada")
    assert names.of_browser("ada") == viewer_name(b"\xab" * 32, "browser", "ada")
