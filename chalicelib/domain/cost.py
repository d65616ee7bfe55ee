"""What a job costs: bills of single invocations, a price table, and the receipt that adds them up.

Money is counted in whole pico-dollars (10^-12 USD) and rounded once, in each item of each bill: sums are exact.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

PICO = 10**12
"""Pico-dollars in a dollar."""
FREE_SCRATCH_MB = 512
"""Ephemeral storage that Lambda does not charge for."""
_MILLION = 1_000_000
_GIB = 1024**3
_GB_S = 1024 * 1000
"""Megabyte-milliseconds in a gigabyte-second, as Lambda counts."""


class Request(StrEnum):
    """Kinds of requests a bill counts. DynamoDB's are request units: a transactional write of 1 KB is two."""

    S3_PUT = "s3_put"
    S3_GET = "s3_get"
    SQS = "sqs"
    DYNAMODB_WRITE = "dynamodb_write"
    DYNAMODB_READ = "dynamodb_read"


@dataclass(frozen=True, slots=True)
class PriceTable:
    """USD as AWS publishes them for us-east-1, first tier, no free tier.

    Sources, as on record in November 2026: aws.amazon.com/lambda/pricing (x86, first 6 billion GB-seconds a month;
    ephemeral storage above 512 MB), /s3/pricing (Standard; PUT, COPY, POST and LIST cost the same, DELETE nothing),
    /sqs/pricing (standard queues, each 64 KB), /dynamodb/pricing/on-demand (since November 2024).
    """

    lambda_gb_s: Decimal = Decimal("0.0000166667")
    lambda_scratch_gb_s: Decimal = Decimal("0.0000000309")
    lambda_requests_million: Decimal = Decimal("0.20")
    s3_put_thousand: Decimal = Decimal("0.005")
    s3_get_thousand: Decimal = Decimal("0.0004")
    s3_gb_month: Decimal = Decimal("0.023")
    sqs_million: Decimal = Decimal("0.40")
    dynamodb_write_million: Decimal = Decimal("0.625")
    dynamodb_read_million: Decimal = Decimal("0.125")

    def overridden(self, prices: Mapping[str, object]) -> PriceTable:
        """Return the table with single prices replaced; raises ValueError naming what cannot be used."""
        known = [part.name for part in fields(self)]
        for name in prices:
            if name not in known:
                raise ValueError(f"there is no price {name!r}; there are {', '.join(known)}")
        return replace(self, **{name: _price(name, value) for name, value in prices.items()})

    def per_request(self, kind: Request) -> Fraction:
        """Return USD for one request."""
        prices = {
            Request.S3_PUT: Fraction(self.s3_put_thousand) / 1000,
            Request.S3_GET: Fraction(self.s3_get_thousand) / 1000,
            Request.SQS: Fraction(self.sqs_million) / _MILLION,
            Request.DYNAMODB_WRITE: Fraction(self.dynamodb_write_million) / _MILLION,
            Request.DYNAMODB_READ: Fraction(self.dynamodb_read_million) / _MILLION,
        }
        return prices[kind]


@dataclass(frozen=True, slots=True)
class Bill:
    """What one invocation used for one job. `ms` as Lambda bills them, `stored_bytes` what it left in S3 for good."""

    id: str
    """Unique in the job and the same in every state of one bill: a later one replaces an earlier one."""
    job_id: str
    function: str
    memory_mb: int
    ms: int
    invocations: int = 1
    requests: Mapping[Request, int] = field(default_factory=dict)
    stored_bytes: int = 0
    scratch_mb: int = FREE_SCRATCH_MB

    def compute(self, prices: PriceTable) -> int:
        """Pico-dollars for memory, and for scratch space above what is free, over the billed time."""
        scratch_mb = max(0, self.scratch_mb - FREE_SCRATCH_MB)
        rate = self.memory_mb * Fraction(prices.lambda_gb_s) + scratch_mb * Fraction(prices.lambda_scratch_gb_s)
        return _pico(self.ms * rate / _GB_S)

    def invoking(self, prices: PriceTable) -> int:
        """Pico-dollars for the invocations themselves."""
        return _pico(self.invocations * Fraction(prices.lambda_requests_million) / _MILLION)

    def asking(self, prices: PriceTable, kind: Request) -> int:
        """Pico-dollars for requests of one kind."""
        return _pico(self.requests.get(kind, 0) * prices.per_request(kind))

    def total(self, prices: PriceTable) -> int:
        """Pico-dollars for everything but keeping what it stored."""
        asked = sum(self.asking(prices, kind) for kind in self.requests)
        return self.compute(prices) + self.invoking(prices) + asked

    def keeping(self, prices: PriceTable) -> int:
        """Pico-dollars a month for what it stored."""
        return _pico(self.stored_bytes * Fraction(prices.s3_gb_month) / _GIB)


@dataclass(frozen=True, slots=True)
class FunctionLine:
    """One function's share: megabyte-milliseconds, invocations, pico-dollars for both."""

    function: str
    mb_ms: int = 0
    invocations: int = 0
    pico: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "function": self.function,
            "gb_seconds": round(self.mb_ms / _GB_S, 3),
            "invocations": self.invocations,
            "usd": usd(self.pico),
        }


@dataclass(frozen=True, slots=True)
class RequestLine:
    """Requests of one kind and their price in pico-dollars."""

    kind: Request
    count: int = 0
    pico: int = 0

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"kind": self.kind.value, "count": self.count, "usd": usd(self.pico)}


@dataclass(frozen=True, slots=True)
class Receipt:
    """The sum of a job's bills; `total` is what was spent, storage goes on every month."""

    functions: tuple[FunctionLine, ...]
    requests: tuple[RequestLine, ...]
    stored_bytes: int
    storage_month: int
    """Pico-dollars."""

    @property
    def total(self) -> int:
        """Pico-dollars: the sum of the lines, and of the bills."""
        return sum(line.pico for line in self.functions) + sum(line.pico for line in self.requests)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; money as decimal text in USD, which no reader rounds unasked."""
        return {
            "usd": usd(self.total),
            "functions": [line.to_dict() for line in self.functions],
            "requests": [line.to_dict() for line in self.requests],
            "storage": {"bytes": self.stored_bytes, "usd_per_month": usd(self.storage_month)},
        }


def receipt(bills: Iterable[Bill], prices: PriceTable) -> Receipt:
    """Add up bills, functions by name; kinds of requests that nobody made are left out."""
    functions: dict[str, FunctionLine] = {}
    requests: dict[Request, RequestLine] = {}
    stored = month = 0
    for bill in bills:
        line = functions.get(bill.function, FunctionLine(bill.function))
        spent = line.pico + bill.compute(prices) + bill.invoking(prices)
        mb_ms, invocations = line.mb_ms + bill.memory_mb * bill.ms, line.invocations + bill.invocations
        functions[bill.function] = FunctionLine(bill.function, mb_ms, invocations, spent)
        for kind, count in bill.requests.items():
            asked = requests.get(kind, RequestLine(kind))
            requests[kind] = RequestLine(kind, asked.count + count, asked.pico + bill.asking(prices, kind))
        stored += bill.stored_bytes
        month += bill.keeping(prices)
    by_name = tuple(functions[name] for name in sorted(functions))
    return Receipt(by_name, tuple(requests[kind] for kind in Request if kind in requests), stored, month)


def usd(pico: int) -> str:
    """Return pico-dollars as exact decimal text with at least two places: `0.00`, `0.000123`, `12.50`."""
    text = f"{pico // PICO}.{pico % PICO:012d}".rstrip("0")
    return text + "0" * max(0, 2 - len(text.partition(".")[2]))


def pico_of(dollars: Decimal | str | float) -> int:
    """Return USD as whole pico-dollars; a float is read as it prints. Raises ValueError for what is no amount."""
    return _pico(Fraction(_price("amount", dollars)))


def _price(name: str, value: object) -> Decimal:
    """Read a price; floats as they print, so that 0.1 is a tenth."""
    try:
        price = Decimal(str(value))
    except InvalidOperation:
        price = Decimal(-1)
    if not price.is_finite() or price < 0:
        raise ValueError(f"{name} must be an amount in USD, not {value!r}")
    return price


def _pico(dollars: Fraction) -> int:
    """Round to whole pico-dollars, halves up."""
    return int((dollars * PICO * 2 + 1) // 2)
