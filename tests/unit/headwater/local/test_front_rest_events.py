"""HTTP to API Gateway proxy events and back."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from headwater.local.rest_events import BadAnswer, RestAnswer, RestRequest, method_arn, rest_answer, rest_event
from headwater.local.rest_routes import Match, Route, RouteTable

ROUTES = RouteTable(
    [
        Route("GET", "/v1/recordings", "authorizer"),
        Route("POST", "/v1/recordings", "authorizer"),
        Route("GET", "/v1/recordings/{recording_id}", "authorizer"),
        Route("GET", "/v1/recordings/mine"),
        Route("GET", "/v1/{kind}/newest"),
        Route("GET", "/health"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "resource", "parameters", "known"),
    [
        ("GET", "/v1/recordings", "/v1/recordings", {}, True),
        ("GET", "/v1/recordings/", "/v1/recordings", {}, True),
        ("GET", "/v1/recordings/mine", "/v1/recordings/mine", {}, True),
        ("GET", "/v1/recordings/a%2Fb", "/v1/recordings/{recording_id}", {"recording_id": "a%2Fb"}, True),
        ("GET", "/v1/recordings/newest", "/v1/recordings/{recording_id}", {"recording_id": "newest"}, True),
        ("GET", "/v1/jobs/newest", "/v1/{kind}/newest", {"kind": "jobs"}, True),
        ("PUT", "/v1/recordings", "/v1/recordings", {}, False),
    ],
)
def test_literal_segments_beat_parameters(
    method: str, path: str, resource: str, parameters: dict[str, str], *, known: bool
) -> None:
    """The first segment that differs decides."""
    match = ROUTES.match(method, path)
    assert match is not None
    assert (match.resource_path, match.parameters, match.route is not None) == (resource, parameters, known)


@pytest.mark.parametrize(
    "path", ["/", "/v1", "/v1/recordings/a/b", "/v1//recordings", "/v1/recordings//", "/V1/recordings"]
)
def test_other_paths_are_no_resource(path: str) -> None:
    """A missing resource is told apart from a missing method."""
    assert ROUTES.match("GET", path) is None


def test_allowed_methods_come_with_the_match() -> None:
    """For the Allow header of a 405."""
    match = ROUTES.match("DELETE", "/v1/recordings")
    assert match is not None
    assert match.allowed == ("GET", "POST")


def _event(body: bytes = b"", query: str = "", path: str = "/v1/recordings/a%20b") -> dict[str, Any]:
    headers = [("Host", "127.0.0.1:8787"), ("Cookie", "a=1"), ("Cookie", "b=2"), ("User-Agent", "test")]
    match = Match("/v1/recordings/{recording_id}", {"recording_id": "a%20b"}, None, ())
    request = RestRequest("GET", path, query, headers, body, "127.0.0.1")
    return rest_event(request, match, request_id="r-1", now=1_700_000_000.5, authorizer={"sub": "ann"})


def test_an_event_has_what_functions_read() -> None:
    """Resource, stage, path with the stage, identity, authorizer, both header maps."""
    event = _event()
    context = event["requestContext"]
    seen = {
        "resource": event["resource"],
        "path": event["path"],
        "parameters": event["pathParameters"],
        "header": event["headers"]["Cookie"],
        "all": event["multiValueHeaders"]["Cookie"],
        "context": [context[name] for name in ("resourcePath", "httpMethod", "path", "stage", "requestId")],
        "identity": context["identity"],
        "authorizer": context["authorizer"],
        "at": context["requestTimeEpoch"],
    }
    assert seen == {
        "resource": "/v1/recordings/{recording_id}",
        "path": "/v1/recordings/a%20b",
        "parameters": {"recording_id": "a b"},
        "header": "b=2",
        "all": ["a=1", "b=2"],
        "context": ["/v1/recordings/{recording_id}", "GET", "/api/v1/recordings/a%20b", "api", "r-1"],
        "identity": {"sourceIp": "127.0.0.1", "userAgent": "test"},
        "authorizer": {"sub": "ann"},
        "at": 1_700_000_000_500,
    }
    json.dumps(event)


def test_queries_keep_every_value() -> None:
    """The plain map has the last one, the multi-value map all; none at all is null."""
    event = _event(query="a=1&a=%C3%A9&b=")
    assert event["queryStringParameters"] == {"a": "é", "b": ""}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "é"], "b": [""]}
    assert _event()["queryStringParameters"] is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", (None, False)),
        ('{"t":"é"}'.encode(), ('{"t":"é"}', False)),
        (b"\xff\xfe", (base64.b64encode(b"\xff\xfe").decode(), True)),
    ],
)
def test_bodies_are_text_or_base64(body: bytes, expected: tuple[str | None, bool]) -> None:
    """What is not UTF-8 travels as base64."""
    event = _event(body)
    assert (event["body"], event["isBase64Encoded"]) == expected


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ({"statusCode": 204}, RestAnswer(204, [], b"")),
        ({"statusCode": "200", "headers": None, "body": "é"}, RestAnswer(200, [], "é".encode())),
        (
            {"statusCode": 200, "body": base64.b64encode(b"\x00\xff").decode(), "isBase64Encoded": True},
            RestAnswer(200, [], b"\x00\xff"),
        ),
        (
            {
                "statusCode": 200,
                "headers": {"Content-Type": "text/plain", "Set-Cookie": "a=1", "Content-Length": "99", "X-N": 3},
                "multiValueHeaders": {"Set-Cookie": ["a=1", "b=2"]},
            },
            RestAnswer(
                200, [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("Content-Type", "text/plain"), ("X-N", "3")], b""
            ),
        ),
    ],
)
def test_answers_become_http(answer: dict[str, Any], expected: RestAnswer) -> None:
    """Several cookies survive, lengths are ours to say, base64 is undone."""
    assert rest_answer(json.dumps(answer).encode()) == expected


@pytest.mark.parametrize(
    "payload",
    [
        *(b"", b"nope", b"null", b'"text"', b"{}", b'{"statusCode":true}', b'{"statusCode":"x"}', b'{"statusCode":99}'),
        *(b'{"statusCode":200,"body":{}}', b'{"statusCode":200,"body":"%%","isBase64Encoded":true}'),
        *(b'{"statusCode":200,"headers":["a"]}', b'{"statusCode":200,"headers":{"A":"x\\r\\nB: y"}}'),
        *(b'{"statusCode":200,"headers":{"A b":"x"}}', b'{"statusCode":200,"multiValueHeaders":{"A":"x"}}'),
        b'{"statusCode":200,"headers":{"A":{}}}',
    ],
)
def test_malformed_answers_are_refused(payload: bytes) -> None:
    """API Gateway answers 502 to each of these."""
    with pytest.raises(BadAnswer):
        rest_answer(payload)


def test_an_answer_has_lambdas_limit() -> None:
    """One byte more than 6 MB is an error there as well."""
    payload = b'{"statusCode":200}'.ljust(6 * 1024 * 1024)
    assert rest_answer(payload).status == 200
    with pytest.raises(BadAnswer, match="6291457 bytes"):
        rest_answer(payload + b" ")


def test_arns_name_stage_method_and_path() -> None:
    """As authorizers and their policies write them."""
    expected = "arn:aws:execute-api:eu-central-1:123456789012:local/api/GET/v1/recordings"
    assert method_arn("GET", "/v1/recordings") == expected
