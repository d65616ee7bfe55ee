"""CloudFront's signed cookies and links: a policy, RSA-SHA1 over it, and the id of the key that signed. Pure."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from headwater.local.wildcards import wildcard_match

if TYPE_CHECKING:
    from collections.abc import Mapping

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

POLICY, SIGNATURE, KEY_PAIR = "CloudFront-Policy", "CloudFront-Signature", "CloudFront-Key-Pair-Id"
_CONDITIONS = frozenset({"DateLessThan", "DateGreaterThan", "IpAddress"})


class CookieRefused(Exception):
    """Access denied (403), with CloudFront's error code and message."""

    def __init__(self, code: str, message: str) -> None:
        """Take both as CloudFront writes them."""
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message


def check_cookies(
    cookies: Mapping[str, str], keys: Mapping[str, RSAPublicKey], *, url: str, now: float, source_ip: str
) -> None:
    """Return when the cookies allow `url` at `now` (Unix seconds); `keys` are the trusted ones by key-pair id.

    Raises CookieRefused.
    """
    if not cookies.get(KEY_PAIR) or POLICY not in cookies or SIGNATURE not in cookies:
        raise CookieRefused("MissingKey", "Missing Key-Pair-Id query parameter or cookie value")
    key = keys.get(cookies[KEY_PAIR])
    if key is None:
        raise CookieRefused("InvalidKey", "Unknown Key")
    policy = _decode(cookies[POLICY], "MalformedPolicy", "Malformed Policy")
    signature = _decode(cookies[SIGNATURE], "MalformedSignature", "Could not unencode Signature")
    try:
        # SHA-1 is CloudFront's format, not our choice.
        key.verify(signature, policy, padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
    except InvalidSignature:
        raise CookieRefused("AccessDenied", "Access denied") from None
    _check_policy(policy, url, now, source_ip)


def signed_link(query: str) -> dict[str, str] | None:
    """Return what proves a link with a canned policy; None for a query that is none. It wins over cookies."""
    fields = dict(parse_qsl(query, keep_blank_values=True))
    return fields if {"Expires", "Signature", "Key-Pair-Id"} <= fields.keys() else None


def check_link(link: Mapping[str, str], keys: Mapping[str, RSAPublicKey], *, url: str, now: float) -> None:
    """Return when a link opens `url`, given without its query; raises CookieRefused.

    The policy is not sent: CloudFront writes it from address and expiry, and so does this.
    """
    if not re.fullmatch(r"[0-9]{1,12}", link["Expires"]):
        raise CookieRefused("MalformedPolicy", "Malformed Policy")
    statement = {"Resource": url, "Condition": {"DateLessThan": {"AWS:EpochTime": int(link["Expires"])}}}
    policy = json.dumps({"Statement": [statement]}, separators=(",", ":")).encode()
    fields = {POLICY: _encode(policy), SIGNATURE: link["Signature"], KEY_PAIR: link["Key-Pair-Id"]}
    check_cookies(fields, keys, url=url, now=now, source_ip="127.0.0.1")


def _encode(data: bytes) -> str:
    return base64.b64encode(data).decode().translate(str.maketrans("+=/", "-_~"))


def _decode(text: str, code: str, message: str) -> bytes:
    """Undo CloudFront's URL-safe base64 (- for +, _ for =, ~ for /)."""
    try:
        return base64.b64decode(text.translate(str.maketrans("-_~", "+=/")), validate=True)
    except (binascii.Error, ValueError):
        raise CookieRefused(code, message) from None


def _check_policy(policy: bytes, url: str, now: float, source_ip: str) -> None:
    resource, condition = _statement(policy)
    if not wildcard_match(resource, url):
        raise CookieRefused("AccessDenied", "Access denied")
    try:
        expires = int(condition["DateLessThan"]["AWS:EpochTime"])
        begins = int(condition.get("DateGreaterThan", {}).get("AWS:EpochTime", 0))
        network = ipaddress.ip_network(condition.get("IpAddress", {}).get("AWS:SourceIp", "0.0.0.0/0"), strict=False)
        inside = ipaddress.ip_address(source_ip) in network or network.prefixlen == 0
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CookieRefused("MalformedPolicy", "Malformed Policy") from None
    if now >= expires:
        raise CookieRefused("AccessDenied", "Access denied: the signed cookies have expired")
    if now <= begins or not inside:
        raise CookieRefused("AccessDenied", "Access denied")


def _statement(policy: bytes) -> tuple[str, dict[str, Any]]:
    """Return the one statement's resource and condition; anything not understood is refused, never skipped."""
    try:
        (statement,) = json.loads(policy)["Statement"]
        resource, condition = statement["Resource"], statement["Condition"]
    except (ValueError, KeyError, TypeError):
        raise CookieRefused("MalformedPolicy", "Malformed Policy") from None
    if not isinstance(resource, str) or not isinstance(condition, dict) or condition.keys() - _CONDITIONS:
        raise CookieRefused("MalformedPolicy", "Malformed Policy")
    return resource, condition


def parse_cookies(header: str) -> dict[str, str]:
    """Read a Cookie header; the first of a name wins, since browsers send the most specific path first."""
    cookies: dict[str, str] = {}
    for item in header.split(";"):
        name, separator, value = item.strip().partition("=")
        if separator:
            cookies.setdefault(name, value.strip('"'))
    return cookies
