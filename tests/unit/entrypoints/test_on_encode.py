"""Encode messages: done, given back, or dropped; and held while they are worked on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from support.lambda_events import Context, sqs_event

from chalicelib.domain.job import Priority
from chalicelib.domain.messages import DeleteMessage, EncodeMessage, ExtractMessage, Message
from chalicelib.entrypoints.on_encode import on_encode
from chalicelib.entrypoints.on_encode_high import on_encode_high
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.services.ports import MessageHold

MESSAGE = EncodeMessage("job_1", ("v-640x360",), (3,))


@dataclass
class Queue:
    """Remembers for how long which receipt was hidden; False as for a message that is gone."""

    hidden: list[tuple[str, int]] = field(default_factory=list)
    error: Exception | None = None

    def change_visibility(self, receipt: str, seconds: int) -> bool:
        """Hide, or fail."""
        if self.error:
            raise self.error
        self.hidden.append((receipt, seconds))
        return False


@dataclass
class Worker:
    """Remembers its work; hides its message as the real one does; fails on demand."""

    handled: list[tuple[Message, float]] = field(default_factory=list)
    errors: list[Exception | None] = field(default_factory=list)

    def handle(self, message: Message, hold: MessageHold, *, remaining_s: float) -> None:
        """Work, or fail."""
        hold.keep(60)
        self.handled.append((message, remaining_s))
        error = self.errors.pop(0) if self.errors else None
        if error:
            raise error


class Refused:
    """A worker whose database refuses the first read."""

    def handle(self, _message: Message, _hold: MessageHold, *, remaining_s: float) -> None:
        """Fail before anything is held."""
        raise Transient("aws_unavailable", f"Throttled with {remaining_s} s left.")


@pytest.fixture
def queue(serve: Callable[[str, object], None]) -> Queue:
    """The encode queue."""
    service = Queue()
    serve("encode_queues", {Priority.NORMAL: service})
    return service


@pytest.fixture
def worker(serve: Callable[[str, object], None], queue: Queue) -> Worker:
    """The service behind the function."""
    assert queue
    service = Worker()
    serve("encode_worker", service)
    return service


def deliver(*bodies: str, context: Context | None = None) -> list[str]:
    """Invoke the function; returns the ids of the messages it gives back."""
    answer: dict[str, Any] = on_encode(sqs_event(*bodies), context or Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def test_a_message_is_worked_on_with_the_time_that_is_left(worker: Worker) -> None:
    """In seconds, as Lambda says."""
    assert deliver(MESSAGE.dumps(), context=Context(remaining_ms=123_500)) == []
    assert worker.handled == [(MESSAGE, 123.5)]


def test_urgent_messages_are_hidden_in_their_own_queue(
    worker: Worker, queue: Queue, serve: Callable[[str, object], None]
) -> None:
    """Receipts of one queue mean nothing to another."""
    urgent = Queue()
    serve("encode_queues", {Priority.NORMAL: queue, Priority.HIGH: urgent})
    assert on_encode_high(sqs_event(MESSAGE.dumps()), Context()) == {"batchItemFailures": []}
    assert (len(worker.handled), queue.hidden, urgent.hidden) == (1, [], [("r0", 60)])


def test_its_own_message_is_hidden(worker: Worker, queue: Queue) -> None:
    """Each by its receipt; one that is gone meanwhile is nobody's loss."""
    assert deliver(MESSAGE.dumps(), MESSAGE.dumps()) == []
    assert len(worker.handled) == 2
    assert queue.hidden == [("r0", 60), ("r1", 60)]


def test_only_what_should_come_again_is_given_back(worker: Worker) -> None:
    """What can never succeed is dropped, what was done stays done."""
    worker.errors = [None, Transient("task_leased", "Busy."), Permanent("message_malformed", "No."), None]
    assert deliver(*[MESSAGE.dumps()] * 4) == ["m1"]
    assert len(worker.handled) == 4


def test_a_queue_that_does_not_answer_gives_the_message_back(worker: Worker, queue: Queue) -> None:
    """Without its hold the work could be done twice at once."""
    queue.error = Transient("aws_unavailable", "Queue.")
    assert deliver(MESSAGE.dumps()) == ["m0"]
    assert worker.handled == []


def test_what_failed_before_it_was_held_comes_again_soon(queue: Queue, serve: Callable[[str, object], None]) -> None:
    """A database that refuses the very first read would otherwise hide the message for a quarter of an hour."""
    serve("encode_worker", Refused())
    assert deliver(MESSAGE.dumps()) == ["m0"]
    assert queue.hidden == [("r0", 5)]


def test_what_was_held_keeps_its_own_time(worker: Worker, queue: Queue) -> None:
    """A task that somebody else holds comes again when that lease is over, and not before."""
    worker.errors = [Transient("task_leased", "Busy.")]
    assert deliver(MESSAGE.dumps()) == ["m0"]
    assert queue.hidden == [("r0", 60)]


@pytest.mark.parametrize("body", ["", "{}", "null", "[" * 100_000, DeleteMessage("rec_1").dumps()])
def test_what_nobody_can_handle_is_dropped(worker: Worker, body: str) -> None:
    """Trying it twenty times would not change it; the others in the batch still count."""
    assert deliver(body, MESSAGE.dumps()) == []
    assert [message for message, _ in worker.handled] == [MESSAGE]


def test_subtitles_have_a_worker_of_their_own(
    worker: Worker, queue: Queue, serve: Callable[[str, object], None]
) -> None:
    """From the same queue, given back like any other message."""
    extractor = Worker(errors=[None, Transient("encode_interrupted", "exit 1")])
    serve("caption_extractor", extractor)
    assert deliver(ExtractMessage("job_1").dumps(), ExtractMessage("job_2").dumps()) == ["m1"]
    assert [message for message, _ in extractor.handled] == [ExtractMessage("job_1"), ExtractMessage("job_2")]
    assert (worker.handled, queue.hidden) == ([], [("r0", 60), ("r1", 60)])


def test_a_defect_is_not_swallowed(worker: Worker) -> None:
    """Lambda reports the crash and the message comes again."""
    worker.errors = [KeyError("bug")]
    with pytest.raises(KeyError):
        deliver(MESSAGE.dumps())


def test_nothing_secret_is_logged(worker: Worker, capsys: pytest.CaptureFixture[str]) -> None:
    """Ids and codes are; receipts and bodies are not."""
    worker.errors = [Transient("encode_interrupted", "Ended with 1: https://s3.test/original?X-Amz-Signature=5ec2e7")]
    deliver(MESSAGE.dumps())
    written = capsys.readouterr().out
    assert "job_1" in written
    assert "encode_interrupted" in written
    assert "5ec2e7" not in written
    assert '"r0"' not in written
