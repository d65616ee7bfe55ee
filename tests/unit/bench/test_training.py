"""Training: numpy's links are the engine's and the traces' own, and what is learned is the same again and good."""

from __future__ import annotations

import math
import random
from functools import cache

import numpy as np
import pytest

from bench.abr.adapter import HeadwaterController
from bench.abr.links import Links, States
from bench.abr.metrics import score
from bench.abr.rivals import RIVALS
from bench.abr.simulator import Config, simulate
from bench.abr.synthetic import generate
from bench.abr.traces import Trace
from bench.abr.training import train
from chalicelib.domain.abr import link
from chalicelib.domain.abr.table import parse

SHORT = Config("vod4", 4, 30, content_s=160)
MADE = [*generate(2, seconds=90), Trace([(2000, 1000, 50), (1500, 0.5, 80), (500, 4000, 100)])]
TOLERANCE = 1e-12


@cache
def trained() -> str:
    """A table from a few generated traces."""
    return train(generate(4, seconds=200, seed=1), SHORT)


def close(found: float, expected: float) -> bool:
    """Equal but for the last digits."""
    return math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=1e-9)


def test_many_links_carry_what_each_does() -> None:
    """Bits, moments and round trips, over the end of the traces too."""
    links, dice = Links(MADE), random.Random(1)  # noqa: S311 - repeatable
    which = np.array([dice.randrange(len(MADE)) for _ in range(600)])
    at = np.array([dice.uniform(0, 400) for _ in which])
    carried, latency = links.carried(which, at), links.latency(which, at)
    bits = carried * 0.9 + 1.0
    moment = links.moment(which, bits)
    for row, trace in enumerate(MADE[i] for i in which):
        assert close(carried[row], trace.carried(at[row]))
        assert latency[row] == trace.latency_s(at[row])
        assert close(moment[row], trace.moment(bits[row]))


def test_many_states_learn_as_one_does() -> None:
    """Thirty transfers and a glimpse after each, on forty links."""
    dice = random.Random(2)  # noqa: S311 - repeatable
    states, alone = States.start(np.zeros(40, np.intp)), [link.start() for _ in range(40)]
    for _ in range(30):
        kbps = [math.exp(dice.gauss(7.5, 1.5)) for _ in alone]
        bits, seconds = [dice.uniform(0, 1e7) for _ in alone], [dice.uniform(0, 8) for _ in alone]
        states = states.observed(np.log(np.array(kbps)))
        alone = [link.observe(one, rate, 1.0) for one, rate in zip(alone, kbps, strict=True)]
        seen = states.glimpsed(np.array(bits), np.array(seconds))
        for row, one in enumerate(alone):
            for name in ("level", "slow", "volatility", "samples"):
                assert close(getattr(states, name)[row], getattr(one, name))
            assert close(seen.level[row], link.glimpse(one, bits[row], seconds[row]).level)


def test_states_are_taken_and_joined_row_by_row() -> None:
    """Some of them, and one after the other."""
    states = States.start(np.array([0, 1])).observed(np.array([7.0, 8.0]))
    both = States.joined([states.take(np.array([1])), states])
    assert both.level.tolist() == [states.level[1], *states.level]
    assert both.far.tolist() == [1, 0, 1]


def test_the_same_traces_give_the_same_bytes() -> None:
    """Twice, and other traces give others."""
    traces = generate(2, seconds=120, seed=3)
    brief = Config("vod4", 4, 30, content_s=60)
    assert train(traces, brief) == train(generate(2, seconds=120, seed=3), brief)
    assert train(traces, brief) != train(generate(2, seconds=120, seed=4), brief)


def test_a_trained_table_is_for_its_configuration() -> None:
    """It can be read, says what it is for, and a longer buffer is worth no less, all in all."""
    table = parse(trained())
    assert (table.kbps, table.segment_s, table.max_buffer_s) == (SHORT.ladder_kbps, 4, 30)
    values = np.array(table.values, float).reshape(-1, table.buffer.count)
    rising = np.diff(values.mean(axis=0))
    assert (rising > 0).all()


def test_where_transfers_jump_errors_are_wider() -> None:
    """The last class of volatility against the first."""
    found = np.array(parse(trained()).errors.values)
    spread = (found[..., -1] - found[..., 0]).mean(axis=(0, 2))
    assert spread[-1] > spread[0]


@pytest.mark.parametrize("rival", ["fixed 2000 kbps", "throughput rule"])
def test_what_was_learned_is_good_on_links_not_seen(rival: str) -> None:
    """Mean linear quality on other generated traces."""
    config, others = SHORT, generate(4, seconds=200, seed=2)
    table = parse(trained())
    ours = [score(simulate(trace, config, HeadwaterController(table))).linear for trace in others]
    theirs = [score(simulate(trace, config, RIVALS[rival]())).linear for trace in others]
    assert sum(ours) > sum(theirs)
