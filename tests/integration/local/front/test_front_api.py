"""The REST gateway over HTTP: what it lets through, what it answers by itself."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

PROBLEM = "application/problem+json"
BEARER = {"Authorization": "Bearer t"}


@pytest.fixture
def outcome(front: Any) -> Callable[..., Any]:
    """Make a call's end of the kind the front's functions use."""
    kind: Any = type(front.functions).invoke.__globals__["Outcome"]

    def make(body: object = None, **ends: Any) -> Any:
        return kind(None if body is None else json.dumps(body).encode(), **ends)

    return make


@pytest.fixture
def allowed(front: Any, outcome: Callable[..., Any]) -> Any:
    """A front whose authorizer allows everything and whose API says yes."""
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": ["*"]}
    grant = {"principalId": "ann", "context": {"sub": "ann"}, "policyDocument": {"Statement": [statement]}}
    front.functions.answers = {
        "authorizer": lambda _: outcome(grant),
        "api": lambda _: outcome({"statusCode": 200, "body": "yes"}),
    }
    return front


def _code(answer: Any) -> tuple[int, str, str]:
    return answer.status_code, answer.headers["content-type"], answer.json()["code"]


def test_a_request_reaches_the_function(allowed: Any) -> None:
    """With its path parameters, its query, and what the authorizer said."""
    answer = allowed.http.get("/api/v1/things/a%2Fb?x=1&x=2", headers=BEARER)
    (_, event) = allowed.functions.events[-1]
    seen = (
        answer.status_code,
        answer.text,
        event["pathParameters"],
        event["multiValueQueryStringParameters"],
        event["requestContext"]["authorizer"],
        event["requestContext"]["path"],
    )
    context = {"principalId": "ann", "sub": "ann"}
    assert seen == (200, "yes", {"name": "a/b"}, {"x": ["1", "2"]}, context, "/api/v1/things/a%2Fb")


@pytest.mark.parametrize(
    ("size", "accepted", "coding"), [(500, "gzip", "gzip"), (500, "identity", None), (499, "gzip", None)]
)
def test_long_answers_are_compressed_for_those_who_ask(
    allowed: Any, outcome: Callable[..., Any], size: int, accepted: str, coding: str | None
) -> None:
    """As API Gateway does from the declared size on: the multivariant playlist comes this way (A10.1)."""
    text = "x" * size
    allowed.functions.answers["api"] = lambda _: outcome({"statusCode": 200, "body": text})
    answer = allowed.http.get("/api/v1/open", headers={"Accept-Encoding": accepted})
    assert (answer.headers.get("content-encoding"), answer.text) == (coding, text)
    assert (int(answer.headers["content-length"]) < size) == (coding == "gzip")


def test_clients_cannot_claim_to_be_forwarded(allowed: Any) -> None:
    """The gateway sets these headers itself."""
    allowed.http.get("/api/v1/open", headers={"X-Forwarded-For": "192.0.2.1", "X-Forwarded-Proto": "https"})
    headers = allowed.functions.events[-1][1]["multiValueHeaders"]
    assert (headers["X-Forwarded-For"], headers["X-Forwarded-Proto"]) == (["127.0.0.1"], ["http"])


def test_health_is_at_the_root_and_below_the_stage(allowed: Any) -> None:
    """Both are the same resource of the API."""
    paths = []
    for path in ("/health", "/api/health"):
        assert allowed.http.get(path).status_code == 200
        paths.append(allowed.functions.events[-1][1]["requestContext"]["resourcePath"])
    assert paths == ["/health", "/health"]


def test_several_cookies_and_the_content_type_survive(allowed: Any, outcome: Callable[..., Any]) -> None:
    """Playback sets three cookies in one answer."""
    answer = {
        "statusCode": 200,
        "headers": {"Content-Type": "application/vnd.apple.mpegurl"},
        "multiValueHeaders": {"Set-Cookie": ["a=1; Path=/media/x/", "b=2", "c=3"]},
        "body": "#EXTM3U",
    }
    allowed.functions.answers["api"] = lambda _: outcome(answer)
    got = allowed.http.get("/api/v1/open")
    assert got.headers.get_list("set-cookie") == ["a=1; Path=/media/x/", "b=2", "c=3"]
    assert got.headers.get_list("content-type") == ["application/vnd.apple.mpegurl"]


def test_without_a_token_nothing_runs(allowed: Any) -> None:
    """Neither the authorizer nor the API."""
    assert _code(allowed.http.get("/api/v1/things/a")) == (401, PROBLEM, "unauthorized")
    assert allowed.functions.events == []


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        ({"errorMessage": "Unauthorized", "errorType": "GatewayRefusal"}, (401, PROBLEM, "unauthorized")),
        ({"errorMessage": "boom", "errorType": "KeyError"}, (500, PROBLEM, "internal_error")),
    ],
)
def test_a_refused_token(allowed: Any, outcome: Callable[..., Any], error: Any, expected: Any) -> None:
    """Refused by the authorizer, or not checked at all: the function is not reached."""
    allowed.functions.answers["authorizer"] = lambda _: outcome(error=error)
    assert _code(allowed.http.get("/api/v1/things/a", headers=BEARER)) == expected
    assert [name for name, _ in allowed.functions.events] == ["authorizer"]


def test_a_policy_that_does_not_allow(allowed: Any, outcome: Callable[..., Any]) -> None:
    """An empty policy is a deny."""
    grant = {"principalId": "ann", "policyDocument": {"Statement": []}}
    allowed.functions.answers["authorizer"] = lambda _: outcome(grant)
    assert _code(allowed.http.get("/api/v1/things/a", headers=BEARER)) == (403, PROBLEM, "forbidden")


def test_unknown_routes_and_methods(allowed: Any) -> None:
    """Told apart; the second says what is allowed."""
    assert _code(allowed.http.get("/api/v1/nothing")) == (404, PROBLEM, "no_such_route")
    wrong = allowed.http.delete("/api/v1/things")
    assert (_code(wrong), wrong.headers["allow"]) == ((405, PROBLEM, "method_not_allowed"), "POST")


@pytest.mark.parametrize(
    ("ends", "expected"),
    [
        ({"error": {"errorType": "Runtime.ExitError"}}, 502),
        ({"timed_out": True}, 504),
        ({"body": {"statusCode": "x"}}, 502),
        ({"body": []}, 502),
    ],
)
def test_failing_functions(allowed: Any, outcome: Callable[..., Any], ends: dict[str, Any], expected: int) -> None:
    """Crash, deadline, nonsense: a problem document without details of the inside."""
    allowed.functions.answers["api"] = lambda _: outcome(**ends)
    assert _code(allowed.http.get("/api/v1/open")) == (expected, PROBLEM, "internal_error")


def test_the_gateway_gives_up_before_a_slow_function(allowed: Any) -> None:
    """Half a second here, 29 seconds in the product."""
    allowed.functions.delay_s = 0.7
    assert _code(allowed.http.get("/api/v1/open")) == (504, PROBLEM, "internal_error")


@pytest.mark.parametrize("size", [6 * 1024 * 1024 + 1, 10 * 1024 * 1024 + 1])
def test_large_bodies_are_refused(allowed: Any, size: int) -> None:
    """Over Lambda's limit, over the gateway's."""
    answer = allowed.http.post("/api/v1/things", headers=BEARER, content=b" " * size)
    assert _code(answer) == (413, PROBLEM, "payload_too_large")


def test_a_body_may_come_in_pieces(allowed: Any) -> None:
    """Chunked transfer is fine for the API, and limited all the same."""
    allowed.http.post("/api/v1/things", headers=BEARER, content=iter([b'{"a"', b":1}"]))
    assert allowed.functions.events[-1][1]["body"] == '{"a":1}'


def test_foreign_hosts_are_refused(allowed: Any) -> None:
    """DNS rebinding: a page of another site that resolves its name to this machine."""
    refused = allowed.http.get("/dev/token?user=a&role=admin", headers={"Host": "evil.example"})
    assert _code(refused) == (421, PROBLEM, "wrong_host")


def test_a_failing_part_is_a_problem_document(allowed: Any) -> None:
    """Even a mistake of the router's own."""
    allowed.functions.answers = {}
    assert _code(allowed.http.get("/api/v1/open")) == (500, PROBLEM, "internal_error")
