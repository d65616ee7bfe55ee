"""Messages that failed too often: how many there are, and back to work with them once the fault is mended."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from typing import TYPE_CHECKING, Any

from chalicelib.errors import NotFound

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.services.ports import Clock, DeadLetters, Queue

REQUEUE_S = 15.0
"""A call ends by itself long before the gateway's 29 s."""
_HIDDEN_S = 60
_NO_GROUP = "requeued"
"""S3's own notifications have no group."""


@dataclass(frozen=True, slots=True)
class Office:
    """One queue with its dead letters."""

    queue: Queue
    dead: DeadLetters


@dataclass(frozen=True, slots=True)
class DeadLetterService:
    """Looks after all queues, by their short names. Nothing is ever lost: a letter is sent first and removed then."""

    offices: Mapping[str, Office]
    clock: Clock

    def overview(self) -> list[dict[str, Any]]:
        """Return for each queue how many letters there are and, of some of them, the age of the oldest in seconds."""
        return [self._entry(name, office.dead) for name, office in self.offices.items()]

    def _entry(self, name: str, dead: DeadLetters) -> dict[str, Any]:
        count = dead.count()
        ages = [self.clock.now() - letter.sent_at for letter in dead.peek()] if count else []
        return {"queue": name, "messages": count, "oldest_s": round(max(0.0, *ages), 1) if ages else None}

    def requeue(self, name: str) -> dict[str, Any]:
        """Move letters back to their queue, for fifteen seconds at most; returns how many went and are left.

        Raises NotFound("queue_not_found"). Dying in the middle sends some twice, which every worker is made for.
        """
        office = self.offices.get(name)
        if office is None:
            raise NotFound("queue_not_found", f"There is no such queue; there are {', '.join(self.offices)}.")
        end, moved = self.clock.now() + REQUEUE_S, 0
        while self.clock.now() < end and (letters := office.dead.take(_HIDDEN_S)):
            for group, some in groupby(letters, key=lambda letter: letter.group or _NO_GROUP):
                office.queue.send([letter.body for letter in some], group=group)
            office.dead.drop(letters)
            moved += len(letters)
        return {"queue": name, "moved": moved, "left": office.dead.count()}
