"""The analytics_rollups table: sums over sessions, by recording and day, by owner and day, and over all time."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.tables.base import run
from chalicelib.adapters.tables.rollup_rows import (
    ALL,
    EVERYBODY,
    SHARDS,
    RollupItem,
    expiry_of,
    owner_scope,
    read_measures,
    recording_scope,
    settled_key,
    shard_key,
)
from chalicelib.domain.analytics.measures import Measures
from chalicelib.services.analytics_ports import WatchedRecording

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

Raw = dict[str, dict[str, Any]]
_TAKEN = 32
"""Parts that a settled row remembers to have taken: four of each shard."""


class RollupsTable:
    """Implements analytics_ports.Rollups. Eventually consistent; a part counts once, also while it settles."""

    def recording_days(self, recording_id: str, first: str, last: str) -> dict[str, Measures]:
        """Days of a recording from `first` to `last`, both included; days without a session are absent."""
        return _days(recording_scope(recording_id), first, last)

    def recording_total(self, recording_id: str) -> Measures:
        """A recording's sum over all time."""
        scope = recording_scope(recording_id)
        parts = _get([shard_key(scope, shard) for shard in range(SHARDS)])
        return _summed(parts, _get([settled_key(scope)])).get(ALL, Measures())

    def owner_days(self, owner: str, first: str, last: str) -> dict[str, Measures]:
        """Days of all recordings of an owner; `*` is everybody's."""
        return _days(owner_scope(owner), first, last)

    def most_watched(self, owner: str, *, limit: int) -> list[WatchedRecording]:
        """An owner's recordings by watch time over all time, most first; `*` for everybody's. A minute behind."""
        found = partial(RollupItem.by_watch.query, owner, scan_index_forward=False, limit=limit)
        return run(lambda: [_place(item) for item in found()])

    def write_settled(self, scope: str, day: str, measures: Measures) -> None:
        """Put a settled day down whole, in the place of what was settled of it: for imports and benches."""
        run(RollupItem(settled_key(scope), day, packed=measures.to_dict(), expires_at=expiry_of(day)).save)

    def write_total(self, recording_id: str, owner: str, measures: Measures) -> None:
        """Put a recording's settled sum over all time down whole, with its places: for imports and benches."""
        run(RollupItem(settled_key(recording_scope(recording_id)), ALL, owner=owner, packed=measures.to_dict()).save)
        for place in places(recording_id, owner, measures):
            run(place.save)


def places(recording_id: str, owner: str, measures: Measures) -> list[RollupItem]:
    """Return the rows that say where a recording stands among its owner's and everybody's."""
    values: dict[str, Any] = {"watched_ms": measures.watch_ms, "views": measures.views}
    boards = dict.fromkeys((owner, EVERYBODY))
    return [RollupItem(f"p#{recording_id}", board, board=board, owner=owner, **values) for board in boards]


def remember(took: list[str] | None, born: str) -> list[str]:
    """Return the names of parts taken, with one more."""
    return [*(took or []), born][-_TAKEN:]


def _days(scope: str, first: str, last: str) -> dict[str, Measures]:
    parts = [row for shard in range(SHARDS) for row in _query(shard_key(scope, shard), first, last)]
    return _summed(parts, list(_query(settled_key(scope), first, last)))


def _summed(parts: list[Raw], settled: list[Raw]) -> dict[str, Measures]:
    """Add up by day. Parts were read before what was settled: one that was settled meanwhile is known by name."""
    taken = {name for row in settled for name in _names(row)}
    sums: dict[str, Measures] = {}
    for row in [*settled, *(row for row in parts if row["born"]["S"] not in taken)]:
        day = row["part"]["S"]
        sums[day] = sums.get(day, Measures()) + read_measures(row)
    return sums


def _names(row: Mapping[str, Any]) -> list[str]:
    item = RollupItem.from_raw_data(dict(row))
    return list(item.took or [])


def _query(key: str, first: str, last: str) -> Iterator[Raw]:
    pages = RollupItem.query(key, RollupItem.part.between(first, last)).page_iter
    while (page := run(lambda: next(pages, None))) is not None:
        yield from page["Items"]


def _get(keys: list[str]) -> list[Raw]:
    """Read rows of all time."""
    table = RollupItem._get_connection()  # noqa: SLF001  models leave out attributes that they do not declare
    asked: list[Any] = [{"sum": key, "part": ALL} for key in keys]
    found: list[Raw] = []
    while asked:
        answer = run(partial(table.batch_get_item, asked))
        found += answer["Responses"].get(RollupItem.table_name(), [])
        unread = answer.get("UnprocessedKeys", {}).get(RollupItem.table_name(), {}).get("Keys", [])
        asked = [{name: value["S"] for name, value in key.items()} for key in unread]
    return found


def _place(item: RollupItem) -> WatchedRecording:
    return WatchedRecording(item.sum.removeprefix("p#"), item.watched_ms or 0, item.views or 0)
