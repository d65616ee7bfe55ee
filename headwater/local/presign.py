"""Presigned S3 requests: AWS Signature Version 4 in the query, checked as S3 checks it (moto does not). Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from calendar import timegm
from dataclasses import dataclass
from time import gmtime, strftime, strptime
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

if TYPE_CHECKING:
    from collections.abc import Mapping

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_EXPIRES_S = 7 * 24 * 3600
MAX_SKEW_S = 15 * 60
_NEEDED = tuple(
    f"X-Amz-{name}" for name in ("Algorithm", "Credential", "Date", "Expires", "SignedHeaders", "Signature")
)
_DATE = re.compile(r"\d{8}T\d{6}Z")


@dataclass(frozen=True, slots=True)
class Credentials:
    """A key pair to sign with; that of a role is good together with its session's token only."""

    access_key_id: str
    secret_access_key: str
    region: str
    session_token: str = ""


def unsigned(credentials: Credentials, service: str) -> dict[str, str]:
    """Return headers that say who asks: the emulator wants a role's key and token, and checks no signature."""
    scope = f"{credentials.access_key_id}/20260101/{credentials.region}/{service}/aws4_request"
    headers = {"Authorization": f"{ALGORITHM} Credential={scope}, SignedHeaders=host, Signature=0"}
    return headers | ({"X-Amz-Security-Token": credentials.session_token} if credentials.session_token else {})


class PresignRefused(Exception):
    """A request S3 would refuse: status, S3's error code and message, further XML elements."""

    def __init__(self, status: int, code: str, message: str, **extra: str) -> None:
        """Take them as S3 writes them."""
        super().__init__(f"{code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.extra = extra


@dataclass(frozen=True, slots=True)
class SignedRequest:
    """What is signed: method, path and query as sent; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]


def signer(query: str) -> str:
    """Return the access key id that a query names, empty when it names none."""
    return dict(_pairs(query)).get("X-Amz-Credential", "").partition("/")[0]


def check(request: SignedRequest, credentials: Credentials, now: float) -> None:
    """Return when the signature is right and in its time; `now` in Unix seconds. Raises PresignRefused."""
    pairs = _pairs(request.query)
    given = dict(pairs)
    if "X-Amz-Signature" not in given and "X-Amz-Algorithm" not in given:
        raise PresignRefused(403, "AccessDenied", "Access Denied")
    if any(not given.get(name) for name in _NEEDED) or given["X-Amz-Algorithm"] != ALGORITHM:
        raise _bad_parameters(f"Query-string authentication version 4 requires the {', '.join(_NEEDED)} parameters.")
    scope = _check_scope(given, credentials)
    _check_time(given, now)
    signed = given["X-Amz-SignedHeaders"].split(";")
    _check_headers(request.headers, signed)
    unsigned = [pair for pair in pairs if pair[0] != "X-Amz-Signature"]
    text = "\n".join(
        [ALGORITHM, given["X-Amz-Date"], scope, hashlib.sha256(_canonical(request, unsigned, signed)).hexdigest()]
    )
    key = _signing_key(credentials.secret_access_key, scope)
    expected = hmac.new(key, text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected.encode(), given["X-Amz-Signature"].encode()):
        raise PresignRefused(
            403,
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            StringToSign=text,
        )


def without_signature(query: str) -> str:
    """Return the query's own parameters, still encoded, without those that signed it."""
    ours = {name.lower() for name in _NEEDED} | {"x-amz-security-token", "x-amz-content-sha256"}
    return "&".join(pair for pair in query.split("&") if unquote(pair.partition("=")[0]).lower() not in ours)


def _pairs(query: str) -> list[tuple[str, str]]:
    split = [item.partition("=") for item in query.split("&") if item]
    return [(unquote(name), unquote(value)) for name, _, value in split]


def _bad_parameters(message: str) -> PresignRefused:
    return PresignRefused(400, "AuthorizationQueryParametersError", message)


def _check_scope(given: Mapping[str, str], credentials: Credentials) -> str:
    """Return the credential scope once it is ours and of the request's day."""
    access_key_id, _, scope = given["X-Amz-Credential"].partition("/")
    if access_key_id != credentials.access_key_id:
        message = "The AWS Access Key Id you provided does not exist in our records."
        raise PresignRefused(403, "InvalidAccessKeyId", message, AWSAccessKeyId=access_key_id)
    if not hmac.compare_digest(given.get("X-Amz-Security-Token", "").encode(), credentials.session_token.encode()):
        raise PresignRefused(400, "InvalidToken", "The provided token is malformed or otherwise invalid.")
    if scope != f"{given['X-Amz-Date'][:8]}/{credentials.region}/s3/aws4_request":
        raise _bad_parameters(
            f"Error parsing the X-Amz-Credential parameter; expecting the day of X-Amz-Date, region "
            f"'{credentials.region}', service 's3' and 'aws4_request'."
        )
    return scope


def _check_time(given: Mapping[str, str], now: float) -> None:
    expires_in = given["X-Amz-Expires"]
    if not (expires_in.isdecimal() and len(expires_in) < 10 and int(expires_in) <= MAX_EXPIRES_S):  # noqa: PLR2004
        raise _bad_parameters("X-Amz-Expires must be a whole number of seconds, less than a week")
    try:
        signed_at = timegm(strptime(given["X-Amz-Date"], "%Y%m%dT%H%M%SZ"))
    except ValueError:
        signed_at = None
    if signed_at is None or not _DATE.fullmatch(given["X-Amz-Date"]):
        raise _bad_parameters("X-Amz-Date must be in the ISO8601 Long Format \"yyyyMMdd'T'HHmmss'Z'\"")
    if signed_at > now + MAX_SKEW_S:
        raise PresignRefused(403, "AccessDenied", "Request is not valid yet", ServerTime=_iso(now))
    if now > signed_at + int(expires_in):
        raise PresignRefused(
            403,
            "AccessDenied",
            "Request has expired",
            **{"X-Amz-Expires": expires_in, "Expires": _iso(signed_at + int(expires_in)), "ServerTime": _iso(now)},
        )


def _iso(seconds: float) -> str:
    return strftime("%Y-%m-%dT%H:%M:%SZ", gmtime(seconds))


def _check_headers(headers: Mapping[str, str], signed: list[str]) -> None:
    if "host" not in signed:
        raise _bad_parameters("X-Amz-SignedHeaders must name the host header")
    loose = [name for name in headers if name.startswith("x-amz-") and name not in signed]
    if loose:
        message = "There were headers present in the request which were not signed"
        raise PresignRefused(403, "AccessDenied", message, HeadersNotSigned=", ".join(loose))


def _canonical(request: SignedRequest, pairs: list[tuple[str, str]], signed: list[str]) -> bytes:
    encoded = sorted((quote(name, safe="-_.~"), quote(value, safe="-_.~")) for name, value in pairs)
    lines = [
        request.method,
        quote(unquote(request.path), safe="/-_.~"),
        "&".join(f"{name}={value}" for name, value in encoded),
        *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signed),
        "",
        ";".join(signed),
        "UNSIGNED-PAYLOAD",
    ]
    return "\n".join(lines).encode()


def _signing_key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
