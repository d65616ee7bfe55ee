"""Rates counted in this process alone: for what is too frequent to be written down, and needs no exact limit."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.domain.rates import Rate

MOST = 10_000
"""Names that are remembered: those heard last."""


class MemoryCells:
    """Implements limiting.Cells."""

    def __init__(self) -> None:
        self._due: OrderedDict[str, int] = OrderedDict()

    def take(self, name: str, rate: Rate, *, now_ms: int) -> int | None:
        """Let a call through and return None, or return when the next one is due."""
        due = self._due.get(name)
        after = rate.after(due, now_ms)
        if after is None:
            return due
        self._due[name] = after
        self._due.move_to_end(name)
        if len(self._due) > MOST:
            self._due.popitem(last=False)
        return None
