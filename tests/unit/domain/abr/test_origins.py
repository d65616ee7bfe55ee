"""Origins are shared out by measured health, repeatably, and failing ones are left out for a while."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.abr import OriginBalancer
from chalicelib.errors import BadRequest

SESSIONS = [f"session-{n}" for n in range(2000)]
EAST, WEST, NORTH = "https://east", "https://west", "https://north"


def balancer(*origins: str) -> OriginBalancer:
    """A balancer that has measured nothing."""
    return OriginBalancer(origins or (EAST, WEST, NORTH))


def feed(made: OriginBalancer, origin: str, *, ttfb_s: float = 0.1, kbps: float = 5000, times: int = 20) -> None:
    """Good requests, one a second."""
    for now in range(times):
        made.record(origin, now, ok=True, ttfb_s=ttfb_s, kbps=kbps)


def shares(made: OriginBalancer, now_s: float = 20) -> dict[str, float]:
    """Where the sessions go, as shares."""
    counted = Counter(made.choose(session, now_s).origin for session in SESSIONS)
    return {origin: counted[origin] / len(SESSIONS) for origin in made.origins}


def test_unknown_origins_share_evenly() -> None:
    """And a session keeps its own, however often it asks."""
    assert pytest.approx(shares(balancer()), abs=0.04) == {EAST: 0.33, WEST: 0.33, NORTH: 0.33}
    first, again = balancer().choose("me", 0), balancer().choose("me", 99)
    assert first == again
    assert {EAST, WEST, NORTH} == {first.origin, *first.fallbacks}


def test_the_faster_gets_more() -> None:
    """Twice as long for a typical segment: a quarter of the weight."""
    made = balancer(EAST, WEST)
    feed(made, EAST, ttfb_s=0.1, kbps=5000)
    feed(made, WEST, ttfb_s=0.2, kbps=2500)
    assert pytest.approx(made.weights(20)) == {EAST: 0.8, WEST: 0.2}
    assert pytest.approx(shares(made), abs=0.03) == {EAST: 0.8, WEST: 0.2}


def test_a_change_of_health_moves_only_whom_it_has_to() -> None:
    """Nobody who was elsewhere leaves, and nobody else's origin changes but towards the better one."""
    made = balancer()
    before = {session: made.choose(session, 0).origin for session in SESSIONS}
    for now in (0, 1, 2):
        made.record(NORTH, now, ok=False)
    moved = {s for s in SESSIONS if made.choose(s, 3).origin != before[s]}
    assert moved == {s for s in SESSIONS if before[s] == NORTH}


def test_an_origin_that_fails_three_times_is_left_out_then_tried_by_a_few() -> None:
    """A sixteenth of the sessions; their success brings it back, with less of a share than before."""
    made = balancer()
    for now in (0, 1, 2):
        made.record(EAST, now, ok=False)
    assert shares(made, 11.9)[EAST] == 0.0
    tried = [made.choose(session, 12) for session in SESSIONS]
    assert sum(choice.reason == "probe" for choice in tried) / len(tried) == pytest.approx(1 / 16, abs=0.02)
    made.record(EAST, 13, ok=True, ttfb_s=0.1, kbps=5000)
    assert shares(made, 13)[EAST] > 0.0


def test_a_failed_probe_doubles_the_pause() -> None:
    """10, 20, 40 and so on up to 300 seconds; late failures while it is left out change nothing."""
    made, now, pauses = balancer(), 2.0, []
    for early in (0, 1):
        made.record(EAST, early, ok=False)
    for _ in range(7):
        made.record(EAST, now, ok=False)
        until = made.health[EAST].open_until_s
        made.record(EAST, now + 1, ok=False)
        assert until == made.health[EAST].open_until_s
        pauses.append(until - now)
        now = until
    assert pauses == [10.0, 20.0, 40.0, 80.0, 160.0, 300.0, 300.0]


def test_when_all_fail_the_one_that_is_due_first_is_the_last_resort() -> None:
    """Somebody has to be asked."""
    made = balancer(EAST, WEST)
    for now in range(3):
        made.record(WEST, now, ok=False)
        made.record(EAST, now + 5, ok=False)
    choice = made.choose("me", 8)
    assert (choice.origin, choice.fallbacks, choice.reason) == (WEST, (EAST,), "last-resort")


def test_trouble_is_forgotten() -> None:
    """Half the requests fail: less of a share. Ten minutes of success later: an equal one."""
    made = balancer(EAST, WEST)
    feed(made, WEST, times=40)
    for now in range(40):
        made.record(EAST, now, ok=now % 2 == 0, ttfb_s=0.1, kbps=5000)
    assert made.weights(40)[EAST] == pytest.approx(0.2, abs=0.03)
    for now in range(40, 640):
        made.record(EAST, now, ok=True, ttfb_s=0.1, kbps=5000)
    assert made.weights(640)[EAST] == pytest.approx(0.5, abs=0.01)


@pytest.mark.parametrize("origins", [(), (EAST, EAST), tuple(str(n) for n in range(17))])
def test_origins_that_cannot_be_balanced_are_refused(origins: tuple[str, ...]) -> None:
    """None, one twice, too many."""
    with pytest.raises(BadRequest, match="abr_origins_invalid"):
        OriginBalancer(origins)


NUMBERS = st.none() | st.floats() | st.integers() | st.just(10**400)


@given(st.lists(st.tuples(st.sampled_from([EAST, WEST, "https://stranger"]), NUMBERS, st.booleans(), NUMBERS, NUMBERS)))
def test_nonsense_is_left_out_and_what_is_known_travels(requests: list[tuple[str, Any, bool, Any, Any]]) -> None:
    """Whatever was reported, somebody is chosen, and the same one after a journey as JSON."""
    made = balancer(EAST, WEST)
    for origin, now_s, ok, ttfb_s, kbps in requests:
        made.record(origin, now_s, ok=ok, ttfb_s=ttfb_s, kbps=kbps)
    assert {EAST, WEST} >= set(made.health)
    copy = OriginBalancer.from_dict((EAST, WEST), json.loads(json.dumps(made.to_dict())))
    assert made.choose("me", 30) == copy.choose("me", 30)


@given(
    st.dictionaries(st.sampled_from([EAST, "x"]), st.none() | st.lists(st.floats() | st.text(max_size=2), max_size=9))
)
def test_stored_nonsense_starts_anew(data: dict[str, Any]) -> None:
    """Never an exception."""
    assert OriginBalancer.from_dict((EAST, WEST), data).choose("me", 5).origin in {EAST, WEST}
