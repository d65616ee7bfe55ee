"""Where webhooks may go: public addresses over https. Inside a cloud everything else is a way in."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from chalicelib.errors import BadRequest

MAX_URL_CHARS = 2000
_VISIBLE = re.compile(r"[\x21-\x7e]+")
_HOST = re.compile(r"(?=.{1,253}$)(?:(?!-)[a-z0-9-]{1,63}(?<!-)\.)*(?!-)[a-z0-9-]{1,63}(?<!-)")
_PORTS = {"https": 443, "http": 80}

_REFUSED = tuple(
    ip_network(block)
    for block in (
        "0.0.0.0/8",  # this network; Linux connects 0.0.0.0 to itself
        "10.0.0.0/8",
        "100.64.0.0/10",  # carriers' NAT, and parts of clouds
        "127.0.0.0/8",
        "169.254.0.0/16",  # link-local: where clouds answer with credentials
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/4",  # multicast
        "240.0.0.0/4",  # reserved, and broadcast
    )
)
_PUBLIC_V6 = ip_network("2000::/3")
"""All that is routed to hosts; loopback, link-local, unique local and multicast lie outside of it."""
_REFUSED_V6 = tuple(ip_network(block) for block in ("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"))
"""Teredo and 6to4 hold an IPv4 address in them; the others are for documents and protocols."""


@dataclass(frozen=True, slots=True)
class Target:
    """The parts of a webhook's URL; `path` has the query."""

    secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self) -> str:
        """Return the Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS["https" if self.secure else "http"] else f"{host}:{self.port}"


def parse_target(url: str, *, local: bool) -> Target:
    """Take a URL apart; raises BadRequest("webhook_url_refused") with the reason.

    `local` is for a stack on somebody's own machine: loopback may be named then, and spoken to without TLS.
    """
    if len(url) > MAX_URL_CHARS or _VISIBLE.fullmatch(url) is None or "\\" in url:
        raise _refused(f"It must be a plain URL of at most {MAX_URL_CHARS} visible ASCII characters.")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise _refused("It is not a URL.") from None
    scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    if parts.username is not None or parts.password is not None:
        raise _refused("It must not hold a name or a password: use a path that nobody guesses, and the signature.")
    if parts.fragment:
        raise _refused("It must not have a fragment: that part is never sent.")
    named = _address(host)
    if not host or (named is None and _HOST.fullmatch(host) is None):
        raise _refused("Its host is neither a name nor an address.")
    loopback = local and (host == "localhost" or (named is not None and named.is_loopback))
    if scheme != "https" and not (scheme == "http" and loopback):
        raise _refused("It must begin with https://.")
    if named is not None and not may_reach(str(named), local=local):
        raise _refused("Its address is not a public one.")
    if port == 0:
        raise _refused("Its port must be from 1 to 65535.")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(scheme == "https", host, port or _PORTS[scheme], path)


def may_reach(address: str, *, local: bool) -> bool:
    """True for a public address of a host; with `local` for a loopback one as well."""
    found = _address(address.partition("%")[0])
    if found is None:
        return False
    if isinstance(found, IPv6Address):
        inner = found.ipv4_mapped or _translated(found)
        if inner is None:
            if local and found.is_loopback:
                return True
            return found in _PUBLIC_V6 and not any(found in block for block in _REFUSED_V6)
        found = inner
    if local and found.is_loopback:
        return True
    return not any(found in block for block in _REFUSED)


def _translated(found: IPv6Address) -> IPv4Address | None:
    """Return the IPv4 address behind NAT64's own prefix."""
    return IPv4Address(int(found) & 0xFFFFFFFF) if found in ip_network("64:ff9b::/96") else None


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _refused(reason: str) -> BadRequest:
    return BadRequest("webhook_url_refused", f"This URL cannot be a webhook's. {reason}")
