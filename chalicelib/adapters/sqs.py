"""SQS: sending in batches, holding or giving back one message, and looking after dead letters."""

from __future__ import annotations

import secrets
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from chalicelib.adapters import clients
from chalicelib.adapters.aws_errors import code_of, translated
from chalicelib.errors import Transient
from chalicelib.services.ports import Letter

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_sqs.type_defs import MessageTypeDef as Message
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef as Entry

BATCH = 10
HEAD_BATCHES = 3
"""Sent one after the other: they hold the chunks a viewer waits for."""
SENDERS = 4
DEAD = "-dead"
FIFO = ".fifo"
"""What the names of queues end with that keep the order of each group."""
"""What a queue's dead letters are called beyond its name."""
_WAIT_S = 1
"""A receive without waiting asks only some of SQS's servers, and may find nothing where there is something."""
_GONE = {"ReceiptHandleIsInvalid", "MessageNotInflight", "InvalidParameterValue"}


class SqsQueue:
    """Implements ports.Queue over one queue."""

    def __init__(self, url: str) -> None:
        """Take the queue's URL."""
        self._url = url

    def send(self, bodies: Sequence[str], *, group: str, delay_s: int = 0) -> None:
        """Send in order, in batches of ten; beyond the first thirty, batches may overtake each other.

        `group` is the fair-queue group; in a FIFO queue, which knows no delays, it is the unit of order.
        Raises Transient("queue_refused") when an entry is refused twice.
        """
        entries = [self._entry(index, body, group, delay_s) for index, body in enumerate(bodies)]
        batches = [entries[start : start + BATCH] for start in range(0, len(entries), BATCH)]
        clients.sqs()
        for batch in batches[:HEAD_BATCHES]:
            self._send_batch(batch)
        rest = batches[HEAD_BATCHES:]
        if not rest:
            return
        with ThreadPoolExecutor(min(SENDERS, len(rest))) as senders:
            for _ in senders.map(self._send_batch, rest):
                pass

    def change_visibility(self, receipt_handle: str, seconds: int) -> bool:
        """Hide a received message for `seconds` from now (0 gives it back); False when it is no longer ours."""
        with translated("The queue"):
            try:
                clients.sqs().change_message_visibility(
                    QueueUrl=self._url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
                )
            except ClientError as error:
                if code_of(error) in _GONE:
                    return False
                raise
        return True

    def waiting(self) -> int:
        """Messages that nobody has taken yet, as far as SQS knows."""
        return _count(self._url)

    def _entry(self, index: int, body: str, group: str, delay_s: int) -> Entry:
        entry: Entry = {"Id": str(index), "MessageBody": body, "MessageGroupId": group}
        if self._url.endswith(FIFO):
            # One name for each sending: whoever sends the same again means it, a second try of ours does not.
            return entry | {"MessageDeduplicationId": secrets.token_hex(16)}
        return entry | {"DelaySeconds": delay_s}

    def _send_batch(self, entries: list[Entry]) -> None:
        refused = self._attempt(entries)
        if refused:
            refused = self._attempt([entry for entry in entries if entry["Id"] in refused])
        if refused:
            reasons = ", ".join(sorted(set(refused.values())))
            raise Transient("queue_refused", f"The queue refused {len(refused)} messages ({reasons}).")

    def _attempt(self, entries: list[Entry]) -> dict[str, str]:
        with translated("The queue"):
            answer = clients.sqs().send_message_batch(QueueUrl=self._url, Entries=entries)
        return {failed["Id"]: failed["Code"] for failed in answer.get("Failed", [])}


class SqsDeadLetters:
    """Implements ports.DeadLetters for the queue at a URL: its dead letters lie beside it, under its name and DEAD."""

    def __init__(self, url: str) -> None:
        """Take the URL of the queue whose messages end here."""
        self._url = url.removesuffix(FIFO) + DEAD + (FIFO if url.endswith(FIFO) else "")

    def count(self) -> int:
        """Messages that can be received now, as far as SQS knows."""
        return _count(self._url)

    def peek(self) -> list[Letter]:
        """Receive up to ten and hide none."""
        return self._receive(hide_s=0, wait_s=0)

    def take(self, hide_s: int) -> list[Letter]:
        """Receive up to ten."""
        return self._receive(hide_s=hide_s, wait_s=_WAIT_S)

    def _receive(self, *, hide_s: int, wait_s: int) -> list[Letter]:
        with translated("The queue"):
            answer = clients.sqs().receive_message(
                QueueUrl=self._url,
                MaxNumberOfMessages=BATCH,
                VisibilityTimeout=hide_s,
                WaitTimeSeconds=wait_s,
                MessageSystemAttributeNames=["MessageGroupId", "SentTimestamp"],
            )
        return [_letter(message) for message in answer.get("Messages", [])]

    def drop(self, letters: Sequence[Letter]) -> None:
        """Delete; one that cannot be is received again later."""
        if not letters:
            return
        with translated("The queue"):
            clients.sqs().delete_message_batch(
                QueueUrl=self._url,
                Entries=[{"Id": str(index), "ReceiptHandle": letter.receipt} for index, letter in enumerate(letters)],
            )


def _count(url: str) -> int:
    with translated("The queue"):
        answer = clients.sqs().get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(answer["Attributes"]["ApproximateNumberOfMessages"])


def _letter(message: Message) -> Letter:
    attributes = message.get("Attributes", {})
    sent_at = int(attributes.get("SentTimestamp", "0")) / 1000
    return Letter(message["Body"], attributes.get("MessageGroupId", ""), sent_at, message["ReceiptHandle"])
