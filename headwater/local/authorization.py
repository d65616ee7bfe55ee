"""TOKEN authorizers as API Gateway runs them: a policy per token, cached, evaluated against the request's ARN."""

from __future__ import annotations

import asyncio
import json
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from headwater.local.wildcards import wildcard_match

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

DEFAULT_TTL_S = 300
_MAX_CACHED = 1000
_INVOKE = "execute-api:Invoke"


class Invocation(Protocol):
    """How one call of a function ended."""

    @property
    def payload(self) -> bytes | None:
        """What it returned, JSON."""

    @property
    def error(self) -> Mapping[str, Any] | None:
        """`errorType` and `errorMessage` when it failed."""

    @property
    def timed_out(self) -> bool:
        """True when it was ended at its deadline."""


class Functions(Protocol):
    """The Lambda service."""

    async def invoke(self, name: str, event: object) -> Invocation:
        """Run a function synchronously; failures come back in the invocation."""


@dataclass(frozen=True, slots=True)
class AuthorizerSpec:
    """A declared TOKEN authorizer: its function, the seconds a policy is kept, the header it reads."""

    function: str
    ttl_s: int = DEFAULT_TTL_S
    header: str = "Authorization"


@dataclass(frozen=True, slots=True)
class Grant:
    """What an authorizer returned: a policy, and the context handed to the function, as strings."""

    policy: Mapping[str, Any]
    context: dict[str, str]


class NotAuthenticated(Exception):
    """No token, or one that the authorizer does not know (401)."""


class NotAllowed(Exception):
    """A policy that does not allow this request (403)."""


class AuthorizerFailed(Exception):
    """The authorizer crashed, timed out or returned something malformed (500)."""


class TokenAuthorizers:
    """Runs authorizer functions and remembers their policies by token."""

    def __init__(self, functions: Functions, now: Callable[[], float]) -> None:
        """`now` gives seconds that never go back."""
        self._functions = functions
        self._now = now
        self._cache: OrderedDict[tuple[str, str], tuple[float, Grant]] = OrderedDict()
        self._asking: dict[tuple[str, str], asyncio.Task[Grant]] = {}

    async def authorize(self, spec: AuthorizerSpec, token: str | None, arn: str) -> dict[str, str]:
        """Return the context for the function behind `arn`.

        Raises NotAuthenticated, NotAllowed or AuthorizerFailed.
        """
        if not token:
            raise NotAuthenticated
        grant = self._cached(spec, token) or await self._ask_once(spec, token, arn)
        if not policy_allows(grant.policy, arn):
            raise NotAllowed
        return grant.context

    def _cached(self, spec: AuthorizerSpec, token: str) -> Grant | None:
        until, grant = self._cache.get((spec.function, token), (0.0, None))
        return grant if self._now() < until else None

    async def _ask_once(self, spec: AuthorizerSpec, token: str, arn: str) -> Grant:
        """Let requests that arrive together with one token share one call."""
        key = (spec.function, token)
        task = self._asking.get(key)
        if task is None:
            task = self._asking[key] = asyncio.create_task(self._ask(spec, token, arn))
            task.add_done_callback(lambda _: self._asking.pop(key, None))
        return await asyncio.shield(task)

    async def _ask(self, spec: AuthorizerSpec, token: str, arn: str) -> Grant:
        event = {"type": "TOKEN", "authorizationToken": token, "methodArn": arn}
        outcome = await self._functions.invoke(spec.function, event)
        if outcome.error is not None:
            if outcome.error.get("errorMessage") == "Unauthorized":
                raise NotAuthenticated
            raise AuthorizerFailed(str(outcome.error.get("errorType", "error")))
        if outcome.timed_out or outcome.payload is None:
            raise AuthorizerFailed("no answer in time")
        grant = parse_grant(outcome.payload)
        if spec.ttl_s > 0:
            self._cache[spec.function, token] = (self._now() + spec.ttl_s, grant)
            while len(self._cache) > _MAX_CACHED:
                self._cache.popitem(last=False)
        return grant


def parse_grant(payload: bytes) -> Grant:
    """Read an authorizer's answer; raises AuthorizerFailed when API Gateway would not take it."""
    try:
        answer = json.loads(payload)
    except ValueError:
        raise AuthorizerFailed("not JSON") from None
    if not isinstance(answer, dict) or not isinstance(answer.get("principalId"), str):
        raise AuthorizerFailed("no principalId")
    policy, context = answer.get("policyDocument"), answer.get("context") or {}
    if not isinstance(policy, dict) or not isinstance(context, dict):
        raise AuthorizerFailed("no policy document")
    return Grant(policy, {"principalId": answer["principalId"], **{k: _scalar(k, v) for k, v in context.items()}})


def _scalar(name: str, value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str | int | float):
        raise AuthorizerFailed(f"context value {name!r} is not a string, number or boolean")
    return str(value)


def policy_allows(policy: Mapping[str, Any], arn: str) -> bool:
    """True when a statement allows invoking `arn` and none denies it.

    Raises AuthorizerFailed for statements this gateway cannot judge (conditions, negations).
    """
    allowed = False
    for statement in _listed(policy.get("Statement")):
        if not isinstance(statement, dict) or not {"Effect", "Action", "Resource"} >= statement.keys() - {"Sid"}:
            raise AuthorizerFailed("a policy statement that cannot be judged")
        if not _applies(statement, arn):
            continue
        if statement.get("Effect") != "Allow":
            return False
        allowed = True
    return allowed


def _applies(statement: Mapping[str, Any], arn: str) -> bool:
    actions, resources = _listed(statement.get("Action")), _listed(statement.get("Resource"))
    return any(wildcard_match(str(action).lower(), _INVOKE.lower()) for action in actions) and any(
        wildcard_match(str(resource), arn) for resource in resources
    )


def _listed(value: object) -> list[Any]:
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
