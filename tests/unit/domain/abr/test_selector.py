"""What the policy may decide, and what is decided before it."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.policies import ObedientPolicy

from chalicelib.domain.abr import ABRConfig, QualitySelector, Situation
from chalicelib.domain.abr.link import start
from chalicelib.domain.abr.policy import Transfer

SIZES = tuple(2000.0 * kbps for kbps in (250, 500, 1000, 2000, 4000))


def situation(**changes: Any) -> Situation:
    """Half a minute of buffer at 1000 kbit/s, 100 ms away."""
    usual = {"link": start(), "buffer_s": 30.0, "last_level": 2, "sizes_bits": SIZES, "rtt_s": 0.1}
    return Situation(**(usual | changes))


def choose(policy: ObedientPolicy, config: ABRConfig | None = None, **changes: Any) -> tuple[int, str, str]:
    """Return the level chosen, the rule and the reason."""
    choice = QualitySelector(config or ABRConfig(), policy).choose(situation(**changes))
    return choice.level.index, choice.rule, choice.reason


@pytest.mark.parametrize("level", range(5))
def test_the_policy_decides_where_nothing_speaks_against_it(level: int) -> None:
    """Up, down or neither, with its own reason."""
    assert (level, "policy", "told") == choose(ObedientPolicy(level))


def test_the_policy_is_shown_the_whole_situation() -> None:
    """As it is."""
    policy = ObedientPolicy(1)
    choose(policy)
    view = policy.views[0]
    assert (view.buffer_s, view.last_level, view.sizes_bits, view.top, view.rtt_s) == (30.0, 2, SIZES, 4, 0.1)


def test_a_level_that_may_not_be_played_is_replaced_by_the_next_lower() -> None:
    """With the reason of what is in the way."""
    assert choose(ObedientPolicy(4), barred={4: "screen"}) == (3, "cap", "screen")
    assert choose(ObedientPolicy(2), barred={2: "failing"}) == (1, "cap", "failing")
    assert choose(ObedientPolicy(1), barred={4: "screen"}) == (1, "policy", "told")


def test_the_lowest_that_may_be_played_stands_in_for_lower_ones() -> None:
    """And the very lowest when nothing may be played."""
    assert choose(ObedientPolicy(0), barred={0: "codec"}) == (1, "cap", "codec")
    assert choose(ObedientPolicy(4), barred=dict.fromkeys(range(5), "codec"))[0] == 0


def test_a_low_buffer_wins() -> None:
    """Below half a segment nothing goes up, and nothing is kept that arrives slower than it plays."""
    steady = ObedientPolicy(4, spread=(900, 1200, 2000))
    assert choose(steady, buffer_s=0.99) == (2, "low-buffer", "low-buffer")
    assert choose(steady, buffer_s=1.0)[1] != "low-buffer"
    assert choose(ObedientPolicy(2, spread=(200, 300, 400)), buffer_s=0.5) == (0, "low-buffer", "low-buffer")
    assert choose(ObedientPolicy(1, spread=(900, 1200, 2000)), buffer_s=0.5) == (1, "policy", "told")


def test_going_up_must_not_stall_even_if_the_network_does_badly() -> None:
    """4 Mbit at 1 Mbit/s take 4 s: with 4.1 s of buffer level 3 is fine, with less it is not; level 4 takes 8 s."""
    policy = ObedientPolicy(4, spread=(1000, 4000, 8000))
    assert choose(policy, buffer_s=8.1) == (4, "policy", "told")
    assert choose(policy, buffer_s=8.0) == (3, "stall-risk", "stall-risk")
    assert choose(policy, buffer_s=4.1) == (3, "stall-risk", "stall-risk")
    assert choose(policy, buffer_s=4.0) == (2, "stall-risk", "stall-risk")


def test_the_margin_can_be_widened_or_the_policy_trusted() -> None:
    """0 turns the rule off."""
    policy = ObedientPolicy(3, spread=(1000, 4000, 8000))
    assert choose(policy, ABRConfig(up_margin=2), buffer_s=8.1)[:2] == (2, "stall-risk")
    assert choose(policy, ABRConfig(up_margin=0), buffer_s=1.5)[:2] == (3, "policy")


def test_going_up_can_be_made_to_hold() -> None:
    """With up_hold 3 the policy must have wanted it after two segments before; going down is never held."""
    config = ABRConfig(up_hold=3)
    assert choose(ObedientPolicy(3), config, up_streak=1) == (2, "hold", "hold")
    assert choose(ObedientPolicy(3), config, up_streak=2) == (3, "policy", "told")
    assert choose(ObedientPolicy(1), config) == (1, "policy", "told")


def test_the_first_segment_is_the_policys() -> None:
    """Nothing to go up from, an empty buffer."""
    assert choose(ObedientPolicy(3), buffer_s=0.0, last_level=None) == (3, "policy", "told")


def test_offline_asks_for_the_least() -> None:
    """Whatever the past was like, the first thing to get through should be small."""
    assert choose(ObedientPolicy(4), offline=True) == (0, "offline", "offline")
    assert choose(ObedientPolicy(4), offline=True, barred={0: "codec"}) == (1, "offline", "offline")


def test_an_explanation_names_everything() -> None:
    """As plain JSON."""
    selector = QualitySelector(ABRConfig(), ObedientPolicy(4))
    shown = selector.choose(situation(barred={4: "data-saver"})).to_dict()
    assert shown["level"] == {"index": 3, "kbps": 2000, "id": "high", "quality": "high"}
    assert (shown["rule"], shown["reason"], shown["runner_up"]["kbps"]) == ("cap", "data-saver", 1000)
    assert shown["prediction_kbps"] == {"p10": 1000.0, "p50": 2000.0, "p90": 4000.0}
    assert shown["inputs"]["barred"] == {"4000": "data-saver"}
    assert (shown["inputs"]["buffer_s"], shown["inputs"]["last_kbps"]) == (30.0, 1000)


def test_the_runner_up_of_an_overruled_policy_is_what_it_wanted() -> None:
    """So that one sees what the rule cost."""
    choice = QualitySelector(ABRConfig(), ObedientPolicy(4)).choose(situation(buffer_s=0.5))
    assert choice.runner_up is not None
    assert (choice.level.kbps, choice.runner_up.kbps) == (1000, 4000)


def test_a_download_is_given_up_for_what_may_be_played() -> None:
    """The policy sees as top the highest allowed level below the one in flight."""
    policy = ObedientPolicy(lower=2)
    selector = QualitySelector(ABRConfig(), policy)
    flight = Transfer(level=4, size_bits=8e6, got_bits=1e6, elapsed_s=3.0, ttfb_s=0.1)
    level = selector.lower(situation(barred={2: "failing"}), flight)
    assert level is not None
    assert (level.index, policy.views[0].top) == (1, 3)
    assert QualitySelector(ABRConfig(), ObedientPolicy()).lower(situation(), flight) is None
    lowest = Transfer(level=0, size_bits=8e6, got_bits=1e6, elapsed_s=3.0, ttfb_s=0.1)
    assert selector.lower(situation(), lowest) is None


@given(
    st.integers(0, 4),
    st.none() | st.integers(0, 4),
    st.floats(0, 62),
    st.dictionaries(st.integers(0, 4), st.just("why")),
    st.tuples(*[st.floats(0, 1e7)] * 3),
    st.booleans(),
)
def test_no_situation_leads_astray(
    wanted: int,
    last: int | None,
    buffer_s: float,
    barred: dict[int, str],
    spread: tuple[float, ...],
    offline: bool,  # noqa: FBT001
) -> None:
    """What is barred is not chosen, nothing rises on a low buffer, and never above what the policy and limits want."""
    policy = ObedientPolicy(wanted, spread=(spread[0], spread[1], spread[2]))
    level, _, _ = choose(policy, last_level=last, buffer_s=buffer_s, barred=barred, offline=offline)
    free = [i for i in range(5) if i not in barred] or [0]
    assert level in free
    assert level <= max(wanted, free[0])
    if last is not None and buffer_s < 1:
        assert level <= max(last, free[0])
