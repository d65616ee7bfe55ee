"""A session: what it learns, what it answers, and that garbage moves nothing."""

from __future__ import annotations

from dataclasses import fields
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.abr import play, report
from support.policies import ObedientPolicy

from chalicelib.domain.abr import (
    ABRConfig,
    AdaptiveBitrateManager,
    BitrateProfile,
    Cleaned,
    NetworkClass,
    Refusal,
    SegmentMetrics,
)


def manager(level: int = 2, **more: Any) -> tuple[AdaptiveBitrateManager, ObedientPolicy]:
    """A session whose policy wants this level."""
    policy = ObedientPolicy(level, **more)
    return AdaptiveBitrateManager(ABRConfig(), policy=policy), policy


def test_up_and_down() -> None:
    """Compared with the last segment; before it, neither."""
    session, policy = manager(2)
    assert (session.should_upscale(), session.should_downscale()) == (False, False)
    session.record_segment_metrics(report(0, 2, 8000, buffer_after_s=30))
    answers = []
    for policy.level in (1, 2, 3):
        answers.append((session.select_quality().index, session.should_upscale(), session.should_downscale()))
    assert answers == [(1, False, True), (2, False, False), (3, True, False)]


def test_asking_changes_nothing() -> None:
    """Any number of questions later the state is the same."""
    session, _ = manager()
    play(session, [3000] * 5)
    before = session.state()
    session.select_quality(9000), session.should_upscale(), session.predict_optimal_bitrate(), session.next_segment()
    session.explain(), session.get_available_bitrates(), session.should_abandon(4, 1000, 5000), session.network()
    assert before == session.state()


def test_the_buffer_is_what_was_reported_or_reckoned() -> None:
    """A report of it counts; without one it drains while a segment comes and grows by it."""
    session, policy = manager(0)
    session.record_segment_metrics(report(0, 0, 1000))
    session.record_segment_metrics(report(1, 0, 1000))
    session.select_quality()
    assert policy.views[-1].buffer_s == pytest.approx(2 - 0.54 + 2)
    session.record_segment_metrics(report(2, 0, 1000, buffer_after_s=17.5))
    session.select_quality()
    assert policy.views[-1].buffer_s == 17.5
    for seconds, known in ((nan, 17.5), (-4, 0.0), (1e9, 62.0), ("9", 62.0), (9, 9.0)):
        session.set_buffer_level(seconds)  # type: ignore[arg-type]  players send anything
        session.select_quality()
        assert known == policy.views[-1].buffer_s


def test_the_next_segments_sizes_are_for_the_next_segment() -> None:
    """What is missing or mad is taken at the level's ceiling; once it arrived, all of it is."""
    session, policy = manager()
    session.set_next_segment_sizes([1000, nan, -5, 300_000, 1e30])
    session.select_quality()
    assert tuple(policy.views[-1].sizes_bits) == (8000, 1_000_000, 2_000_000, 2_400_000, 8_000_000)
    session.record_segment_metrics(report(0, 2, 3000))
    session.select_quality()
    assert policy.views[-1].sizes_bits[0] == 500_000
    session.set_next_segment_sizes([1000])
    session.select_quality()
    assert policy.views[-1].sizes_bits[0] == 500_000


@pytest.mark.parametrize(
    ("measured", "kbps"), [(1, 250), (240, 250), (700, 500), (1300, 1000), (3000, 2000), (6000, 4000), (1e300, 4000)]
)
def test_a_bandwidth_alone_gets_what_it_carries_for_long(measured: float, kbps: int) -> None:
    """Nobody knows the buffer, so none of it is spent."""
    choice = AdaptiveBitrateManager(ABRConfig()).recommend(measured)
    assert (choice.level.kbps, choice.rule) == (kbps, "sustained")
    capped = AdaptiveBitrateManager(ABRConfig())
    capped.set_cap("viewer", 500)
    choice = capped.recommend(measured)
    assert (choice.level.kbps, choice.reason) == ((kbps, "sustained") if kbps <= 500 else (500, "viewer"))


def test_a_bandwidth_with_a_buffer_is_the_policys() -> None:
    """As if it had just been measured; garbage is no bandwidth."""
    session, policy = manager(4)
    session.set_buffer_level(15)
    assert session.recommend(9000).rule == "policy"
    assert policy.views[-1].buffer_s == 15.0
    for garbage in (nan, inf, -1, 0, "fast", None):
        assert session.recommend(garbage).inputs["samples"] == 0  # type: ignore[arg-type]  queries hold anything
    assert session.recommend(9000).inputs["samples"] == 1


def test_the_optimal_bitrate_is_what_the_link_carries_for_long() -> None:
    """Whatever the buffer would allow meanwhile."""
    session = AdaptiveBitrateManager(ABRConfig())
    play(session, [1300] * 40)
    assert session.predict_optimal_bitrate() == 1000
    session.set_cap("viewer", 500)
    assert session.predict_optimal_bitrate() == 500


def test_what_may_be_played() -> None:
    """Device, caps of the caller's own and experience all count; lifting a cap brings back what it took."""
    session, _ = manager(4)
    assert session.get_available_bitrates() == [250, 500, 1000, 2000, 4000]
    session.set_device({"screen_width": 1280, "screen_height": 720})
    session.set_cap("not-encoded", 500)
    assert session.get_available_bitrates() == [250, 500]
    assert (session.recommend().rule, session.recommend().reason) == ("cap", "screen")
    session.set_cap("not-encoded", None)
    assert session.get_available_bitrates() == [250, 500, 1000]
    session.set_cap("viewer", nan)
    assert session.select_quality().kbps == 1000
    for name in range(20):
        session.set_cap(f"cap {name}", 100)
    assert session.get_available_bitrates() == [250]
    assert len(session.state()["caps"]) == 8


def test_a_level_that_drops_frames_is_avoided() -> None:
    """And the explanation says so."""
    session, _ = manager(4)
    for index in range(2):
        session.record_segment_metrics(report(index, 4, 20000, buffer_after_s=30, dropped_frames=30, total_frames=60))
    assert session.get_available_bitrates() == [250, 500, 1000, 2000] or session.get_available_bitrates() == [
        250,
        500,
        1000,
    ]
    shown = session.explain()
    assert (shown["rule"], shown["reason"]) == ("cap", "dropped-frames")


def test_what_comes_next() -> None:
    """Index, size, how long it takes at the median, and no waiting while there is room."""
    session, _ = manager(2, spread=(1000, 2000, 4000))
    first = session.next_segment()
    assert (first.index, first.level.kbps, first.size_bytes, first.expected_s, first.wait_s) == (
        0,
        1000,
        250_000,
        1.08,
        0.0,
    )
    session.record_segment_metrics(report(0, 2, 2000, buffer_after_s=59.5))
    second = session.next_segment()
    assert (second.index, second.wait_s) == (1, 1.5)
    session.record_segment_metrics(report(1, 2, 2000, outcome="aborted"))
    assert session.next_segment().index == 1


def test_giving_up_a_download() -> None:
    """The policy's lower level, for a transfer that makes sense."""
    session, policy = manager(2, lower=1)
    level = session.should_abandon(3, 20_000, 4000, ttfb_ms=100)
    assert level is not None
    assert level.kbps == 500
    for odd in ((nan, 1, 4000), (3, nan, 4000), (3, 1, inf), (3, -1, 4000), (3, 1, 0), (0, 1, 4000)):
        assert session.should_abandon(*odd) is None  # type: ignore[arg-type]
    policy.lower = None
    assert session.should_abandon(3, 20_000, 4000) is None


def test_hysteresis_counts_segments_not_questions() -> None:
    """With up_hold 3 the third segment after which the policy wants up goes up."""
    policy = ObedientPolicy(0)
    session = AdaptiveBitrateManager(ABRConfig(up_hold=3, up_margin=0), policy=policy)
    session.record_segment_metrics(report(0, 0, 9000, buffer_after_s=30))
    policy.level = 3
    chosen = []
    for index in range(1, 5):
        level = [session.select_quality().index for _ in range(3)][-1]
        chosen.append(level)
        session.record_segment_metrics(report(index, level, 9000, buffer_after_s=30))
    assert chosen == [0, 0, 3, 3]


def test_refused_reports_change_nothing_but_their_count() -> None:
    """Not the link, not the network, not the buffer."""
    session, _ = manager()
    play(session, [3000] * 4)
    before = session.state()
    refusal = session.record_segment_metrics(report(9, 2, 3000, bytes=nan))
    assert isinstance(refusal, Refusal)
    assert before | {"refused": 1} == session.state()


def test_a_dead_network_is_offline_until_something_comes_through() -> None:
    """Then the lowest level is asked for."""
    session, _ = manager(4)
    play(session, [9000] * 5)
    for index in (5, 6):
        session.record_segment_metrics(report(index, 4, 9000, bytes=0, outcome="timeout", duration_ms=8000))
    assert (session.network().name, session.select_quality().kbps) == (NetworkClass.OFFLINE, 250)
    session.record_segment_metrics(report(7, 0, 9000, buffer_after_s=30))
    assert session.select_quality().kbps == 4000


ANYTHING = st.one_of(
    st.floats(), st.integers(), st.none(), st.booleans(), st.text(max_size=3), st.lists(st.integers(), max_size=2),
    st.sampled_from([10**400, "complete", "aborted", "timeout", 1e308, 5e-324, 0, 1, 2, 3, 1000, 60_000]),
)  # fmt: skip
REPORTS = st.lists(st.fixed_dictionaries({f.name: ANYTHING for f in fields(SegmentMetrics)}), max_size=6)


@given(REPORTS, ANYTHING, ANYTHING, st.lists(ANYTHING, max_size=6), ANYTHING)
def test_garbage_never_raises(
    reports: list[dict[str, Any]], buffer: Any, bandwidth: Any, sizes: list[Any], flight: Any
) -> None:
    """Whatever is reported and asked, with the trained policy behind it."""
    session = AdaptiveBitrateManager(ABRConfig.for_live())
    for told in reports:
        result = session.record_segment_metrics(SegmentMetrics(**told), now_ms=1e12)
        assert isinstance(result, Cleaned | Refusal)
    session.set_buffer_level(buffer)
    session.set_next_segment_sizes(sizes)
    session.set_cap("viewer", bandwidth)
    assert session.select_quality(bandwidth) in session.config.profile.levels
    session.should_abandon(flight, bandwidth, buffer, ttfb_ms=flight, size_bytes=bandwidth)
    spread = session.predict()
    assert 0 < spread.p10 <= spread.p50 <= spread.p90 < inf
    assert session.predict_optimal_bitrate() in session.config.profile.kbps


def test_other_ladders() -> None:
    """One level, or a custom profile, works as well."""
    for ladder in ((700,), (300, 900, 2700), (500, 1000, 2000, 4000)):
        session = AdaptiveBitrateManager(ABRConfig(BitrateProfile.from_kbps(*ladder)))
        assert set(play(session, [5000] * 10)) <= set(ladder)
        assert list(ladder) == session.get_available_bitrates()
