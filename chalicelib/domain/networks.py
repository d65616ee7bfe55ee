"""How fast a viewer's network has been for earlier viewers: kept without addresses, decaying, soon forgotten.

A network is an IPv4 /24 or an IPv6 /48, named by an HMAC under a secret key and the number of a 30-day period: no
address is stored, and no name outlives its period. Weights grow with time inside a period (forward decay, Cormode et
al. 2009), so that writers only ever add: nothing is read first, and no writer undoes another's.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

DAY_S = 24 * 3600
PERIOD_S = 30 * DAY_S
HALF_LIFE_S = 7 * DAY_S
"""An evening a week ago counts half of one today."""
SESSION_WEIGHT = 1.0
"""What one session may add at most, in all its reports."""
FULL_TRANSFERS = 30
"""Transfers that make a session count fully: a minute of two-second segments, on fast networks and slow ones."""
LEAST_WEIGHT = 0.3
"""Less than some ten transfers in all is a chance meeting, no past."""
MAX_WEIGHT = 8.0
"""More sessions than these tell nothing more about the next one."""
LOWEST_KBPS, HIGHEST_KBPS = 30.0, 200_000.0
EDGE_HEADER = "x-headwater-edge"
"""What our CDN proves itself with."""
_COUNTRY = re.compile("[A-Z]{2}")
_V4_PREFIX, _V6_PREFIX = 24, 48


@dataclass(frozen=True, slots=True)
class Share:
    """What is added to a network's history: `weight` in sessions, `total` weight x natural log of kbps.

    As stored, both are scaled by the growth of their period.
    """

    weight: float = 0.0
    total: float = 0.0


@dataclass(frozen=True, slots=True)
class NetworkPast:
    """What a network's history says now: mean natural log of kbps, and how many sessions' worth it is."""

    mean_log_kbps: float
    weight: float

    def coarse(self) -> NetworkPast:
        """Return it in steps of a tenth (about 10 % of kbps) and half a session: enough to start from."""
        return NetworkPast(round(self.mean_log_kbps, 1), round(self.weight * 2) / 2)


def network_of(address: str) -> str | None:
    """Return the network of an IP address, `192.0.2.0/24` or `2001:db8::/48`; None for what is no address."""
    try:
        found = ipaddress.ip_address(address.strip().partition("%")[0])
    except ValueError:
        return None
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    length = _V4_PREFIX if found.version == 4 else _V6_PREFIX  # noqa: PLR2004
    return str(ipaddress.ip_network((found, length), strict=False))


def viewer_address(source_ip: str, headers: Mapping[str, str], *, edge_key: str) -> str:
    """Return who asks: the gateway's peer, or, proved to come through our CDN, who the CDN says its viewer is.

    Anybody may send `CloudFront-Viewer-Address` to the gateway itself. It counts only beside `X-Headwater-Edge` with
    the value that our distribution alone adds; without such a value (`edge_key` empty) it never does.
    """
    if not _from_edge(headers, edge_key):
        return source_ip
    address, _, _port = headers.get("cloudfront-viewer-address", "").rpartition(":")
    return address.strip("[]") or source_ip


def viewer_country(headers: Mapping[str, str], *, edge_key: str) -> str:
    """Return the two letters of the country that our CDN says its viewer is in; empty when it does not."""
    country = headers.get("cloudfront-viewer-country", "").strip().upper()
    known = _COUNTRY.fullmatch(country) is not None and _from_edge(headers, edge_key)
    return country if known else ""


def _from_edge(headers: Mapping[str, str], edge_key: str) -> bool:
    shown = headers.get(EDGE_HEADER, "")
    return bool(edge_key) and hmac.compare_digest(shown.encode("utf-8", "replace"), edge_key.encode())


def period_of(now: float) -> int:
    """Return the number of the period that `now` (Unix seconds) lies in."""
    return int(now // PERIOD_S)


def network_name(key: bytes, network: str, period: int) -> str:
    """Return the name a network is stored under during one period: 32 hex digits that tell nothing without the key."""
    return hmac.new(key, f"network:{period}:{network}".encode(), hashlib.sha256).hexdigest()[:32]


def expiry_of(period: int) -> float:
    """Return when the rows of a period may go (Unix seconds): 30 days after its end."""
    return float((period + 2) * PERIOD_S)


def share_of(transfers: Iterable[float], given: float) -> Share:
    """Sum up transfers, in kbps, of a session that has added `given` already.

    However many they are and whatever they claim, a session adds SESSION_WEIGHT at most, within plausible speeds.
    """
    logs = [math.log(min(max(kbps, LOWEST_KBPS), HIGHEST_KBPS)) for kbps in transfers if kbps > 0]
    if not logs:
        return Share()
    weight = min(len(logs) / FULL_TRANSFERS, max(0.0, SESSION_WEIGHT - given))
    return Share(weight, weight * sum(logs) / len(logs))


def grown(share: Share, now: float) -> Share:
    """Return a share as it is added to the row of the present period."""
    growth = _growth(now, period_of(now))
    return Share(share.weight * growth, share.total * growth)


def past_of(stored: Iterable[tuple[int, Share]], now: float) -> NetworkPast | None:
    """Return what the rows of several periods say now; None when that is nothing."""
    weight = total = 0.0
    for period, share in stored:
        growth = _growth(now, period)
        weight += share.weight / growth
        total += share.total / growth
    if not (weight >= LEAST_WEIGHT and math.isfinite(total)):
        return None
    mean = min(max(total / weight, math.log(LOWEST_KBPS)), math.log(HIGHEST_KBPS))
    return NetworkPast(mean, min(weight, MAX_WEIGHT))


def _growth(now: float, period: int) -> float:
    """How much more a share counts that is added now than one at the period's beginning."""
    return float(2.0 ** ((now - period * PERIOD_S) / HALF_LIFE_S))
