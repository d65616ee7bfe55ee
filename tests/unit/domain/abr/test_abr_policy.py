"""One step of look-ahead: what is chosen, given up and foretold, on shipped tables and on one made by hand."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.abr_tables import table_file

from chalicelib.domain.abr.link import LinkState, observe, start
from chalicelib.domain.abr.policy import Policy, Transfer, View
from chalicelib.domain.abr.table import parse
from chalicelib.domain.abr.tables import TABLES

SHIPPED = [Policy.for_config(*kind[1:]) for kind in TABLES]
FLAT = parse(table_file(lambda _: 0))
LINKS = st.builds(
    LinkState, st.floats(0, 16), st.floats(0, 16), st.floats(0, 1.5), st.integers(0, 10**6), st.floats(0, 60)
)


def steady(kbps: float, rtt_s: float = 0.03) -> LinkState:
    """A link that gave the same for long."""
    link = start()
    for _ in range(40):
        link = observe(link, kbps, 1.0, rtt_s)
    return link


def view(policy: Policy, buffer_s: float, last: int | None = None, top: int = 99) -> View:
    """Segments as large as usual."""
    return View(buffer_s, last, [kbps * 1000 * policy.segment_s for kbps in policy.kbps], top, 0.03)


shipped = pytest.mark.parametrize("policy", SHIPPED, ids=[kind.name for kind in TABLES])


@shipped
def test_a_slow_link_and_an_empty_buffer_give_the_lowest(policy: Policy) -> None:
    """At the start and in the middle."""
    link = steady(policy.kbps[0] * 0.7)
    for last in (None, 0, len(policy.kbps) - 1):
        assert policy.choose(link, view(policy, 0.0, last)).level == 0


@shipped
def test_a_fast_and_steady_link_with_a_full_buffer_gives_the_top(policy: Policy) -> None:
    """There is nothing to wait for."""
    top = len(policy.kbps) - 1
    link, buffer_s = steady(policy.kbps[-1] * 10), policy.max_buffer_s - policy.segment_s
    for last in range(top + 1):
        assert policy.choose(link, view(policy, buffer_s, last)).level == top


@shipped
def test_a_link_in_between_gives_a_rung_in_between(policy: Policy) -> None:
    """The one it carries, or a neighbour."""
    policy_top = len(policy.kbps) - 1
    for level in range(1, policy_top):
        link = steady(policy.kbps[level] * 1.3)
        assert abs(policy.choose(link, view(policy, policy.max_buffer_s / 2, level)).level - level) <= 1


@shipped
@given(link=LINKS, buffer_s=st.floats(0, 80), top=st.integers(0, 9), factor=st.floats(0.01, 100), data=st.data())
def test_a_choice_is_allowed_deterministic_and_the_best_score(
    policy: Policy, link: LinkState, buffer_s: float, top: int, factor: float, data: st.DataObject
) -> None:
    """For any link: never above the top, the same again, one finite score for each level that was allowed."""
    last = data.draw(st.none() | st.integers(0, len(policy.kbps) - 1))
    seen = view(policy, buffer_s, last, top)
    seen = View(seen.buffer_s, last, [bits * factor for bits in seen.sizes_bits], top, 0.03)
    decision = policy.choose(link, seen)
    assert decision == policy.choose(link, seen)
    assert 0 <= decision.level <= min(top, len(policy.kbps) - 1)
    assert len(decision.scores) == min(top, len(policy.kbps) - 1) + 1
    assert all(map(math.isfinite, decision.scores))
    assert decision.scores[decision.level] == max(decision.scores)
    assert decision.runner_up != decision.level


@shipped
def test_a_huge_segment_is_avoided(policy: Policy) -> None:
    """The one a choice falls on becomes fifty times as large: it falls on another."""
    link, seen = steady(policy.kbps[2] * 1.5), view(policy, policy.max_buffer_s / 2, 2)
    usual = policy.choose(link, seen).level
    sizes = [bits * (50 if level >= usual else 1) for level, bits in enumerate(seen.sizes_bits)]
    assert usual > 0
    assert policy.choose(link, View(seen.buffer_s, 2, sizes, 99, 0.03)).level < usual


@shipped
def test_a_cap_of_nothing_but_the_lowest_is_kept(policy: Policy) -> None:
    """And the reason says that there was no choice."""
    decision = policy.choose(steady(1e5), view(policy, 30, 3, top=0))
    assert (decision.level, decision.runner_up, decision.reason) == (0, None, "only-rung")


def test_of_equal_scores_the_lower_level_is_taken() -> None:
    """Nothing is worth anything, and going up costs what it brings: 2 s of 500 kbit/s more, one change."""
    policy = Policy((500, 1000, 2000), 4.0, 30.0, FLAT)
    decision = policy.choose(steady(9000), View(20.0, 0, [1e6] * 3, 9, 0.03))
    assert decision.scores == (0.5, 0.5, 0.5)
    assert (decision.level, decision.runner_up) == (0, 1)


def test_the_score_is_quality_less_change_less_standing_still() -> None:
    """Reckoned by hand on a table where nothing later matters: 1 s of buffer, three possible bandwidths."""
    policy, link = Policy((500, 1000, 2000), 2.0, 30.0, FLAT), steady(1000)
    decision = policy.choose(link, View(1.0, 1, [1e6, 2e6, 4e6], 9, 0.03))
    for level, bits in enumerate((1e6, 2e6, 4e6)):
        mbps = policy.kbps[level] / 1000
        stalls = [
            weight * max(0.03 + bits / (1000 * math.exp(link.level + error)) - 1.0, 0)
            for weight, error in ((0.25, -0.1), (0.5, 0.0), (0.25, 0.1))
        ]
        assert decision.scores[level] == pytest.approx(mbps * 0.5 - abs(mbps - 1.0) - 4.3 * sum(stalls))


def test_reasons_are_stable_words() -> None:
    """Before anything is known, staying, up and down."""
    policy = SHIPPED[0]
    fast, slow = steady(50_000), steady(100)
    assert policy.choose(start(), view(policy, 0)).reason == "start"
    assert policy.choose(fast, view(policy, 50, None)).reason == "start"
    assert policy.choose(fast, view(policy, 50, 4)).reason == "steady"
    assert policy.choose(fast, view(policy, 50, 0)).reason == "link-carries-more"
    assert policy.choose(slow, view(policy, 2, 4)).reason == "link-carries-less"


LADDERS = [
    (1200,), (100, 150), (250, 500), (120, 250, 500, 900, 1800, 3500, 7000), (20, 40, 80), (8000, 16_000, 32_000),
    (300, 301, 302, 303), (350.5, 801.25, 2300.0),
]  # fmt: skip


@pytest.mark.parametrize("ladder", LADDERS, ids=str)
@pytest.mark.parametrize(("segment_s", "max_buffer_s"), [(2, 60), (6, 20), (1, 4), (10, 10)])
def test_foreign_ladders_are_served(ladder: tuple[int, ...], segment_s: float, max_buffer_s: float) -> None:
    """One rung, seven, below and above every table's, close together, of odd rates: low, high and everything works."""
    policy = Policy.for_config(ladder, segment_s, max_buffer_s)
    slow, fast = steady(ladder[0] * 0.5), steady(ladder[-1] * 20)
    assert policy.choose(slow, view(policy, 0, None)).level == 0
    chosen = policy.choose(fast, view(policy, max_buffer_s - segment_s, len(ladder) - 1))
    assert 0 <= chosen.level < len(ladder)
    assert all(map(math.isfinite, chosen.scores))
    at = len(ladder) - 1
    lower = policy.should_abandon(slow, view(policy, 0.5, at), Transfer(at, ladder[-1] * 5e3, 0, 5.0, 0.03))
    assert lower is None if at == 0 else lower in {None, *range(at)}


def test_a_ladder_needs_a_rung() -> None:
    """Otherwise it says so."""
    with pytest.raises(ValueError, match="at least one rung"):
        Policy.for_config((), 2, 60)


def test_the_same_configuration_is_one_policy() -> None:
    """It is kept: whole numbers and others are the same."""
    assert Policy.for_config((500, 1000), 2, 30) is Policy.for_config((500, 1000), 2.0, 30.0)


@shipped
def test_a_dying_transfer_with_a_short_buffer_is_given_up(policy: Policy) -> None:
    """Almost nothing came in two seconds; the level for it is lower, never above what is allowed."""
    top = len(policy.kbps) - 1
    seen = view(policy, 1.0, top)
    transfer = Transfer(top, seen.sizes_bits[top], 20_000, 2.0, 0.03)
    lower = policy.should_abandon(steady(policy.kbps[-1] * 1.5), seen, transfer)
    assert lower is not None
    assert lower < top
    capped = View(seen.buffer_s, top, seen.sizes_bits, 0, 0.03)
    assert policy.should_abandon(steady(policy.kbps[-1] * 1.5), capped, transfer) == 0


@shipped
def test_a_transfer_nearly_there_is_never_given_up(policy: Policy) -> None:
    """What is left comes within moments, whatever the buffer."""
    top = len(policy.kbps) - 1
    for buffer_s in (0.0, 0.5, 5.0):
        seen = view(policy, buffer_s, top)
        size = seen.sizes_bits[top]
        assert policy.should_abandon(steady(4000), seen, Transfer(top, size, size * 0.99, 2.0, 0.03)) is None
        assert policy.should_abandon(steady(4000), seen, Transfer(top, size, size * 1.1, 2.0, 0.03)) is None


@shipped
@given(link=LINKS, buffer_s=st.floats(0, 60), got=st.floats(0, 1), elapsed_s=st.floats(0, 600), level=st.integers(0, 9))
def test_only_a_lower_level_is_ever_offered(
    policy: Policy, link: LinkState, buffer_s: float, got: float, elapsed_s: float, level: int
) -> None:
    """For any download in flight; for the lowest, none, and none before the first byte."""
    at = min(level, len(policy.kbps) - 1)
    seen = view(policy, buffer_s, at)
    size = seen.sizes_bits[at]
    lower = policy.should_abandon(link, seen, Transfer(level, size, size * got, elapsed_s, 0.03))
    assert lower is None or 0 <= lower < at
    assert policy.should_abandon(link, seen, Transfer(0, size, size * got, elapsed_s, 0.03)) is None
    assert policy.should_abandon(link, seen, Transfer(level, size, 0, 0.02, 0.03)) is None


@shipped
@given(link=LINKS)
def test_predictions_are_in_order(policy: Policy, link: LinkState) -> None:
    """For any link; and positive."""
    told = policy.predict(link)
    assert 0 < told.p10 <= told.p50 <= told.p90


@shipped
def test_predictions_know_the_link_and_their_ignorance(policy: Policy) -> None:
    """Near a steady link's own bandwidth; wider where nothing has been seen."""
    known, unknown = policy.predict(steady(3000)), policy.predict(start())
    assert 1500 < known.p10 <= 3000 <= known.p90 < 6000
    assert unknown.p90 / unknown.p10 > known.p90 / known.p10


def test_a_far_server_is_expected_to_be_worse() -> None:
    """Quantiles of its own: the first byte's time decides."""
    policy = Policy((500, 1000, 2000), 2.0, 30.0, FLAT)
    near, far = steady(2000, 0.059), steady(2000, 0.061)
    assert policy.predict(far).p10 < policy.predict(near).p10
