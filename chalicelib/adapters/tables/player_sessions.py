"""The player_sessions table: what is known of each running player, gone a day after its last report."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

from pynamodb.attributes import TTLAttribute, UnicodeAttribute
from pynamodb.indexes import GlobalSecondaryIndex, KeysOnlyProjection

from chalicelib.adapters.tables.base import BILLING, ConditionFailed, Count, PackedJson, Seconds, Table, run
from chalicelib.domain.sessions import PlayerSession

if TYPE_CHECKING:
    from pynamodb.expressions.condition import Condition

_ROUNDS = 4
"""Partitions of the sweep's index."""


class ToSweep(GlobalSecondaryIndex["PlayerSessionItem"]):
    """Sessions that somebody should look after if they say no more, by when."""

    class Meta:
        """Index settings."""

        index_name = "to_sweep"
        projection = KeysOnlyProjection()

    sweep = UnicodeAttribute(hash_key=True)
    sweep_at = Seconds(range_key=True)


class PlayerSessionItem(Table):
    """One session as stored. The key joins recording and session, so that one popular recording is spread too."""

    class Meta:
        """Table settings."""

        kind = "player_sessions"
        billing_mode = BILLING

    id = UnicodeAttribute(hash_key=True)
    viewer = UnicodeAttribute(null=True)
    version = Count()
    state = PackedJson()
    facts = PackedJson(null=True)
    sweep = UnicodeAttribute(null=True)
    sweep_at = Seconds(null=True)
    expires_at = TTLAttribute()

    to_sweep = ToSweep()


class PlayerSessionsTable:
    """Implements reports.PlayerSessions."""

    def load(self, recording_id: str, session: str, *, now: float) -> PlayerSession | None:
        """Read one, strongly consistent; None when there is none or its time is over, swept or not."""
        try:
            item = run(lambda: PlayerSessionItem.get(_key(recording_id, session), consistent_read=True))
        except PlayerSessionItem.DoesNotExist:
            return None
        expires_at = item.expires_at.timestamp()
        if expires_at <= now:
            return None
        state, facts = item.state, item.facts or {}
        viewer, version = item.viewer or "", item.version
        return PlayerSession(recording_id, session, viewer, version, state, expires_at, facts, item.sweep_at)

    def save(self, session: PlayerSession, *, now: float) -> bool:
        """Write it if it is still at the version that was read (0: absent, or its time is over); False when not."""
        try:
            run(partial(session_item(session).save, condition=unchanged(session, now)))
        except ConditionFailed:
            return False
        return True

    def to_sweep(self, *, now: float, limit: int) -> list[tuple[str, str]]:
        """Return sessions (recording, session) whose time to be looked after has come, eventually consistent."""
        found: list[tuple[str, str]] = []
        for part in range(_ROUNDS):
            due = partial(PlayerSessionItem.to_sweep.query, str(part), ToSweep.sweep_at <= now, limit=limit)
            found += run(lambda due=due: [_names(item.id) for item in due()])  # type: ignore[misc]  # a default binds it
        return found[:limit]

    def delete(self, recording_id: str, session: str) -> None:
        """Remove one; quiet when there is none."""
        run(PlayerSessionItem(_key(recording_id, session)).delete)


def session_item(session: PlayerSession) -> PlayerSessionItem:
    """Return a session as it is stored next."""
    sweep = None if session.sweep_at is None else str(hashlib.sha256(session.session.encode()).digest()[1] % _ROUNDS)
    return PlayerSessionItem(
        _key(session.recording_id, session.session),
        viewer=session.viewer or None,
        version=session.version + 1,
        state=session.state,
        facts=session.facts or None,
        sweep=sweep,
        sweep_at=session.sweep_at,
        expires_at=datetime.fromtimestamp(session.expires_at, UTC),
    )


def unchanged(session: PlayerSession, now: float) -> Condition:
    """Return that a session is still at the version that was read."""
    condition: Condition = PlayerSessionItem.version == session.version
    if not session.version:
        over = PlayerSessionItem.expires_at <= datetime.fromtimestamp(now, UTC)
        condition = PlayerSessionItem.id.does_not_exist() | over
    return condition


def _key(recording_id: str, session: str) -> str:
    return f"{recording_id}/{session}"


def _names(key: str) -> tuple[str, str]:
    recording_id, _, session = key.partition("/")
    return recording_id, session
