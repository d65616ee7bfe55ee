"""How a library is searched and ordered. Pure."""

from __future__ import annotations

import unicodedata
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.recording import Recording


class Order(StrEnum):
    """What comes first in a list."""

    CREATED = "created"
    """The newest."""
    OLDEST = "oldest"
    TITLE = "title"
    """A before Z; case, accents' spelling and leading zeros of numbers do not matter."""
    DURATION = "duration"
    """The longest."""

    @property
    def by_time(self) -> bool:
        """True for what the index holds in order already."""
        return self in {Order.CREATED, Order.OLDEST}


def folded(text: str) -> str:
    """Return text as it is compared: compatibility forms and case are the same."""
    return unicodedata.normalize("NFKC", text).casefold()


def holds(search: str, title: str, filename: str) -> bool:
    """True when every word of `search` is part of the title or of the filename; an empty search holds for all."""
    texts = (folded(title), folded(filename))
    return all(any(word in text for text in texts) for word in folded(search).split())


def arranged(recordings: Iterable[Recording], order: Order) -> list[Recording]:
    """Return them in order; what compares equal stays newest first."""
    newest = sorted(recordings, key=lambda one: (-one.created_at, one.id))
    if order is Order.TITLE:
        return sorted(newest, key=lambda one: _natural(one.title or one.filename))
    if order is Order.DURATION:
        return sorted(newest, key=lambda one: -one.duration_s)
    return newest if order is Order.CREATED else newest[::-1]


def _natural(text: str) -> list[tuple[int, int, str]]:
    """Split into words and numbers, so that lecture 2 comes before lecture 10."""
    parts: list[tuple[int, int, str]] = []
    digits, letters = "", ""
    for character in f"{folded(text)}\0":
        if character.isascii() and character.isdigit():
            digits += character
            continue
        if digits:
            parts += [(0, 0, letters)] if letters else []
            parts.append((1, int(digits), ""))
            digits, letters = "", ""
        letters += character
    return [*parts, (0, 0, letters.rstrip("\0"))]
