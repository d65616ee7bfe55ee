"""Queues that drive functions, as Lambda's event source mappings do it: receive, invoke, delete what succeeded.

A message whose function failed is left alone: it comes back when its visibility runs out, and after the queue's
maximum of receives SQS moves it to the dead letters.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from typing import TYPE_CHECKING, Any

import aiohttp

from headwater.local.environment import Stack
from headwater.local.sqs_client import QueueAddress, SqsClient, SqsError

if TYPE_CHECKING:
    from headwater.local.declarations import Subscription
    from headwater.local.functions import LambdaService
    from headwater.local.presign import Credentials

logger = logging.getLogger(__name__)

_WAIT_S = 20
_PAUSE_S = 1.0
_FORWARDED = {"AWSTraceHeader", "MessageDeduplicationId", "MessageGroupId", "SequenceNumber"} | {
    "ApproximateReceiveCount",
    "ApproximateFirstReceiveTimestamp",
    "SenderId",
    "SentTimestamp",
}


class QueuePoller:
    """Polls one queue for one function, with its rights; it takes no message that no worker could start on."""

    def __init__(
        self,
        endpoint: str,
        subscription: Subscription,
        service: LambdaService,
        stack: Stack | None = None,
        credentials: Credentials | None = None,
    ) -> None:
        stack = stack or Stack()
        self._address = QueueAddress(endpoint, stack.account, stack.region, subscription.queue)
        self._subscription = subscription
        self._credentials = credentials
        self._service = service
        local = service.concurrency(subscription.function)
        self.limit = min(local, subscription.maximum_concurrency or local)
        self._loop: asyncio.Task[None] | None = None
        self._running: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """Begin polling."""
        self._loop = asyncio.create_task(self._poll())

    async def stop(self) -> None:
        """Stop polling and abandon what runs: its messages come back, as after any crash."""
        tasks = [*self._running, *([self._loop] if self._loop else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._loop = None

    async def _poll(self) -> None:
        slots = asyncio.Semaphore(self.limit)
        async with aiohttp.ClientSession() as session:
            client = SqsClient(session, self._address, self._credentials)
            while True:
                await slots.acquire()
                messages = await self._receive(client)
                if not messages:
                    slots.release()
                    continue
                task = asyncio.create_task(self._process(client, messages))
                self._running.add(task)
                task.add_done_callback(self._running.discard)
                task.add_done_callback(lambda _: slots.release())

    async def _receive(self, client: SqsClient) -> list[dict[str, Any]]:
        try:
            return await client.receive(min(self._subscription.batch_size, 10), _WAIT_S)
        except SqsError as error:
            logger.warning("%s", error)
            await asyncio.sleep(_PAUSE_S)
            return []

    async def _process(self, client: SqsClient, messages: list[dict[str, Any]]) -> None:
        event = {"Records": [self._record(message) for message in messages]}
        outcome = await self._service.invoke(self._subscription.function, event)
        if outcome.error is not None or outcome.payload is None:
            return
        receipts = {message["MessageId"]: message["ReceiptHandle"] for message in messages}
        done = set(receipts) - failed_ids(outcome.payload, set(receipts))
        if done:
            with contextlib.suppress(SqsError):
                await client.delete([receipts[name] for name in sorted(done)])

    def _record(self, message: dict[str, Any]) -> dict[str, Any]:
        attributes = message.get("Attributes") or {}
        return {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "body": message["Body"],
            "attributes": {name: value for name, value in attributes.items() if name in _FORWARDED},
            "messageAttributes": {},
            "md5OfBody": message["MD5OfBody"],
            "eventSource": "aws:sqs",
            "eventSourceARN": self._address.arn,
            "awsRegion": self._address.region,
        }


def failed_ids(payload: bytes, batch: set[str]) -> set[str]:
    """Return which messages of a batch a function's response leaves in the queue, by Lambda's rules.

    Nothing, null, {} and an empty or missing list mean that all went well; what cannot be understood, or names a
    message that is not of the batch, means that none did.
    """
    try:
        response = json.loads(payload or b"null")
    except ValueError:
        return batch
    if not response:
        return set()
    if not isinstance(response, dict):
        return batch
    failures = response.get("batchItemFailures") or []
    if not isinstance(failures, list):
        return batch
    names = {str(entry.get("itemIdentifier")) if isinstance(entry, dict) else "" for entry in failures}
    return names if names.issubset(batch) else batch
