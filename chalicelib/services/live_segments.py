"""One object that an encoder has sent: refused with a reason, left alone, or packaged and put on the air."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.live.health import Refusal
from chalicelib.domain.live.inspection import MAX_BYTES
from chalicelib.domain.live.keys import parse_ingested
from chalicelib.domain.live.messages import FinishMessage
from chalicelib.errors import Permanent, Transient
from chalicelib.services.live_work import SegmentWork

if TYPE_CHECKING:
    from chalicelib.domain.ladder import EncodingProfile
    from chalicelib.domain.live.keys import Ingested
    from chalicelib.services.live_admission import Admission
    from chalicelib.services.live_ports import LiveSegments
    from chalicelib.services.live_publishing import LivePublisher
    from chalicelib.services.ports import Clock, Encoder, MessageHold, Objects

_MARGIN_S = 8
ONCE_MORE = 1000
"""Tries of an end that waits for nothing any more."""


@dataclass(frozen=True, slots=True)
class LivePackager:
    """Carries out what the live queue says of ingested objects. `scratch` is the only folder it may write."""

    admission: Admission
    publisher: LivePublisher
    segments: LiveSegments
    source: Objects
    media: Objects
    encoder: Encoder
    clock: Clock
    profiles: tuple[EncodingProfile, ...]
    """All rungs there are; a stream names those it wants."""
    scratch: str
    threads: int = 2

    def ingest(self, key: str, landed_at: float, hold: MessageHold, *, remaining_s: float, last_try: bool) -> None:
        """Take an object that landed at `landed_at` (Unix seconds), for the first time or again.

        Raises Transient when it should come again; on the `last_try` it is refused instead.
        """
        ingested = parse_ingested(key)
        head = self.source.head(key) if ingested and ingested.n is not None else None
        if ingested is None or head is None:
            return
        try:
            admitted = self.admission.admit(ingested, landed_at)
            if admitted is None:
                return
            stream, run = admitted
            segment = self.segments.get(stream.id, run, ingested.n or 0)
            if segment is None:
                _check_size(head.size)
                deadline = self.clock.now() + remaining_s - _MARGIN_S
                segment = SegmentWork(self, stream, run, ingested, landed_at, hold, deadline).package()
        except Permanent as reason:
            self._refuse(ingested, reason)
            return
        except Transient as reason:
            if last_try:
                self._refuse(ingested, reason)
                return
            raise
        if segment is not None:
            if self.publisher.accept(stream, segment).window.ended:
                # The recording may have been made while this was on its way: it is looked at again.
                self.publisher.queue.send([FinishMessage(stream.id, ONCE_MORE).dumps()], group=stream.id)
            # What is still there is still to be done: the end of the stream waits for it.
            self.source.delete([key])

    def _refuse(self, ingested: Ingested, reason: Permanent | Transient) -> None:
        """Tell the stream's owner, then remove the object."""
        stream = self.admission.streams.get(ingested.stream_id)
        if stream is not None:
            name = ingested.key.removeprefix(f"ingest/{stream.id}/")
            refusal = Refusal(self.clock.now(), name, reason.code, reason.detail)
            self.publisher.change(stream, lambda state: state.refused(refusal))
        self.source.delete([ingested.key])


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise Permanent("segment_too_large", f"A segment may have 10 MB; this one has {size} bytes.")
