"""The player_sessions table: what is known of each running player, gone a day after its last report."""

from __future__ import annotations

from datetime import UTC, datetime

from pynamodb.attributes import TTLAttribute, UnicodeAttribute

from chalicelib.adapters.tables.base import BILLING, ConditionFailed, Count, PackedJson, Table, run
from chalicelib.domain.sessions import PlayerSession


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
    expires_at = TTLAttribute()


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
        return PlayerSession(recording_id, session, item.viewer or "", item.version, item.state, expires_at)

    def save(self, session: PlayerSession, *, now: float) -> bool:
        """Write it if it is still at the version that was read (0: absent, or its time is over); False when not."""
        item = PlayerSessionItem(
            _key(session.recording_id, session.session),
            viewer=session.viewer or None,
            version=session.version + 1,
            state=session.state,
            expires_at=datetime.fromtimestamp(session.expires_at, UTC),
        )
        unchanged = PlayerSessionItem.version == session.version
        if session.version == 0:
            over = PlayerSessionItem.expires_at <= datetime.fromtimestamp(now, UTC)
            unchanged = PlayerSessionItem.id.does_not_exist() | over
        try:
            run(lambda: item.save(condition=unchanged))
        except ConditionFailed:
            return False
        return True


def _key(recording_id: str, session: str) -> str:
    return f"{recording_id}/{session}"
