"""Reading what the gateway hands over."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from chalice.app import Request
from pydantic import ValidationError

from chalicelib.domain.access import Caller, Role
from chalicelib.entrypoints.requests import MAX_BODY_BYTES, caller_of, optional_caller, read_body, read_query
from chalicelib.entrypoints.schemas import ChangeRecording, ListQuery
from chalicelib.errors import BadRequest, TooLarge, Unauthorized


def request(body: str | None = None, **changes: Any) -> Request:
    """Build a request as API Gateway describes it."""
    event: dict[str, Any] = {
        "multiValueQueryStringParameters": None,
        "headers": {},
        "pathParameters": {},
        "requestContext": {"httpMethod": "PATCH", "resourcePath": "/v1/recordings", "identity": {}},
        "body": body,
        "stageVariables": None,
        "isBase64Encoded": False,
    }
    return Request(event | changes, None)


def test_bodies() -> None:
    """JSON in UTF-8, plain or in base64; none is an empty object."""
    assert read_body(request('{"title": "é"}'), ChangeRecording).title == "é"
    packed = base64.b64encode('{"title": "é"}'.encode()).decode()
    assert read_body(request(packed, isBase64Encoded=True), ChangeRecording).title == "é"
    for nothing in (None, "", " \n"):
        assert read_body(request(nothing), ChangeRecording).changes() == {}


@pytest.mark.parametrize(
    "body",
    [
        "{",
        "nonsense",
        '{"title": NaN}',
        '{"title": "a",}',
        "[" * 60_000,
        '{"title": ' * 6000,
        '{"title": "\ud800"}',
        "9" * 10_000,
        "\ufeff{}",
    ],
)
def test_bodies_that_are_no_json(body: str) -> None:
    """All of them are the same 400."""
    with pytest.raises(BadRequest, match="invalid_request"):
        read_body(request(body), ChangeRecording)


def test_a_body_that_is_no_text() -> None:
    """Bytes that are not UTF-8, base64 that is not base64."""
    for packed in (base64.b64encode(b"\xff\xfe\x00").decode(), "é"):
        with pytest.raises(BadRequest, match="invalid_request"):
            read_body(request(packed, isBase64Encoded=True), ChangeRecording)


@pytest.mark.parametrize("body", ["[]", "7", '"a"', "null", "true"])
def test_bodies_of_another_kind(body: str) -> None:
    """JSON, but not an object."""
    with pytest.raises(ValidationError):
        read_body(request(body), ChangeRecording)


def test_a_huge_body() -> None:
    """It is not even parsed."""
    with pytest.raises(TooLarge, match="payload_too_large"):
        read_body(request(json.dumps({"title": "a" * MAX_BODY_BYTES})), ChangeRecording)


def test_queries() -> None:
    """Of a name given twice the last one counts."""
    assert read_query(request(), ListQuery).limit == 25
    assert read_query(request(multiValueQueryStringParameters={"limit": ["1", "2"]}), ListQuery).limit == 2


def test_callers() -> None:
    """The authorizer's word is taken; without it there is nobody."""

    def asked_by(context: dict[str, Any] | None) -> Request:
        return request(requestContext={"httpMethod": "GET", "resourcePath": "/", "identity": {}, "authorizer": context})

    assert caller_of(asked_by({"sub": "anna", "role": "admin"})) == Caller("anna", Role.ADMIN)
    assert caller_of(asked_by({"sub": "anna", "role": "emperor"})) == Caller("anna", Role.VIEWER)
    for nobody in (None, {}, {"role": "admin"}, {"sub": ""}):
        with pytest.raises(Unauthorized):
            caller_of(asked_by(nobody))


class Verifier:
    """Knows one token."""

    def caller(self, authorization: str) -> Caller:
        """Check it."""
        if authorization != "Bearer good":
            raise Unauthorized("unauthorized", "No.")
        return Caller("anna", Role.VIEWER)


def test_optional_callers() -> None:
    """No token is nobody, a bad one is refused."""
    verifier: Any = Verifier()
    assert optional_caller(request(), verifier) is None
    assert optional_caller(request(headers={"Authorization": "Bearer good"}), verifier) == Caller("anna", Role.VIEWER)
    with pytest.raises(Unauthorized):
        optional_caller(request(headers={"authorization": "Bearer bad"}), verifier)
