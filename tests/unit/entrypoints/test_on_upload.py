"""S3 notifications through SQS."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from support.fakes import FakeClock, FakeLedger
from support.lambda_events import Context, recorded, sqs_event
from support.media import job, plan, source, video

from chalicelib.domain.cost import PriceTable
from chalicelib.domain.messages import StartMessage
from chalicelib.entrypoints.on_upload import on_upload
from chalicelib.errors import Transient
from chalicelib.services.billing import Rates

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.job import Job

ID = "rec_0123456789abcdefghij"
COMPLETED = recorded("s3-multipart-completed")


@dataclass
class Transcoder:
    """Remembers what it was asked to start; fails on demand."""

    started: list[str] = field(default_factory=list)
    errors: list[Exception] = field(default_factory=list)
    given_up: list[str] = field(default_factory=list)

    def give_up(self, recording_id: str) -> None:
        """Remember."""
        self.given_up.append(recording_id)

    job: Job | None = None

    def start_from_upload(self, recording_id: str) -> Job | None:
        """Start, or fail."""
        self.started.append(recording_id)
        if self.errors:
            raise self.errors.pop(0)
        return self.job


@dataclass
class Queue:
    """Remembers for how long each message was hidden."""

    hidden: list[tuple[str, int]] = field(default_factory=list)

    refusals: int = 0
    """How many calls it does not answer."""

    def change_visibility(self, receipt_handle: str, seconds: int) -> bool:
        """Hide it, or fail."""
        if self.refusals:
            self.refusals -= 1
            raise Transient("aws_unavailable", "Queue.")
        self.hidden.append((receipt_handle, seconds))
        return True


@pytest.fixture(autouse=True)
def queue(serve: Callable[[str, object], None]) -> Queue:
    """The queue that the messages come from."""
    queue = Queue()
    serve("uploads_queue", queue)
    return queue


@pytest.fixture
def transcoder(serve: Callable[[str, object], None]) -> Transcoder:
    """The service behind the function."""
    service = Transcoder()
    serve("transcoder", service)
    return service


def deliver(*bodies: str, tries: int = 1) -> list[str]:
    """Invoke the function; returns the ids of the messages it gives back."""
    event = sqs_event(*bodies)
    for record in event["Records"]:
        record["attributes"] = record["attributes"] | {"ApproximateReceiveCount": str(tries)}
    answer: dict[str, Any] = on_upload(event, Context())
    return [failure["itemIdentifier"] for failure in answer["batchItemFailures"]]


def created(key: str) -> str:
    """The recorded event, about another key."""
    event = json.loads(COMPLETED)
    event["Records"][0]["s3"]["object"]["key"] = key
    return json.dumps(event)


def test_a_completed_upload_starts_its_recording(transcoder: Transcoder) -> None:
    """Size and ETag are not the event's: a late event must not bring back an old version."""
    assert deliver(COMPLETED) == []
    assert transcoder.started == [ID]


def test_a_start_message_does_as_the_event_did(transcoder: Transcoder) -> None:
    """What was missing for the job is there now; the object is looked at as it is."""
    assert deliver(StartMessage(ID).dumps()) == []
    assert transcoder.started == [ID]


def test_a_duplicate_starts_the_same(transcoder: Transcoder) -> None:
    """S3 and SQS both deliver at least once; the service finds what it did before."""
    assert deliver(COMPLETED, COMPLETED) == []
    assert transcoder.started == [ID, ID]


@pytest.mark.parametrize(
    "body",
    [
        recorded("s3-test-event"),
        "",
        "{",
        "[]",
        '{"Records":[{}]}',
        '{"Records":[{"eventName":"ObjectCreated:Put","s3":{}}]}',
        "[" * 100_000,
        created("sources%2Fsomebody%2Foriginal"),
        created("backup.zip"),
        created(f"sources%2F{ID}%2Foriginal%2F..%2Fother"),
    ],
)
def test_what_concerns_nobody_is_acknowledged(transcoder: Transcoder, body: str) -> None:
    """Test events, strangers' objects and nonsense start nothing and do not come back."""
    assert deliver(body, COMPLETED) == []
    assert len(transcoder.started) == 1


def test_only_what_failed_comes_again(transcoder: Transcoder) -> None:
    """The rest of the batch is done and stays done."""
    transcoder.errors = [Transient("probe_timeout", "Slow.")]
    assert deliver(COMPLETED, COMPLETED) == ["m0"]
    assert len(transcoder.started) == 2


def test_a_failure_pauses_a_little_longer_each_time(transcoder: Transcoder, queue: Queue) -> None:
    """Hidden while it is looked at, then for seconds and not for the queue's twelve minutes."""
    transcoder.errors = [Transient("probe_timeout", "Slow.")] * 2
    assert deliver(COMPLETED) == ["m0"]
    assert deliver(COMPLETED, tries=3) == ["m0"]
    assert queue.hidden == [("r0", 150), ("r0", 5), ("r0", 150), ("r0", 15)]


@pytest.mark.parametrize(("refusals", "hidden"), [(1, [("r0", 5)]), (2, [])])
def test_a_queue_that_does_not_answer_costs_seconds(
    transcoder: Transcoder, queue: Queue, refusals: int, hidden: list[tuple[str, int]]
) -> None:
    """The message is given back and the function goes on; after a crash the queue would hide it for twelve minutes."""
    queue.refusals = refusals
    assert deliver(COMPLETED) == ["m0"]
    assert (transcoder.started, queue.hidden) == ([], hidden)


def test_the_user_is_told_before_the_message_is_a_dead_letter(transcoder: Transcoder) -> None:
    """After eight tries the recording ends with a reason and the message is done."""
    transcoder.errors = [Transient("probe_timeout", "Slow.")]
    assert deliver(COMPLETED, tries=8) == []
    assert transcoder.given_up == [ID]


def test_a_defect_is_not_swallowed(transcoder: Transcoder) -> None:
    """Lambda reports the crash, the message comes again and ends among the dead letters."""
    transcoder.errors = [KeyError("bug")]
    with pytest.raises(KeyError):
        deliver(COMPLETED)


def test_looking_into_a_source_is_on_its_jobs_bill(
    transcoder: Transcoder, serve: Callable[[str, object], None]
) -> None:
    """Under the function's own name; a message that starts nothing is on nobody's."""
    ledger = FakeLedger()
    serve("ledger", ledger)
    serve("clock", FakeClock())
    serve("rates", Rates("on_upload", 1024, PriceTable()))
    deliver(COMPLETED)
    assert ledger.rows == {}
    transcoder.job = job(plan(source(10, picture=video())))
    deliver(COMPLETED)
    assert [(b.job_id, b.function, b.memory_mb) for b in ledger.rows.values()] == [("job_1", "on_upload", 1024)]
