"""Writes a session and what it adds to the sums in one transaction."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from pynamodb.transactions import TransactWrite

from chalicelib.adapters.tables.base import ConditionFailed, run, transaction_connection
from chalicelib.adapters.tables.player_sessions import session_item, unchanged
from chalicelib.adapters.tables.rollup_rows import (
    ALL,
    EVERYBODY,
    KEEP_S,
    RollupItem,
    adding,
    flat,
    owner_scope,
    recording_scope,
    shard_key,
    shard_of,
)
from chalicelib.adapters.tables.viewer_analytics import session_item as viewer_item
from chalicelib.domain.analytics.measures import Measures
from chalicelib.domain.keys import address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pynamodb.expressions.update import Action

    from chalicelib.domain.sessions import PlayerSession
    from chalicelib.services.analytics_ports import Fold, ViewerSession

Place = tuple[str, str]
"""A scope and a day, or `all`."""
_TRIES = 4
_DAY_KEEP = timedelta(days=8)
"""For how long it is known who was counted on a day: longer than anything of that day can still come."""


@dataclass(frozen=True, slots=True)
class _Names:
    """A viewer's name in the sums: how many of their views each has, before and after."""

    before: Mapping[tuple[str, Place], int]
    steps: Mapping[tuple[str, Place], int]

    def came_and_went(self) -> dict[Place, int]:
        """Return by sum how many viewers it gains, or loses."""
        changes: dict[Place, int] = {}
        for (viewer, place), step in self.steps.items():
            count = self.before.get((viewer, place), 0)
            changes[place] = changes.get(place, 0) + (count + step > 0) - (count > 0)
        return changes


class SessionFoldsTable:
    """Implements analytics_ports.Folds over player_sessions, viewer_analytics and analytics_rollups."""

    def write(self, session: PlayerSession, fold: Fold, *, now: float) -> bool:
        """Write if the session is still at the version that was read; False, and nothing written, when not."""
        steps = _steps(fold)
        for _ in range(_TRIES):
            names = _Names(_counts(steps), steps)
            try:
                run(partial(_transact, session, fold, names, now))
            except ConditionFailed:
                # The session's version; or a viewer who opened two players at once, which is worth another try.
                if _counts(steps) == names.before:
                    return False
            else:
                return True
        return False


def _transact(session: PlayerSession, fold: Fold, names: _Names, now: float) -> None:
    # Sums outlive the sessions in them, so they must not name any.
    shard, born = shard_of(session.session), address({"session": session.session, "version": session.version}, 16)
    with TransactWrite(connection=transaction_connection()) as transaction:
        transaction.save(session_item(session), condition=unchanged(session, now))
        transaction.save(viewer_item(fold.row))
        for (scope, part), measures in _changes(fold, names).items():
            owner = fold.row.owner if part == ALL else ""
            row = RollupItem(shard_key(scope, shard), part)
            transaction.update(row, adding(measures, part, born=born, owner=owner))
        for (viewer, place), step in names.steps.items():
            _count(transaction, (viewer, place), names.before.get((viewer, place), 0), step, now)


def _count(transaction: TransactWrite, name: tuple[str, Place], before: int, step: int, now: float) -> None:
    """Write how many views of a viewer a sum has, if that is still what was read."""
    row, part = _name_row(*name), name[1][1]
    as_read = RollupItem.views_n == before if before else RollupItem.views_n.does_not_exist()
    if before + step <= 0:
        transaction.delete(row, condition=as_read)
        return
    kept_until = datetime.fromtimestamp(now + KEEP_S, UTC)
    if part != ALL:
        kept_until = datetime.fromisoformat(f"{part}T00:00:00+00:00") + _DAY_KEEP
    actions: list[Action] = [
        RollupItem.views_n.set(before + step),
        RollupItem.v.set(1),
        RollupItem.expires_at.set(kept_until),
    ]
    transaction.update(row, actions, condition=as_read)


def _changes(fold: Fold, names: _Names) -> dict[Place, Measures]:
    """Return what is to be added to each sum; nothing for those that stay as they are."""
    recording, owner = recording_scope(fold.row.recording_id), owner_scope(fold.row.owner)
    changes: dict[Place, Measures] = {(recording, ALL): fold.after.total - fold.before.total}
    for day in dict.fromkeys([*fold.before.days, *fold.after.days]):
        change = fold.after.days.get(day, Measures()) - fold.before.days.get(day, Measures())
        changes[recording, day] = change
        changes[owner, day] = changes[EVERYBODY, day] = replace(change, rungs={})
    for place, viewers in names.came_and_went().items():
        changes[place] = changes.get(place, Measures()) + Measures(viewers=viewers)
    return {place: measures for place, measures in changes.items() if flat(measures)}


def _steps(fold: Fold) -> dict[tuple[str, Place], int]:
    """Return where a viewer's views become more or fewer."""
    steps: dict[tuple[str, Place], int] = {}
    for share, step in ((fold.before, -1), (fold.after, 1)):
        for place in name_places(fold.row, share.day) if share.viewer else ():
            steps[share.viewer, place] = steps.get((share.viewer, place), 0) + step
    return {key: step for key, step in steps.items() if step}


def name_places(row: ViewerSession, day: str) -> list[Place]:
    """Return the sums in which a view of that day counts its viewer."""
    recording = recording_scope(row.recording_id)
    return [(recording, day), (recording, ALL), (owner_scope(row.owner), day), (EVERYBODY, day)]


def _counts(keys: Mapping[tuple[str, Place], int]) -> dict[tuple[str, Place], int]:
    """Read how many views viewers have, strongly consistent."""
    found = {key: _read(*key) for key in keys}
    return {key: count for key, count in found.items() if count}


def _read(viewer: str, place: Place) -> int:
    row = _name_row(viewer, place)
    try:
        return run(partial(RollupItem.get, row.sum, row.part, consistent_read=True)).views_n or 0
    except RollupItem.DoesNotExist:
        return 0


def _name_row(viewer: str, place: Place) -> Any:
    scope, part = place
    return RollupItem(f"u#{viewer}", f"{scope}#{part}")
