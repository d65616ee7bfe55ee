"""Rates: whatever comes, no more passes than is allowed; who is counted as whom; which routes count."""

from __future__ import annotations

import json
from itertools import accumulate
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import app
from chalicelib.domain.access_matrix import ROUTES, Rule
from chalicelib.domain.rate_table import CALLS, INSIDE, markdown
from chalicelib.domain.rates import Kind, Rate, Rates, caller_of, cell_name

GUIDE = Path(__file__).parents[3] / "docs/security.md"
CONTRACT = Path(app.__file__).parent / "chalicelib/openapi.json"
RATES = st.builds(Rate, st.integers(1, 50), st.integers(1, 600))
GAPS = st.lists(st.sampled_from([0, 10, 500, 1000, 3000, 70_000]), min_size=1, max_size=80)
NOW = 1_800_000_000_000


def passed(rate: Rate, moments: list[int]) -> list[int]:
    """Return the moments of the calls that are let through."""
    due: int | None = None
    through = []
    for now in moments:
        after = rate.after(due, now)
        if after is not None:
            due = after
            through.append(now)
    return through


@given(RATES, GAPS)
def test_no_span_of_time_sees_more_than_is_allowed(rate: Rate, gaps: list[int]) -> None:
    """From any call to any later one: the burst, and one for each interval that went by."""
    through = passed(rate, list(accumulate(gaps, initial=NOW)))
    for first, begin in enumerate(through):
        for last in range(first, len(through)):
            allowed = rate.burst + (through[last] - begin) / rate.interval_ms
            assert last - first + 1 <= allowed


@pytest.mark.parametrize("rate", [Rates().upload, Rates().work, Rates().look, Rates().watch, Rates().say])
def test_a_clock_that_is_wrong_locks_nobody_out(rate: Rate) -> None:
    """What a machine ten minutes ahead has noted counts for nothing at another: it is no call of this time."""
    due = rate.after(None, NOW + 600_000)
    assert due is not None
    assert rate.after(due, NOW) == NOW + rate.interval_ms
    assert rate.after(NOW + rate.horizon_ms, NOW) is None


@given(RATES, st.integers(0, 59_000))
def test_clocks_that_differ_a_little_begin_no_limit_anew(rate: Rate, skew: int) -> None:
    """Who has used all of it at one machine gets no more at another that is some milliseconds, or seconds, behind."""
    due: int | None = None
    for _ in range(rate.burst):
        due = rate.after(due, NOW)
    assert rate.after(due, NOW - skew) is None


@given(RATES)
def test_who_is_refused_is_told_when_to_come(rate: Rate) -> None:
    """Then it is let through, and a good second earlier it is not; a refused call makes nobody wait longer."""
    due: int | None = None
    for _ in range(rate.burst):
        due = rate.after(due, NOW)
    assert due is not None
    assert rate.after(due, NOW) is None
    wait = rate.wait_s(due, NOW)
    assert wait >= 1
    assert rate.after(due, NOW + 1000 * wait) is not None
    assert wait == 1 or rate.after(due, NOW + 1000 * (wait - 1) - 1) is None
    later = NOW + rate.memory_ms
    assert rate.after(due, later) == rate.after(None, later)


@pytest.mark.parametrize(
    ("user", "address", "who"),
    [
        ("anna", "192.0.2.7", "user:anna"),
        ("", "192.0.2.7", "net:192.0.2.7"),
        ("", "::ffff:192.0.2.7", "net:192.0.2.7"),
        ("", "2001:db8:1:2:3:4:5:6", "net:2001:db8:1:2::/64"),
        ("", "2001:db8:1:2:ffff::1", "net:2001:db8:1:2::/64"),
        ("", "fe80::1%eth0", "net:fe80::/64"),
        ("", "nowhere", ""),
        ("", "", ""),
    ],
)
def test_who_is_counted(user: str, address: str, who: str) -> None:
    """A person wherever they are; without one a household, which has all addresses of its network."""
    assert caller_of(user, address) == who


def test_names_tell_nothing_and_are_never_shared() -> None:
    """Neither between kinds, nor callers, nor keys."""
    named = {cell_name(key, kind, who) for key in (b"a", b"b") for kind in Kind for who in ("user:x", "net:x")}
    assert len(named) == 2 * len(Kind) * 2
    assert all(len(name) == 32 and "x" not in name for name in named)


def test_every_kind_has_its_rate() -> None:
    """And fifty files dropped on the page, or a class of 500 behind one address, are far from it."""
    rates = Rates()
    assert all(rates.of(kind).burst > 0 for kind in Kind)
    assert min(rates.make.burst, rates.upload.burst // 2) >= 2 * 50
    assert rates.watch.burst >= 2 * 500 * 3


def test_what_costs_is_counted() -> None:
    """Every route but those that only read a little, in the table or with its reason here."""
    assert set(CALLS) | set(INSIDE) <= set(ROUTES)
    assert not set(CALLS) & set(INSIDE)
    counted = {**CALLS, **INSIDE}
    free = {route for route in ROUTES if route[0] != "GET" and route not in counted}
    # It ends what costs.
    assert free == {("DELETE", "/v1/recordings/{recording_id}/stream/stop-live")}
    by_person = {Rule.OPEN, Rule.WATCH, Rule.FOLLOW, Rule.FEED}
    assert all(ROUTES[route] not in by_person for route in CALLS)


def test_the_contract_says_so() -> None:
    """429 exactly where somebody is counted, with the header that says when to come again."""
    document = json.loads(CONTRACT.read_text("utf-8"))
    declared = {
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if isinstance(operation, dict) and "429" in operation.get("responses", {})
    }
    assert declared == set(CALLS) | set(INSIDE)
    assert "Retry-After" in document["components"]["responses"]["TooMany"]["headers"]


def test_the_guide_shows_the_table() -> None:
    """Between its two marks, word for word."""
    _, _, rest = GUIDE.read_text("utf-8").partition("<!-- rates: begin -->\n")
    shown, _, _ = rest.partition("\n<!-- rates: end -->")
    assert shown == markdown()
