"""Watch time by five minutes of the day, from how much had been watched when."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

SLOT_MS = 300_000
SLOTS_A_DAY = 288


def slot_of(at_ms: int) -> int:
    """Return the number of the slot a moment lies in, counted from 1970."""
    return at_ms // SLOT_MS


def place_of(slot: int) -> tuple[str, str]:
    """Return a slot's day, `2026-11-28`, and its number there, `0` to `287`."""
    return day_of(slot * SLOT_MS), str(slot % SLOTS_A_DAY)


def day_of(at_ms: int) -> str:
    """Return the UTC day of a moment."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%d")


def watch_by_slot(reached: Mapping[int, int], begun_ms: int, watch_ms: int) -> dict[int, int]:
    """Spread the watch time: `reached` says for slots with an event how much had been watched by the last one.

    What was watched between two slots with events lies in the later one, and before it as far as that is full.
    """
    spread: dict[int, int] = {}
    before, so_far = slot_of(begun_ms), 0
    for slot in sorted(reached):
        now = max(so_far, min(reached[slot], watch_ms))
        rest = now - so_far
        for place in range(slot, min(before, slot) - 1, -1):
            put = min(rest, SLOT_MS - spread.get(place, 0))
            if put > 0:
                spread[place] = spread.get(place, 0) + put
                rest -= put
            if rest <= 0:
                break
        before, so_far = slot, now
    return spread
