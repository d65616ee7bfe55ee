"""moto's SQS with messages that survive, and the places where it differs from SQS put right.

Put right: a message sent while another is deleted is not lost (moto swaps the list), a long poll wakes when a
message is sent or becomes visible rather than once a second, a fair queue serves the group with least in flight, and a
FIFO queue knows what it has taken for five minutes, also when it has been deleted since (but not after a restart).
"""

from __future__ import annotations

import json
import time
from collections import Counter
from typing import TYPE_CHECKING, Any, ClassVar

from moto.sqs import models

if TYPE_CHECKING:
    from headwater.local.persistence import Store

_UPSERT = """INSERT INTO messages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (id)
DO UPDATE SET queue = excluded.queue, received = excluded.received"""


class DurableQueue(models.Queue):
    """A queue whose list of messages is only touched under its lock, and mirrored in the store."""

    store: ClassVar[Store]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        """Make it as moto does."""
        super().__init__(*arguments, **options)
        self._taken: dict[str, float] = {}

    @property
    def messages(self) -> list[models.Message]:
        """What can be received now: groups with the least in flight first, then in order of arrival."""
        now = time.time() * 1000
        visible, hidden = [], Counter[str | None]()
        for message in list(self._messages):
            if now > message.visible_at and now >= message.delayed_until:
                visible.append(message)
            elif now <= message.visible_at:
                hidden[message.group_id] += 1
        if hidden and not self.fifo_queue:
            visible.sort(key=lambda message: hidden[message.group_id] if message.group_id else 0)
        return visible

    def next_visible_s(self) -> float:
        """Seconds until a hidden or delayed message can be received; infinite when there is none."""
        due = min((max(m.visible_at, m.delayed_until) for m in self._messages), default=float("inf"))
        return due / 1000 - time.time()

    def add_message(self, message: models.Message) -> None:
        """Append a message: sent, or moved here from the queue it failed in."""
        with self._messages_lock:
            if self.fifo_queue and self._is_repeated(message):
                return
            super().add_message(message)
            self.store.write((_UPSERT, _row(self.name, message)))

    def _is_repeated(self, message: models.Message) -> bool:
        """True for a name that was sent before within the time that SQS remembers it; notes it otherwise."""
        now, name = time.time(), message.deduplication_id
        self._taken = {known: until for known, until in self._taken.items() if until > now}
        if name in self._taken:
            return True
        if name is not None:
            self._taken[name] = now + models.DEDUPLICATION_TIME_IN_SECONDS
        return False

    def delete_message(self, receipt_handle: str) -> None:
        """Delete by any receipt handle the message ever had."""
        with self._messages_lock:
            before = {message.id for message in self._messages if message.had_receipt_handle(receipt_handle)}
            super().delete_message(receipt_handle)
            self.store.write(*(("DELETE FROM messages WHERE id = ?", (name,)) for name in before))

    def restore(self) -> None:
        """Take back the messages of an earlier run; whoever held one is gone, so all are visible."""
        for row in self.store.read("SELECT * FROM messages WHERE queue = ? ORDER BY rowid", self.name):
            self._messages.append(_message(row))


class DurableSqs(models.SQSBackend):
    """The backend."""

    @property
    def _url_module(self) -> Any:
        # moto finds its routes by the backend's module, which would be ours
        return __import__("moto.sqs.urls", fromlist=["url_bases", "url_paths"])

    def create_queue(self, name: str, tags: dict[str, str] | None = None, **kwargs: Any) -> models.Queue:
        """Create the queue and fill it with what it held before a restart."""
        known = name in self.queues
        queue = super().create_queue(name, tags, **kwargs)
        if not known and isinstance(queue, DurableQueue):
            queue.restore()
        return queue

    def receive_message(
        self,
        queue_name: str,
        count: int,
        wait_seconds_timeout: int,
        visibility_timeout: int,
        message_attribute_names: list[str] | None = None,
    ) -> list[models.Message]:
        """Receive up to `count`, waiting up to `wait_seconds_timeout` for the first."""
        queue = self.get_queue(queue_name)
        deadline = time.monotonic() + (wait_seconds_timeout or 0)
        with queue._messages_lock:  # noqa: SLF001
            while True:
                found = super().receive_message(queue_name, count, 0, visibility_timeout, message_attribute_names)
                left = deadline - time.monotonic()
                if found or left <= 0:
                    self._count(found)
                    return found
                wake = queue.next_visible_s() if isinstance(queue, DurableQueue) else left
                queue._messages_lock.wait(min(left, max(wake, 0.02)))  # noqa: SLF001

    def _count(self, received: list[models.Message]) -> None:
        sql = "UPDATE messages SET received = ?, first_received = ? WHERE id = ?"
        DurableQueue.store.write(
            *((sql, (m.approximate_receive_count, m.approximate_first_receive_timestamp, m.id)) for m in received)
        )

    def change_message_visibility(self, queue_name: str, receipt_handle: str, visibility_timeout: int) -> None:
        """Hide or show a message, and wake a long poll that may now get it."""
        queue = self.get_queue(queue_name)
        with queue._messages_lock:  # noqa: SLF001
            super().change_message_visibility(queue_name, receipt_handle, visibility_timeout)
            queue._messages_lock.notify_all()  # noqa: SLF001

    def purge_queue(self, queue_name: str) -> None:
        """Forget every message."""
        super().purge_queue(queue_name)
        DurableQueue.store.write(("DELETE FROM messages WHERE queue = ?", (queue_name,)))


def _row(queue_name: str, message: models.Message) -> tuple[object, ...]:
    return (
        message.id,
        queue_name,
        message.body,
        message.group_id,
        json.dumps(message.message_attributes, default=str),
        message.sent_timestamp,
        message.delayed_until,
        message.approximate_receive_count,
        message.approximate_first_receive_timestamp,
    )


def _message(row: tuple[Any, ...]) -> models.Message:
    message = models.Message(row[0], row[2])
    message.group_id = row[3]
    message.message_attributes = json.loads(row[4])
    message.sent_timestamp = row[5]
    message.delayed_until = row[6]
    message.approximate_receive_count = row[7]
    message.approximate_first_receive_timestamp = row[8]
    return message


def install(store: Store) -> None:
    """Replace moto's SQS with this one, for the whole process."""
    DurableQueue.store = store
    models.Queue = DurableQueue  # type: ignore[misc]
    models.sqs_backends.backend = DurableSqs
