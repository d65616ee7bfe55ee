"""Presigned S3 requests, held against botocore's own signer."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from headwater.local import presign
from headwater.local.presign import Credentials, PresignRefused, SignedRequest, without_signature

CREDENTIALS = Credentials("AKIALOCAL", "made-up-secret", "eu-central-1")
ENDPOINT = "http://127.0.0.1:8787"
PART = {"Bucket": "b", "Key": "sources/rec_1/original", "UploadId": "u/1+x=", "PartNumber": 2, "ContentLength": 5}


def _signed(operation: str = "upload_part", params: dict[str, Any] | None = None, ttl_s: int = 60, **creds: str) -> str:
    client = boto3.client(
        "s3",
        endpoint_url=ENDPOINT,
        region_name=creds.get("region", "eu-central-1"),
        aws_access_key_id=creds.get("access_key_id", "AKIALOCAL"),
        aws_secret_access_key=creds.get("secret", "made-up-secret"),
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    return client.generate_presigned_url(operation, Params=params or PART, ExpiresIn=ttl_s)


def _signed_at(url: str) -> float:
    stamp = url.split("X-Amz-Date=")[1][:16]
    return presign.timegm(presign.strptime(stamp, "%Y%m%dT%H%M%SZ"))


def _refusal(url: str, *, method: str = "PUT", after_s: float = 1.0, **headers: str) -> tuple[int, str] | None:
    parts = urlsplit(url)
    sent = {"host": "127.0.0.1:8787", "content-length": "5"}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        presign.check(SignedRequest(method, parts.path, parts.query, sent), CREDENTIALS, _signed_at(url) + after_s)
    except PresignRefused as refused:
        return refused.status, refused.code
    return None


@pytest.mark.parametrize(
    ("operation", "params", "method"),
    [
        ("upload_part", PART, "PUT"),
        ("get_object", {"Bucket": "b", "Key": "a b/é+~(1).mp4"}, "GET"),
        (
            "get_object",
            {"Bucket": "b", "Key": "k", "ResponseContentDisposition": 'attachment; filename="a+b.mp4"'},
            "GET",
        ),
        ("head_object", {"Bucket": "b", "Key": "k"}, "HEAD"),
        ("put_object", {"Bucket": "b", "Key": "k", "ContentType": "video/mp4", "Metadata": {"a": "b"}}, "PUT"),
    ],
)
def test_what_botocore_signs_is_accepted(operation: str, params: dict[str, Any], method: str) -> None:
    """Odd keys, parameters of the operation, signed headers."""
    headers = {"content_type": "video/mp4", "x_amz_meta_a": "b"} if operation == "put_object" else {}
    assert _refusal(_signed(operation, params), method=method, **headers) is None


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"content_length": "6"}, (403, "SignatureDoesNotMatch")),
        ({"host": "localhost:8787"}, (403, "SignatureDoesNotMatch")),
        ({"x_amz_acl": "public-read"}, (403, "AccessDenied")),
        ({"content_type": "video/mp4"}, None),
    ],
)
def test_signed_headers_bind_the_request(headers: dict[str, str], expected: tuple[int, str] | None) -> None:
    """The exact length, the exact host, nothing unsigned of Amazon's own."""
    assert _refusal(_signed(), **headers) == expected


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("partNumber=2", "partNumber=3", "SignatureDoesNotMatch"),
        ("rec_1", "rec_2", "SignatureDoesNotMatch"),
        ("X-Amz-Expires=60", "X-Amz-Expires=600", "SignatureDoesNotMatch"),
        ("X-Amz-Expires=60", "X-Amz-Expires=700000", "AuthorizationQueryParametersError"),
        ("X-Amz-Expires=60", "X-Amz-Expires=-1", "AuthorizationQueryParametersError"),
        ("X-Amz-Expires=60", "", "AuthorizationQueryParametersError"),
        ("AWS4-HMAC-SHA256", "AWS4-HMAC-SHA1", "AuthorizationQueryParametersError"),
        ("AKIALOCAL", "AKIAOTHER", "InvalidAccessKeyId"),
        ("aws4_request", "aws4", "AuthorizationQueryParametersError"),
        ("content-length%3Bhost", "content-length", "AuthorizationQueryParametersError"),
        ("content-length%3Bhost", "host", "SignatureDoesNotMatch"),
        ("X-Amz-Signature=", "X-Amz-Signature=0", "SignatureDoesNotMatch"),
        ("X-Amz-Signature=", "X-Amz-Signature=%C3%A9", "SignatureDoesNotMatch"),
    ],
)
def test_a_changed_url_is_refused(old: str, new: str, expected: str) -> None:
    """Each part of it is signed or checked."""
    url = _signed()
    assert old in url
    refusal = _refusal(url.replace(old, new))
    assert refusal is not None
    assert refusal[1] == expected


@pytest.mark.parametrize(
    ("after_s", "expected"),
    [(60.0, None), (60.5, (403, "AccessDenied")), (-899.0, None), (-901.0, (403, "AccessDenied"))],
)
def test_urls_live_for_their_time(after_s: float, expected: tuple[int, str] | None) -> None:
    """Until they expire, and with a quarter of an hour for clocks that differ."""
    assert _refusal(_signed(), after_s=after_s) == expected


def test_an_expired_url_says_so() -> None:
    """In S3's words, with when it expired."""
    url = _signed()
    parts = urlsplit(url)
    request = SignedRequest("PUT", parts.path, parts.query, {"host": "127.0.0.1:8787", "content-length": "5"})
    with pytest.raises(PresignRefused) as caught:
        presign.check(request, CREDENTIALS, _signed_at(url) + 61)
    assert (caught.value.message, caught.value.extra["X-Amz-Expires"]) == ("Request has expired", "60")


@pytest.mark.parametrize(("creds", "expected"), [({"secret": "guess"}, 403), ({"region": "us-east-1"}, 400)])
def test_other_credentials_are_refused(creds: dict[str, str], expected: int) -> None:
    """A guessed secret, another region."""
    refusal = _refusal(_signed(**creds))
    assert refusal is not None
    assert refusal[0] == expected


def test_the_method_is_signed() -> None:
    """A URL to read is not one to write."""
    assert _refusal(_signed("get_object", {"Bucket": "b", "Key": "k"}), method="PUT") == (403, "SignatureDoesNotMatch")


@pytest.mark.parametrize("query", ["", "uploads", "partNumber=1&uploadId=x"])
def test_unsigned_requests_are_denied(query: str) -> None:
    """As S3 does with a private bucket."""
    with pytest.raises(PresignRefused) as caught:
        presign.check(SignedRequest("GET", "/b/k", query, {}), CREDENTIALS, 0)
    assert (caught.value.status, caught.value.code) == (403, "AccessDenied")


def test_only_the_operation_is_passed_on() -> None:
    """The emulator sees the request as if signed in its header."""
    assert without_signature(urlsplit(_signed()).query) == "uploadId=u%2F1%2Bx%3D&partNumber=2"


def test_a_role_s_key_is_good_with_its_session_only() -> None:
    """The token is signed with the rest; without it, or with another, nothing is."""
    held = Credentials("ASIALOCAL", "made-up-secret", "eu-central-1", "a/b+c==")
    session = boto3.Session(held.access_key_id, held.secret_access_key, held.session_token, held.region)
    signing = Config(signature_version="s3v4", s3={"addressing_style": "path"})
    url = session.client("s3", endpoint_url="http://127.0.0.1:1", config=signing).generate_presigned_url(
        "get_object", Params={"Bucket": "b", "Key": "k"}, ExpiresIn=60
    )
    parts = urlsplit(url)
    request = SignedRequest("GET", parts.path, parts.query, {"host": parts.netloc})
    assert presign.signer(parts.query) == "ASIALOCAL"
    presign.check(request, held, _signed_at(url))
    for token in ("", "a/b+c=", "other"):
        with pytest.raises(PresignRefused, match="InvalidToken"):
            presign.check(request, Credentials("ASIALOCAL", "made-up-secret", "eu-central-1", token), _signed_at(url))
