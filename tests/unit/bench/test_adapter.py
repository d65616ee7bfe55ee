"""The engine behind other people's harnesses: whatever they tell, and however, it plays."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from bench.abr.adapter import HeadwaterController
from bench.abr.simulator import LIVE2, VOD4, Config, segment_sizes, simulate
from bench.abr.synthetic import make
from chalicelib.domain.abr import tables

LADDER = (500, 1000, 2000, 4000)


def controller(info: dict[str, Any] | None = None, ladder: Any = LADDER) -> HeadwaterController:
    """One at the start of a vod4 session."""
    made = HeadwaterController()
    made.reset(ladder, 4, 30, info)
    return made


def record(index: int, level: int = 1, kbps: float = 3000, **more: Any) -> dict[str, Any]:
    """A segment that came at this rate after 40 ms."""
    size = LADDER[level] * 500
    return {"index": index, "level": level, "bytes": size, "duration_ms": 40 + 8 * size / kbps, "ttfb_ms": 40, **more}


def progress(**changed: Any) -> dict[str, Any]:
    """A download that has all but stopped, with little in the buffer."""
    dying = {"index": 9, "level": 3, "size_bits": 16e6, "got_bits": 1e5, "elapsed_s": 3.0, "ttfb_s": 0.04}
    return {**dying, "buffer_s": 2.0, **changed}


def heard(rates: Any, **more: Any) -> HeadwaterController:
    """One that has been told of these."""
    made = controller()
    for index, kbps in enumerate(rates):
        made.on_segment(record(index, kbps=kbps, **more))
    return made


RATES = [900, 5000, 2500, 300, 8000, 4000, 4100, 3900]


class Driver:
    """Tells a controller of its segments in one of the ways that harnesses have."""

    def __init__(self, way: str) -> None:
        self.inner, self.way = HeadwaterController(), way
        if way in {"told and whole", "told alone"}:
            self.on_segment = self.inner.on_segment

    def reset(self, *config: Any) -> None:
        """Begin."""
        self.inner.reset(*config)

    def choose(self, buffer_s: float, last: int | None, history: list[dict[str, Any]]) -> int:
        """Give the history as the way has it."""
        if self.way == "no last level":
            last = None
        if self.way == "minus one":
            last = -1 if last is None else last
        return self.inner.choose(buffer_s, last, {"last": history[-1:], "told alone": []}.get(self.way, history))


@pytest.mark.parametrize("way", ["last", "told and whole", "told alone", "no last level", "minus one"])
@pytest.mark.parametrize("config", [VOD4, LIVE2], ids=["vod4", "live2"])
def test_however_the_past_is_told_the_session_is_the_same(way: str, config: Config) -> None:
    """The whole history or its last record, by `on_segment` or not; no last level is None, -1 or not given."""
    trace = make("wifi_slow", 1, seconds=200)
    short = Config(config.name, config.segment_s, config.max_buffer_s, content_s=120)
    whole, other = (simulate(trace, short, Driver(w)) for w in ("whole", way))
    assert other.levels == whole.levels
    assert len(set(whole.levels)) > 1


def test_sizes_are_used_when_they_are_told() -> None:
    """A segment fifty times as large as usual is not chosen."""
    usual = [kbps * 4000.0 for kbps in LADDER]
    sizes = [usual] * 8 + [[usual[0], *(50 * bits for bits in usual[1:])]]
    one, other = controller({"sizes_bits": sizes}), controller()
    for index, kbps in enumerate([6000] * 8):
        one.on_segment(record(index, kbps=kbps))
        other.on_segment(record(index, kbps=kbps))
    assert one.choose(14.0, 1, []) == 0
    assert other.choose(14.0, 1, []) > 0


@pytest.mark.parametrize(
    "info", [None, {}, {"sizes_bits": None}, {"sizes_bits": []}, {"sizes_bits": [[1e6]] * 90},
             {"sizes_bits": [[math.nan] * 4] * 90}, {"sizes_bits": np.zeros((90, 4))}],
)  # fmt: skip
def test_without_sizes_that_make_sense_segments_are_as_large_as_usual(info: dict[str, Any] | None) -> None:
    """None, too few, of another ladder, no numbers."""
    odd, usual = controller(info), controller()
    for index, kbps in enumerate(RATES):
        assert odd.choose(9.0, 1, []) == usual.choose(9.0, 1, [])
        odd.on_segment(record(index, kbps=kbps))
        usual.on_segment(record(index, kbps=kbps))


def test_numpy_numbers_give_the_same_plain_answers() -> None:
    """Ladder, sizes, buffer, level, records and progress of numpy's kinds."""
    sizes = segment_sizes(VOD4, "x")
    plain, other = (
        controller({"sizes_bits": sizes}),
        controller({"sizes_bits": np.array(sizes)}, np.array(LADDER, float)),
    )
    last = None
    for index, kbps in enumerate(RATES):
        expected = plain.choose(9.5, last, [])
        level = other.choose(np.float64(9.5), None if last is None else np.int64(last), [])
        assert type(level) is int
        assert level == expected
        told = record(index, level, kbps)
        plain.on_segment(told)
        other.on_segment({name: np.float32(value) if name == "ttfb_ms" else np.asarray(value)[()]
                          for name, value in told.items()})  # fmt: skip
        last = level
    asked = progress(index=len(RATES))
    lower = other.should_abandon({name: np.asarray(value)[()] for name, value in asked.items()})
    assert lower == plain.should_abandon(asked)
    assert type(lower) is int


@pytest.mark.parametrize(
    "odd",
    [
        {"duration_ms": 0}, {"duration_ms": math.nan}, {"duration_ms": -5}, {"duration_ms": None}, {"bytes": 0},
        {"bytes": math.nan}, {"bytes": math.inf},
    ],
)  # fmt: skip
def test_a_record_that_says_nothing_teaches_nothing(odd: dict[str, Any]) -> None:
    """The segment counts, the link stays as it was; even as the first one."""
    knows, also = heard(RATES), heard(RATES)
    also.on_segment(record(len(RATES), **odd))
    knows.on_segment({"index": len(RATES), "level": 1})
    assert [also.choose(b, 1) for b in range(0, 27, 3)] == [knows.choose(b, 1) for b in range(0, 27, 3)]
    fresh = controller()
    fresh.on_segment(record(0, **odd))
    assert fresh.choose(4.0, 1) == controller().choose(4.0, None) == 0


@pytest.mark.parametrize("ttfb_ms", [None, 0, math.nan, -4, 1e9])
def test_a_record_without_a_sensible_first_byte_is_used(ttfb_ms: float | None) -> None:
    """A fast link is known as one all the same, and a slow one too."""
    assert heard([30_000] * 9, ttfb_ms=ttfb_ms).choose(20.0, 1) == 3
    assert heard([350] * 9, ttfb_ms=ttfb_ms).choose(2.0, 1) == 0


def test_records_may_lack_all_but_the_throughput() -> None:
    """No index, no size: they are counted as they come."""
    made = controller()
    for _ in range(9):
        made.on_segment({"throughput_kbps": 30_000, "duration_ms": 500})
    assert made.choose(20.0, 1) == 3


def test_what_is_told_again_is_not_learned_again() -> None:
    """Once by `on_segment`, then with every history."""
    records = [record(index, kbps=kbps) for index, kbps in enumerate(RATES)]
    once, often = heard(RATES), heard(RATES)
    for _ in range(5):
        often.choose(8.0, 1, records)
        often.on_segment(records[2])
    asked = progress()
    assert often.should_abandon(asked) == once.should_abandon(asked)
    assert [often.choose(b, 1) for b in range(0, 27, 3)] == [once.choose(b, 1) for b in range(0, 27, 3)]


@pytest.mark.parametrize("more", [{}, {"ttfb_s": 0}, {"ttfb_s": None}, {"ttfb_s": math.nan}, {"size_bits": None}])
def test_a_dying_download_is_given_up_in_any_words(more: dict[str, Any]) -> None:
    """With and without the first byte's time or the size."""
    assert heard([6000] * 9).should_abandon(progress(**more)) in {0, 1, 2}


def test_a_progress_may_lack_what_is_not_needed() -> None:
    """The index and the first byte's time."""
    given = {"level": 3, "got_bits": 1e5, "elapsed_s": 3.0, "buffer_s": 2.0}
    assert heard([6000] * 9).should_abandon(given) in {0, 1, 2}


@pytest.mark.parametrize(
    "more", [{"level": 0}, {"level": -1}, {"elapsed_s": 0}, {"elapsed_s": math.nan}, {"got_bits": 15.9e6}]
)
def test_others_go_on(more: dict[str, Any]) -> None:
    """The lowest, one of no known level, one that has hardly begun, one that is nearly there."""
    assert heard([6000] * 9).should_abandon(progress(**more)) is None


def test_asking_again_gives_the_same_answer_and_costs_nothing() -> None:
    """A harness that ignored it, or asks twice: what was seen counts once."""
    once, often = heard([6000] * 9), heard([6000] * 9)
    lower = once.should_abandon(progress())
    assert [often.should_abandon(progress()) for _ in range(9)] == [lower] * 9
    for made in (once, often):
        made.on_segment(record(9, 0, kbps=2000))
    assert [often.choose(b, 0) for b in range(0, 27, 3)] == [once.choose(b, 0) for b in range(0, 27, 3)]


def test_a_download_that_went_on_all_the_same_counts_once() -> None:
    """Its record is of the level that should have been given up."""
    ignored, never = heard([6000] * 9), heard([6000] * 9)
    assert ignored.should_abandon(progress()) is not None
    for made in (ignored, never):
        made.on_segment(record(9, 3, kbps=2000))
    assert [ignored.choose(b, 3) for b in range(0, 27, 3)] == [never.choose(b, 3) for b in range(0, 27, 3)]


def test_giving_up_teaches_that_the_link_is_slow() -> None:
    """The next download down is not given up for a link that once was fast."""
    made = heard([6000] * 9)
    lower = made.should_abandon(progress())
    assert lower is not None
    assert made.choose(3.0, 3) <= heard([6000] * 9).choose(3.0, 3)


@pytest.mark.parametrize(
    ("ladder", "segment_s", "max_buffer_s"),
    [
        ((300, 900, 2700), 6, 20),
        ((1500,), 2, 60),
        ((100.5, 262.5, 901.0), 1, 10),
        (tuple(range(200, 9000, 700)), 4, 30),
    ],
)
@pytest.mark.parametrize("kind", ["3g", "4g"])
def test_configurations_nobody_trained_for_work(
    kind: str, ladder: tuple[int, ...], segment_s: float, max_buffer_s: float
) -> None:
    """Three rungs of six seconds in 20 s of buffer, a single one, odd rates, thirteen."""
    config = Config("foreign", segment_s, max_buffer_s, ladder, content_s=120)
    session = simulate(make(kind, 0, seconds=200), config, HeadwaterController())
    assert len(session.records) == config.segments
    assert sum(session.stalls_s) < 60


def test_reset_forgets_everything() -> None:
    """After a session on a fast link, another ladder and sizes: as new."""
    used = controller({"sizes_bits": [[1.0] * 4] * 90})
    for index in range(9):
        used.on_segment(record(index, kbps=50_000))
    used.should_abandon(progress())
    used.reset((250, 500), 2, 60, None)
    new = HeadwaterController()
    new.reset((250, 500), 2, 60)
    for index, kbps in enumerate(RATES):
        told = record(index, 1, kbps)
        assert used.choose(3.0, None if index == 0 else 1) == new.choose(3.0, None if index == 0 else 1)
        used.on_segment(told)
        new.on_segment(told)


def test_a_table_of_ones_own_decides() -> None:
    """One for another configuration, whose worth of a buffer is another."""
    given, usual = HeadwaterController(tables.load("live4")), HeadwaterController(tables.load("vod4"))
    answers = []
    for made in (given, usual):
        made.reset(LADDER, 4, 30)
        for index in range(9):
            made.on_segment(record(index, kbps=2300))
        answers.append([made.choose(b / 2, 1) for b in range(53)])
    assert answers[0] != answers[1]


def test_waiting_changes_nothing() -> None:
    """The next choice is as it was."""
    made = heard(RATES)
    before = made.choose(20.0, 1)
    made.on_wait(12.5)
    assert made.choose(20.0, 1) == before
