"""Rates under load: callers at once, each in a thread of its own, against a DynamoDB that knows no order of them."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.tables.rate_limits import RateItem, RateLimitsTable
from chalicelib.config import settings
from chalicelib.domain.rates import Rate

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW_MS = 1_800_000_000_000


@pytest.fixture
def table(cloud: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[RateLimitsTable]:
    """The table, at a real endpoint."""
    for name, value in (
        *(("AWS_ENDPOINT_URL", cloud.endpoint), ("AWS_REGION", "eu-central-1")),
        *(("AWS_ACCESS_KEY_ID", "test"), ("AWS_SECRET_ACCESS_KEY", "test")),
    ):
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    clients.reset()
    if not RateItem.exists():
        RateItem.create_table(wait=True)
    yield RateLimitsTable()
    settings.cache_clear()
    clients.reset()


@pytest.mark.parametrize("later_ms", [0, 1, 4])
def test_callers_at_once_do_not_pass_the_rate_together(table: RateLimitsTable, later_ms: int) -> None:
    """Sixteen at a time, a hundred calls, twelve cells: twelve pass, whoever was quiet or busy before."""
    rate, name = Rate(12, 60), f"crowd-{later_ms}"
    if later_ms:
        table.take(name, rate, now_ms=NOW_MS - 1000 * later_ms)

    def call(_: int) -> bool:
        return table.take(name, rate, now_ms=NOW_MS) is None

    with ThreadPoolExecutor(16) as pool:
        passed = sum(pool.map(call, range(100)))
    assert passed == rate.burst
