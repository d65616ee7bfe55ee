"""What a session's transfers say of its link."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.analytics.link import LinkFacts


def transfer(kbps: int, ttfb_ms: int = 40) -> dict[str, Any]:
    """A transfer of a second."""
    return {"throughput_kbps": kbps, "bytes": kbps * 125, "ttfb_ms": ttfb_ms}


def facts(*transfers: dict[str, Any]) -> LinkFacts:
    """Take them one after the other."""
    found = LinkFacts()
    for one in transfers:
        found = found.after(one)
    return found


@pytest.mark.parametrize(
    ("kbps", "ttfb_ms", "name"),
    [(100, 200, "2g"), (1000, 120, "3g"), (1000, 30, "wifi-slow"), (8000, 120, "4g"), (90_000, 10, "broadband")],
)
def test_networks_have_the_engines_names(kbps: int, ttfb_ms: int, name: str) -> None:
    """By bandwidth and the quickest first byte; a few transfers name none."""
    steady = [transfer(kbps, ttfb_ms)] * 6
    assert facts(*steady).network == name
    assert facts(*steady[:2]).network == ""


def test_the_mean_is_over_the_time_that_transfers_took() -> None:
    """1 Mbit/s for a second and 9 for another are 5; what says nothing of the link does not count."""
    found = facts(transfer(1000), transfer(9000), {"bytes": 10}, {"throughput_kbps": 0, "bytes": 0})
    assert found.mean_kbps == pytest.approx(5000, rel=0.01)
    assert LinkFacts().mean_kbps is None


@given(st.lists(st.tuples(st.integers(1, 10_000_000), st.integers(0, 900)), max_size=30), st.randoms())
def test_order_does_not_matter(transfers: list[tuple[int, int]], dice: Any) -> None:
    """And what is stored reads as it was."""
    made = [transfer(*one) for one in transfers]
    found = facts(*made)
    dice.shuffle(made)
    again = facts(*made)
    assert (again, again.network) == (found, found.network)
    assert LinkFacts.from_dict(found.to_dict()) == found
