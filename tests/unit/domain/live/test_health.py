"""Ingest health: bounded, and what an owner needs to see."""

from __future__ import annotations

from support.live import EPOCH_S, segment

from chalicelib.domain.live.health import KEPT_REFUSALS, IngestHealth, Refusal


def test_segments_are_counted_with_their_bitrate_and_lag() -> None:
    """500 kB in 2 s are 2000 kbit/s; the segment had landed half a second after its last frame."""
    health = IngestHealth().accepted(segment(0))
    assert (health.segments, health.bytes, health.bitrate_kbps, health.lag_s) == (1, 500_000, 2000.0, 0.5)
    assert health.last_segment_at == EPOCH_S + 2.5


def test_the_bitrate_follows_slowly() -> None:
    """One odd segment moves it by a fifth."""
    health = IngestHealth().accepted(segment(0)).accepted(segment(1, source_size=1_000_000))
    assert health.bitrate_kbps == 2400.0


def test_an_older_arrival_is_not_the_newest() -> None:
    """Packaging finishes in any order."""
    health = IngestHealth().accepted(segment(1)).accepted(segment(0))
    assert health.last_segment_at == EPOCH_S + 4.5


def test_refusals_are_kept_short_and_counted_for_good() -> None:
    """The last twenty with their reasons, all of them by code."""
    health = IngestHealth()
    for number in range(50):
        code = "segment_too_long" if number % 2 else "segment_without_key_frame"
        health = health.refuse(Refusal(float(number), f"{number}.m4s", code, "Why."))
    assert [r.at for r in health.refusals] == [float(n) for n in range(50 - KEPT_REFUSALS, 50)]
    assert health.refused == {"segment_too_long": 25, "segment_without_key_frame": 25}


def test_it_is_shown_and_stored_alike() -> None:
    """Plain values, which come back."""
    health = IngestHealth().accepted(segment(0)).refuse(Refusal(1.0, "1.m4s", "code", "Why."))
    data = health.to_dict()
    assert data["refusals"] == [{"at": 1.0, "name": "1.m4s", "code": "code", "detail": "Why."}]
    assert IngestHealth.from_dict(data) == health
