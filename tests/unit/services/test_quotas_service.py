"""Quotas where something is asked for: in the library and before a stream."""

from __future__ import annotations

import pytest
from support.fakes import FakeClock, FakeQueue, FakeRecordings

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.quotas import Quotas
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict
from chalicelib.services.quotas import QuotaKeeper
from chalicelib.services.recordings import Draft, RecordingLibrary

ANNA, BERTA, ADMIN = Caller("anna", Role.PUBLISHER), Caller("berta", Role.PUBLISHER), Caller("root", Role.ADMIN)


def library(quotas: Quotas) -> tuple[RecordingLibrary, QuotaKeeper, FakeRecordings]:
    """A library under quotas."""
    clock = FakeClock()
    recordings = FakeRecordings(clock)
    keeper = QuotaKeeper(recordings, quotas)
    return RecordingLibrary(recordings, FakeQueue(), clock, max_upload_bytes=1000, quotas=keeper), keeper, recordings


def test_everybody_has_their_own_and_deleting_gives_back() -> None:
    """One person's library does not count against another's; an administrator has no limit."""
    made, _, _ = library(Quotas(size_bytes=100))
    first = made.create(ANNA, Draft("a", size_bytes=60))
    with pytest.raises(Conflict, match="quota_storage"):
        made.create(ANNA, Draft("b", size_bytes=60))
    made.create(BERTA, Draft("b", size_bytes=60))
    for _ in range(3):
        made.create(ADMIN, Draft("c", size_bytes=60))
    made.delete(ANNA, first.id)
    made.create(ANNA, Draft("b", size_bytes=60))


def test_a_stream_is_counted_for_its_owner() -> None:
    """Whoever starts it; minutes that are used up keep it from starting, too."""
    made, keeper, rows = library(Quotas(streams=1, minutes=1))
    one = made.create(ANNA, Draft("a", live=True))
    keeper.check_stream(ANNA, "anna")
    rows.update(one.id, status=RecordingStatus.LIVE)
    with pytest.raises(Conflict, match="quota_streams"):
        keeper.check_stream(ANNA, "anna")
    keeper.check_stream(BERTA, "berta")
    keeper.check_stream(ADMIN, "anna")
    rows.update(one.id, status=RecordingStatus.READY, duration_s=60.0)
    with pytest.raises(Conflict, match="quota_minutes"):
        keeper.check_stream(ANNA, "anna")


def test_without_limits_nothing_is_read() -> None:
    """They cost nothing where nobody set them."""
    made, keeper, rows = library(Quotas())

    def unwanted(*_args: object, **_named: object) -> None:
        raise AssertionError

    rows.by_owner = unwanted  # type: ignore[assignment, method-assign]
    made.create(ANNA, Draft("a", size_bytes=1000))
    keeper.check_stream(ANNA, "anna")
