"""Telling CloudFront what is deleted: what is asked of it, and what its moods come to."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from chalicelib.adapters import clients
from chalicelib.adapters.edge import CloudFrontEdge
from chalicelib.errors import Transient

pytestmark = pytest.mark.usefixtures("aws")


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What the client is asked; an entry of `errors` is raised first."""
    seen: list[Any] = []

    def call(operation: str, arguments: dict[str, Any]) -> dict[str, Any]:
        seen.append((operation, arguments))
        return {}

    monkeypatch.setattr(clients.client("cloudfront"), "_make_api_call", call)
    return seen


def test_one_folder_is_one_path(asked: list[Any]) -> None:
    """With a wildcard, which costs as much as one file; the reference is the caller's."""
    CloudFrontEdge("E1").forget("/media/rec_1/*", "rec_1-first-7")
    batch = {"Paths": {"Quantity": 1, "Items": ["/media/rec_1/*"]}, "CallerReference": "rec_1-first-7"}
    assert asked == [("CreateInvalidation", {"DistributionId": "E1", "InvalidationBatch": batch})]


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("TooManyInvalidationsInProgress", 400, Transient),
        ("Throttling", 400, Transient),
        ("ServiceUnavailable", 503, Transient),
        ("AccessDenied", 403, ClientError),
        ("NoSuchDistribution", 404, ClientError),
    ],
)
def test_what_passes_is_told_from_what_does_not(
    monkeypatch: pytest.MonkeyPatch, code: str, status: int, kind: type[Exception]
) -> None:
    """The first is asked again a minute later, the second is a fault that somebody has to mend."""

    def call(operation: str, _arguments: dict[str, Any]) -> dict[str, Any]:
        error: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
        raise ClientError(error, operation)

    monkeypatch.setattr(clients.client("cloudfront"), "_make_api_call", call)
    with pytest.raises(kind):
        CloudFrontEdge("E1").forget("/media/rec_1/*", "x")
