"""Which of DynamoDB's errors mean no, which mean again, and which mean later."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import (
    CancellationReason,
    PutError,
    PynamoDBException,
    QueryError,
    TransactWriteError,
    UpdateError,
    VerboseClientError,
)

from chalicelib.adapters.tables import base
from chalicelib.errors import Transient


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(base, "LONGEST_PAUSE_S", 0.0)


def refused(kind: type[PynamoDBException], code: str, status: int = 400) -> PynamoDBException:
    """Return what PynamoDB raises for an error code of AWS."""
    answer: Any = {"Error": {"Code": code, "Message": "m"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return kind("refused", cause=ClientError(answer, "Operation"))


def cancelled(*codes: str | None) -> TransactWriteError:
    """Return what PynamoDB raises for a cancelled transaction, with one reason per item."""
    reasons = [None if code is None else CancellationReason(code=code) for code in codes]
    answer = {"Error": {"Code": "TransactionCanceledException", "Message": "m"}}
    cause = VerboseClientError(answer, "TransactWriteItems", cancellation_reasons=reasons)
    return TransactWriteError("cancelled", cause)


class Failing:
    """An operation that fails with each error in turn and then returns `done`."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.calls = 0

    def __call__(self) -> str:
        """Fail or be done."""
        self.calls += 1
        if self.errors:
            raise self.errors.pop(0)
        return "done"


@pytest.mark.parametrize(
    "error",
    [
        refused(PutError, "ConditionalCheckFailedException"),
        refused(UpdateError, "ConditionalCheckFailedException"),
        cancelled("ConditionalCheckFailed", None),
        cancelled(None, "ConditionalCheckFailed"),
        cancelled("TransactionConflict", "ConditionalCheckFailed"),
    ],
)
def test_a_failed_condition_is_final(error: Exception) -> None:
    """A condition that does not hold is an answer: it is not tried again, even beside a conflict."""
    operation = Failing(error)

    with pytest.raises(base.ConditionFailed):
        base.run(operation)
    assert operation.calls == 1


@pytest.mark.parametrize(
    "error",
    [
        cancelled("TransactionConflict", None),
        cancelled("ThrottlingError", None),
        cancelled(None, "ProvisionedThroughputExceeded"),
        refused(UpdateError, "TransactionConflictException"),
    ],
)
def test_a_conflict_is_tried_again(error: Exception) -> None:
    """Another transaction held the item: the next try finds it free."""
    operation = Failing(error, error, error)

    assert base.run(operation) == "done"
    assert operation.calls == 4


def test_a_conflict_that_stays_is_transient() -> None:
    """The message goes back to its queue after a bounded number of tries."""
    operation = Failing(*[cancelled("TransactionConflict") for _ in range(base.TRIES)])

    with pytest.raises(Transient, match="aws_unavailable"):
        base.run(operation)
    assert operation.calls == base.TRIES


@pytest.mark.parametrize(
    "error",
    [
        refused(QueryError, "ProvisionedThroughputExceededException"),
        refused(QueryError, "ThrottlingException"),
        refused(PutError, "InternalServerError", 500),
        refused(PutError, "Unheard", 503),
        refused(TransactWriteError, "TransactionInProgressException"),
        PutError(cause=ReadTimeoutError(endpoint_url="http://127.0.0.1/secret")),
    ],
)
def test_what_passes_is_transient(error: PynamoDBException) -> None:
    """Botocore has retried these already; the sentence names no address."""
    operation = Failing(error)

    with pytest.raises(Transient, match="aws_unavailable") as caught:
        base.run(operation)
    assert operation.calls == 1
    assert "127.0.0.1" not in str(caught.value)


@pytest.mark.parametrize(
    "error", [refused(QueryError, "AccessDeniedException"), cancelled("ValidationError", None), QueryError("ours")]
)
def test_our_mistakes_are_raised(error: PynamoDBException) -> None:
    """A missing right or a wrong request is not hidden behind a retry."""
    with pytest.raises(type(error)):
        base.run(Failing(error))
