"""Signed addresses of posters, as CloudFront takes them: a canned policy in the query instead of cookies. Pure."""

from __future__ import annotations

import json
from urllib.parse import urlencode

STEP_S = 3600


def link_expiry(now: float) -> int:
    """Return when links made at `now` end, in Unix seconds: in one to two hours, the same for a whole hour.

    So that a list that is loaded again names the same pictures, which browsers then have.
    """
    return (int(now) // STEP_S + 2) * STEP_S


def canned_policy(url: str, expires_at: int) -> str:
    """Return the policy that CloudFront derives from a link, to the letter."""
    statement = {"Resource": url, "Condition": {"DateLessThan": {"AWS:EpochTime": expires_at}}}
    return json.dumps({"Statement": [statement]}, separators=(",", ":"))


def signed_path(path: str, expires_at: int, signature: str, key_pair_id: str) -> str:
    """Return the path with what proves it; `signature` in CloudFront's base64."""
    return f"{path}?{urlencode({'Expires': expires_at, 'Signature': signature, 'Key-Pair-Id': key_pair_id})}"
