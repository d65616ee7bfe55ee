"""SQS: visibility, receives and dead letters as AWS counts them; messages that come twice, late and in any order."""

from __future__ import annotations

import json
from collections import deque
from dataclasses import dataclass, field
from itertools import count
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.domain.live.calls import Ordered
    from simulation.hub import Hub

BATCH = 10
_PAUSE_S = 0.5


@dataclass(eq=False, slots=True)
class Letter:
    """One message. Times are virtual Unix seconds."""

    name: str
    body: str
    sent_at: float
    visible_at: float
    receives: int = 0
    gone: bool = False


@dataclass(frozen=True, slots=True)
class Source:
    """A queue's function: its workers at a time, its time limit, the queue's visibility and maximum of receives."""

    function: str
    handler: Callable[[dict[str, Any], Any], Any]
    timeout_s: float
    visibility_s: float
    receives: int
    workers: int = 8


@dataclass
class Context:
    """What a function asks of its invocation."""

    hub: Hub
    deadline: float
    function_name: str
    aws_request_id: str = "simulated"

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until it is killed."""
        return max(0, int((self.deadline - self.hub.now) * 1000))


@dataclass
class SimQueue:
    """A standard queue with its function. `invoked` is told of every invocation's end: bodies and what it died of."""

    hub: Hub
    source: Source
    letters: dict[str, Letter] = field(default_factory=dict)
    dead: list[Letter] = field(default_factory=list)
    busy: int = 0
    numbers: Any = field(default_factory=count)

    @property
    def idle(self) -> bool:
        """True when there is nothing to do."""
        return not self.letters and not self.busy

    def send(self, bodies: Sequence[str], *, group: str, delay_s: int = 0) -> None:
        """Take messages, ten at a time: whoever dies in between has sent some."""
        assert group
        for start in range(0, len(bodies), BATCH):
            if start:
                self.hub.pause(0.01)
            for body in bodies[start : start + BATCH]:
                self.put(body, delay_s=delay_s)

    def put(self, body: str, *, delay_s: float = 0.0) -> None:
        """Take one message."""
        hub = self.hub
        wait_s = delay_s + hub.chance.uniform(0, 0.05)
        if hub.bad_luck(hub.weather.late):
            wait_s += hub.chance.uniform(0, 90)
        letter = Letter(f"{self.source.function}-{next(self.numbers)}", body, hub.now, hub.now + wait_s)
        self.letters[letter.name] = letter
        hub.at(wait_s, lambda: self._come(letter))

    def change_visibility(self, receipt: str, seconds: int) -> bool:
        """Hide a message; False when it is gone. A receipt is the message's name and how often it was received."""
        name, _, _ = receipt.partition("#")
        letter = self.letters.get(name)
        if letter is None:
            return False
        letter.visible_at = self.hub.now + seconds
        self.hub.at(seconds, lambda: self._come(letter))
        return True

    def _come(self, letter: Letter, *, twice: bool = False) -> None:
        hub, source = self.hub, self.source
        if letter.gone or (letter.visible_at > hub.now and not twice):
            return
        if self.busy >= source.workers:
            hub.at(_PAUSE_S, lambda: self._come(letter, twice=twice))
            return
        letter.receives += 1
        if letter.receives > source.receives:
            self._remove(letter)
            self.dead.append(letter)
            hub.fault(f"{source.function} dead letter")
            return
        letter.visible_at = hub.now + source.visibility_s
        hub.at(source.visibility_s, lambda: self._come(letter))
        if hub.bad_luck(hub.weather.twice):
            hub.fault(f"{source.function} message twice")
            hub.at(hub.chance.choice((0.0, 0.05, 5.0, 60.0)), lambda: self._come(letter, twice=True))
        self._invoke(letter)

    def _invoke(self, letter: Letter) -> None:
        hub, source = self.hub, self.source
        self.busy += 1
        record = {
            "messageId": letter.name,
            "receiptHandle": f"{letter.name}#{letter.receives}",
            "body": letter.body,
            "attributes": {"ApproximateReceiveCount": str(letter.receives)},
            "eventSource": "aws:sqs",
        }

        def work() -> None:
            try:
                answer = source.handler(
                    {"Records": [record]}, Context(hub, hub.now + source.timeout_s, source.function)
                )
                hub.pause(0.005)
                if not answer["batchItemFailures"]:
                    self._acknowledge(letter)
            finally:
                self.busy -= 1

        hub.begin(f"{source.function} {letter.name}", work, limit_s=source.timeout_s)

    def _acknowledge(self, letter: Letter) -> None:
        if self.hub.bad_luck(self.hub.weather.twice / 4):
            self.hub.fault(f"{self.source.function} acknowledgement lost")
            return
        self._remove(letter)

    def _remove(self, letter: Letter) -> None:
        letter.gone = True
        self.letters.pop(letter.name, None)


@dataclass
class SimFifo:
    """A FIFO queue with its function: one message of a group at a time, and the same name only once."""

    hub: Hub
    source: Source
    groups: dict[str, deque[Letter]] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)
    working: set[str] = field(default_factory=set)

    @property
    def idle(self) -> bool:
        """True when there is nothing to do."""
        return not any(self.groups.values()) and not self.working

    def send(self, messages: Sequence[Ordered]) -> None:
        """Take messages in order."""
        for message in messages:
            if message.name in self.names:
                continue
            self.names.add(message.name)
            letter = Letter(message.name, message.body, self.hub.now, self.hub.now)
            self.groups.setdefault(message.group, deque()).append(letter)
            self.hub.at(0.01, lambda group=message.group: self._next(group))

    def _next(self, group: str) -> None:
        waiting = self.groups[group]
        if not waiting or group in self.working:
            return
        letter = waiting[0]
        letter.receives += 1
        if letter.receives > self.source.receives:
            waiting.popleft()
            self.hub.at(0.0, lambda: self._next(group))
            return
        self.working.add(group)
        record = {
            "messageId": letter.name,
            "receiptHandle": letter.name,
            "body": letter.body,
            "attributes": {"ApproximateReceiveCount": str(letter.receives)},
            "eventSource": "aws:sqs",
        }
        wait_s = self.source.visibility_s

        def work() -> None:
            again_s = wait_s
            try:
                context = Context(self.hub, self.hub.now + self.source.timeout_s, self.source.function)
                if not self.source.handler({"Records": [record]}, context)["batchItemFailures"]:
                    again_s = 0.0
                    waiting.remove(letter)
            finally:
                self.working.discard(group)
                self.hub.at(again_s, lambda: self._next(group))

        self.hub.begin(f"{self.source.function} {letter.name}", work, limit_s=self.source.timeout_s)


def s3_event(bucket: str, key: str, size: int, etag: str, at: str) -> str:
    """Return what S3 tells a queue of a new object."""
    entry = {"key": key, "size": size, "eTag": etag.strip('"')}
    s3 = {"bucket": {"name": bucket}, "object": entry}
    return json.dumps({"Records": [{"eventName": "ObjectCreated:Put", "eventTime": at, "s3": s3}]})
