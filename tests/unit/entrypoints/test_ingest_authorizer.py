"""What the gateway is told about each PUT of an encoder."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.lambda_events import Context

from chalicelib.domain.live.stream import Input
from chalicelib.entrypoints.ingest_authorizer import ingest_authorizer
from chalicelib.errors import Conflict, Transient

if TYPE_CHECKING:
    from collections.abc import Callable

ARN = "arn:aws:execute-api:eu-central-1:1:api/stage/PUT/ingest"


class Ingest:
    """Answers with what it was given, and remembers what it was asked."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.asked: list[tuple[object, ...]] = []

    def route(self, *asked: object) -> object:
        """Place a file."""
        self.asked.append(asked)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def ask(serve_live: Callable[[str, object], None]) -> Callable[..., tuple[str, dict[str, str], Ingest]]:
    """Return a function that sends an event; returns effect, context and what was asked."""

    def call(answer: object, path: str, method: str = "PUT") -> tuple[str, dict[str, str], Ingest]:
        ingest = Ingest(answer)
        serve_live("ingest", ingest)
        event: dict[str, Any] = {"methodArn": ARN, "path": path, "httpMethod": method}
        found: dict[str, Any] = ingest_authorizer(event, Context())
        (statement,) = found["policyDocument"]["Statement"]
        assert (statement["Resource"], statement["Action"]) == (ARN, "execute-api:Invoke")
        assert isinstance(found["principalId"], str)
        return statement["Effect"], found["context"], ingest

    return call


def test_a_segment_has_a_place(ask: Any) -> None:
    """Bucket and key; the path says which input, decoded."""
    effect, context, ingest = ask("ingest/live_1/1/0.m4s", "/ingest/live_1/sk_1/s%2000000.m4s")
    assert (effect, context) == ("Allow", {"bucket": "headwater-local-source", "key": "ingest/live_1/1/0.m4s"})
    assert ingest.asked == [("live_1", "sk_1", Input.PRIMARY, "s 00000.m4s")]
    _, _, ingest = ask("x", "/ingest/live_1/sk_1/backup/s0.m4s")
    assert ingest.asked == [("live_1", "sk_1", Input.BACKUP, "s0.m4s")]


def test_playlists_and_deletes_go_nowhere(ask: Any) -> None:
    """They are taken, so that the encoder goes on; a gateway that can only store has one object for all of them."""
    discarded = {"discard": "true", "bucket": "headwater-local-source", "key": "discarded/playlist"}
    assert ask(None, "/ingest/live_1/sk_1/live.m3u8")[:2] == ("Allow", discarded)
    effect, context, ingest = ask("x", "/ingest/live_1/sk_1/s0.m4s", "DELETE")
    assert (effect, context, ingest.asked) == ("Allow", discarded, [])


def test_a_refusal_has_a_code(ask: Any) -> None:
    """Stable, for the gateway's log."""
    effect, context, _ = ask(Conflict("stream_stopped", "Over."), "/ingest/live_1/sk_1/s0.m4s")
    assert (effect, context) == ("Deny", {"code": "stream_stopped", "detail": "Over."})


@pytest.mark.parametrize("path", ["", "/ingest/live_1/sk_1", "/ingest/live_1/sk_1/a/b", "/ingest//sk_1/s0.m4s", "/x"])
def test_other_paths_are_denied(ask: Any, path: str) -> None:
    """Nobody is asked about them."""
    effect, context, ingest = ask("x", path)
    assert (effect, context, ingest.asked) == ("Deny", {"code": "no_such_route"}, [])


def test_what_may_pass_by_itself_is_no_refusal(ask: Any) -> None:
    """The gateway answers 500, and the encoder may try again."""
    with pytest.raises(Transient):
        ask(Transient("aws_unavailable", "Busy."), "/ingest/live_1/sk_1/s0.m4s")
