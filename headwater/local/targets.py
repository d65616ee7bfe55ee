"""Request targets as they were sent: routing and access checks look at the raw path, never at a normalised one."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote_to_bytes, urlsplit

LOOPBACK_NAMES = frozenset({"127.0.0.1", "localhost", "::1"})
_FIRST_PRINTABLE = 0x20


@dataclass(frozen=True, slots=True)
class Target:
    """A request target: `path` starts with a slash, `query` has no question mark; both percent-encoded."""

    path: str
    query: str


def parse_target(raw: str) -> Target:
    """Split what stood on the request line, in origin form or absolute form."""
    if not raw.startswith("/"):
        parts = urlsplit(raw)
        return Target(parts.path if parts.path.startswith("/") else f"/{parts.path}", parts.query)
    path, _, query = raw.partition("?")
    return Target(path, query)


def safe_path(raw_path: str) -> str | None:
    """Decode a path that names a file or an object; None when it tries anything but plain segments.

    Refused: empty, `.` and `..` segments, encoded slashes, backslashes, control characters, bytes that are not UTF-8.
    The answer has no leading slash.
    """
    segments = raw_path.removeprefix("/").split("/")
    decoded = []
    for segment in segments:
        try:
            text = unquote_to_bytes(segment).decode()
        except UnicodeDecodeError:
            return None
        if text in {"", ".", ".."} or "/" in text or "\\" in text:
            return None
        if any(ord(char) < _FIRST_PRINTABLE or char == "\x7f" for char in text):
            return None
        decoded.append(text)
    return "/".join(decoded)


def is_local_host(host: str, public_host: str) -> bool:
    """True when a Host header names this machine or the public origin: keeps DNS rebinding pages out."""
    if host.lower() == public_host.lower():
        return True
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name in LOOPBACK_NAMES or name.endswith(".localhost")
