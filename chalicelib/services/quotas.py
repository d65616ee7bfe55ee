"""Quotas, held when somebody asks for more."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.access import Role
from chalicelib.domain.quotas import Quotas, check_more, check_stream, usage_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.access import Caller
    from chalicelib.domain.quotas import Usage
    from chalicelib.domain.recording import Recording
    from chalicelib.services.ports import Recordings

_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class QuotaKeeper:
    """Reads a person's library when there is a limit to hold, and nothing when there is none."""

    recordings: Recordings
    quotas: Quotas = Quotas()  # noqa: RUF009  frozen

    def check_more(self, caller: Caller, size_bytes: int) -> None:
        """Refuse a recording that would go over; raises Conflict: quota_storage, quota_minutes."""
        if (self.quotas.size_bytes or self.quotas.minutes) and caller.role is not Role.ADMIN:
            check_more(self.quotas, self._usage(caller.sub), size_bytes)

    def check_stream(self, caller: Caller, owner: str) -> None:
        """Refuse a stream of `owner` that would be one too many, or too long; raises Conflict."""
        if self.quotas != Quotas() and caller.role is not Role.ADMIN:
            usage = self._usage(owner)
            check_stream(self.quotas, usage)
            check_more(self.quotas, usage, 0)

    def _usage(self, owner: str) -> Usage:
        return usage_of(self._all(owner))

    def _all(self, owner: str) -> Iterator[Recording]:
        cursor: str | None = None
        while True:
            page, cursor = self.recordings.by_owner(owner, status=None, room_id=None, limit=_AT_ONCE, cursor=cursor)
            yield from page
            if cursor is None:
                return
