"""Each rival's characteristic decisions, from its paper."""

from __future__ import annotations

from typing import Any

import pytest

from bench.abr.rivals import RIVALS
from bench.abr.rivals.bola import Bola
from bench.abr.rivals.bola_e import BolaE
from bench.abr.rivals.dynamic import Dynamic
from bench.abr.rivals.fixed import Fixed
from bench.abr.rivals.hlsjs import HlsJs
from bench.abr.rivals.robust_mpc import RobustMpc
from bench.abr.rivals.rule import Ewma
from bench.abr.rivals.throughput import Throughput
from bench.abr.simulator import LIVE4, PRODUCT, VOD2, VOD4, simulate
from bench.abr.synthetic import generate

LADDER = (500, 1000, 2000, 4000)


def begun(rule: Any, *, segment_s: float = 4.0, cap_s: float = 30.0) -> Any:
    """A rule at the start of a session of nominal sizes."""
    sizes = [[kbps * 1000 * segment_s for kbps in LADDER]] * 90
    rule.reset(LADDER, segment_s, cap_s, {"sizes_bits": sizes})
    return rule


def record(kbps: float, *, level: int = 0, seconds: float = 2.0, buffer: float = 8.0) -> dict[str, Any]:
    """A segment that came at a throughput, without a round trip."""
    return {
        "index": 0, "level": level, "bytes": kbps * seconds * 125, "duration_ms": seconds * 1000, "ttfb_ms": 0.0,
        "throughput_kbps": kbps, "buffer_before_s": buffer, "buffer_after_s": buffer, "stall_s": 0.0, "t_ms": 0.0,
    }  # fmt: skip


def seen(rule: Any, *rates: float, **about: Any) -> list[dict[str, Any]]:
    """A history of these throughputs, told to the rule."""
    history = [record(kbps, **about) for kbps in rates]
    for entry in history:
        getattr(rule, "on_segment", lambda _: None)(entry)
    return history


def progress(level: int, got: float, elapsed: float, buffer: float) -> dict[str, Any]:
    """A download in flight of which a share has come."""
    size = LADDER[level] * 4000.0
    return {
        "index": 3, "level": level, "size_bits": size, "got_bits": got * size, "elapsed_s": elapsed, "ttfb_s": 0.0,
        "buffer_s": buffer,
    }  # fmt: skip


def test_fixed_takes_the_rung_below() -> None:
    """2000 of the ladder, or the lowest where nothing is as low."""
    assert begun(Fixed(2000)).choose(0, None, []) == 2
    assert begun(Fixed(1999)).choose(30, 0, []) == 1
    assert begun(Fixed(100)).choose(30, 0, []) == 0


def test_throughput_takes_nine_tenths_of_the_harmonic_mean() -> None:
    """Four segments at 4 Mbit/s and one at 1 Mbit/s make 2.5: 2000 is within 0.9 of it; the older do not count."""
    rule = begun(Throughput())
    assert rule.choose(0, None, []) == 0
    assert rule.choose(8, 0, seen(rule, 100, 4000, 4000, 4000, 4000, 1000)) == 2
    assert rule.choose(8, 0, seen(rule, 4000, 4000, 4000, 1000, 1000)) == 1
    assert rule.choose(8, 0, seen(rule, 1111)) == 0
    assert rule.choose(8, 0, seen(rule, 1112)) == 1


def test_throughput_abandons_what_takes_1_8_segments() -> None:
    """At a tenth after 1 s the whole takes 10 s; at a fifth it takes 5; the first half second is not judged."""
    rule = begun(Throughput())
    assert rule.should_abandon(progress(3, 0.1, 1, 10)) == 1
    assert rule.should_abandon(progress(3, 0.2, 1, 10)) is None
    assert rule.should_abandon(progress(3, 0.02, 0.4, 10)) is None


def test_the_mean_forgets_by_half_lives() -> None:
    """Corrected for its start, then half of it gone after 3 s."""
    mean = Ewma(3)
    mean.add(1, 1000)
    assert mean.mean() == pytest.approx(1000)
    for _ in range(99):
        mean.add(1, 1000)
    mean.add(3, 3000)
    assert mean.mean() == pytest.approx(2000)


def test_hls_js_steps_up_at_seven_tenths_and_stays_at_0_95() -> None:
    """2400 kbit/s hold 2000, but do not lead up to it; 2900 do."""
    for kbps, last, expected in ((2400, 2, 2), (2400, 1, 1), (2900, 1, 2), (2050, 2, 1)):
        rule = begun(HlsJs())
        assert rule.choose(20, last, seen(rule, kbps, kbps, kbps)) == expected


def test_hls_js_starts_on_500_kbps_and_trusts_the_slower_mean() -> None:
    """The default estimate carries the lowest rung; one fast segment among slow ones changes little."""
    rule = begun(HlsJs())
    assert rule.choose(0, None, []) == 0
    seen(rule, 600, 600, 600, 600, 600, 600)
    seen(rule, 5000, seconds=1)
    assert rule.estimate() < 1200


def test_hls_js_wants_the_segment_before_the_buffer_is_empty() -> None:
    """4 s of 2000 at 2185 usable take 3.7 s: with 2 s of buffer it accepts a stall only where no rung comes in time."""
    rule = begun(HlsJs())
    assert rule.choose(5, 2, seen(rule, 2300, 2300)) == 2
    assert rule.choose(2, 2, []) == 1
    assert rule.choose(0.5, 2, []) == 2


def test_hls_js_abandons_when_the_buffer_would_run_out() -> None:
    """Half a segment's length in; a lower one must come sooner."""
    for got, elapsed, buffer, expected in (
        (0.1, 2.1, 3, 0),
        (0.1, 1.9, 3, None),
        (0.1, 2.1, 30, None),
        (0.9, 2.1, 0.1, None),
    ):
        rule = begun(HlsJs())
        seen(rule, 800, 800)
        assert rule.should_abandon(progress(3, got, elapsed, buffer)) == expected


def test_bola_goes_by_the_buffer_alone() -> None:
    """Higher with the buffer, the lowest when empty, the top when full, whatever was measured."""
    rule = begun(Bola())
    levels = [rule.choose(buffer, 0, seen(rule, 100)) for buffer in range(31)]
    assert levels == sorted(levels)
    assert (levels[0], levels[26]) == (0, 3)
    steps = [levels.index(level) for level in range(4)]
    v = 26 / (rule.utility[3] + 5)
    assert steps[1] == pytest.approx(v * (5 - rule.utility[1]) + 0.5, abs=0.51)


def test_bola_abandons_by_score() -> None:
    """With hardly anything there and an empty buffer a lower level is worth more than the rest."""
    rule = begun(Bola())
    assert rule.should_abandon(progress(3, 0.05, 2, 1)) == 0
    assert rule.should_abandon(progress(3, 0.95, 2, 1)) is None
    assert rule.should_abandon(progress(3, 0, 2, 1)) is None


def test_bola_e_starts_on_the_throughput_and_holds_it_with_the_placeholder() -> None:
    """BOLA with 4 s of buffer would be at the lowest rung; the placeholder stands in for the buffer."""
    rule = begun(BolaE())
    assert rule.choose(0, None, []) == 0
    seen(rule, 6000, seconds=0.5, buffer=4)
    assert rule.choose(4, 0, []) == 3
    assert rule.placeholder > 10
    seen(rule, 6000, level=3, buffer=5)
    assert rule.choose(5, 3, []) == 3
    assert begun(Bola()).choose(5, 3, []) == 0


def test_bola_e_has_the_insufficient_buffer_rule() -> None:
    """With 1 s of buffer half a second's bits are safe: the lowest rung, and the placeholder shrinks."""
    rule = begun(BolaE())
    seen(rule, 6000, seconds=0.5, buffer=4)
    rule.choose(4, 0, [])
    assert rule.choose(1, 3, []) == 1
    assert rule.placeholder == pytest.approx(rule.least_buffer(1) - 1)


def test_bola_e_counts_waiting_as_buffer() -> None:
    """What a full short buffer made it wait is as good as buffered."""
    rule = begun(BolaE())
    rule.on_wait(2.5)
    assert rule.placeholder == 2.5


def test_dynamic_changes_over_at_ten_seconds() -> None:
    """Throughput decides below, BOLA above, if it is no worse; in live at half of what the buffer holds."""
    rule = begun(Dynamic())
    seen(rule, 3000, 3000)
    assert rule.choose(9, 2, []) == 2
    assert rule.by_bola is False
    assert rule.choose(29, 2, []) == 2
    assert rule.by_bola is True
    assert begun(Dynamic(), cap_s=12).change_s == 4


def test_robust_mpc_divides_by_its_worst_error() -> None:
    """After 2000 predicted and 1000 come, the harmonic mean is halved."""
    rule = begun(RobustMpc())
    history = [record(2000)]
    assert rule.throughput(history) == pytest.approx(2000)
    history.append(record(1000))
    assert rule.throughput(history) == pytest.approx(2 / (1 / 2000 + 1 / 1000) / 2)


def test_robust_mpc_spends_the_buffer_it_has() -> None:
    """At a steady 1500 kbit/s a full buffer is worth a higher rung; a short one is filled first."""
    rule = begun(RobustMpc())
    history = [record(1500)] * 5
    assert rule.choose(24, 2, history) == 2
    rule = begun(RobustMpc())
    assert rule.choose(4, 0, history) == 0


def test_robust_mpc_plans_to_the_end_only() -> None:
    """One segment is left: there is nothing to save the buffer for."""
    rule = begun(RobustMpc())
    assert rule.choose(24, 3, [record(1500)] * 89) == 3


@pytest.mark.parametrize("name", RIVALS)
def test_every_rule_runs_everywhere(name: str) -> None:
    """All configurations and classes, and the same again from the same object."""
    rule = RIVALS[name]()
    for trace in generate(1, seconds=100):
        for config in (VOD4, VOD2, LIVE4, PRODUCT):
            session = simulate(trace, config, rule)
            assert len(session.records) == config.segments
            assert simulate(trace, config, rule).records == session.records
