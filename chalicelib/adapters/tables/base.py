"""What all tables share: one client, names from settings, kinds of attributes, and errors told apart."""

from __future__ import annotations

import json
import random
import time
import zlib
from typing import TYPE_CHECKING, Any, TypeVar

from pynamodb.attributes import Attribute, NumberAttribute
from pynamodb.connection import Connection
from pynamodb.constants import BINARY, NUMBER, PAY_PER_REQUEST_BILLING_MODE
from pynamodb.exceptions import PynamoDBException, TransactWriteError
from pynamodb.models import Model

from chalicelib.adapters import clients
from chalicelib.adapters.aws_errors import code_of, is_passing, unavailable
from chalicelib.config import settings

if TYPE_CHECKING:
    from collections.abc import Callable

    from pynamodb.connection.table import TableConnection

T = TypeVar("T")
SCHEMA_VERSION = 1
BILLING = PAY_PER_REQUEST_BILLING_MODE
TRIES = 8
FIRST_PAUSE_S = 0.02
LONGEST_PAUSE_S = 0.6
_CONDITION = {"ConditionalCheckFailed", "ConditionalCheckFailedException"}
_CONFLICT = {"TransactionConflict", "TransactionConflictException"}
_PASSING_REASONS = {"ThrottlingError", "ProvisionedThroughputExceeded"}


class ConditionFailed(Exception):
    """The item is not in the state the write was for; repositories turn it into False or None."""


class SharedConnection(Connection):
    """PynamoDB would make one botocore client per table: this uses the process's only one."""

    @property
    def client(self) -> Any:
        """Return the DynamoDB client that all tables use."""
        return clients.client("dynamodb")


class Seconds(NumberAttribute):
    """A float; DynamoDB drops the `.0` of whole numbers, which would read as int."""

    def deserialize(self, value: Any) -> float:
        """Read a number's text."""
        return float(value)


class Count(Attribute[int]):
    """A whole number."""

    attr_type = NUMBER

    def serialize(self, value: Any) -> str:
        """Write a number's text."""
        return str(int(value))

    def deserialize(self, value: Any) -> int:
        """Read a number's text."""
        return int(value)


class Table(Model):
    """Base of the models. `Meta.kind` is the table's name without the stage's prefix."""

    v = Count(default=SCHEMA_VERSION)

    @classmethod
    def table_name(cls) -> str:
        """Return the deployed name, e.g. `headwater-local-recordings`."""
        return f"{settings().table_prefix}{cls.Meta.kind}"  # type: ignore[attr-defined]  # our own addition to Meta

    @classmethod
    def _get_connection(cls) -> TableConnection:
        cls.Meta.table_name = cls.table_name()
        table = super()._get_connection()
        if not isinstance(table.connection, SharedConnection):
            shared = SharedConnection()
            shared.add_meta_table(table.get_meta_table())
            table.connection = shared
        return table


class PackedJson(Attribute[Any]):
    """JSON under zlib: a plan of twelve hours stays in a few kilobytes."""

    attr_type = BINARY

    def serialize(self, value: Any) -> bytes:
        """Pack plain JSON values."""
        return zlib.compress(json.dumps(value, separators=(",", ":")).encode(), 9)

    def deserialize(self, value: bytes) -> Any:
        """Unpack what `serialize` wrote."""
        return json.loads(zlib.decompress(value))


def run(operation: Callable[[], T], *, tries: int = TRIES) -> T:
    """Run one DynamoDB operation, again while other transactions hold its items.

    Raises ConditionFailed when a condition does not hold, Transient("aws_unavailable") for what may pass by itself.
    """
    for tried in range(1, tries + 1):
        try:
            return operation()
        except PynamoDBException as error:
            codes = _codes(error)
            if codes & _CONDITION:
                raise ConditionFailed from None
            if not codes & (_CONFLICT | _PASSING_REASONS):
                if is_passing(error.cause):
                    raise unavailable("The database", error.cause or error) from error
                raise
            if tried == tries:
                raise unavailable("The database", error.cause or error) from error
        _pause(tried)
    raise AssertionError  # the last try above returns or raises


def _codes(error: PynamoDBException) -> set[str]:
    if isinstance(error, TransactWriteError) and error.cancellation_reasons:
        return {reason.code for reason in error.cancellation_reasons if reason is not None}
    return {code_of(error.cause)}


def _pause(tried: int) -> None:
    """Sleep a random part of a growing span: colliding writers must not meet again."""
    time.sleep(random.uniform(0, min(LONGEST_PAUSE_S, FIRST_PAUSE_S * 2**tried)))  # noqa: S311  jitter, no secret


def transaction_connection() -> Connection:
    """Return what PynamoDB's TransactWrite needs."""
    return SharedConnection()
