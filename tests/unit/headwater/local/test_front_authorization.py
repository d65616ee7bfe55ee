"""TOKEN authorizers: policies, caching, failures."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from headwater.local.authorization import (
    AuthorizerFailed,
    AuthorizerSpec,
    NotAllowed,
    NotAuthenticated,
    TokenAuthorizers,
    parse_grant,
    policy_allows,
)
from headwater.local.rest_events import method_arn

ARN = method_arn("GET", "/v1/recordings/rec_1")


def _statement(effect: str = "Allow", resource: object = "*", action: object = "execute-api:Invoke") -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": resource}


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (_policy(_statement()), True),
        (_policy(), False),
        ({}, False),
        (_policy(_statement(resource=[])), False),
        (_policy(_statement(resource=["x", "arn:*:local/api/GET/*"])), True),
        (_policy(_statement(resource="arn:*:local/api/POST/*")), False),
        (_policy(_statement(), _statement("Deny", "arn:*/v1/recordings/rec_1")), False),
        (_policy(_statement(), _statement("Deny", "arn:*/v1/recordings/rec_2")), True),
        (_policy(_statement(action="s3:*")), False),
        (_policy(_statement(action=["execute-api:*"])), True),
        (_policy(_statement("allow")), False),
        ({"Statement": _statement()}, True),
    ],
)
def test_policies_are_judged_like_iam(policy: dict[str, Any], *, expected: bool) -> None:
    """Something must allow, nothing may deny."""
    assert policy_allows(policy, ARN) is expected


@pytest.mark.parametrize("extra", [{"Condition": {}}, {"NotAction": "x"}, {"NotResource": "x"}])
def test_what_cannot_be_judged_fails_closed(extra: dict[str, Any]) -> None:
    """A condition that is skipped would allow too much."""
    with pytest.raises(AuthorizerFailed):
        policy_allows(_policy({**_statement(), **extra}), ARN)


@pytest.mark.parametrize(
    "answer",
    [
        "nope",
        "null",
        "{}",
        '{"principalId":1,"policyDocument":{}}',
        '{"principalId":"a"}',
        '{"principalId":"a","policyDocument":{},"context":{"x":[]}}',
    ],
)
def test_malformed_answers_are_failures(answer: str) -> None:
    """As API Gateway's AuthorizerConfigurationError."""
    with pytest.raises(AuthorizerFailed):
        parse_grant(answer.encode())


def test_context_values_become_strings() -> None:
    """Functions get strings only, with the principal among them."""
    answer = {"principalId": "ann", "policyDocument": {}, "context": {"n": 1, "b": True, "s": "x"}}
    assert parse_grant(json.dumps(answer).encode()).context == {"principalId": "ann", "n": "1", "b": "true", "s": "x"}


@dataclass
class Outcome:
    """One finished call."""

    payload: bytes | None = None
    error: dict[str, Any] | None = None
    timed_out: bool = False


@dataclass
class FakeFunctions:
    """Answers every call with `outcome` and keeps the events."""

    outcome: Outcome
    events: list[Any] = field(default_factory=list)

    async def invoke(self, name: str, event: object) -> Outcome:
        """Answer after giving others a chance to call too."""
        self.events.append((name, event))
        await asyncio.sleep(0)
        return self.outcome


def _allowing(resource: str = "*") -> Outcome:
    answer = {"principalId": "ann", "policyDocument": _policy(_statement(resource=resource)), "context": {"sub": "ann"}}
    return Outcome(json.dumps(answer).encode())


SPEC = AuthorizerSpec("authorizer", ttl_s=60)


def test_a_token_is_asked_about_once_until_its_time_is_over() -> None:
    """Cached by token, for the declared seconds, shared by requests that come together."""
    functions, now = FakeFunctions(_allowing()), [0.0]
    authorizers = TokenAuthorizers(functions, lambda: now[0])

    async def run() -> list[int]:
        counts = []
        for at in (0.0, 59.0, 60.0):
            now[0] = at
            await asyncio.gather(*(authorizers.authorize(SPEC, "Bearer t", ARN) for _ in range(3)))
            counts.append(len(functions.events))
        return counts

    assert asyncio.run(run()) == [1, 1, 2]
    expected = ("authorizer", {"type": "TOKEN", "authorizationToken": "Bearer t", "methodArn": ARN})
    assert functions.events[0] == expected


def test_a_cached_policy_is_judged_for_each_request() -> None:
    """One route allowed says nothing about another."""
    authorizers = TokenAuthorizers(FakeFunctions(_allowing(ARN)), lambda: 0.0)

    async def run() -> dict[str, str]:
        context = await authorizers.authorize(SPEC, "Bearer t", ARN)
        with pytest.raises(NotAllowed):
            await authorizers.authorize(SPEC, "Bearer t", method_arn("DELETE", "/v1/recordings/rec_1"))
        return context

    assert asyncio.run(run()) == {"principalId": "ann", "sub": "ann"}


@pytest.mark.parametrize("token", [None, ""])
def test_without_a_token_nothing_is_invoked(token: str | None) -> None:
    """API Gateway refuses by itself."""
    functions = FakeFunctions(_allowing())
    with pytest.raises(NotAuthenticated):
        asyncio.run(TokenAuthorizers(functions, lambda: 0.0).authorize(SPEC, token, ARN))
    assert functions.events == []


@pytest.mark.parametrize(
    ("outcome", "error"),
    [
        (Outcome(error={"errorType": "Exception", "errorMessage": "Unauthorized"}), NotAuthenticated),
        (Outcome(error={"errorType": "Runtime.ExitError", "errorMessage": "exit status 1"}), AuthorizerFailed),
        (Outcome(timed_out=True), AuthorizerFailed),
        (Outcome(payload=b"[]"), AuthorizerFailed),
    ],
)
def test_failures_are_told_apart_and_not_cached(outcome: Outcome, error: type[Exception]) -> None:
    """Only the message Unauthorized is the caller's fault; each further request asks again."""
    functions = FakeFunctions(outcome)
    authorizers = TokenAuthorizers(functions, lambda: 0.0)

    async def run() -> None:
        for _ in range(2):
            with pytest.raises(error):
                await authorizers.authorize(SPEC, "Bearer t", ARN)

    asyncio.run(run())
    assert len(functions.events) == 2
