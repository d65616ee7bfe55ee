"""AWS Signature Version 4 in the Authorization header, checked as API Gateway checks calls of @connections. Pure."""

from __future__ import annotations

import hashlib
import hmac
import re
from calendar import timegm
from functools import lru_cache
from time import strptime
from typing import TYPE_CHECKING
from urllib.parse import quote

from headwater.local.presign import ALGORITHM, MAX_SKEW_S

if TYPE_CHECKING:
    from headwater.local.presign import Credentials, SignedRequest

SERVICE = "execute-api"
_HEADER = re.compile(rf"{ALGORITHM} Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{{64}})")


class CallRefused(Exception):
    """A call that is not signed by this stack's functions (403); the message is API Gateway's."""


def caller(authorization: str) -> str:
    """Return the access key id that an Authorization header names, empty when it names none."""
    match = _HEADER.fullmatch(authorization)
    return match[1].partition("/")[0] if match else ""


def check_call(
    request: SignedRequest,
    body: bytes,
    credentials: Credentials,
    now: float,
    *,
    service: str = SERVICE,
) -> None:
    """Return when the signature is right and of now (Unix seconds); raises CallRefused."""
    match = _HEADER.fullmatch(request.headers.get("authorization", ""))
    date = request.headers.get("x-amz-date", "")
    if match is None or not date:
        raise CallRefused("Missing Authentication Token")
    credential, signed, signature = match.groups()
    access_key_id, _, scope = credential.partition("/")
    token = request.headers.get("x-amz-security-token", "")
    if access_key_id != credentials.access_key_id or token != credentials.session_token:
        raise CallRefused("The security token included in the request is invalid.")
    if scope != f"{date[:8]}/{credentials.region}/{service}/aws4_request" or "host" not in signed.split(";"):
        raise CallRefused("Credential should be scoped to a valid region and service, and the host be signed.")
    if abs(_seconds(date) - now) > MAX_SKEW_S:
        raise CallRefused("Signature expired")
    canonical = hashlib.sha256(_canonical(request, signed.split(";"), body)).hexdigest()
    text = f"{ALGORITHM}\n{date}\n{scope}\n{canonical}"
    expected = hmac.new(_key(credentials.secret_access_key, scope), text.encode(), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, signature):
        raise CallRefused("The request signature we calculated does not match the signature you provided.")


def _seconds(date: str) -> float:
    try:
        return timegm(strptime(date, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise CallRefused("Date must be in ISO-8601 'basic format'.") from None


def _canonical(request: SignedRequest, signed: list[str], body: bytes) -> bytes:
    lines = [
        request.method,
        # Other services than S3 sign the path as it was sent, encoded once more.
        quote(request.path, safe="/-_.~"),
        "&".join(sorted(pair if "=" in pair else f"{pair}=" for pair in request.query.split("&") if pair)),
        *(f"{name}:{' '.join(request.headers.get(name, '').split())}" for name in signed),
        "",
        ";".join(signed),
        request.headers.get("x-amz-content-sha256") or hashlib.sha256(body).hexdigest(),
    ]
    return "\n".join(lines).encode()


@lru_cache(maxsize=8)
def _key(secret: str, scope: str) -> bytes:
    """Derive the key of a day: thousands of calls share it."""
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return key
