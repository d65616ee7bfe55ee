"""Dataclasses to items and back."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.adapters.tables.base import Table

D = TypeVar("D")


def read_item(record: type[D], item: Table, absent: Mapping[str, Any], **decoded: Any) -> D:
    """Build a dataclass from an item: `decoded` fields as given, `absent` for required ones that were empty.

    Whatever else the item lacks keeps the dataclass's default, so that older items stay readable.
    """
    stored = item.get_attributes()
    values = {
        part.name: value
        for part in fields(record)  # type: ignore[arg-type]  # dataclass types have no common base
        if part.name in stored and (value := getattr(item, part.name)) is not None
    }
    return record(**(dict(absent) | values | decoded))


def item_values(record: Any) -> dict[str, Any]:
    """Return a dataclass's fields as attributes; empty ones are not stored, which keeps sparse indexes sparse."""
    values = {part.name: _plain(getattr(record, part.name)) for part in fields(record)}
    return {name: value for name, value in values.items() if value is not None}


def changes_to_actions(model: type[Table], changes: Mapping[str, object]) -> list[Action]:
    """Return one update action per field; raises TypeError for a name the table does not have."""
    stored = model.get_attributes()
    actions: list[Action] = []
    for name, value in changes.items():
        attribute = stored.get(name)
        if attribute is None or attribute.is_hash_key or attribute.is_range_key:
            raise TypeError(f"{model.__name__} has no field {name!r} that can change")
        plain = _plain(value)
        actions.append(attribute.remove() if plain is None else attribute.set(plain))
    return actions


def among(attribute: Any, allowed: Iterable[object] | None, exists: Condition) -> Condition:
    """Return `exists`, and that the attribute is one of `allowed` when that is given."""
    if allowed is None:
        return exists
    condition: Condition = exists & attribute.is_in(*(str(value) for value in allowed))
    return condition


def _plain(value: Any) -> Any:
    if value is None or value in ("", ()):
        return None
    if isinstance(value, str):
        return str(value)  # a StrEnum is stored as its text
    return value.to_dict() if hasattr(value, "to_dict") else value
