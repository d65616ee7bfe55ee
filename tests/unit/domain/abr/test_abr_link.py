"""What is known of a link: bounded whatever comes in, as large after a day as after a minute, the same after JSON."""

from __future__ import annotations

import json
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.abr.link import (
    DEFAULT_KBPS,
    LEAST_KBPS,
    MOST_KBPS,
    WORST_ERROR,
    LinkState,
    Prior,
    as_prior,
    glimpse,
    observe,
    start,
)

ANYTHING = st.floats(allow_nan=True, allow_infinity=True)
TRANSFERS = st.lists(st.tuples(ANYTHING, ANYTHING, ANYTHING), max_size=30)
LOWEST, HIGHEST = math.log(LEAST_KBPS) - 1e-9, math.log(MOST_KBPS) + 1e-9


def after(*transfers: tuple[float, float, float]) -> LinkState:
    """A link that saw these."""
    link = start()
    for kbps, seconds, rtt_s in transfers:
        link = observe(link, kbps, seconds, rtt_s)
    return link


def steady(kbps: float, count: int = 20, seconds: float = 1.0) -> LinkState:
    """A link that gave the same all the time."""
    return after(*[(kbps, seconds, 0.04)] * count)


@given(TRANSFERS)
def test_a_link_stays_within_bounds_whatever_comes_in(transfers: list[tuple[float, float, float]]) -> None:
    """Infinities, nothing, less than nothing, no numbers."""
    link = after(*transfers)
    assert LOWEST <= link.level <= HIGHEST
    assert LOWEST <= link.slow <= HIGHEST
    assert 0 <= link.volatility <= WORST_ERROR
    assert 0 <= link.rtt_s <= 60
    assert 0 <= link.samples <= len(transfers)


@given(TRANSFERS)
def test_a_link_is_the_same_after_json(transfers: list[tuple[float, float, float]]) -> None:
    """To the last bit."""
    link = after(*transfers)
    assert LinkState.from_json(json.loads(json.dumps(link.to_json()))) == link


@given(TRANSFERS, st.floats(-1e12, 1e12), st.floats(-10, 1e6))
def test_a_glimpse_stays_within_bounds_and_forgets_nothing(
    transfers: list[tuple[float, float, float]], bits: float, seconds: float
) -> None:
    """Only the fast level moves."""
    link = after(*transfers)
    seen = glimpse(link, bits, seconds)
    assert LOWEST <= seen.level <= HIGHEST
    assert (seen.slow, seen.volatility, seen.samples) == (link.slow, link.volatility, link.samples)


def test_what_is_remembered_does_not_grow() -> None:
    """Plain numbers, as many after thousands of transfers as after one."""
    short, long = steady(2000, 1).to_json(), steady(2000, 5000).to_json()
    assert short.keys() == long.keys()
    assert all(isinstance(value, int | float) for value in long.values())


GOOD = steady(1000).to_json()


@pytest.mark.parametrize(
    "data",
    [
        None, [], "link", 7, {}, {"level": 7.0},
        *({**GOOD, name: value} for name in GOOD for value in (None, "x", math.nan, math.inf, [], {}, 10**400)),
    ],
)  # fmt: skip
def test_what_is_no_link_is_refused(data: Any) -> None:
    """With one of three errors, never another."""
    with pytest.raises((KeyError, TypeError, ValueError)):
        LinkState.from_json(data)


def test_numbers_out_of_range_are_moved_into_it() -> None:
    """Somebody changed the state on its way."""
    link = LinkState.from_json({"level": 99, "slow": -9, "volatility": 50, "samples": -3, "rtt_s": 1e9})
    assert link == LinkState(pytest.approx(math.log(1e7)), 0.0, WORST_ERROR, 0, 60.0)
    assert observe(LinkState.from_json({**GOOD, "samples": 1e300}), 1000, 1).samples < 10**10


def test_a_steady_link_is_known_after_a_few_transfers() -> None:
    """Both levels are there, and nothing jumps."""
    link = steady(3000)
    assert math.exp(link.level) == pytest.approx(3000, rel=0.001)
    assert math.exp(link.slow) == pytest.approx(3000, rel=0.03)
    assert link.volatility < start().volatility / 2


def test_the_fast_level_follows_sooner_than_the_slow_one() -> None:
    """After a fall, the slow one still remembers."""
    link = observe(steady(4000), 400, 1.0)
    assert math.log(400) < link.level < link.slow < math.log(4000)


def test_a_very_short_transfer_says_less() -> None:
    """A cache's burst does not make a network; one without length says nothing."""
    known = steady(1000)
    assert observe(known, 9000, 0.001).level < observe(known, 9000, 1.0).level
    assert observe(known, 9000, 0.0).level == known.level


def test_no_number_teaches_nothing() -> None:
    """The state is the very same."""
    known = steady(1000)
    assert observe(known, math.nan, 1.0, 0.04) == known
    assert glimpse(known, math.nan, 1.0) == glimpse(known, 1e6, math.nan) == known


def test_silence_lowers_the_level_ever_more() -> None:
    """A download that stands still, at one, two, four and eight seconds."""
    known = steady(4000)
    levels = [known.level, *(glimpse(known, 0, seconds).level for seconds in (1, 2, 4, 8))]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] < math.log(400)


def test_the_distance_is_the_shortest_wait() -> None:
    """Queues make waits longer; unknown ones change nothing."""
    link = after((1000, 1, 0.05), (1000, 1, 0.5), (1000, 1, 0))
    assert 0.05 < link.rtt_s < 0.1
    assert observe(link, 1000, 1, 0.03).rtt_s == 0.03


def test_a_prior_moves_the_beginning_by_its_weight() -> None:
    """None and weight 0: the default; weight 1: half of the way."""
    default, known = math.log(DEFAULT_KBPS), math.log(6000)
    assert start().level == start(Prior(known, 0)).level == pytest.approx(default)
    assert start(Prior(known, 1)).level == pytest.approx((default + known) / 2)
    assert start(Prior(1e9, 1e9)).level <= HIGHEST


def test_a_session_is_a_prior_of_at_most_four() -> None:
    """However long it was; nothing seen weighs nothing."""
    assert as_prior(start()).weight == 0
    assert as_prior(steady(2000, 500)).weight == 4
    assert as_prior(steady(2000)).mean_log_kbps == steady(2000).slow
