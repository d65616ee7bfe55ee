"""SQS over aiohttp: three calls of its JSON protocol. Long polls then cost a socket each, not a thread."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp

from headwater.local.presign import Credentials, unsigned

if TYPE_CHECKING:
    from collections.abc import Sequence

_BATCH = 10


class SqsError(Exception):
    """SQS refused or did not answer."""


@dataclass(frozen=True, slots=True)
class QueueAddress:
    """A queue at an emulator."""

    endpoint: str
    account: str
    region: str
    name: str

    @property
    def url(self) -> str:
        """What SQS calls the queue."""
        return f"{self.endpoint}/{self.account}/{self.name}"

    @property
    def arn(self) -> str:
        """What events call the queue."""
        return f"arn:aws:sqs:{self.region}:{self.account}:{self.name}"


class SqsClient:
    """Receives from and deletes in one queue."""

    def __init__(
        self, session: aiohttp.ClientSession, queue: QueueAddress, credentials: Credentials | None = None
    ) -> None:
        self._session = session
        self.queue = queue
        self._asks_as = unsigned(credentials or Credentials("headwater", "", queue.region), "sqs")

    async def receive(self, count: int, wait_s: int) -> list[dict[str, Any]]:
        """Return up to `count` (1..10) messages as SQS shapes them, waiting up to `wait_s` for the first."""
        request = {"MaxNumberOfMessages": count, "WaitTimeSeconds": wait_s}
        answer = await self._call("ReceiveMessage", {**request, "AttributeNames": ["All"]}, wait_s + 10)
        messages: list[dict[str, Any]] = answer.get("Messages") or []
        return messages

    async def delete(self, receipts: Sequence[str]) -> None:
        """Delete messages by their receipt handles; quiet about those already gone."""
        for start in range(0, len(receipts), _BATCH):
            batch = enumerate(receipts[start : start + _BATCH])
            entries = [{"Id": str(number), "ReceiptHandle": receipt} for number, receipt in batch]
            await self._call("DeleteMessageBatch", {"Entries": entries}, 10)

    async def _call(self, action: str, request: dict[str, Any], timeout_s: float) -> dict[str, Any]:
        headers = {
            "Content-Type": "application/x-amz-json-1.0",
            "X-Amz-Target": f"AmazonSQS.{action}",
            **self._asks_as,
        }
        body = json.dumps({"QueueUrl": self.queue.url, **request})
        limit = aiohttp.ClientTimeout(total=timeout_s)
        try:
            async with self._session.post(self.queue.endpoint, data=body, headers=headers, timeout=limit) as response:
                text = await response.text()
                if not response.ok:
                    raise SqsError(f"{action} on {self.queue.name}: {text[:300]}")
        except (aiohttp.ClientError, TimeoutError) as error:
            raise SqsError(f"{action} on {self.queue.name}: {error!r}") from error
        answer: dict[str, Any] = json.loads(text) if text else {}
        return answer
