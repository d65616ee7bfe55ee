"""Reading what a later version stored: after a rollback its members are still in rows and plans."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


def known(record: type, data: Mapping[str, Any]) -> dict[str, Any]:
    """Return those members of `data` that a dataclass has fields for."""
    names = {part.name for part in fields(record)}
    return {name: value for name, value in data.items() if name in names}
