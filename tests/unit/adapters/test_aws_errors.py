"""Which errors of AWS pass by themselves."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, ParamValidationError, ReadTimeoutError

from chalicelib.adapters.aws_errors import code_of, translated
from chalicelib.errors import Transient

URL = "https://bucket.s3.amazonaws.com/k?X-Amz-Signature=abc"


def answered(code: str, status: int) -> ClientError:
    """Return botocore's error for an answer."""
    return ClientError({"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}, "PutObject")


@pytest.mark.parametrize(
    "error",
    [
        answered("SlowDown", 503),
        answered("Throttling", 400),
        answered("AWS.SimpleQueueService.RequestThrottled", 403),
        answered("Unheard", 500),
        answered("Unheard", 429),
        ReadTimeoutError(endpoint_url=URL),
        EndpointConnectionError(endpoint_url=URL),
    ],
)
def test_what_passes_becomes_transient(error: Exception) -> None:
    """The original stays attached for the log; the sentence names no address."""
    with pytest.raises(Transient, match="aws_unavailable") as caught, translated("Storage"):
        raise error
    assert caught.value.__cause__ is error
    assert "amazonaws" not in str(caught.value)


@pytest.mark.parametrize(
    "error",
    [answered("AccessDenied", 403), answered("NoSuchBucket", 404), ParamValidationError(report="r"), KeyError("k")],
)
def test_our_mistakes_pass_through(error: Exception) -> None:
    """They are not hidden behind a retry."""
    with pytest.raises(type(error)) as caught, translated("Storage"):
        raise error
    assert caught.value is error


def test_codes_lose_their_prefix() -> None:
    """SQS writes its service before the code; other exceptions have none."""
    assert code_of(answered("AWS.SimpleQueueService.MessageNotInflight", 400)) == "MessageNotInflight"
    assert code_of(KeyError("k")) == ""
