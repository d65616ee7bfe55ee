"""Deliveries: one event on its way to one webhook, its attempts, and when the next one is due."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.domain.keys import address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.webhooks.events import Event

WAITS_S = (5, 300, 1800, 7200, 18_000, 28_800, 28_800)
"""After each failed attempt but the last: eight attempts within a day."""
JITTER = 0.1
"""Waits are spread by so much to either side, so that what failed together does not come back together."""
LONGEST_ASKED_S = 3600
"""A receiver's Retry-After counts up to so long."""
QUEUE_DELAY_S = 900
"""SQS's longest delay: for longer waits the schedule sends the message."""
LATE_S = 60
"""After so long a message that was sent counts as lost."""
CLAIM_S = 120
"""Longer than an attempt can take."""
KEPT_ATTEMPTS = 30
KEPT_S = 30 * 24 * 3600
_SUCCESS = 2
_GONE = 410


class DeliveryStatus(StrEnum):
    """How far a delivery is."""

    PENDING = "pending"
    DELIVERED = "delivered"
    FAILED = "failed"


class Failure(StrEnum):
    """What goes wrong before there is an answer, or makes it none."""

    ADDRESS_REFUSED = "address_refused"
    NAME_NOT_FOUND = "name_not_found"
    UNREACHABLE = "unreachable"
    TLS_FAILED = "tls_failed"
    TIMED_OUT = "timed_out"
    ANSWER_INVALID = "answer_invalid"
    REDIRECTED = "redirected"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one request: a status, or the code of what went wrong before there was one."""

    status: int | None
    error: str = ""
    duration_ms: int = 0
    retry_after_s: int | None = None

    @property
    def arrived(self) -> bool:
        """True when the receiver took it."""
        return self.status is not None and self.status // 100 == _SUCCESS

    @property
    def gone(self) -> bool:
        """True when the receiver wants no more."""
        return self.status == _GONE


@dataclass(frozen=True, slots=True)
class Attempt:
    """One request as the log shows it."""

    at: float
    status: int | None
    error: str
    duration_ms: int

    def to_list(self) -> list[Any]:
        """Return plain JSON values."""
        return [self.at, self.status, self.error, self.duration_ms]

    @staticmethod
    def from_list(data: list[Any]) -> Attempt:
        """Read what `to_list` wrote."""
        return Attempt(float(data[0]), None if data[1] is None else int(data[1]), str(data[2]), int(data[3]))


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as stored. Times are Unix seconds; `version` counts writes, for conditions."""

    id: str
    webhook_id: str
    owner: str
    event_id: str
    type: str
    created_at: float
    payload: Mapping[str, Any]
    status: DeliveryStatus = DeliveryStatus.PENDING
    attempts: tuple[Attempt, ...] = ()
    """The last ones, oldest first."""
    tries: int = 0
    """Attempts so far, also those that the log has forgotten."""
    round_from: int = 0
    """How many there had been when it was last sent off: the waits count from there."""
    next_attempt_at: float | None = None
    claimed_until: float | None = None
    """While somebody is at it; should they die, another may take the attempt from then on."""
    due_at: float | None = None
    """When the schedule looks after it; None once nothing more is to be done."""
    version: int = 0

    def claimed(self, now: float) -> Delivery:
        """Take the next attempt: should whoever took it die, the schedule finds it."""
        return replace(self, claimed_until=now + CLAIM_S, due_at=now + CLAIM_S, version=self.version + 1)

    def after(self, answer: Answer, now: float) -> Delivery:
        """Note an attempt; returns it delivered, failed for good, or waiting for the next one."""
        attempt = Attempt(now, answer.status, answer.error, answer.duration_ms)
        noted = replace(
            self,
            attempts=(*self.attempts, attempt)[-KEPT_ATTEMPTS:],
            tries=self.tries + 1,
            next_attempt_at=None,
            claimed_until=None,
            due_at=None,
            version=self.version + 1,
        )
        if answer.arrived:
            return replace(noted, status=DeliveryStatus.DELIVERED)
        wait = None if answer.gone else self._wait_s(answer)
        if wait is None:
            return replace(noted, status=DeliveryStatus.FAILED)
        due = now + wait + (LATE_S if wait <= QUEUE_DELAY_S else 0)
        return replace(noted, next_attempt_at=now + wait, due_at=due)

    def given_up(self) -> Delivery:
        """End it without another attempt."""
        ended = {"status": DeliveryStatus.FAILED, "next_attempt_at": None, "claimed_until": None, "due_at": None}
        return replace(self, **ended, version=self.version + 1)  # type: ignore[arg-type]  # named as the fields are

    def sent_off(self, now: float) -> Delivery:
        """Begin anew, at once, under the same event id."""
        return replace(
            self,
            status=DeliveryStatus.PENDING,
            round_from=self.tries,
            next_attempt_at=now,
            claimed_until=None,
            due_at=now + LATE_S,
            version=self.version + 1,
        )

    def reminded(self, now: float) -> Delivery:
        """Note that its message was sent again: a queue that is behind must not fill up with more of them."""
        return replace(self, due_at=now + 10 * LATE_S, version=self.version + 1)

    def _wait_s(self, answer: Answer) -> float | None:
        failed = self.tries - self.round_from
        if failed >= len(WAITS_S):
            return None
        # Chance that is the same for whoever computes it: a write that is made again says the same.
        chance = int(address({"delivery": self.id, "try": self.tries}, 8), 16) % 1000 / 999
        spread = WAITS_S[failed] * (1 - JITTER + 2 * JITTER * chance)
        return max(spread, min(answer.retry_after_s or 0, LONGEST_ASKED_S))


def delivery_of(event: Event, webhook_id: str, now: float) -> Delivery:
    """Make the delivery of an event to a webhook. Its id is made of both, and sorts by the event's time."""
    name = f"dlv_{int(event.at * 1000):013d}_{address({'event': event.id, 'webhook': webhook_id}, 16)}"
    return Delivery(
        id=name,
        webhook_id=webhook_id,
        owner=event.owner,
        event_id=event.id,
        type=event.type.value,
        created_at=now,
        payload=event.payload,
        next_attempt_at=now,
        due_at=now + LATE_S,
    )
