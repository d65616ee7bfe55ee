"""CSV (RFC 4180) that spreadsheets may open: what somebody else wrote is never a formula."""

from __future__ import annotations

import csv
from io import StringIO
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001  spreadsheets take these as well


def table(headings: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a line of headings and one for each row; numbers stay numbers."""
    out = StringIO()
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows([cell(value) for value in row] for row in rows)
    return out.getvalue()


def cell(value: object) -> object:
    """Return a cell's value; text that a spreadsheet would run gets the apostrophe that makes it text (OWASP)."""
    if not isinstance(value, str):
        return value
    plain = "".join(letter if letter.isprintable() else " " for letter in value)
    # Both: what cannot be shown hides a formula behind it, and a line break in front of one is a blank afterwards.
    risky = any(text.lstrip(" ").startswith(_FORMULA) for text in (value, plain))
    return f"'{plain}" if risky else plain
