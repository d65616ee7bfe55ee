"""How much of an installation one person may use. What is used is counted from the recordings, so it cannot drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.recording import Recording

_MINUTE_S = 60


@dataclass(frozen=True, slots=True)
class Quotas:
    """Limits of one person; 0 is none."""

    size_bytes: int = 0
    """Of all their sources together."""
    minutes: int = 0
    """Of all their recordings together."""
    streams: int = 0
    """On at once."""


@dataclass(frozen=True, slots=True)
class Usage:
    """What one person has: bytes of sources, seconds of recordings, streams that are on."""

    size_bytes: int = 0
    duration_s: float = 0.0
    streams: int = 0


def usage_of(recordings: Iterable[Recording]) -> Usage:
    """Add up; an upload counts with its whole size from the moment it is asked for."""
    found = list(recordings)
    return Usage(
        sum(one.size_bytes for one in found),
        sum(one.duration_s for one in found),
        sum(one.status is RecordingStatus.LIVE for one in found),
    )


def check_more(quotas: Quotas, usage: Usage, size_bytes: int) -> None:
    """Refuse a recording of `size_bytes` that would go over; raises Conflict: quota_storage, quota_minutes.

    How long it will be nobody knows yet: the last one may go over by its own length.
    """
    if quotas.size_bytes and usage.size_bytes + size_bytes > quotas.size_bytes:
        left = max(0, quotas.size_bytes - usage.size_bytes)
        raise Conflict("quota_storage", f"You have {left} of {quotas.size_bytes} bytes left: delete something first.")
    if quotas.minutes and usage.duration_s >= quotas.minutes * _MINUTE_S:
        text = f"Your recordings last {quotas.minutes} minutes in all, as long as they may: delete something first."
        raise Conflict("quota_minutes", text)


def check_stream(quotas: Quotas, usage: Usage) -> None:
    """Refuse one stream more than may be on at once; raises Conflict("quota_streams")."""
    if quotas.streams and usage.streams >= quotas.streams:
        raise Conflict("quota_streams", f"You have {usage.streams} streams on, as many as you may: stop one first.")
