"""The real clock and the real dice."""

from __future__ import annotations

import secrets
import string
import time

BASE36 = string.digits + string.ascii_lowercase


class SystemClock:
    """Implements ports.Clock with the machine's time and its secure random source."""

    def now(self) -> float:
        """Unix seconds."""
        return time.time()

    def token(self) -> str:
        """Return 20 random lower-case base-36 characters (103 bits)."""
        return "".join(secrets.choice(BASE36) for _ in range(20))
