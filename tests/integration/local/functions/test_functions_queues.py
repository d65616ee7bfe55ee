"""Queues that drive functions, against a real emulator and real workers."""

from __future__ import annotations

import asyncio
import json
import textwrap
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from boto3.session import Session

from headwater.local.aws import REGION, AwsEmulator
from headwater.local.declarations import Schedule, Subscription
from headwater.local.event_sources import QueuePoller
from headwater.local.schedules import Scheduler

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

HANDLERS = """
    import json, time
    from pathlib import Path

    def note(event, context):
        for record in event.get("Records", [event]):
            with open(Path(__file__).with_name("seen"), "a") as file:
                file.write(json.dumps({**record, "at": time.time()}) + "\\n")

    def picky(event, context):
        note(event, context)
        bad = [r["messageId"] for r in event["Records"] if r["body"].startswith("bad")]
        return {"batchItemFailures": [{"itemIdentifier": name} for name in bad]}

    def failing(event, context):
        note(event, context)
        raise RuntimeError("no")

    def slow(event, context):
        note({"Records": [{"begin": 1}]}, context)
        time.sleep(0.3)
        note({"Records": [{"end": 1}]}, context)

    def stuck(event, context):
        note({"Records": [{"begin": 1}]}, context)
        time.sleep(60)
"""


class Bench:
    """An emulator, its SQS client, and what the handlers noted."""

    def __init__(self, endpoint: str, root: Path) -> None:
        self.endpoint = endpoint
        session = Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        self.sqs = session.client("sqs", endpoint_url=endpoint)
        self._root = root

    def queue(self, visibility_s: int, receives: int) -> None:
        """Make the queues `work` and `work-dead`."""
        self.dead = self.sqs.create_queue(QueueName="work-dead")["QueueUrl"]
        redrive = {
            "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:123456789012:work-dead",
            "maxReceiveCount": receives,
        }
        attributes = {"VisibilityTimeout": str(visibility_s), "RedrivePolicy": json.dumps(redrive)}
        self.url = self.sqs.create_queue(QueueName="work", Attributes=attributes)["QueueUrl"]

    def send(self, *bodies: str) -> None:
        """Send in one batch."""
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(bodies)]
        self.sqs.send_message_batch(QueueUrl=self.url, Entries=entries)

    def seen(self) -> list[dict[str, Any]]:
        """What the handlers noted, in order."""
        file = self._root / "seen"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []

    def left(self, url: str) -> int:
        """Messages in a queue, visible or not."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return sum(int(found[name]) for name in names)


@pytest.fixture
def bench(task_root: Path) -> Iterator[Bench]:
    """One emulator per test: queues do not meet."""
    (task_root / "queued.py").write_text(textwrap.dedent(HANDLERS))
    with AwsEmulator() as emulator:
        yield Bench(emulator.start(), task_root)


@pytest.fixture
def polling(bench: Bench, service: Any, declare: Any) -> Callable[..., Any]:
    """Poll the queue `work` for the length of an `async with`."""

    @asynccontextmanager
    async def run(handler: str, batch: int = 1, at_most: int | None = None, workers: int = 1) -> AsyncIterator[None]:
        spec = declare(handler, module="queued")
        async with service(spec, concurrency={handler: workers}) as functions:
            await functions.warm(handler, workers)
            poller = QueuePoller(bench.endpoint, Subscription("work", handler, batch, at_most), functions)
            await poller.start()
            try:
                yield
            finally:
                await poller.stop()

    return run


def test_a_message_becomes_an_event_and_goes(bench: Bench, polling: Any, until: Any) -> None:
    """The record has Lambda's shape, arrives at once, and the message is deleted."""
    bench.queue(visibility_s=60, receives=3)

    async def scenario() -> float:
        async with polling("note"):
            await asyncio.sleep(0.3)
            sent = time.time()
            await asyncio.to_thread(bench.send, "hello")
            assert await until(lambda: bench.seen() and bench.left(bench.url) == 0)
            return float(bench.seen()[0]["at"]) - sent

    latency = asyncio.run(scenario())
    record = bench.seen()[0]
    assert (record["body"], record["eventSource"], record["attributes"]["ApproximateReceiveCount"]) == (
        "hello", "aws:sqs", "1",
    )  # fmt: skip
    assert record["eventSourceARN"] == f"arn:aws:sqs:{REGION}:123456789012:work"
    assert latency < 15


def test_what_keeps_failing_ends_in_the_dead_letters(bench: Bench, polling: Any, until: Any) -> None:
    """Tried as often as the queue says, each time when its visibility ran out, then moved."""
    bench.queue(visibility_s=1, receives=2)

    async def scenario() -> bool:
        async with polling("failing"):
            bench.send("poison")
            return bool(await until(lambda: bench.left(bench.dead) == 1))

    assert asyncio.run(scenario())
    counts = [record["attributes"]["ApproximateReceiveCount"] for record in bench.seen()]
    assert (counts, bench.left(bench.url)) == (["1", "2"], 0)


def test_of_a_batch_only_the_failed_stay(bench: Bench, polling: Any, until: Any) -> None:
    """Partial failures keep their message and no other."""
    bench.queue(visibility_s=60, receives=3)
    bench.send("good 1", "bad", "good 2")

    async def scenario() -> bool:
        async with polling("picky", batch=10):
            return bool(await until(lambda: bench.left(bench.url) == 1))

    assert asyncio.run(scenario())
    assert [record["body"] for record in bench.seen()] == ["good 1", "bad", "good 2"]


@pytest.mark.parametrize(("at_most", "workers", "expected"), [(2, 3, 2), (500, 2, 2)])
def test_the_lower_limit_of_concurrency_holds(
    bench: Bench, polling: Any, until: Any, at_most: int, workers: int, expected: int
) -> None:
    """As many at once as declared and as there are workers, and no fewer."""
    bench.queue(visibility_s=60, receives=3)
    bench.send(*(str(number) for number in range(8)))

    async def scenario() -> bool:
        async with polling("slow", at_most=at_most, workers=workers):
            return bool(await until(lambda: bench.left(bench.url) == 0))

    assert asyncio.run(scenario())
    running, most = 0, 0
    for record in bench.seen():
        running += 1 if "begin" in record else -1
        most = max(most, running)
    assert most == expected


def test_a_message_nobody_can_start_on_stays_visible(bench: Bench, polling: Any, until: Any) -> None:
    """With one worker at work the rest of the queue can still be taken by others."""
    bench.queue(visibility_s=60, receives=3)
    bench.send("0", "1", "2")

    async def scenario() -> int:
        async with polling("stuck"):
            await until(bench.seen)
            found = bench.sqs.get_queue_attributes(QueueUrl=bench.url, AttributeNames=["ApproximateNumberOfMessages"])
            return int(found["Attributes"]["ApproximateNumberOfMessages"])

    assert asyncio.run(scenario()) == 2


def test_a_schedule_runs_soon_and_again(bench: Bench, service: Any, declare: Any, until: Any) -> None:
    """EventBridge's event, at its rate."""

    async def scenario() -> bool:
        async with service(declare("note", module="queued")) as functions:
            await functions.warm("note")
            scheduler = Scheduler((Schedule("note", 1),), functions, first_after_s=0.1)
            await scheduler.start()
            again = await until(lambda: len(bench.seen()) >= 2)
            await scheduler.stop()
            return bool(again)

    assert asyncio.run(scenario())
    first, second = bench.seen()[:2]
    assert (first["detail-type"], first["source"]) == ("Scheduled Event", "aws.events")
    assert second["at"] > first["at"]
