"""Signature Version 4 by hand: the same as botocore's, and taken by the embedded gateway's own check."""

from __future__ import annotations

import hashlib
from calendar import timegm
from time import strptime
from urllib.parse import quote

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import ReadOnlyCredentials

from chalicelib.adapters.call_signing import CallSigner
from headwater.local.presign import Credentials, SignedRequest
from headwater.local.signed_calls import CallRefused, caller, check_call

NOW = 1_700_000_000.0
KEYS = Credentials("AKIAX", "secret", "eu-central-1")
HOST = "abc.execute-api.eu-central-1.amazonaws.com"


def lines(text: str) -> dict[str, str]:
    """Read header lines."""
    return dict(line.split(": ", 1) for line in text.splitlines())


def signed(path: str, body: bytes = b"", method: str = "POST", token: str | None = None) -> dict[str, str]:
    """Sign a request as the pusher does."""
    held = ReadOnlyCredentials(KEYS.access_key_id, KEYS.secret_access_key, token)
    signer = CallSigner(lambda: held, HOST, KEYS.region, "execute-api")
    return lines(signer.headers(method, path, hashlib.sha256(body).hexdigest(), NOW))


@pytest.mark.parametrize("token", [None, "a-session-token"])
@pytest.mark.parametrize("name", ["L0SM9cOFvHcCIhw=", "plain", "a/b+c"])
def test_it_signs_as_botocore_does(name: str, token: str | None) -> None:
    """Also ids that must be encoded, and a role's temporary credentials."""
    path, body = f"/api/@connections/{quote(name, safe='')}", b'{"type":"pong"}'
    ours = signed(path, body, token=token)
    request = AWSRequest("POST", f"https://{HOST}{path}", data=body)
    request.context["timestamp"] = ours["x-amz-date"]
    auth = SigV4Auth(ReadOnlyCredentials(KEYS.access_key_id, KEYS.secret_access_key, token), "execute-api", KEYS.region)
    request.headers["X-Amz-Date"] = ours["x-amz-date"]
    if token:
        request.headers["X-Amz-Security-Token"] = token
    canonical = auth.canonical_request(request)
    expected = auth.signature(auth.string_to_sign(request, canonical), request)
    assert ours["authorization"].rpartition("Signature=")[2] == expected
    assert timegm(strptime(ours["x-amz-date"], "%Y%m%dT%H%M%SZ")) == NOW


def test_the_gateway_takes_it() -> None:
    """For the method, path, body and time it was made for."""
    path, body = "/ws/@connections/L0SM%3D", b"hello"
    headers = signed(path, body) | {"host": HOST}
    check_call(SignedRequest("POST", path, "", headers), body, KEYS, NOW + 60)


def test_a_role_s_key_is_good_with_its_session_only() -> None:
    """As the functions' are, here and on AWS."""
    path = "/ws/@connections/L0SM%3D"
    held = Credentials(KEYS.access_key_id, KEYS.secret_access_key, KEYS.region, "a-session-token")
    headers = signed(path, token="a-session-token") | {"host": HOST}
    assert caller(headers["authorization"]) == KEYS.access_key_id
    check_call(SignedRequest("POST", path, "", headers), b"", held, NOW)
    for sent in (signed(path), signed(path, token="another")):
        with pytest.raises(CallRefused, match="security token"):
            check_call(SignedRequest("POST", path, "", sent | {"host": HOST}), b"", held, NOW)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"method": "DELETE"}, "does not match"),
        ({"path": "/ws/@connections/other"}, "does not match"),
        ({"body": b"other"}, "does not match"),
        ({"host": "elsewhere"}, "does not match"),
        ({"now": NOW + 901}, "expired"),
        ({"authorization": ""}, "Missing"),
        ({"authorization": "Bearer x"}, "Missing"),
        ({"x-amz-date": ""}, "Missing"),
        ({"x-amz-date": "20231114"}, "basic format"),
        ({"keys": Credentials("AKIAY", "secret", "eu-central-1")}, "invalid"),
        ({"keys": Credentials("AKIAX", "other", "eu-central-1")}, "does not match"),
        ({"keys": Credentials("AKIAX", "secret", "us-east-1")}, "region"),
    ],
)
def test_the_gateway_takes_nothing_else(change: dict[str, object], message: str) -> None:
    """Nothing signed for something else, at another time, or with other keys."""
    path, body = "/ws/@connections/L0SM%3D", b"hello"
    headers = signed(path, body) | {"host": HOST}
    headers |= {name: str(value) for name, value in change.items() if name in {"host", "authorization", "x-amz-date"}}
    request = SignedRequest(str(change.get("method", "POST")), str(change.get("path", path)), "", headers)
    keys = change.get("keys", KEYS)
    assert isinstance(keys, Credentials)
    sent = change.get("body", body)
    assert isinstance(sent, bytes)
    with pytest.raises(CallRefused, match=message):
        check_call(request, sent, keys, float(str(change.get("now", NOW))))
