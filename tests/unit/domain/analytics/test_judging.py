"""GOOD and QoE, at their edges and against the bench's own."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.abr.metrics import quality
from bench.abr.simulator import Config
from chalicelib.domain.analytics.judging import Experience, good, judged, qoe

FINE = Experience(
    started=True, failed=False, watch_ms=99_000, stall_ms=1000, startup_ms=4000,
    mean_kbps=1000.0, changes_kbps=0, attainable_kbps=8000.0,
)  # fmt: skip


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"stall_ms": 1001}, False),
        ({"startup_ms": 4001}, False),
        ({"startup_ms": None}, True),
        ({"mean_kbps": 999.0}, False),
        ({"mean_kbps": 350.0, "attainable_kbps": 500.0}, True),
        ({"mean_kbps": 349.0, "attainable_kbps": 500.0}, False),
        ({"mean_kbps": 999.0, "attainable_kbps": None}, False),
        ({"failed": True}, False),
    ],
)
def test_good(change: dict[str, Any], expected: bool) -> None:  # noqa: FBT001  a parameter of the table
    """Every threshold, at and past it."""
    assert good(replace(FINE, **change)) is expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, True),
        ({"watch_ms": 9000}, True),
        ({"watch_ms": 8999}, False),
        ({"started": False}, False),
        ({"mean_kbps": None}, False),
    ],
)
def test_judged(change: dict[str, Any], expected: bool) -> None:  # noqa: FBT001  as above
    """Long enough, begun, and with a bitrate."""
    assert judged(replace(FINE, **change)) is expected


@given(st.lists(st.integers(0, 4), min_size=2, max_size=60), st.integers(0, 60_000), st.integers(0, 10_000))
def test_the_score_is_the_benchs(levels: list[int], stall_ms: int, startup_ms: int) -> None:
    """For a session that is watched as it was fetched."""
    config = Config("vod4", ladder_kbps=(500, 1000, 2000, 3000, 4000), segment_s=4.0, max_buffer_s=30.0)
    rates = [config.ladder_kbps[level] for level in levels]
    session = replace(
        FINE,
        watch_ms=4000 * len(levels),
        stall_ms=stall_ms,
        startup_ms=startup_ms,
        mean_kbps=sum(rates) / len(rates),
        changes_kbps=sum(abs(b - a) for a, b in pairwise(rates)),
    )
    expected = quality(config, levels, (stall_ms + startup_ms) / 1000)
    assert qoe(session) == pytest.approx(min(max(expected, -100.0), 100.0))
