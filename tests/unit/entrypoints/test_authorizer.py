"""The gateway's authorizer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.domain.access import Caller, Role
from chalicelib.entrypoints.authorizer import authorizer
from chalicelib.errors import Transient, Unauthorized

if TYPE_CHECKING:
    from collections.abc import Callable

EVENT = {
    "type": "TOKEN",
    "authorizationToken": "Bearer x",
    "methodArn": "arn:aws:execute-api:eu-central-1:123456789012:abc/api/GET/v1/recordings",
}


class Verifier:
    """Answers with what it was given."""

    def __init__(self, answer: Caller | Exception) -> None:
        self.answer = answer
        self.seen: list[str] = []

    def caller(self, authorization: str) -> Caller:
        """Answer."""
        self.seen.append(authorization)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def test_a_good_token_opens_every_route(serve: Callable[[str, object], None]) -> None:
    """The gateway caches the policy by token, so it must hold for all routes; the context is text."""
    verifier = Verifier(Caller("anna", Role.PUBLISHER))
    serve("token_verifier", verifier)
    answer: dict[str, Any] = authorizer(EVENT, {})
    assert verifier.seen == ["Bearer x"]
    assert (answer["principalId"], answer["context"]) == ("anna", {"sub": "anna", "role": "publisher"})
    (statement,) = answer["policyDocument"]["Statement"]
    assert statement["Effect"] == "Allow"
    assert statement["Resource"] == ["arn:aws:execute-api:eu-central-1:123456789012:abc/api/*/*"]


def test_a_bad_token_is_a_401(serve: Callable[[str, object], None]) -> None:
    """API Gateway compares the message's exact text."""
    serve("token_verifier", Verifier(Unauthorized("unauthorized", "The token has expired.")))
    with pytest.raises(Unauthorized) as caught:
        authorizer(EVENT, {})
    assert str(caught.value) == "Unauthorized"


def test_an_issuer_that_is_down_is_not_a_401(serve: Callable[[str, object], None]) -> None:
    """Nobody should be signed out by it."""
    serve("token_verifier", Verifier(Transient("issuer_unavailable", "Down.")))
    with pytest.raises(Transient):
        authorizer(EVENT, {})
