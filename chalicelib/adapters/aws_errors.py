"""Telling AWS's moods from our mistakes: what may pass by itself becomes errors.Transient."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import (
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)
from botocore.exceptions import ConnectionError as NoConnectionError

from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Iterator

NETWORK = (HTTPClientError, NoConnectionError, IncompleteReadError, ResponseStreamingError, CredentialRetrievalError)
_PASSING = frozenset(
    {
        "BandwidthLimitExceeded",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "LimitExceededException",
        "OperationAborted",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingError",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    }
)
_TOO_MANY = 429
_SERVER = 500


def code_of(error: BaseException | None) -> str:
    """Return AWS's error code without a service prefix, or nothing for any other exception."""
    if not isinstance(error, ClientError):
        return ""
    return str(error.response.get("Error", {}).get("Code", "")).rsplit(".", 1)[-1]


def reason_of(error: BaseException) -> str:
    """Return the first AWS code in an error or in what it came of, or nothing."""
    seen: BaseException | None = error
    while seen is not None:
        if code := code_of(seen):
            return code
        seen = getattr(seen, "cause", None) or seen.__cause__
    return ""


def is_passing(error: BaseException | None) -> bool:
    """True for throttling, server errors and broken connections."""
    if isinstance(error, NETWORK):
        return True
    if not isinstance(error, ClientError):
        return False
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))
    return code_of(error) in _PASSING or status == _TOO_MANY or status >= _SERVER


def unavailable(what: str, error: BaseException) -> Transient:
    """Return the error to raise; its sentence names the operation and AWS's code, never a URL or a key."""
    return Transient("aws_unavailable", f"{what} is not available now ({code_of(error) or type(error).__name__}).")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Raise Transient("aws_unavailable") for what may pass by itself; let everything else through."""
    try:
        yield
    except (ClientError, *NETWORK) as error:
        if is_passing(error):
            raise unavailable(what, error) from error
        raise
