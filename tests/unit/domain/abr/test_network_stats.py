"""Figures of a link: what they are, that they stay bounded, and that they travel."""

from __future__ import annotations

import json
from math import isfinite
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.abr import transfer

from chalicelib.domain.abr import NetworkStats, Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.abr import Cleaned


def after(transfers: Iterable[Cleaned]) -> NetworkStats:
    """Figures once these have arrived."""
    stats = NetworkStats()
    for one in transfers:
        stats = stats.after(one)
    return stats


def test_bandwidth_over_the_window() -> None:
    """Mean, percentiles and variation of the last twenty; older ones are forgotten."""
    stats = after(transfer(kbps) for kbps in (9999.0, *[1000.0, 3000.0] * 10))
    assert (stats.mean_kbps, stats.percentile(0.1), stats.percentile(0.9)) == (2000.0, 1000.0, 3000.0)
    assert stats.percentile(0.5) == 2000.0
    assert stats.variation == pytest.approx(0.513, abs=1e-3)
    assert (len(stats.kbps), stats.transfers) == (20, 21)


def test_nothing_measured_is_nothing_known() -> None:
    """Zeros and None, no division."""
    stats = after([transfer(None, ttfb_s=None)])
    assert (
        stats.mean_kbps, stats.percentile(0.5), stats.variation, stats.trend, stats.latency_s,
    ) == (0.0, 0.0, 0.0, 0.0, None)  # fmt: skip


def test_latency_and_jitter_are_smoothed_as_tcp_does() -> None:
    """RFC 6298: an eighth and a quarter of what is new; the floor follows down at once and up slowly."""
    stats = after([transfer(1000, ttfb_s=0.1), transfer(1000, ttfb_s=0.18), transfer(1000, ttfb_s=0.04)])
    assert stats.latency_s == pytest.approx(0.11 + (0.04 - 0.11) / 8)
    assert stats.jitter_s == pytest.approx(0.02 + (0.07 - 0.02) / 4)
    assert stats.latency_floor_s == 0.04


def test_trend_is_the_change_from_one_transfer_to_the_next() -> None:
    """Ten per cent more each time is a trend of 0.1; a level link has none."""
    assert after(transfer(1000 * 1.1**i) for i in range(10)).trend == pytest.approx(0.1, abs=1e-3)
    assert after(transfer(1000) for _ in range(10)).trend == pytest.approx(0.0)


def test_loss_is_failed_requests_and_collapses() -> None:
    """Each is a decayed share of all; a network that settles lower has collapsed once, not for ever."""
    failed = after([transfer(1000), transfer(None, bytes=0, outcome=Outcome.TIMEOUT)])
    assert (failed.failure_share, failed.failures_in_a_row) == (0.0625, 1)
    settled = after(transfer(kbps) for kbps in [8000.0] * 10 + [1000.0] * 5)
    calm = after(transfer(kbps) for kbps in [8000.0] * 10 + [3000.0] * 5)
    assert settled.loss > calm.loss == 0.0
    assert after([transfer(1000)] * 60).loss == 0.0
    recovered = after(transfer(kbps) for kbps in [8000.0] * 10 + [1000.0] * 60)
    assert recovered.collapse_share < 0.01


@given(st.lists(st.floats(0.001, 1e7), max_size=60), st.lists(st.floats(0, 600), max_size=60))
def test_figures_stay_finite_and_travel_exactly(rates: list[float], latencies: list[float]) -> None:
    """Whatever was believed; JSON gives the very same figures back."""
    stats = after([*(transfer(kbps) for kbps in rates), *(transfer(None, ttfb_s=s or None) for s in latencies)])
    assert all(isfinite(x) for x in (stats.mean_kbps, stats.variation, stats.trend, stats.jitter_s, stats.loss))
    assert len(stats.kbps) <= 20
    assert NetworkStats.from_dict(json.loads(json.dumps(stats.to_dict()))) == stats


@given(
    st.dictionaries(st.sampled_from(NetworkStats.__slots__), st.floats() | st.text(max_size=3) | st.lists(st.floats()))
)
def test_stored_nonsense_becomes_a_start(data: dict[str, Any]) -> None:
    """Never an exception, never a figure out of bounds."""
    stats = NetworkStats.from_dict(data)
    assert 0 <= stats.loss <= 1
    assert isfinite(stats.trend)
