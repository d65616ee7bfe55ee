"""CloudFront's signed cookies, held against botocore's own signer."""

from __future__ import annotations

import base64
import datetime as dt
import json
from typing import TYPE_CHECKING

import pytest
from botocore.signers import CloudFrontSigner
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from headwater.local.signed_cookies import CookieRefused, check_cookies, check_link, parse_cookies, signed_link

if TYPE_CHECKING:
    from typing import Any

NOW = 1_800_000_000
ORIGIN = "http://127.0.0.1:8787"
URL = f"{ORIGIN}/media/rec_1/v/low/index.m3u8"
ALL = f"{ORIGIN}/media/rec_1/*"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    """One key for the module: making it is slow."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def _encode(raw: bytes) -> str:
    return base64.b64encode(raw).decode().translate(str.maketrans("+=/", "-_~"))


def _cookies(key: rsa.RSAPrivateKey, policy: str, key_pair: str = "K1") -> dict[str, str]:
    signature = key.sign(policy.encode(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303  CloudFront's format
    return {
        "CloudFront-Policy": _encode(policy.encode()),
        "CloudFront-Signature": _encode(signature),
        "CloudFront-Key-Pair-Id": key_pair,
    }


def _policy(resource: str = ALL, expires: object = NOW + 60, **conditions: Any) -> str:
    condition = {"DateLessThan": {"AWS:EpochTime": expires}, **conditions}
    return json.dumps({"Statement": [{"Resource": resource, "Condition": condition}]})


def _refusal(key: rsa.RSAPrivateKey, cookies: dict[str, str], url: str = URL) -> str | None:
    try:
        check_cookies(cookies, {"K1": key.public_key()}, url=url, now=NOW, source_ip="127.0.0.1")
    except CookieRefused as refused:
        return refused.code
    return None


def test_a_policy_built_by_botocore_is_accepted(key: rsa.RSAPrivateKey) -> None:
    """The signer that production uses and this check agree."""
    signer = CloudFrontSigner("K1", lambda text: key.sign(text, padding.PKCS1v15(), hashes.SHA1()))  # noqa: S303
    policy = signer.build_policy(ALL, dt.datetime.fromtimestamp(NOW + 60, dt.UTC))
    assert _refusal(key, _cookies(key, policy)) is None


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (_policy(), None),
        (_policy(resource="http*://127.0.0.1:8787/media/rec_?/*"), None),
        (_policy(resource=f"{ORIGIN}/media/rec_2/*"), "AccessDenied"),
        (_policy(resource="https://127.0.0.1:8787/media/rec_1/*"), "AccessDenied"),
        (_policy(expires=NOW), "AccessDenied"),
        (_policy(expires="soon"), "MalformedPolicy"),
        (_policy(DateGreaterThan={"AWS:EpochTime": NOW - 1}), None),
        (_policy(DateGreaterThan={"AWS:EpochTime": NOW + 1}), "AccessDenied"),
        (_policy(IpAddress={"AWS:SourceIp": "127.0.0.0/8"}), None),
        (_policy(IpAddress={"AWS:SourceIp": "0.0.0.0/0"}), None),
        (_policy(IpAddress={"AWS:SourceIp": "192.0.2.0/24"}), "AccessDenied"),
        (_policy(IpAddress=[]), "MalformedPolicy"),
        (_policy(Unknown={}), "MalformedPolicy"),
        ('{"Statement": []}', "MalformedPolicy"),
        ('{"Statement": [{"Resource": "*"}]}', "MalformedPolicy"),
        ('{"Statement": [{"Resource": "*", "Condition": {}}]}', "MalformedPolicy"),
        ("[]", "MalformedPolicy"),
        ("{", "MalformedPolicy"),
    ],
)
def test_policies_say_what_and_when(key: rsa.RSAPrivateKey, policy: str, expected: str | None) -> None:
    """A right signature is not enough."""
    assert _refusal(key, _cookies(key, policy)) == expected


@pytest.mark.parametrize("missing", ["CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"])
def test_all_three_cookies_are_needed(key: rsa.RSAPrivateKey, missing: str) -> None:
    """CloudFront's code for a request without them."""
    cookies = _cookies(key, _policy())
    del cookies[missing]
    assert _refusal(key, cookies) == "MissingKey"


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("CloudFront-Key-Pair-Id", "K2", "InvalidKey"),
        ("CloudFront-Policy", _encode(_policy(resource="*").encode()), "AccessDenied"),
        ("CloudFront-Policy", "!", "MalformedPolicy"),
        ("CloudFront-Signature", "!", "MalformedSignature"),
        ("CloudFront-Signature", "AAAA", "AccessDenied"),
        ("CloudFront-Signature", "é", "MalformedSignature"),
    ],
)
def test_forged_cookies_are_refused(key: rsa.RSAPrivateKey, name: str, value: str, expected: str) -> None:
    """Another key, another policy, noise."""
    assert _refusal(key, {**_cookies(key, _policy()), name: value}) == expected


def test_a_key_that_is_not_trusted_cannot_sign(key: rsa.RSAPrivateKey) -> None:
    """Even under a trusted id."""
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    assert _refusal(key, _cookies(stranger, _policy())) == "AccessDenied"


def test_the_first_cookie_of_a_name_wins() -> None:
    """Browsers send the most specific path first; CloudFront's characters pass through."""
    assert parse_cookies('a=1; b="x~-_"; a=2; junk;=;c=d=e') == {"a": "1", "b": "x~-_", "": "", "c": "d=e"}


def _link_refusal(key: rsa.RSAPrivateKey, query: str, url: str = URL, now: int = NOW) -> str | None:
    link = signed_link(query)
    assert link is not None
    try:
        check_link(link, {"K1": key.public_key()}, url=url, now=now)
    except CookieRefused as refused:
        return refused.code
    return None


def test_a_link_signed_by_botocore_opens_one_file_for_a_while(key: rsa.RSAPrivateKey) -> None:
    """Its canned policy is not sent, and no other address or time passes."""
    signer = CloudFrontSigner("K1", lambda text: key.sign(text, padding.PKCS1v15(), hashes.SHA1()))  # noqa: S303
    ends = dt.datetime.fromtimestamp(NOW + 60, dt.UTC)
    query = signer.generate_presigned_url(URL, date_less_than=ends).partition("?")[2]
    assert _link_refusal(key, query) is None
    assert _link_refusal(key, query, url=f"{URL}x") == "AccessDenied"
    assert _link_refusal(key, query, now=NOW + 60) == "AccessDenied"
    assert _link_refusal(key, query.replace(str(NOW + 60), str(NOW + 61))) == "AccessDenied"
    assert _link_refusal(key, query.replace("K1", "K2")) == "InvalidKey"
    assert _link_refusal(key, query.replace(str(NOW + 60), "soon")) == "MalformedPolicy"
    assert signed_link("v=2") is None
