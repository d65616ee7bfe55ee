"""Each queue's function, rolled back while messages of the later version still lie in its queue."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from support.lambda_events import Context, sqs_event

from chalicelib.domain.job import Priority
from chalicelib.entrypoints.on_broadcast import on_broadcast
from chalicelib.entrypoints.on_encode import on_encode
from chalicelib.entrypoints.on_encode_high import on_encode_high
from chalicelib.entrypoints.on_lifecycle import on_lifecycle
from chalicelib.entrypoints.on_live_segment import on_live_segment
from chalicelib.entrypoints.on_prepare import on_prepare
from chalicelib.entrypoints.on_upload import on_upload
from chalicelib.entrypoints.on_webhook import on_webhook

if TYPE_CHECKING:
    from collections.abc import Callable

LAST_TRY = "8"


class Queue:
    """Takes every hold."""

    def __init__(self) -> None:
        """Remember none yet."""
        self.hidden: list[int] = []

    def change_visibility(self, _receipt: str, seconds: int) -> bool:
        """Hide a message."""
        self.hidden.append(seconds)
        return True


@pytest.fixture(autouse=True)
def queue(serve: Callable[[str, object], None], serve_live: Callable[[str, object], None]) -> Queue:
    """One queue for all."""
    one = Queue()
    serve("uploads_queue", one)
    serve("prepare_queue", one)
    serve("encode_queues", {Priority.NORMAL: one, Priority.HIGH: one})
    serve_live("live_queue", one)
    return one


def given_back(function: Callable[[Any, Any], dict[str, Any]], body: str) -> list[str]:
    """Invoke a function on its last try; returns what it gives back."""
    event = sqs_event(body)
    for record in event["Records"]:
        record["attributes"] = record["attributes"] | {"ApproximateReceiveCount": LAST_TRY}
    return [failure["itemIdentifier"] for failure in function(event, Context())["batchItemFailures"]]


@pytest.mark.parametrize(
    ("function", "kind"),
    [
        (on_upload, "start"),
        (on_prepare, "join"),
        (on_encode, "encode"),
        (on_encode_high, "encode"),
        (on_lifecycle, "delete"),
        (on_live_segment, "live-tick"),
        (on_webhook, "tell"),
    ],
    ids=lambda value: getattr(value, "__name__", value),
)
def test_it_is_given_back(function: Callable[[Any, Any], dict[str, Any]], kind: str) -> None:
    """However often it came: its dead letters keep it for the version that reads it."""
    assert given_back(function, f'{{"v":99,"kind":"{kind}"}}') == ["m0"]


def test_it_is_not_hurried(queue: Queue) -> None:
    """A live message that waits for another version keeps its queue's pause, so that its tries last an hour."""
    given_back(on_live_segment, '{"v":99,"kind":"live-tick"}')
    assert queue.hidden == []


def test_an_announcement_would_hold_up_its_shard() -> None:
    """Viewers resume by themselves: it is dropped."""
    assert given_back(on_broadcast, '{"v":99,"kind":"live-announce"}') == []
