"""No adaptation at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ..simulator import Record


class Fixed:
    """Always the rung nearest below a bitrate."""

    def __init__(self, kbps: int = 2000) -> None:
        """Say which bitrate."""
        self.kbps, self.level = kbps, 0

    def reset(
        self, ladder_kbps: Sequence[int], segment_s: float, max_buffer_s: float, info: dict[str, Any] | None = None
    ) -> None:
        """Find the rung."""
        del segment_s, max_buffer_s, info
        self.level = max((n for n, kbps in enumerate(ladder_kbps) if kbps <= self.kbps), default=0)

    def choose(self, buffer_s: float, last_level: int | None, history: list[Record]) -> int:
        """The rung, whatever happens."""
        del buffer_s, last_level, history
        return self.level
