"""What players report: batches of events, with CMCD's names (CTA-5004) where it has one, read for the engine.

The envelope is checked strictly, so that a mistake in a player is told by the field's name. Measurements are not:
whatever a key holds, `metrics.clean` decides how much of it is believed, so that one odd value does not cost the rest.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from math import log
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.metrics import Outcome, SegmentMetrics, number
from chalicelib.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.abr.levels import BitrateProfile

MAX_EVENTS = 50
MAX_SEQUENCE = 2**31 - 1
PICTURE = ("v", "av")
"""CMCD object types (`ot`) that choosing a level is about."""
_NO_LEVEL = 1_000_000
_NEAR = 0.3
"""A bitrate means a level when their ratio is within e to this."""


class EventKind(StrEnum):
    """What happened. `segment` and `abandon` move the engine, `join` tells the device; the others are for analytics."""

    JOIN = "join"
    START = "start"
    SEGMENT = "segment"
    ABANDON = "abandon"
    """A transfer that the player gave up for another."""
    STALL = "stall"
    SWITCH = "switch"
    SEEK = "seek"
    PAUSE = "pause"
    RESUME = "resume"
    ERROR = "error"
    END = "end"


_KINDS = tuple(kind.value for kind in EventKind)
_TRANSFERS = (EventKind.SEGMENT, EventKind.ABANDON)


@dataclass(frozen=True, slots=True)
class Event:
    """One event: `sequence` counts up within a session, `data` is everything it said."""

    kind: EventKind
    sequence: int
    data: Mapping[str, Any]


def read_batch(document: object) -> tuple[Event, ...]:
    """Read `{"events": [...]}`, in the order of their sequence numbers, of equal ones the first.

    Raises BadRequest("invalid_request") naming the field.
    """
    events = document.get("events") if isinstance(document, dict) else None
    if not isinstance(events, list) or not events:
        raise _invalid("events", "must be a list of at least one event")
    if len(events) > MAX_EVENTS:
        raise _invalid("events", f"may hold up to {MAX_EVENTS} events, not {len(events)}")
    by_sequence: dict[int, Event] = {}
    for place, event in enumerate(events):
        read = _event(event, f"events.{place}")
        by_sequence.setdefault(read.sequence, read)
    return tuple(by_sequence[sequence] for sequence in sorted(by_sequence))


def _event(event: object, where: str) -> Event:
    if not isinstance(event, dict):
        raise _invalid(where, "must be an object")
    kind, sequence = event.get("kind"), event.get("seq")
    if not isinstance(kind, str) or kind not in _KINDS:
        raise _invalid(f"{where}.kind", f"must be one of {', '.join(_KINDS)}")
    whole = isinstance(sequence, int) and not isinstance(sequence, bool)
    if not whole or not 0 <= sequence <= MAX_SEQUENCE:  # type: ignore[operator]  # whole says that it is an int
        raise _invalid(f"{where}.seq", f"must be a whole number from 0 to {MAX_SEQUENCE}")
    return Event(EventKind(kind), sequence, event)  # type: ignore[arg-type]  # as above


def _invalid(field: str, what: str) -> BadRequest:
    return BadRequest("invalid_request", f"{field} {what}.")


def is_transfer(event: Event) -> bool:
    """True for a transfer of picture; a report that does not say its object type is one."""
    return event.kind in _TRANSFERS and event.data.get("ot", PICTURE[0]) in PICTURE


def clock_ms(event: Event) -> float | None:
    """Return when it happened by the player's clock, in Unix milliseconds; None when that is no number."""
    return number(event.data.get("at_ms"))


def segment_metrics(event: Event, profile: BitrateProfile, begun_ms: float = 0.0) -> SegmentMetrics:
    """Return a transfer as the engine takes it, whatever the report holds; `begun_ms` is when the session began.

    What CMCD alone lacks is worked out: bytes, where missing, are `br` x `d`, time is bytes over `mtp`, the segment's
    number is the event's own.
    """
    data = event.data
    size = data.get("bytes", _bytes(number(data.get("br")), number(data.get("d"))))
    at_ms, outcome = clock_ms(event), Outcome.ABORTED if event.kind is EventKind.ABANDON else Outcome.COMPLETE
    worked_out = _duration_ms(number(size), number(data.get("mtp")), number(data.get("ttfb_ms")))
    return SegmentMetrics(
        index=data.get("index", event.sequence),
        level=level_of(data, profile),
        bytes=size,
        duration_ms=data.get("duration_ms", worked_out),
        ttfb_ms=data.get("ttfb_ms", 0.0),
        buffer_before_s=_seconds(data.get("bl_before")),
        buffer_after_s=_seconds(data.get("bl")),
        stall_s=_seconds(data.get("stall_ms")) or 0.0,
        dropped_frames=data.get("dropped_frames", 0),
        total_frames=data.get("total_frames", 0),
        played_level=level_of({"rendition": data["played"]}, profile) if "played" in data else None,
        t_ms=None if at_ms is None else at_ms - begun_ms,
        outcome=str(data.get("outcome", outcome.value)),
    )


def level_of(data: Mapping[str, Any], profile: BitrateProfile) -> int:
    """Return the level an event is about: by the rendition's id, else the one nearest to `br` in ratio.

    What names no level of the profile becomes a number that none has.
    """
    if "rendition" in data:
        return next((level.index for level in profile.levels if level.id == data["rendition"]), _NO_LEVEL)
    kbps = number(data.get("br"))
    if kbps is None or kbps <= 0:
        return _NO_LEVEL
    nearest = min(profile.levels, key=lambda level: abs(log(level.kbps) - log(kbps)))
    return nearest.index if abs(log(nearest.kbps) - log(kbps)) <= _NEAR else _NO_LEVEL


def _bytes(kbps: float | None, duration_ms: float | None) -> int | None:
    size = number(kbps * duration_ms / 8) if kbps and duration_ms else None
    return None if size is None else int(size)


def _duration_ms(size: float | None, kbps: float | None, ttfb_ms: float | None) -> float | None:
    return None if size is None or not kbps else 8 * size / kbps + (ttfb_ms or 0.0)


def _seconds(milliseconds: object) -> float | None:
    plain = number(milliseconds)
    return None if plain is None else plain / 1000
