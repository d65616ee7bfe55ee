"""Sets of small whole numbers as the bits of one: which events have come, which seconds were played.

A union is exact in any order and however often; a day of seconds is ten kilobytes at worst, and a few bytes for what
was played through.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HUNDREDTHS = 100


def has(marks: int, number: int) -> bool:
    """True when a number is in the set."""
    return bool(marks >> number & 1)


def with_range(marks: int, first: int, last: int) -> int:
    """Return the set with all from `first` to `last`, both included."""
    return marks | ((1 << (last - first + 1)) - 1) << first


def with_seconds(marks: int, ranges_ms: Iterable[tuple[int, int]]) -> int:
    """Return the set with each second of which a range, in ms, holds any part."""
    for from_ms, to_ms in ranges_ms:
        marks = with_range(marks, from_ms // 1000, (to_ms - 1) // 1000)
    return marks


def to_text(marks: int) -> str:
    """Return a set as hex digits."""
    return f"{marks:x}"


def from_text(text: object) -> int:
    """Read what `to_text` wrote; anything else is the empty set."""
    try:
        return max(0, int(text, 16)) if isinstance(text, str) else 0
    except ValueError:
        return 0


def completion(seconds: int, duration_s: float) -> float:
    """Return the share of a recording's seconds that were played, 0 to 1; 0 when its length is not known."""
    length = -int(-duration_s // 1)
    if length <= 0:
        return 0.0
    return min(1.0, (seconds & ((1 << length) - 1)).bit_count() / length)


def hundredths(seconds: int, duration_s: float) -> list[int]:
    """Return which hundredths of a recording were played: those of whose seconds at least half were."""
    if duration_s <= 0 or not seconds:
        return []
    step = duration_s / HUNDREDTHS
    return [part for part in range(HUNDREDTHS) if _half(seconds, part * step, (part + 1) * step)]


def _half(seconds: int, from_s: float, to_s: float) -> bool:
    first = int(from_s + 1e-9)
    last = max(first, -int(-(to_s - 1e-9) // 1) - 1)
    length = last - first + 1
    return 2 * (seconds >> first & ((1 << length) - 1)).bit_count() >= length
