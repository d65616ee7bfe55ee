"""The specification's tests, by the names it gives them, through the public API with the trained policy."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise

from support.abr import play, report

from chalicelib.domain.abr import ABRConfig, AdaptiveBitrateManager, NetworkClass, OriginBalancer, StreamQuality


def test_bandwidth_detection() -> None:
    """Bandwidth, its class and its uncertainty are found from segments alone, and followed when it changes."""
    session = AdaptiveBitrateManager(ABRConfig())
    unknown = session.predict()
    play(session, [5000] * 12)
    known, network = session.predict(), session.network()
    assert 4000 < known.p50 < 6000
    assert known.p90 / known.p10 < unknown.p90 / unknown.p10
    assert (network.name, round(network.stats.percentile(0.5))) == (NetworkClass.WIFI_SLOW, 5000.0)
    assert network.confidence > 0.5
    play(session, [700] * 8, first=12)
    assert 500 < session.predict().p50 < 1200
    for index in (20, 21):
        session.record_segment_metrics(report(index, 0, 1, bytes=0, duration_ms=9000, outcome="timeout"))
    assert session.network().name == NetworkClass.OFFLINE


def test_quality_switching() -> None:
    """Up while the link is good, down before the buffer is empty when it is not, up again, and steady in between."""
    session = AdaptiveBitrateManager(ABRConfig())
    rising = play(session, [12_000] * 20)
    assert rising[-1] == 4000
    assert rising == sorted(rising)
    assert not session.should_upscale()
    falling = play(session, [600] * 25, first=20)
    assert falling[-1] <= 500
    assert session.state()["buffer_s"] > 0
    again = play(session, [12_000] * 20, first=45)
    assert session.select_quality().quality == StreamQuality.VERY_HIGH
    switches = sum(a != b for a, b in pairwise(again[5:]))
    assert switches <= 4


def test_segment_fetching() -> None:
    """What to fetch, how large it is, when; given up in flight when the link dies, and fetched again lower."""
    session = AdaptiveBitrateManager(ABRConfig.for_live())
    play(session, [12_000] * 10)
    session.set_next_segment_sizes([60_000, 120_000, 240_000, 480_000, 950_000])
    session.set_buffer_level(6)
    request = session.next_segment()
    assert (request.index, request.level.kbps, request.size_bytes, request.wait_s) == (10, 4000, 950_000, 0.0)
    assert session.should_abandon(request.level.index, 600_000, 500, ttfb_ms=40) is None
    session.set_buffer_level(3)
    lower = session.should_abandon(request.level.index, 40_000, 3000, ttfb_ms=40)
    assert lower is not None
    assert lower.kbps < 4000
    session.record_segment_metrics(
        report(10, request.level.index, 1, bytes=40_000, duration_ms=3000, buffer_after_s=3, outcome="aborted")
    )
    instead = session.next_segment()
    assert instead.index == 10
    assert instead.level.kbps < 4000
    session.record_segment_metrics(report(10, instead.level.index, 12_000, buffer_after_s=11.5))
    assert (session.next_segment().index, session.next_segment().wait_s) == (11, 1.5)


def test_load_balancing() -> None:
    """Sessions spread over origins by what was measured, leave one that fails, and come back once it is well."""
    east, west = "https://cdn-east", "https://cdn-west"
    balancer = OriginBalancer((east, west))
    sessions = [f"session-{n}" for n in range(1000)]

    def spread(now_s: float) -> Counter[str]:
        return Counter(balancer.choose(session, now_s).origin for session in sessions)

    for now in range(30):
        balancer.record(east, now, ok=True, ttfb_s=0.05, kbps=20_000)
        balancer.record(west, now, ok=True, ttfb_s=0.10, kbps=10_000)
    before = spread(30)
    assert before[east] > 2 * before[west] > 0
    for now in (30, 31, 32):
        balancer.record(east, now, ok=False)
    assert {west: 1000} == spread(33)
    tried = spread(42)
    assert 0 < tried[east] < 150
    balancer.record(east, 43, ok=True, ttfb_s=0.05, kbps=20_000)
    assert spread(43)[east] > 500
