"""Settling sums, and taking them away: parts become one packed row, deleted recordings and forgotten viewers none."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pynamodb.transactions import TransactWrite

from chalicelib.adapters.tables.analytics_rollups import places, remember
from chalicelib.adapters.tables.base import ConditionFailed, run, transaction_connection
from chalicelib.adapters.tables.rollup_rows import (
    ALL,
    SHARDS,
    RollupItem,
    expiry_of,
    read_measures,
    recording_scope,
    scope_of,
    settled_key,
    shard_key,
)
from chalicelib.domain.analytics.measures import Measures

if TYPE_CHECKING:
    from chalicelib.adapters.tables.analytics_rollups import Raw


class SettlingTable:
    """Implements analytics_ports.Settling."""

    def unsettled(self, part: str, *, limit: int) -> list[str]:
        """Return parts of a day, or of `all`, that can be settled, eventually consistent."""
        found = partial(RollupItem.untidy.query, part, limit=limit)
        return run(lambda: [item.sum for item in found()])

    def settle(self, key: str, part: str) -> bool:
        """Move a part's numbers into its sum's settled row; False when somebody added to it meanwhile, or it is gone.

        A sum is the same before and after, whoever reads it when; a recording's sum over all time moves its places.
        """
        raw, scope = _read(key, part), scope_of(key)
        if raw is None:
            return False
        item = RollupItem.from_raw_data(dict(raw))
        before = _read(settled_key(scope), part)
        settled = RollupItem.from_raw_data(dict(before)) if before else None
        measures = (read_measures(before) if before else Measures()) + read_measures(raw)
        row = RollupItem(
            settled_key(scope),
            part,
            owner=item.owner,
            packed=measures.to_dict(),
            took=remember(settled.took if settled else None, str(item.born)),
            changes=(settled.changes or 0) + 1 if settled else 1,
            expires_at=None if part == ALL else expiry_of(part),
        )
        boards = places(scope.partition("#")[2], item.owner or "", measures) if part == ALL else []
        try:
            run(partial(_move, item, settled, row, boards))
        except ConditionFailed:
            return False
        return True

    def delete_recording(self, recording_id: str) -> None:
        """Remove a recording's own sums and places; quiet when there are none."""
        scope = recording_scope(recording_id)
        keys = [settled_key(scope), *(shard_key(scope, shard) for shard in range(SHARDS)), f"p#{recording_id}"]
        for key in keys:
            _empty(key)

    def forget_viewer(self, viewer: str) -> None:
        """Remove a viewer's name from all sums, which stay as they are."""
        _empty(f"u#{viewer}")

    def forget_views(self, viewer: str, recording_id: str) -> None:
        """Remove a viewer's name from one recording's sums."""
        prefix = f"{recording_scope(recording_id)}#"
        _empty(f"u#{viewer}", RollupItem.part.startswith(prefix))


def _move(item: RollupItem, settled: RollupItem | None, row: RollupItem, boards: list[RollupItem]) -> None:
    as_read = RollupItem.changes == settled.changes if settled else RollupItem.sum.does_not_exist()
    whole = (RollupItem.changes == item.changes) & (RollupItem.born == item.born)
    with TransactWrite(connection=transaction_connection()) as transaction:
        transaction.save(row, condition=as_read)
        transaction.delete(RollupItem(item.sum, item.part), condition=whole)
        for board in boards:
            transaction.save(board)


def _read(key: str, part: str) -> Raw | None:
    table = RollupItem._get_connection()  # noqa: SLF001  models leave out attributes that they do not declare
    found: dict[str, Any] = run(partial(table.get_item, key, part, consistent_read=True))
    return found.get("Item")


def _empty(key: str, condition: Any = None) -> None:
    """Delete the rows of one first key."""
    rows = partial(RollupItem.query, key, condition, consistent_read=True, attributes_to_get=["sum", "part"])

    def delete() -> None:
        with RollupItem.batch_write() as batch:
            for row in rows():
                batch.delete(row)

    run(delete)
