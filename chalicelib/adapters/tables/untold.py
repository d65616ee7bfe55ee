"""What a row has to tell, kept in the row itself: put there by the write that changes it, taken out once told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from chalicelib.adapters.tables.base import ConditionFailed, run
from chalicelib.domain.webhooks.changes import Change

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynamodb.expressions.update import Action

WAITING = "1"
"""Value of the index's only partition; a row is in it no longer than its hint takes."""


def telling(model: Any, change: Change | None) -> list[Action]:
    """Return what a write adds so that its change is told: nothing for none."""
    if change is None:
        return []
    more = (model.untold | []).append([change.dumps()])
    return [model.untold.set(more), model.tell.set(WAITING)]


class UntoldRows:
    """Implements webhook_ports.Untold for one table, whose key is `id`, with `untold`, `tell` and `by_untold`."""

    def __init__(self, model: Any) -> None:
        """Take the table's model."""
        self._model = model

    def untold(self, row_id: str) -> tuple[str, ...]:
        """Return what the row has to tell, oldest first, strongly consistent."""
        model = self._model
        try:
            item = run(lambda: model.get(row_id, consistent_read=True, attributes_to_get=["id", "untold"]))
        except model.DoesNotExist:
            return ()
        return tuple(item.untold or ())

    def told(self, row_id: str, changes: Sequence[str]) -> bool:
        """Take the changes out if they are all there is; False when there are others by now."""
        model, item = self._model, self._model(row_id)
        same = model.untold == list(changes)
        try:
            run(lambda: item.update([model.untold.remove(), model.tell.remove()], condition=same))
        except ConditionFailed:
            return False
        return True

    def untold_rows(self, *, limit: int) -> list[tuple[str, float]]:
        """Return ids of rows with something to tell, and since when, eventually consistent."""
        return run(lambda: [_since(item) for item in self._model.by_untold.query(WAITING, limit=limit)])


def _since(item: Any) -> tuple[str, float]:
    return item.id, min((Change.loads(text).at for text in item.untold or ()), default=0.0)
