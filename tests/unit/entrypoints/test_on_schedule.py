"""The minutely sweeps."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from chalicelib import diagnosis_container
from chalicelib.entrypoints.on_schedule import STALLED_JOBS, on_schedule
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = {
    "version": "0",
    "account": "123456789012",
    "region": "eu-central-1",
    "detail": {},
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "time": "2026-11-22T00:00:00Z",
    "id": "x",
    "resources": [],
}


class Sweeps:
    """Counts its calls; the deletes fail on demand."""

    def __init__(self, *, broken: bool) -> None:
        self.broken = broken
        self.calls: list[str] = []

    def redrive_deletes(self) -> int:
        """Sweep deletes."""
        self.calls.append("deletes")
        if self.broken:
            raise Transient("aws_unavailable", "Busy.")
        return 1

    def close_abandoned_uploads(self) -> int:
        """Sweep uploads."""
        self.calls.append("uploads")
        return 2

    def resume_stalled(self, limit: int) -> int:
        """Sweep jobs."""
        assert limit == STALLED_JOBS
        self.calls.append("jobs")
        return 3

    def look_after(self) -> int:
        """Sweep streams that are on."""
        self.calls.append("live")
        return 4

    def count_out_viewers(self) -> int:
        """Sweep viewers."""
        self.calls.append("viewers")
        return 6

    def finish_stopped(self) -> int:
        """Sweep streams that are over."""
        self.calls.append("live_ends")
        return 5

    def close_left(self) -> int:
        """Close sessions."""
        self.calls.append("sessions")
        return 8

    def settle(self) -> int:
        """Settle sums."""
        self.calls.append("sums")
        return 9

    def sweep(self) -> int:
        """Sweep what is untold, and deliveries."""
        self.calls.append("webhooks")
        return 7

    def beat(self) -> None:
        """Note the run."""
        self.calls.append("beat")


@pytest.fixture
def noted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Sweeps], None]:
    """Return a function that lets the sweeps' double take the note of the run as well."""
    return lambda sweeps: monkeypatch.setattr(diagnosis_container, "pulse", lambda: sweeps)


def test_every_sweep_runs(
    serve: Callable[[str, object], None],
    serve_live: Callable[[str, object], None],
    serve_hooks: Callable[[str, object], None],
    serve_analytics: Callable[[str, object], None],
    noted: Callable[[Sweeps], None],
) -> None:
    """And says how much it did."""
    sweeps = Sweeps(broken=False)
    serve("lifecycle", sweeps)
    serve("transcoder", sweeps)
    serve_live("sweeps", sweeps)
    serve_analytics("sweeps", sweeps)
    serve_hooks("teller", sweeps)
    serve_hooks("sender", sweeps)
    noted(sweeps)
    vod = {"deletes": 1, "uploads": 2, "jobs": 3}
    live = {"live": 4, "viewers": 6, "live_ends": 5, "sessions": 8, "sums": 9}
    assert on_schedule(EVENT, None) == vod | live | {"untold": 7, "deliveries": 7}
    assert sweeps.calls[-1] == "beat"


def test_a_broken_sweep_stops_no_other(
    serve: Callable[[str, object], None],
    serve_live: Callable[[str, object], None],
    serve_hooks: Callable[[str, object], None],
    serve_analytics: Callable[[str, object], None],
    noted: Callable[[Sweeps], None],
) -> None:
    """The function still fails, so that its alarm rings, and its run does not count as one."""
    sweeps = Sweeps(broken=True)
    serve("lifecycle", sweeps)
    serve("transcoder", sweeps)
    serve_live("sweeps", sweeps)
    serve_analytics("sweeps", sweeps)
    serve_hooks("teller", sweeps)
    serve_hooks("sender", sweeps)
    noted(sweeps)
    with pytest.raises(Transient):
        on_schedule(EVENT, None)
    assert sweeps.calls == [
        "deletes",
        "uploads",
        "jobs",
        "live",
        "viewers",
        "live_ends",
        "sessions",
        "sums",
        "webhooks",
        "webhooks",
    ]
