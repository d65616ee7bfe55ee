"""Rates as stored: the table's conditions say what the rule says, and its rows have an end."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.adapters.clients import client
from chalicelib.adapters.tables import rate_limits
from chalicelib.adapters.tables.rate_limits import RateLimitsTable
from chalicelib.domain.rates import Rate
from chalicelib.errors import Transient

pytestmark = pytest.mark.usefixtures("tables")
NOW = 1_800_000_000_250
SHARED = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
_runs = iter(range(1000))


@SHARED
@given(
    st.builds(Rate, st.integers(1, 4), st.integers(1, 120)),
    st.lists(st.sampled_from([0, 1, 400, 1000, 31_000, 300_000, -300_000]), max_size=14),
)
def test_the_table_lets_through_what_the_rule_lets_through(rate: Rate, gaps: list[int]) -> None:
    """Call by call, whatever the pauses between them; a negative one is a call at a machine whose clock is wrong."""
    table, name, now, due = RateLimitsTable(), f"n{next(_runs)}", NOW, None
    for gap in gaps:
        now += gap
        after = rate.after(due, now)
        assert table.take(name, rate, now_ms=now) == (due if after is None else None)
        due = due if after is None else after
        assert table.due(name) == due


def test_rows_have_an_end_and_nothing_else() -> None:
    """A name, a moment, and when it matters no more: no caller, no address, no route."""
    table = RateLimitsTable()
    for _ in range(3):
        table.take("a", Rate(3, 60), now_ms=NOW)
    item = client("dynamodb").get_item(TableName="headwater-local-rate_limits", Key={"name": {"S": "a"}})["Item"]
    assert item.keys() == {"name", "due_ms", "expires_at", "v"}
    assert item["due_ms"] == {"N": "1800000003250"}
    assert item["expires_at"] == {"N": "1800000004"}


def test_who_is_always_overtaken_gives_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """The limiter then lets the call through; it does not go on for ever."""
    monkeypatch.setattr(RateLimitsTable, "_write", lambda *_args: False)
    monkeypatch.setattr(rate_limits, "_RACES", 2)
    with pytest.raises(Transient):
        RateLimitsTable().take("a", Rate(3, 60), now_ms=NOW)
