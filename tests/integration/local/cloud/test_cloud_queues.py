"""SQS as the emulator serves it."""

from __future__ import annotations

import concurrent.futures
import threading
import time
from typing import Any


def _bodies(answer: dict[str, Any]) -> list[str]:
    return [message["Body"] for message in answer.get("Messages", [])]


def test_a_long_poll_wakes_when_a_message_is_sent(cloud: Any) -> None:
    """The wait ends with the message, not with the next second."""
    sqs, queue = cloud.queue("wakes")
    sender = threading.Timer(0.4, lambda: sqs.send_message(QueueUrl=queue, MessageBody="now"))
    sender.start()
    begun = time.monotonic()
    received = _bodies(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20))
    assert received == ["now"]
    assert time.monotonic() - begun < 15
    sender.join()


def test_a_long_poll_wakes_when_a_message_is_given_back(cloud: Any) -> None:
    """ChangeMessageVisibility to zero reaches a poll that already waits, which looks by itself once a second.

    One of ten polls that ends before its first second is enough: a busy machine delays some of them.
    """
    sqs, queue = cloud.queue("given-back", VisibilityTimeout="60")
    sqs.send_message(QueueUrl=queue, MessageBody="again")
    held, took = sqs.receive_message(QueueUrl=queue)["Messages"][0]["ReceiptHandle"], [60.0]
    while min(took) >= 0.95:
        assert len(took) <= 10, took
        give = threading.Timer(
            0.3,
            sqs.change_message_visibility,
            kwargs={"QueueUrl": queue, "ReceiptHandle": held, "VisibilityTimeout": 0},
        )
        give.start()
        begun = time.monotonic()
        (again,) = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)["Messages"]
        took.append(time.monotonic() - begun)
        give.join()
        held = again["ReceiptHandle"]
    assert again["Body"] == "again"


def test_a_delayed_message_arrives_on_time(cloud: Any) -> None:
    """A poll that waits gets it when its delay is over."""
    sqs, queue = cloud.queue("delayed")
    sqs.send_message(QueueUrl=queue, MessageBody="later", DelaySeconds=1)
    begun = time.monotonic()
    assert _bodies(sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=20)) == ["later"]
    assert 0.5 < time.monotonic() - begun < 15


def test_nothing_is_lost_between_senders_and_consumers(cloud: Any) -> None:
    """Messages sent while others are deleted all arrive: moto alone loses some."""
    sqs, queue = cloud.queue("busy", VisibilityTimeout="60")
    seen: list[str] = []

    def send(number: int) -> None:
        sqs.send_message(QueueUrl=queue, MessageBody=str(number))

    def consume(_: int) -> None:
        while len(set(seen)) < 200 and time.monotonic() < limit:
            for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=5, WaitTimeSeconds=1).get(
                "Messages", []
            ):
                seen.append(message["Body"])
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])

    limit = time.monotonic() + 60
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        consumers = [pool.submit(consume, number) for number in range(3)]
        list(pool.map(send, range(200)))
        concurrent.futures.wait(consumers)
    assert sorted(seen, key=int) == [str(number) for number in range(200)]


def test_a_long_recording_does_not_starve_a_short_one(cloud: Any) -> None:
    """A standard queue with groups serves the group with the least in flight."""
    sqs, queue = cloud.queue("fair", VisibilityTimeout="60")
    for number in range(4):
        sqs.send_message(QueueUrl=queue, MessageBody=f"long {number}", MessageGroupId="long")
    sqs.send_message(QueueUrl=queue, MessageBody="short", MessageGroupId="short")
    order = [_bodies(sqs.receive_message(QueueUrl=queue))[0] for _ in range(3)]
    assert order == ["long 0", "short", "long 1"]


def _fifo(cloud: Any, name: str) -> tuple[Any, str]:
    return cloud.queue(f"{name}.fifo", FifoQueue="true", VisibilityTimeout="60")  # type: ignore[no-any-return]


def _send(sqs: Any, queue: str, group: str, *bodies: str) -> None:
    entries = [
        {"Id": str(n), "MessageBody": body, "MessageGroupId": group, "MessageDeduplicationId": f"{group}-{body}"}
        for n, body in enumerate(bodies)
    ]
    sqs.send_message_batch(QueueUrl=queue, Entries=entries)


def test_a_group_is_given_to_one_consumer_at_a_time(cloud: Any) -> None:
    """In order, and not before what was received of it is deleted; other groups go on meanwhile."""
    sqs, queue = _fifo(cloud, "groups")
    _send(sqs, queue, "a", "1", "2", "3")
    first = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=2, AttributeNames=["All"])["Messages"]
    _send(sqs, queue, "a", "4")
    _send(sqs, queue, "b", "1")
    other = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"])["Messages"]
    for message in first:
        sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    rest = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=2)
    seen = [[(m["Attributes"]["MessageGroupId"], m["Body"]) for m in batch] for batch in (first, other)]
    assert seen == [[("a", "1"), ("a", "2")], [("b", "1")]]
    assert _bodies(rest) == ["3", "4"]


def test_what_is_sent_twice_arrives_once(cloud: Any) -> None:
    """Also when the first has been deleted since: SQS remembers for five minutes."""
    sqs, queue = _fifo(cloud, "names")
    _send(sqs, queue, "a", "1")
    held = sqs.receive_message(QueueUrl=queue)["Messages"][0]
    sqs.delete_message(QueueUrl=queue, ReceiptHandle=held["ReceiptHandle"])
    _send(sqs, queue, "a", "1", "2")
    assert (held["Body"], _bodies(sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10))) == ("1", ["2"])
