"""SQS FIFO queues: order within a group, and names that make a message sent twice arrive once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.adapters import clients
from chalicelib.adapters.aws_errors import translated
from chalicelib.adapters.sqs import BATCH
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef as Entry

    from chalicelib.domain.live.calls import Ordered


class FifoQueue:
    """Implements viewer_ports.OrderedQueue over one queue."""

    def __init__(self, url: str) -> None:
        """Take the queue's URL."""
        self._url = url

    def send(self, messages: Sequence[Ordered]) -> None:
        """Send in order, in batches of ten; raises Transient("queue_refused") when an entry is refused twice."""
        for start in range(0, len(messages), BATCH):
            refused = self._attempt(list(messages[start : start + BATCH]))
            if refused and self._attempt(refused):
                raise Transient("queue_refused", f"The queue refused {len(refused)} messages.")

    def _attempt(self, messages: list[Ordered]) -> list[Ordered]:
        entries: list[Entry] = [
            {
                "Id": str(index),
                "MessageBody": message.body,
                "MessageGroupId": message.group,
                "MessageDeduplicationId": message.name,
            }
            for index, message in enumerate(messages)
        ]
        with translated("The queue"):
            answer = clients.sqs().send_message_batch(QueueUrl=self._url, Entries=entries)
        return [messages[int(failed["Id"])] for failed in answer.get("Failed", [])]
