"""The simulator against sessions computed by hand."""

from __future__ import annotations

from typing import Any

import pytest

from bench.abr.rivals.fixed import Fixed
from bench.abr.simulator import VOD4, Config, _Run, segment_sizes, simulate
from bench.abr.synthetic import make
from bench.abr.traces import Trace

LADDER = (1000, 2000)
STEADY = Trace([(1000, 2000, 100)])
"""2 Mbit/s with 100 ms of round trip: a nominal 2 s segment of 1000 kbps takes 0.1 + 1 s."""


def run(trace: Trace, config: Config, controller: Any, *, offset: float = 0.0) -> Any:
    """A session whose segments have exactly their nominal size."""
    sizes = [[kbps * 1000.0 * config.segment_s for kbps in config.ladder_kbps]] * config.segments
    controller.reset(config.ladder_kbps, config.segment_s, config.max_buffer_s, {"sizes_bits": sizes})
    return _Run(trace, config, sizes, controller, offset).run()


def column(session: Any, name: str) -> list[Any]:
    """One value of every record, rounded to microseconds."""
    return [round(record[name], 6) for record in session.records]


def test_a_steady_link() -> None:
    """Start-up is three round trips and the first segment; then each segment gains 0.9 s of buffer."""
    session = run(STEADY, Config("", 2, 30, LADDER, 8), Fixed(1000))
    assert session.startup_s == pytest.approx(0.3 + 1.1)
    assert column(session, "t_ms") == [1400, 2500, 3600, 4700]
    assert column(session, "buffer_before_s") == [0, 2, 2.9, 3.8]
    assert column(session, "buffer_after_s") == [2, 2.9, 3.8, 4.7]
    assert column(session, "throughput_kbps") == [2000] * 4
    assert column(session, "ttfb_ms") == [100] * 4
    assert column(session, "bytes") == [250_000] * 4
    assert session.stalls_s == [0] * 4


def test_the_throughput_may_count_the_whole_request() -> None:
    """2 Mbit in 1.1 s."""
    session = run(STEADY, Config("", 2, 30, LADDER, 4, whole_request=True), Fixed(1000))
    assert column(session, "throughput_kbps") == [round(2000 / 1.1, 6)] * 2


def test_a_step_down_stalls() -> None:
    """From 4 s on 0.5 Mbit/s: a segment of 2 Mbit takes 4 s and 2 or 3 s of buffer are not enough."""
    trace = Trace([(4000, 2000, 0), (60_000, 500, 0)])
    session = run(trace, Config("", 2, 30, LADDER, 12), Fixed(1000))
    assert column(session, "t_ms") == [1000, 2000, 3000, 4000, 8000, 12000]
    assert column(session, "buffer_after_s") == [2, 3, 4, 5, 3, 2]
    assert session.stalls_s == pytest.approx([0, 0, 0, 0, 0, 1])


def test_a_dead_second_inside_a_segment_is_waited_out() -> None:
    """0.5 s of data, 1 s of nothing, 0.5 s of data."""
    trace = Trace([(500, 2000, 0), (1000, 0, 0), (9000, 2000, 0)])
    session = run(trace, Config("", 2, 30, LADDER, 4), Fixed(1000))
    assert column(session, "t_ms") == [2000, 3000]


def test_an_offset_starts_later_in_the_trace() -> None:
    """The session's clock starts at 0 all the same."""
    trace = Trace([(3000, 100, 0), (60_000, 2000, 0)])
    assert column(run(trace, Config("", 2, 30, LADDER, 4), Fixed(1000), offset=3), "t_ms") == [1000, 2000]


class Waits(Fixed):
    """Notes how long it was made to wait."""

    def __init__(self) -> None:
        super().__init__(1000)
        self.waits: list[float] = []

    def on_wait(self, seconds: float) -> None:
        """Note it."""
        self.waits.append(round(seconds, 6))


def test_a_full_buffer_is_waited_for() -> None:
    """With room for 4 s, the third request waits until 2 s are left, then each takes 1.1 s and waits 0.9."""
    controller = Waits()
    session = run(STEADY, Config("", 2, 4, LADDER, 10), controller)
    assert controller.waits == [0.9] * 3
    assert max(column(session, "buffer_after_s")) == 2.9


class Abandons(Fixed):
    """Gives the upper rung up after a time in flight."""

    def __init__(self, after: float) -> None:
        super().__init__(2000)
        self.after, self.asked = after, []

    def should_abandon(self, progress: dict[str, Any]) -> int | None:
        """The lower rung, once."""
        self.asked.append({name: round(value, 6) for name, value in progress.items()})
        return 0 if progress["elapsed_s"] > self.after and progress["index"] == 1 else None


def test_an_abandoned_download_is_lost_and_costs_a_round_trip() -> None:
    """The second segment is given up 0.5 s after its request and comes lower, while the buffer drains."""
    controller = Abandons(0.45)
    session = run(STEADY, Config("", 2, 30, LADDER, 4), controller)
    assert column(session, "t_ms") == [2400, 2400 + 500 + 1100]
    assert session.levels == [1, 0]
    assert session.records[1]["abandoned"] == (1,)
    assert session.records[1]["buffer_after_s"] == pytest.approx(2 - 1.6 + 2)
    assert session.wasted_bits == pytest.approx(0.4 * 2e6)
    assert controller.asked[-1] == {
        "index": 1, "level": 1, "size_bits": 4e6, "got_bits": 0.8e6, "elapsed_s": 0.5, "ttfb_s": 0.1, "buffer_s": 1.5,
    }  # fmt: skip


def test_asking_begins_with_the_first_data_and_ends_with_the_last() -> None:
    """Every 100 ms after the request's round trip; the first segment may be given up as well."""
    controller = Abandons(99)
    run(STEADY, Config("", 2, 30, LADDER, 2), controller)
    assert [p["elapsed_s"] for p in controller.asked] == [round(0.1 * n, 6) for n in range(2, 21)]
    assert {p["buffer_s"] for p in controller.asked} == {0}


def test_the_lowest_rung_is_never_asked_about() -> None:
    """There is nothing to fall to."""
    controller = Abandons(0)
    controller.kbps = 1000
    run(STEADY, Config("", 2, 30, LADDER, 8), controller)
    assert controller.asked == []


@pytest.mark.parametrize("level", [-1, 2, None, 0.0])
def test_a_level_that_is_none_is_refused(level: Any) -> None:
    """A controller's error is not hidden."""
    controller = Fixed(1000)
    controller.choose = lambda *_: level  # type: ignore[method-assign]
    with pytest.raises(ValueError, match="Fixed chose"):
        run(STEADY, Config("", 2, 30, LADDER, 4), controller)


def test_sizes_follow_the_law_and_the_seed() -> None:
    """Mean 1, cv 0.2, cut at 1.6; the levels of a segment go together."""
    config = Config("", 2, 30, LADDER, 20_000)
    sizes = segment_sizes(config, "a")
    factors = [row[0] / 2e6 for row in sizes]
    mean = sum(factors) / len(factors)
    spread = (sum((f - mean) ** 2 for f in factors) / len(factors)) ** 0.5
    assert mean == pytest.approx(1, abs=0.01)
    assert spread == pytest.approx(0.2, abs=0.01)
    assert max(factors) == pytest.approx(1.6)
    assert all(0.6 < row[1] / row[0] / 2 < 1.6 for row in sizes)
    assert sizes == segment_sizes(config, "a") != segment_sizes(config, "b")


def test_a_session_is_the_same_every_time() -> None:
    """Nothing depends on the clock or on earlier sessions."""
    first, again = (simulate(make("3g", 1), VOD4, Fixed(1000)) for _ in range(2))
    assert first.records == again.records
    assert len(first.records) == 90
