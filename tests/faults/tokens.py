"""Tokens of an issuer whose clock is not ours: what is taken and what is refused, second by second."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import httpx
import jwt

from headwater.local.keys import load_keys

if TYPE_CHECKING:
    from faults.cloud import FaultyCloud


@dataclass(frozen=True, slots=True)
class Border:
    """A token whose times are so many seconds from now, and what the API says to it."""

    name: str
    status: int
    exp: float = 3600
    nbf: float | None = None
    iat: float | None = None


BORDERS = (
    Border("exp-300", 401, exp=-300),
    Border("exp-8", 401, exp=-8),
    Border("exp-2", 200, exp=-2),
    Border("nbf+2", 200, nbf=2),
    Border("nbf+30", 401, nbf=30),
    Border("nbf+300", 401, nbf=300),
    Border("nbf-300", 200, nbf=-300),
    Border("iat+2", 200, iat=2),
    Border("iat+300", 401, iat=300),
    Border("iat-300", 200, iat=-300),
)


def asked_with(cloud: FaultyCloud, border: Border) -> int:
    """Ask with such a token, signed with the issuer's own key; returns the status."""
    key, now = load_keys(cloud.data / "keys").issuer, time.time()
    claims = {"sub": "ann", "role": "publisher", "aud": "headwater", "iss": f"{cloud.url}/dev", "exp": now + border.exp}
    claims |= {name: now + at for name, at in (("nbf", border.nbf), ("iat", border.iat)) if at is not None}
    token = jwt.encode(claims, key, algorithm="RS256", headers={"kid": _kid(cloud)})
    answer = httpx.get(f"{cloud.url}/api/v1/recordings", headers={"Authorization": f"Bearer {token}"}, timeout=35)
    return answer.status_code


def _kid(cloud: FaultyCloud) -> str:
    keys = httpx.get(f"{cloud.url}/dev/jwks.json", timeout=35).raise_for_status().json()["keys"]
    return str(keys[0]["kid"])
