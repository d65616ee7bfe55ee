"""A session's facts: what the events that were told of it come to, whatever order they come in and however often.

Each event counts once, by its sequence number; each fact is a sum, an extreme, a union, or what the first or last event
said of it. So the facts are a function of the set of events, and of nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.reports import EventKind
from chalicelib.domain.analytics import marks
from chalicelib.domain.analytics.changes import shortened, ups_and_downs, with_point
from chalicelib.domain.analytics.link import LinkFacts
from chalicelib.domain.analytics.slots import slot_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

MOST_EVENTS = 20_000
"""Sequence numbers below this count: half a day of two-second segments and all else that happens meanwhile."""
_PAIRS = ("start", "failure", "viewer", "device", "cap")
_MOST_RUNGS = 32
"""Names of rungs in one session; a ladder has up to sixteen."""

Said = tuple[int, str]
"""The number of the event that said it, and what."""


@dataclass(frozen=True, slots=True)
class SessionFacts:
    """The facts. Times are milliseconds, moments in Unix time, bitrates kbit/s."""

    told: int = 0
    """Numbers of the events that have come (`marks`)."""
    begun_ms: int = 0
    last_ms: int = 0
    start: tuple[int, int | None] | None = None
    """Number of the first event that showed a picture, and the start-up time it told."""
    ended: int = -1
    """Number of the latest event that said it was over, -1 for none."""
    watch_ms: int = 0
    reached: Mapping[int, int] = field(default_factory=dict)
    """Watch time at the last event in each slot of five minutes."""
    stalls: int = 0
    stall_ms: int = 0
    switches: int = 0
    seeks: int = 0
    failure: Said | None = None
    picture_ms: int = 0
    kbit: int = 0
    rungs: Mapping[str, int] = field(default_factory=dict)
    course: Sequence[tuple[int, int]] = ()
    """Bitrates by number, as much of them as their ups and downs need (`changes`)."""
    link: LinkFacts = field(default_factory=LinkFacts)
    latency_ms: int = 0
    latencies: int = 0
    seconds: int = 0
    """Seconds of the recording that were played (`marks`)."""
    viewer: Said | None = None
    device: Said | None = None
    cap: tuple[int, int] | None = None
    """The highest bitrate that the device has a use for."""
    live: bool = False

    @property
    def last_sequence(self) -> int:
        """The highest number of an event, -1 before the first."""
        return self.told.bit_length() - 1

    @property
    def started(self) -> bool:
        """True when a picture was shown, as was told or as can be seen."""
        return self.start is not None or self.watch_ms > 0

    @property
    def over(self) -> bool:
        """True while the end is the latest that is known."""
        return self.ended >= 0 and self.ended == self.last_sequence

    @property
    def ups_and_downs(self) -> int:
        """Sum of all changes of bitrate."""
        return ups_and_downs(self.course)

    def knows(self, sequence: int) -> bool:
        """True for an event that has come already."""
        return marks.has(self.told, sequence)

    def takes(self, sequence: int) -> bool:
        """True for an event that would be new, and not too many."""
        return sequence < MOST_EVENTS and not self.knows(sequence)

    def after(self, readings: Iterable[Mapping[str, Any]]) -> SessionFacts:
        """Return the facts with these events, in any order; those that have come already change nothing."""
        facts = self
        for reading in readings:
            if facts.takes(reading["seq"]):
                facts = facts._with(reading)
        return replace(facts, course=tuple(shortened(facts.course, facts.told)))

    def _with(self, reading: Mapping[str, Any]) -> SessionFacts:
        sequence, at_ms = reading["seq"], reading["at_ms"]
        facts = replace(
            self,
            told=marks.with_range(self.told, sequence, sequence),
            begun_ms=min(self.begun_ms, at_ms) if self.told else at_ms,
            last_ms=max(self.last_ms, at_ms),
            seconds=marks.with_seconds(self.seconds, (tuple(pair) for pair in reading.get("seen", ()))),
        )
        if "wt" in reading:
            slot = slot_of(at_ms)
            reached = {**facts.reached, slot: max(facts.reached.get(slot, 0), reading["wt"])}
            facts = replace(facts, watch_ms=max(facts.watch_ms, reading["wt"]), reached=reached)
        if "latency_ms" in reading:
            latency_ms = facts.latency_ms + reading["latency_ms"]
            facts = replace(facts, latency_ms=latency_ms, latencies=facts.latencies + 1, live=True)
        taken = _TAKERS.get(EventKind(reading["kind"]))
        return taken(facts, reading) if taken else facts

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; what says nothing is left out."""
        plain = {f.name: getattr(self, f.name) for f in fields(self)}
        plain |= {"told": marks.to_text(self.told), "seconds": marks.to_text(self.seconds), "link": self.link.to_dict()}
        plain |= {"reached": [[slot, self.reached[slot]] for slot in sorted(self.reached)], "rungs": dict(self.rungs)}
        return plain

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> SessionFacts:
        """Read what `to_dict` wrote; names that a later version wrote are left out."""
        known = {f.name: data[f.name] for f in fields(cls) if f.name in data}
        if not known:
            return cls()
        pairs = {name: tuple(known[name]) for name in _PAIRS if known.get(name)}
        return cls(
            **known
            | pairs
            | {
                "told": marks.from_text(known.get("told")),
                "seconds": marks.from_text(known.get("seconds")),
                "link": LinkFacts.from_dict(known.get("link", {})),
                "reached": {int(slot): int(ms) for slot, ms in known.get("reached", ())},
                "course": tuple((number, kbps) for number, kbps in known.get("course", ())),
            }
        )


def _segment(facts: SessionFacts, reading: Mapping[str, Any]) -> SessionFacts:
    """Take a transfer: what it says of the link, and, when it came whole, of the picture."""
    facts = replace(facts, link=facts.link.after(reading))
    kbps, lasts_ms = reading.get("kbps"), reading.get("d", 0)
    if reading["kind"] != EventKind.SEGMENT or reading.get("outcome") != "complete" or not kbps or not lasts_ms:
        return facts
    rung = reading["rung"]
    known = rung in facts.rungs or len(facts.rungs) < _MOST_RUNGS
    return replace(
        facts,
        picture_ms=facts.picture_ms + lasts_ms,
        kbit=facts.kbit + round(kbps * lasts_ms / 1000),
        rungs={**facts.rungs, rung: facts.rungs.get(rung, 0) + lasts_ms} if known else facts.rungs,
        course=tuple(with_point(facts.course, reading["seq"], kbps)),
    )


def _start(facts: SessionFacts, reading: Mapping[str, Any]) -> SessionFacts:
    if facts.start is not None and facts.start[0] < reading["seq"]:
        return facts
    return replace(facts, start=(reading["seq"], reading.get("startup_ms")))


def _stall(facts: SessionFacts, reading: Mapping[str, Any]) -> SessionFacts:
    return replace(facts, stalls=facts.stalls + 1, stall_ms=facts.stall_ms + reading.get("stall_ms", 0))


def _switch(facts: SessionFacts, _reading: Mapping[str, Any]) -> SessionFacts:
    return replace(facts, switches=facts.switches + 1)


def _seek(facts: SessionFacts, _reading: Mapping[str, Any]) -> SessionFacts:
    return replace(facts, seeks=facts.seeks + 1)


def _join(facts: SessionFacts, reading: Mapping[str, Any]) -> SessionFacts:
    """Take who has come, and with what: the first says who, the last, which has asked the decoder, with what."""
    sequence = reading["seq"]
    if "viewer" in reading and (facts.viewer is None or sequence < facts.viewer[0]):
        facts = replace(facts, viewer=(sequence, reading["viewer"]))
    if "device" in reading and (facts.device is None or sequence > facts.device[0]):
        facts = replace(facts, device=(sequence, reading["device"]))
    if "cap_kbps" in reading and (facts.cap is None or sequence > facts.cap[0]):
        facts = replace(facts, cap=(sequence, reading["cap_kbps"]))
    return replace(facts, live=True) if reading.get("live") else facts


def _error(facts: SessionFacts, reading: Mapping[str, Any]) -> SessionFacts:
    return _failed(facts, reading["seq"], reading.get("code", "unknown")) if reading.get("fatal") else facts


def _end(facts: SessionFacts, reading: Mapping[str, Any]) -> SessionFacts:
    facts = replace(facts, ended=max(facts.ended, reading["seq"]))
    return _failed(facts, reading["seq"], "unknown") if reading.get("reason") == "failed" else facts


def _failed(facts: SessionFacts, sequence: int, code: str) -> SessionFacts:
    """Take a failure; the first that names itself says why."""
    before = facts.failure
    worse = before is None or (before[1] == "unknown") > (code == "unknown")
    earlier = before is not None and (before[1] == "unknown") == (code == "unknown") and sequence < before[0]
    return replace(facts, failure=(sequence, code)) if worse or earlier else facts


_TAKERS = {
    EventKind.SEGMENT: _segment,
    EventKind.ABANDON: _segment,
    EventKind.START: _start,
    EventKind.STALL: _stall,
    EventKind.SWITCH: _switch,
    EventKind.SEEK: _seek,
    EventKind.JOIN: _join,
    EventKind.ERROR: _error,
    EventKind.END: _end,
}
