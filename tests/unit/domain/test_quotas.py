"""Quotas: what counts, and where the line is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chalicelib.domain.quotas import Quotas, Usage, check_more, check_stream, usage_of
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.errors import Conflict

ONE = Recording("r", "anna", "T", "a", "a/b", 40, RecordingStatus.READY, 0.0, 0.0, duration_s=90.0)


def test_usage_is_what_the_recordings_say() -> None:
    """Bytes, seconds, and streams that are on."""
    assert usage_of([]) == Usage()
    live = replace(ONE, status=RecordingStatus.LIVE, size_bytes=0, duration_s=0.0)
    assert usage_of([ONE, ONE, live]) == Usage(80, 180.0, 1)


def test_bytes_may_reach_the_limit_and_not_pass_it() -> None:
    """The size counts that was asked for; the sentence says what is left."""
    check_more(Quotas(size_bytes=100), Usage(40), 60)
    with pytest.raises(Conflict, match=r"quota_storage: You have 60 of 100 bytes left"):
        check_more(Quotas(size_bytes=100), Usage(40), 61)


def test_minutes_are_full_when_they_are_reached() -> None:
    """How long the next one will be is not known."""
    check_more(Quotas(minutes=2), Usage(0, 119.9), 1)
    with pytest.raises(Conflict, match="quota_minutes"):
        check_more(Quotas(minutes=2), Usage(0, 120.0), 1)


def test_streams_at_once() -> None:
    """One more than allowed is refused."""
    check_stream(Quotas(streams=2), Usage(streams=1))
    with pytest.raises(Conflict, match="quota_streams"):
        check_stream(Quotas(streams=2), Usage(streams=2))


def test_nothing_is_limited_unless_it_is_set() -> None:
    """As shipped."""
    check_more(Quotas(), Usage(1 << 60, 1e12, 1000), 1 << 60)
    check_stream(Quotas(), Usage(streams=1000))
