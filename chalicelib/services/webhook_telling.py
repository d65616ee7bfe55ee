"""From changes in rows to deliveries: nothing that was written to be told is lost, and twice is once to receivers."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.webhooks.changes import Change, is_to_be_swept
from chalicelib.domain.webhooks.delivery import delivery_of
from chalicelib.domain.webhooks.events import (
    Event,
    event_of,
    recording_facts,
    stream_facts,
    unknown_recording,
)
from chalicelib.domain.webhooks.messages import DeliverMessage, Subject, TellMessage
from chalicelib.errors import Transient
from chalicelib.services.recordings import fair_group

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.webhooks.delivery import Delivery
    from chalicelib.services.live_ports import Streams
    from chalicelib.services.ports import Clock, Queue, Recordings
    from chalicelib.services.webhook_ports import Bus, Deliveries, Untold, Webhooks

SWEEP_LIMIT = 200
"""Rows of each kind in one sweep; the next one, a minute later, goes on."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Hints:
    """Says that a row has something to tell, right after it was written. One that is lost the sweep makes up for."""

    queue: Queue

    def hint(self, subject: Subject, row_id: str, owner: str) -> None:
        """Send the message; whatever stands in the way is logged: the write it follows has succeeded."""
        try:
            self.queue.send([TellMessage(subject, row_id).dumps()], group=fair_group(owner))
        except Transient:
            log.warning("could not hint at %s %s", subject.value, row_id, exc_info=True)


def send_attempt(queue: Queue, delivery: Delivery, *, delay_s: int = 0) -> None:
    """Ask for a delivery's next attempt."""
    message = DeliverMessage(delivery.owner, delivery.webhook_id, delivery.id, delivery.tries)
    queue.send([message.dumps()], group=fair_group(delivery.owner), delay_s=delay_s)


@dataclass(frozen=True, slots=True)
class Teller:
    """Makes deliveries of what rows have to tell. Every step may run twice; the row forgets last."""

    recordings: Recordings
    streams: Streams
    told_by_recordings: Untold
    told_by_streams: Untold
    webhooks: Webhooks
    deliveries: Deliveries
    bus: Bus | None
    queue: Queue
    clock: Clock
    public_url: str

    def tell(self, message: TellMessage) -> int:
        """Tell everything a row has to tell; returns how many events that were.

        Raises Transient when it should be tried again, also when the row had more to tell meanwhile.
        """
        rows = self._rows(message.subject)
        texts = rows.untold(message.id)
        if not texts:
            return 0
        for event in self._events(message, texts):
            self._send(event)
        if not rows.told(message.id, texts):
            raise Transient("more_to_tell", "Something else happened to it meanwhile.")
        return len(texts)

    def sweep(self) -> int:
        """Send again for rows whose hint was lost; returns how many."""
        sent, now = 0, self.clock.now()
        for subject in Subject:
            waiting = self._rows(subject).untold_rows(limit=SWEEP_LIMIT)
            bodies = [TellMessage(subject, one).dumps() for one, since in waiting if is_to_be_swept(one, since, now)]
            if bodies:
                self.queue.send(bodies, group="sweep")
            sent += len(bodies)
        return sent

    def _rows(self, subject: Subject) -> Untold:
        return self.told_by_recordings if subject is Subject.RECORDING else self.told_by_streams

    def _events(self, message: TellMessage, texts: Sequence[str]) -> list[Event]:
        changes = [Change.loads(text) for text in texts]
        if message.subject is Subject.RECORDING:
            recording = self.recordings.get(message.id)
            if recording is None:
                return []
            stream = self.streams.get(recording.stream_id) if recording.stream_id else None
            owner = recording.owner
        else:
            stream = self.streams.get(message.id)
            if stream is None:
                return []
            recording, owner = self.recordings.get(stream.recording_id), stream.owner
        if recording is not None:
            about = recording_facts(recording, self.public_url)
        else:
            about = unknown_recording(*(("", "") if stream is None else (stream.recording_id, stream.room_id)))
        of = stream_facts(stream) if stream else None
        return [event_of(change, message.id, owner=owner, recording=about, stream=of) for change in changes]

    def _send(self, event: Event) -> None:
        now = self.clock.now()
        for webhook in self.webhooks.by_owner(event.owner):
            if webhook.wants(event.type):
                delivery = delivery_of(event, webhook.id, now)
                # There already: whoever made it may have died before sending, and a message too many does nothing.
                self.deliveries.create(delivery)
                send_attempt(self.queue, delivery)
        if self.bus is not None:
            self.bus.put(event)
