"""Money: exact sums, published prices, text that loses nothing."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cost import PICO, Bill, PriceTable, Receipt, Request, pico_of, receipt, usd

PRICES = PriceTable()
_COUNT = st.integers(0, 10**6)
_PRICE = st.decimals(0, 10, places=10)
BILLS = st.lists(
    st.builds(
        Bill,
        id=st.text(max_size=3),
        job_id=st.just("job_1"),
        function=st.sampled_from(["on_upload", "on_encode", "api_handler"]),
        memory_mb=st.integers(128, 10240),
        ms=st.integers(0, 900_000),
        invocations=st.integers(0, 5),
        requests=st.dictionaries(st.sampled_from(list(Request)), _COUNT),
        stored_bytes=st.integers(0, 10**12),
        scratch_mb=st.integers(512, 10240),
    ),
    max_size=20,
)
TABLES = st.builds(PriceTable, *[_PRICE] * 9)


def bill(**more: Any) -> Bill:
    """Return a bill of one second at one gigabyte."""
    return Bill(**({"id": "a", "job_id": "job_1", "function": "on_encode", "memory_mb": 1024, "ms": 1000} | more))


@given(BILLS, TABLES)
def test_the_receipt_is_the_sum_of_its_bills(bills: list[Bill], prices: PriceTable) -> None:
    """To the last pico-dollar, at any prices, in any grouping."""
    made = receipt(bills, prices)
    assert sum(b.total(prices) for b in bills) == made.total
    assert sum(b.keeping(prices) for b in bills) == made.storage_month
    assert sum(b.memory_mb * b.ms for b in bills) == sum(line.mb_ms for line in made.functions)
    assert sum(sum(b.requests.values()) for b in bills) == sum(line.count for line in made.requests)


@given(BILLS, TABLES)
def test_what_is_printed_adds_up_too(bills: list[Bill], prices: PriceTable) -> None:
    """A reader who adds the document's lines gets the document's total."""
    document = json.loads(json.dumps(receipt(bills, prices).to_dict()))
    lines = [line["usd"] for line in document["functions"] + document["requests"]]
    assert sum(map(Decimal, lines)) == Decimal(document["usd"])


@given(BILLS, TABLES, st.randoms())
def test_the_order_of_bills_does_not_matter(bills: list[Bill], prices: PriceTable, chance: Any) -> None:
    """Rows come in any order."""
    shuffled = list(bills)
    chance.shuffle(shuffled)
    assert receipt(bills, prices) == receipt(shuffled, prices)


def test_published_prices() -> None:
    """One gigabyte-second, one of every request, one gigabyte for a month."""
    requests = dict.fromkeys(Request, 1000000)
    made = receipt([bill(requests=requests, stored_bytes=1024**3)], PRICES)

    assert made.to_dict() == {
        "usd": "6.5500168667",
        "functions": [{"function": "on_encode", "gb_seconds": 1.0, "invocations": 1, "usd": "0.0000168667"}],
        "requests": [
            {"kind": "s3_put", "count": 1_000_000, "usd": "5.00"},
            {"kind": "s3_get", "count": 1_000_000, "usd": "0.40"},
            {"kind": "sqs", "count": 1_000_000, "usd": "0.40"},
            {"kind": "dynamodb_write", "count": 1_000_000, "usd": "0.625"},
            {"kind": "dynamodb_read", "count": 1_000_000, "usd": "0.125"},
        ],
        "storage": {"bytes": 1024**3, "usd_per_month": "0.023"},
    }


def test_scratch_space_costs_above_what_is_free() -> None:
    """512 MB are Lambda's; the gigabyte on top has a price."""
    free, more = bill(scratch_mb=512), bill(scratch_mb=512 + 1024)
    assert pico_of(PRICES.lambda_scratch_gb_s) == more.total(PRICES) - free.total(PRICES)
    assert bill(scratch_mb=0).total(PRICES) == free.total(PRICES)


def test_without_bills_there_is_nothing() -> None:
    """A job that nobody has begun."""
    assert receipt([], PRICES) == Receipt((), (), 0, 0)
    assert receipt([], PRICES).to_dict()["usd"] == "0.00"


@given(st.integers(0, 10**18))
def test_amounts_survive_text(pico: int) -> None:
    """No digit is lost, and at least cents are shown."""
    text = usd(pico)
    assert pico_of(text) == pico
    assert len(text.partition(".")[2]) >= 2


@pytest.mark.parametrize(("given", "pico"), [(0.1, PICO // 10), ("2.5", 5 * PICO // 2), (3, 3 * PICO), (1e-13, 0)])
def test_amounts_as_people_write_them(given: Any, pico: int) -> None:
    """Floats as they print."""
    assert pico_of(given) == pico


@pytest.mark.parametrize("given", ["", "much", "nan", "Infinity", -1, "-0.01", None, True, [1]])
def test_what_is_no_amount(given: Any) -> None:
    """Said, not guessed."""
    with pytest.raises(ValueError, match="amount must be an amount in USD, not"):
        pico_of(given)


def test_single_prices_can_be_replaced() -> None:
    """Another region, or Arm; the rest stays."""
    table = PRICES.overridden({"lambda_gb_s": "0.0000133334", "s3_gb_month": 0.0245})
    assert (table.lambda_gb_s, table.s3_gb_month) == (Decimal("0.0000133334"), Decimal("0.0245"))
    assert table.sqs_million == PRICES.sqs_million
    with pytest.raises(ValueError, match="there is no price 'lambda'; there are lambda_gb_s, "):
        PRICES.overridden({"lambda": 1})
    with pytest.raises(ValueError, match="sqs_million must be an amount in USD, not 'cheap'"):
        PRICES.overridden({"sqs_million": "cheap"})
