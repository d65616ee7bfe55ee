"""Ranges, validators and content codings as RFC 9110 has them. Pure."""

from __future__ import annotations

import re

_ONE_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.IGNORECASE)
_ETAGS = re.compile(r'(?:W/)?"[^"]*"')


class RangeNotSatisfiable(Exception):
    """A range that starts behind the end (416)."""


def parse_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Return (first, last) byte, both inclusive; None when the whole object answers (no range, several, nonsense).

    Raises RangeNotSatisfiable.
    """
    match = _ONE_RANGE.fullmatch((header or "").strip())
    if match is None or match.group(0).endswith("=-"):
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        if length == 0:
            raise RangeNotSatisfiable
        return size - length, size - 1
    if last and int(last) < int(first):
        return None
    if int(first) >= size:
        raise RangeNotSatisfiable
    return int(first), min(int(last) if last else size - 1, size - 1)


def is_unchanged(if_none_match: str | None, etag: str) -> bool:
    """Weak comparison of If-None-Match: True when the client already has it (304)."""
    if if_none_match is None:
        return False
    if if_none_match.strip() == "*":
        return True
    return etag.removeprefix("W/") in {tag.removeprefix("W/") for tag in _ETAGS.findall(if_none_match)}


def range_applies(if_range: str | None, etag: str, last_modified: str) -> bool:
    """Strong comparison of If-Range: False when the whole object must be sent instead of a part."""
    return if_range is None or if_range.strip() in {etag, last_modified}


def accepts_gzip(accept_encoding: str | None) -> bool:
    """True when the client takes gzip (q > 0, or a wildcard that does not exclude it)."""
    weights = {}
    for item in (accept_encoding or "").lower().split(","):
        name, _, parameters = item.partition(";")
        quality = parameters.strip().removeprefix("q=") if parameters.strip().startswith("q=") else "1"
        try:
            weights[name.strip()] = float(quality)
        except ValueError:
            weights[name.strip()] = 0.0
    return weights.get("gzip", weights.get("*", 0.0)) > 0
