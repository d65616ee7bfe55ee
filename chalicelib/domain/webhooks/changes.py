"""Changes that are to be told. One is written with the row it changes, in the same write, and taken out once told."""

from __future__ import annotations

import json
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING
from zlib import crc32

from chalicelib.domain.recording import RecordingStatus

if TYPE_CHECKING:
    from collections.abc import Mapping


class EventType(StrEnum):
    """Everything that can be told."""

    RECORDING_PLAYABLE = "recording.playable"
    RECORDING_READY = "recording.ready"
    RECORDING_ERRORED = "recording.errored"
    RECORDING_DELETED = "recording.deleted"
    LIVE_STARTED = "live.started"
    LIVE_PAUSED = "live.paused"
    LIVE_ENDED = "live.ended"
    WEBHOOK_TEST = "webhook.test"
    """Sent when its owner asks for it, whatever the webhook has subscribed to."""


SUBSCRIBABLE = tuple(event for event in EventType if event is not EventType.WEBHOOK_TEST)

HINTED_S = 15
"""So long the hint that follows a write may take."""
PATIENT_AFTER_S = 600
"""What is untold for longer is not lost but in trouble: asking for it each minute would only fill the queue."""
_MINUTE_S = 60
_PATIENT_MINUTES = 10

_OF_STATUS = {
    RecordingStatus.PLAYABLE: EventType.RECORDING_PLAYABLE,
    RecordingStatus.READY: EventType.RECORDING_READY,
    RecordingStatus.ERRORED: EventType.RECORDING_ERRORED,
    RecordingStatus.DELETING: EventType.RECORDING_DELETED,
    RecordingStatus.LIVE: EventType.LIVE_STARTED,
}


@dataclass(frozen=True, slots=True)
class Change:
    """Something that happened at `at`, Unix seconds; `error` is its code and sentence where it is one."""

    type: EventType
    at: float
    error: tuple[str, str] | None = None

    def dumps(self) -> str:
        """Return the text stored with the row."""
        return json.dumps([self.type.value, self.at, list(self.error) if self.error else None], separators=(",", ":"))

    @staticmethod
    def loads(text: str) -> Change:
        """Read what `dumps` wrote."""
        type_, at, error = json.loads(text)
        return Change(EventType(type_), float(at), (str(error[0]), str(error[1])) if error else None)


def change_of(changes: Mapping[str, object], at: float) -> Change | None:
    """Return what a write of a recording's fields has to tell; None when it moves no status that anybody hears of.

    Whoever writes takes care that the status does move: the same one again is no change.
    """
    status = changes.get("status")
    type_ = _OF_STATUS.get(RecordingStatus(str(status))) if status is not None else None
    if type_ is None:
        return None
    if type_ is not EventType.RECORDING_ERRORED:
        return Change(type_, at)
    return Change(type_, at, (str(changes.get("error_code") or ""), str(changes.get("error_detail") or "")))


def is_to_be_swept(row_id: str, since: float, now: float) -> bool:
    """True when a row that has had something to tell `since` then should be asked for again in this minute."""
    age_s = now - since
    if age_s < PATIENT_AFTER_S:
        return age_s >= HINTED_S
    return (int(now // _MINUTE_S) + crc32(row_id.encode())) % _PATIENT_MINUTES == 0
