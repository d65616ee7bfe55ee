"""What an edge may keep and how long: Cache-Control, keys, sizes. Pure; time is passed in."""

from __future__ import annotations

import re
from collections import OrderedDict
from dataclasses import dataclass, replace

from chalicelib.config import MIB

MAX_BODY = MIB
"""Larger bodies are streamed through, only their headers are kept."""
MAX_TOTAL = 64 * MIB
MAX_ENTRIES = 20_000
_DIRECTIVE = re.compile(r"([a-z-]+)(?:=\"?([^\",]*)\"?)?")
_NEVER = frozenset({"no-store", "no-cache", "private"})


@dataclass(frozen=True, slots=True)
class Meta:
    """An object's description; `size` in bytes, `etag` strong and quoted."""

    size: int
    etag: str
    content_type: str
    cache_control: str
    last_modified: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One kept object; `body` is None for one too large to keep, `gzipped` is made on first use."""

    meta: Meta
    body: bytes | None
    stored_at: float
    gzipped: bytes | None = None

    def age_s(self, now: float) -> int:
        """Whole seconds since the origin was asked."""
        return max(0, int(now - self.stored_at))

    def is_fresh(self, now: float) -> bool:
        """True while it may be served without asking the origin."""
        return now - self.stored_at < fresh_for_s(self.meta.cache_control)

    def weight(self) -> int:
        """Bytes it occupies."""
        return len(self.body or b"") + len(self.gzipped or b"")


def fresh_for_s(cache_control: str) -> int:
    """Seconds a shared cache may serve an answer; 0 when it must ask each time, also when nothing is said."""
    directives = dict(_DIRECTIVE.findall(cache_control.lower()))
    if directives.keys() & _NEVER:
        return 0
    value = directives.get("s-maxage") or directives.get("max-age") or "0"
    return int(value) if value.isdecimal() else 0


class EdgeCache:
    """Least recently used entries go first when bodies exceed `max_total` bytes or there are too many."""

    def __init__(self, *, max_total: int = MAX_TOTAL, max_body: int = MAX_BODY, max_entries: int = MAX_ENTRIES) -> None:
        """All sizes in bytes."""
        self._max_total = max_total
        self._max_body = max_body
        self._max_entries = max_entries
        self._entries: OrderedDict[str, Entry] = OrderedDict()
        self._total = 0

    def get(self, key: str) -> Entry | None:
        """Return what is kept, fresh or stale."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: str, entry: Entry) -> Entry:
        """Keep an entry, without its body when that is too large; returns what was given."""
        self.drop(key)
        if "no-store" in entry.meta.cache_control.lower():
            return entry
        large = entry.body is not None and len(entry.body) > self._max_body
        kept = replace(entry, body=None, gzipped=None) if large else entry
        self._entries[key] = kept
        self._total += kept.weight()
        while self._total > self._max_total or len(self._entries) > self._max_entries:
            self.drop(next(iter(self._entries)))
        return entry

    def drop_all(self, pattern: str) -> None:
        """Forget what has this key, or begins with it where it ends with an asterisk."""
        prefix = pattern.removesuffix("*")
        for key in [key for key in self._entries if key == pattern or (prefix != pattern and key.startswith(prefix))]:
            self.drop(key)

    def drop(self, key: str) -> None:
        """Forget an object; quiet when it is not kept."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._total -= entry.weight()
