"""How often one caller may ask: the generic cell rate algorithm, by its virtual schedule (ITU-T I.371, Annex A).

All that is kept of a caller is when their next call would be due if they had kept to an even pace. A call that comes
more than `tolerance_ms` before that is refused and changes nothing; any other moves it on by one interval. Nothing is
counted by the clock's minutes: no window begins anew, nobody gets two windows' worth at its edge. Moments are whole
milliseconds since 1970, so that a table's decimals and our numbers come to the same.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

_MINUTE_MS = 60_000
_SKEW_MS = 60_000
_V6_PREFIX = 64
"""What one household or one machine gets: it has all addresses of it to choose from."""
_MOST = 60_000


class Kind(StrEnum):
    """What is counted together."""

    MAKE = "make"
    """Recordings, streams, webhooks: what stays."""
    UPLOAD = "upload"
    """Addresses of parts, and the end of uploads."""
    WORK = "work"
    """What makes functions work: jobs, downloads, captions, changes."""
    LOOK = "look"
    """Reads that go through many rows."""
    FEED = "feed"
    """What encoders ask, for each stream."""
    WATCH = "watch"
    """Playlists, places at a stream, sessions: for each person, or each network of those who have no token."""
    SAY = "say"
    """What a viewer says over its socket, for each connection."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, so many a minute in the long run; a `burst` of 0 is no limit."""

    burst: int
    per_minute: int

    @property
    def interval_ms(self) -> int:
        """Time between calls at an even pace."""
        return round(_MINUTE_MS / self.per_minute)

    @property
    def tolerance_ms(self) -> int:
        """How long before it is due a call may come."""
        return (self.burst - 1) * self.interval_ms

    @property
    def memory_ms(self) -> int:
        """How long after their last call anything that is kept of a caller matters."""
        return self.burst * self.interval_ms

    @property
    def horizon_ms(self) -> int:
        """How far ahead a next call may be due: what lies beyond was noted by a clock that is wrong.

        Farther than clocks in a cloud differ, so that nobody's limit begins anew for a few milliseconds of it.
        """
        return self.memory_ms + _SKEW_MS

    def after(self, due: int | None, now: int) -> int | None:
        """Return when the next call is due once one at `now` is let through; None when that one is refused."""
        if due is None or due <= now or due > now + self.horizon_ms:
            return now + self.interval_ms
        return due + self.interval_ms if due <= now + self.tolerance_ms else None

    def wait_s(self, due: int, now: int) -> int:
        """Return whole seconds until a refused call would be let through, at least one."""
        return max(1, -(-(due - self.tolerance_ms - now) // 1000))


@dataclass(frozen=True, slots=True)
class Rates:
    """All limits. A person who drops fifty files on the page, and a class that opens a recording, stay far below."""

    make: Rate = Rate(200, 60)
    upload: Rate = Rate(600, 600)
    work: Rate = Rate(300, 120)
    look: Rate = Rate(120, 120)
    feed: Rate = Rate(600, 600)
    watch: Rate = Rate(3000, 1500)
    say: Rate = Rate(60, 60)

    def of(self, kind: Kind) -> Rate:
        """Return one."""
        found: Rate = getattr(self, kind.value)
        return found

    def overridden(self, rates: Mapping[str, object]) -> Rates:
        """Return them with some replaced, `{"make": [200, 60]}`; raises ValueError naming what cannot be used."""
        known = [part.name for part in fields(self)]
        for name in rates:
            if name not in known:
                raise ValueError(f"there is no rate {name!r}; there are {', '.join(known)}")
        return replace(self, **{name: _rate(name, value) for name, value in rates.items()})


def _rate(name: str, value: object) -> Rate:
    whole = isinstance(value, list) and len(value) == 2 and all(type(part) is int for part in value)  # noqa: PLR2004
    if not (whole and 0 <= value[0] <= _MOST and 1 <= value[1] <= _MOST):  # type: ignore[index]  # a list of two
        raise ValueError(f"{name} must be two whole numbers: calls at once (0: no limit) and calls a minute")
    return Rate(value[0], value[1])  # type: ignore[index]


def caller_of(user: str, address: str) -> str:
    """Return who is counted: a person by the token's subject, anybody else by their network; empty when unknown.

    An IPv4 address is one network, of IPv6 the /64: its owner may take any address in it for each call.
    """
    if user:
        return f"user:{user}"
    try:
        found = ipaddress.ip_address(address.strip().partition("%")[0])
    except ValueError:
        return ""
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is None:
            return f"net:{ipaddress.ip_network((found, _V6_PREFIX), strict=False)}"
        found = found.ipv4_mapped
    return f"net:{found}"


def cell_name(key: bytes, kind: Kind, who: str) -> str:
    """Return what a caller is counted under: 32 hex digits that tell nothing without the key."""
    return hmac.new(key, f"rate:{kind.value}:{who}".encode(), hashlib.sha256).hexdigest()[:32]
