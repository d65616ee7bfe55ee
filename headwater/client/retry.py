"""How long to wait before the next try: exponential, jittered, and never less than the server asked for."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import httpx

LONGEST_WAIT_S = 60.0
RETRIABLE = frozenset({429, 500, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Backoff:
    """`tries` in all; waits of `first_s`, twice that, and so on up to `longest_s` seconds."""

    tries: int = 5
    first_s: float = 0.5
    longest_s: float = 10.0

    def wait_s(self, failed: int, response: httpx.Response | None = None) -> float:
        """Return the seconds to wait after `failed` tries (1 or more), at least the response's Retry-After."""
        grown = min(self.longest_s, self.first_s * 2.0 ** (failed - 1))
        jittered = grown * random.uniform(0.75, 1.25)  # noqa: S311  spreads clients, guards nothing
        return max(jittered, retry_after_s(response))


def retry_after_s(response: httpx.Response | None) -> float:
    """Return Retry-After in seconds, at most a minute; 0 when absent or given as a date."""
    raw = response.headers.get("retry-after", "") if response is not None else ""
    return min(float(raw), LONGEST_WAIT_S) if raw.isdigit() else 0.0
