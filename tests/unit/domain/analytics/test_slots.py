"""Watch time by five minutes of the day."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.analytics.slots import SLOT_MS, day_of, place_of, slot_of, watch_by_slot

MIDNIGHT = 1_800_057_600_000


def test_places() -> None:
    """A day has 288, counted from midnight UTC."""
    last = slot_of(MIDNIGHT - 1)
    assert (place_of(last), place_of(last + 1)) == (("2027-01-15", "287"), ("2027-01-16", "0"))
    assert (day_of(MIDNIGHT - 1), day_of(MIDNIGHT)) == ("2027-01-15", "2027-01-16")


def test_a_gap_is_filled_backwards() -> None:
    """What was watched in between lies where there is room, latest first; no slot has more than its five minutes."""
    first = slot_of(MIDNIGHT)
    reached = {first: 60_000, first + 3: 60_000 + 2 * SLOT_MS + 1000}
    spread = watch_by_slot(reached, MIDNIGHT + 200_000, 10 * SLOT_MS)
    assert spread == {first: 60_000, first + 3: SLOT_MS, first + 2: SLOT_MS, first + 1: 1000}


@given(st.dictionaries(st.integers(0, 40), st.integers(0, 20 * SLOT_MS)), st.integers(0, 20 * SLOT_MS))
def test_slots_never_have_more_than_was_watched(reached: dict[int, int], watch_ms: int) -> None:
    """Nor more than they can hold; nothing is negative."""
    spread = watch_by_slot(reached, 0, watch_ms)
    assert sum(spread.values()) <= min(watch_ms, max(reached.values(), default=0))
    assert all(0 < ms <= SLOT_MS for ms in spread.values())
