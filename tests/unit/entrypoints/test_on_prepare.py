"""Prepare messages: done, tried again, or given up with a reason."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from support.lambda_events import Context, sqs_event
from support.media import source, video

from chalicelib.domain.messages import EncodeMessage, JoinMessage, PrepareMessage
from chalicelib.entrypoints.on_prepare import on_prepare
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.services.ports import MessageHold

STREAM = source(0, picture=video(duration_s=Fraction(0)), container="mpegts", seekable=False)
MESSAGE = PrepareMessage("rec_0123456789abcdefghij", "v1", STREAM)


@dataclass
class Queue:
    """Remembers for how long which receipt was hidden."""

    hidden: list[tuple[str, int]] = field(default_factory=list)

    def change_visibility(self, receipt: str, seconds: int) -> bool:
        """Hide."""
        self.hidden.append((receipt, seconds))
        return True


@dataclass
class Worker:
    """Remembers its work; fails on demand."""

    handled: list[tuple[PrepareMessage | JoinMessage, float]] = field(default_factory=list)
    given_up: list[PrepareMessage | JoinMessage] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)

    def handle(self, message: PrepareMessage | JoinMessage, hold: MessageHold, *, remaining_s: float) -> None:
        """Work, or fail."""
        hold.keep(60)
        self.handled.append((message, remaining_s))
        if self.errors:
            raise self.errors.pop(0)

    def give_up(self, message: PrepareMessage | JoinMessage) -> None:
        """Remember."""
        self.given_up.append(message)


@pytest.fixture
def queue(serve: Callable[[str, object], None]) -> Queue:
    """The prepare queue."""
    service = Queue()
    serve("prepare_queue", service)
    return service


@pytest.fixture
def worker(serve: Callable[[str, object], None], queue: Queue) -> Worker:
    """The service behind the function."""
    assert queue
    service = Worker()
    serve("prepare_worker", service)
    return service


@pytest.fixture
def joiner(serve: Callable[[str, object], None], queue: Queue) -> Worker:
    """The service for the other kind of message."""
    assert queue
    service = Worker()
    serve("join_worker", service)
    return service


def deliver(*bodies: str, tries: int = 1) -> list[str]:
    """Invoke the function; returns the ids of the messages it gives back."""
    event = sqs_event(*bodies)
    for record in event["Records"]:
        record["attributes"] = record["attributes"] | {"ApproximateReceiveCount": str(tries)}
    answer: dict[str, Any] = on_prepare(event, Context(remaining_ms=123_500))
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_message_is_worked_on_with_the_time_that_is_left(worker: Worker, queue: Queue) -> None:
    """In seconds, its own message hidden meanwhile."""
    assert deliver(MESSAGE.dumps()) == []
    assert worker.handled == [(MESSAGE, 123.5)]
    assert queue.hidden == [("r0", 60)]


def test_files_to_download_are_made_by_the_same_function(joiner: Worker) -> None:
    """Tried again and given up like the others."""
    message = JoinMessage("job_1", "v")
    joiner.errors = [Transient("join_incomplete", "Small.")] * 2
    assert deliver(message.dumps()) == ["m0"]
    assert deliver(message.dumps(), tries=5) == []
    assert deliver(message.dumps()) == []
    assert joiner.handled == [(message, 123.5)] * 3
    assert joiner.given_up == [message]


def test_a_failure_comes_again_a_little_later_each_time(worker: Worker, queue: Queue) -> None:
    """After seconds, not after the queue's quarter of an hour."""
    worker.errors = [Transient("encode_interrupted", "exit 1")] * 2
    assert deliver(MESSAGE.dumps()) == ["m0"]
    assert deliver(MESSAGE.dumps(), tries=3) == ["m0"]
    assert queue.hidden == [("r0", 60), ("r0", 5), ("r0", 60), ("r0", 15)]
    assert worker.given_up == []


def test_the_user_is_told_before_the_message_is_a_dead_letter(worker: Worker) -> None:
    """After five tries the recording ends with a reason and the message is done."""
    worker.errors = [Transient("encode_interrupted", "exit 1")]
    assert deliver(MESSAGE.dumps(), tries=5) == []
    assert worker.given_up == [MESSAGE]


def test_workers_that_died_without_a_word_count_too(worker: Worker) -> None:
    """What exhausts memory or time each time is not begun a sixth time."""
    assert deliver(MESSAGE.dumps(), tries=6) == []
    assert (worker.handled, worker.given_up) == ([], [MESSAGE])


@pytest.mark.parametrize(
    "body",
    ["", "{}", "null", "[" * 100_000, EncodeMessage("job_1", "v", (1,)).dumps()],
)
def test_what_nobody_can_handle_is_dropped(worker: Worker, body: str) -> None:
    """Trying it again would not change it; the others in the batch still count."""
    assert deliver(body, MESSAGE.dumps()) == []
    assert [message for message, _ in worker.handled] == [MESSAGE]


def test_what_the_worker_finds_impossible_is_dropped(worker: Worker) -> None:
    """It is logged, and not tried again."""
    worker.errors = [Permanent("message_malformed", "No.")]
    assert deliver(MESSAGE.dumps()) == []


def test_a_defect_is_not_swallowed(worker: Worker) -> None:
    """Lambda reports the crash and the message comes again."""
    worker.errors = [KeyError("bug")]
    with pytest.raises(KeyError):
        deliver(MESSAGE.dumps())
