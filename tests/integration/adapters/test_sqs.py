"""Sending, holding and requeueing messages against moto."""

from __future__ import annotations

from typing import Any

import pytest

from chalicelib.adapters import clients
from chalicelib.adapters.sqs import DEAD, SqsDeadLetters, SqsQueue
from chalicelib.errors import Transient


@pytest.fixture
def url(request: pytest.FixtureRequest) -> str:
    """Make a queue in moto."""
    request.getfixturevalue("aws")
    return clients.sqs().create_queue(QueueName="headwater-local-encode")["QueueUrl"]


class Requests:
    """Watches what the client sends."""

    def __init__(self) -> None:
        self.batches: list[list[dict[str, Any]]] = []
        clients.sqs().meta.events.register("provide-client-params.sqs.SendMessageBatch", self._note)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self.batches.append(params["Entries"])


def received(url: str) -> list[str]:
    """Empty the queue; returns the bodies."""
    bodies: list[str] = []
    while messages := clients.sqs().receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        bodies.extend(message["Body"] for message in messages)
    return bodies


def test_few_messages_go_in_order(url: str) -> None:
    """Ten a request, each with its group and delay."""
    requests = Requests()
    SqsQueue(url).send([f"m{n}" for n in range(25)], group="rec_1", delay_s=0)

    assert [len(batch) for batch in requests.batches] == [10, 10, 5]
    assert [entry["MessageBody"] for batch in requests.batches for entry in batch] == [f"m{n}" for n in range(25)]
    assert {entry["MessageGroupId"] for batch in requests.batches for entry in batch} == {"rec_1"}
    assert received(url) == [f"m{n}" for n in range(25)]


def test_nothing_is_sent_for_nothing(url: str) -> None:
    """An empty list makes no request."""
    requests = Requests()
    SqsQueue(url).send([], group="rec_1")

    assert requests.batches == []


def test_a_delay_hides_messages(url: str) -> None:
    """They are there, but not yet."""
    SqsQueue(url).send(["later"], group="rec_1", delay_s=600)

    assert received(url) == []


def test_a_large_fan_out_begins_in_order_and_loses_nothing(url: str) -> None:
    """The first thirty leave in order, the rest side by side, all of them once."""
    requests = Requests()
    SqsQueue(url).send([f"{n}" for n in range(105)], group="rec_1")
    sent = [entry["MessageBody"] for batch in requests.batches for entry in batch]

    assert sent[:30] == [f"{n}" for n in range(30)]
    assert sorted(map(int, sent)) == list(range(105))
    assert sorted(map(int, received(url))) == list(range(105))


def refuse(times: int) -> list[list[str]]:
    """Make the client refuse every second entry of the next requests; returns the ids that each one asked for."""
    asked: list[list[str]] = []

    def answer(parsed: dict[str, Any], **_: Any) -> None:
        ids = [done["Id"] for done in parsed.get("Successful", [])]
        asked.append(ids)
        if len(asked) <= times:
            lost = ids[::2]
            parsed["Successful"] = [done for done in parsed["Successful"] if done["Id"] not in lost]
            parsed["Failed"] = [{"Id": i, "Code": "InternalError", "SenderFault": False} for i in lost]

    clients.sqs().meta.events.register("after-call.sqs.SendMessageBatch", answer)
    return asked


def test_refused_entries_are_sent_once_more(url: str) -> None:
    """Only they, and only once."""
    asked = refuse(times=1)
    SqsQueue(url).send(["a", "b", "c"], group="rec_1")

    assert asked == [["0", "1", "2"], ["0", "2"]]


def test_entries_refused_twice_are_an_error(url: str) -> None:
    """The caller learns that not everything was sent."""
    refuse(times=2)

    with pytest.raises(Transient, match=r"queue_refused.*InternalError"):
        SqsQueue(url).send(["a", "b", "c"], group="rec_1")


def test_visibility_gives_a_message_back(url: str) -> None:
    """Zero seconds return it at once; a message that is gone is told apart."""
    queue = SqsQueue(url)
    queue.send(["work"], group="rec_1")
    message = clients.sqs().receive_message(QueueUrl=url)["Messages"][0]

    assert received(url) == []
    assert queue.change_visibility(message["ReceiptHandle"], 600) is True
    assert received(url) == []
    assert queue.change_visibility(message["ReceiptHandle"], 0) is True
    again = clients.sqs().receive_message(QueueUrl=url)["Messages"][0]
    assert again["MessageId"] == message["MessageId"]
    clients.sqs().delete_message(QueueUrl=url, ReceiptHandle=again["ReceiptHandle"])
    assert queue.change_visibility(again["ReceiptHandle"], 60) is False


@pytest.fixture
def dead(url: str) -> str:
    """Make the queue's dead letters."""
    return clients.sqs().create_queue(QueueName=url.rsplit("/", 1)[1] + DEAD)["QueueUrl"]


def test_dead_letters_are_looked_at_and_left(url: str, dead: str) -> None:
    """Body, group and time of sending; nobody misses them meanwhile."""
    clients.sqs().send_message(QueueUrl=dead, MessageBody="a", MessageGroupId="rec_1")
    clients.sqs().send_message(QueueUrl=dead, MessageBody="b")
    letters = SqsDeadLetters(url)

    assert letters.count() == 2
    for _ in range(2):
        assert [(letter.body, letter.group) for letter in letters.peek()] == [("a", "rec_1"), ("b", "")]
    assert all(letter.sent_at > 1_700_000_000 for letter in letters.peek())
    assert letters.count() == 2


def test_dead_letters_are_taken_and_then_dropped(url: str, dead: str) -> None:
    """Ten at a time; what is taken is hidden, and gone only when dropped."""
    for number in range(12):
        clients.sqs().send_message(QueueUrl=dead, MessageBody=f"{number}", MessageGroupId="g")
    letters = SqsDeadLetters(url)
    first, second = letters.take(60), letters.take(60)

    assert sorted(int(letter.body) for letter in (*first, *second)) == list(range(12))
    assert letters.take(60) == []
    letters.drop(first)
    letters.drop([])
    for letter in second:
        clients.sqs().change_message_visibility(QueueUrl=dead, ReceiptHandle=letter.receipt, VisibilityTimeout=0)
    assert sorted(received(dead)) == sorted(letter.body for letter in second)
