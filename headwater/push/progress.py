"""How the push goes: counted here by the agent's threads, read by whoever shows it."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    from headwater.client.errors import ApiError
    from headwater.push.backlog import Segment

Json = dict[str, Any]
RECENT = 5
"""Segments over which the bitrate is taken."""


@dataclass(frozen=True, slots=True)
class Note:
    """A sentence for the person, with a code for scripts."""

    code: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The push at one moment. Lag: seconds from the capture of a last frame to its delivery, or waiting for it."""

    source: str
    online: bool
    epoch: int | None
    on_air: bool | None
    bitrate_kbps: int
    lag_s: float | None
    queued: int
    queued_s: float
    queued_bytes: int
    sent: int
    dropped: int
    refused: int
    server: Json | None


@dataclass(slots=True)
class Progress:
    """Safe between threads. Notes are taken out with `notes`."""

    input_name: str = "primary"
    source: str = "starting"
    """starting, waiting (for an encoder), recording or ended."""
    is_online: bool = True
    epoch: int | None = None
    on_air: bool | None = None
    sent: int = 0
    dropped: int = 0
    refusals: int = 0
    server: Json | None = None
    """What the server last said of the stream."""
    lag_s: float | None = None
    _recent: deque[Segment] = field(default_factory=lambda: deque(maxlen=RECENT))
    _notes: deque[Note] = field(default_factory=deque)
    _told: set[str] = field(default_factory=set)
    _lock: threading.RLock = field(default_factory=threading.RLock)

    def note(self, code: str, sentence: str) -> None:
        """Tell the person something."""
        with self._lock:
            self._notes.append(Note(code, sentence))

    def notes(self) -> list[Note]:
        """Return what is to be told since the last call."""
        with self._lock:
            told = list(self._notes)
            self._notes.clear()
            return told

    def recorded(self, segment: Segment) -> None:
        """Count a segment that was recorded."""
        with self._lock:
            self._recent.append(segment)

    def slow(self, slipped_s: float) -> None:
        """Note that the stream is no longer in step with real time."""
        why = "its encoder, or this machine, cannot keep up"
        self.note("slow", f"The stream has fallen {slipped_s:.0f} s behind real time: {why}.")

    def delivered(self, segment: Segment, now: float) -> None:
        """Count a segment that storage has taken."""
        with self._lock:
            self.sent += 1
            self.lag_s = max(0.0, now - segment.ended_at)

    def claimed(self, epoch: int, *, on_air: bool) -> None:
        """Note the epoch that is delivered now."""
        with self._lock:
            self.epoch, self.on_air = epoch, on_air
            standby = "" if on_air else ", on standby: another input is on the air"
            self.note("epoch", f"Sending as epoch {epoch}{standby}.")

    def offline(self, reason: str) -> None:
        """Note that nothing gets through."""
        with self._lock:
            if self.is_online:
                self.note("offline", f"{reason} What is recorded waits on disk.")
            self.is_online = False

    def online(self) -> None:
        """Note that something got through again."""
        with self._lock:
            if not self.is_online:
                self.note("online", "Connected again; what waited is being sent.")
            self.is_online = True

    def refused(self, segment: Segment, error: ApiError) -> None:
        """Count a segment that storage will never take."""
        with self._lock:
            self.refusals += 1
            self.note(error.code, f"Segment {segment.n} was refused: {error.detail}")

    def made_room(self, segments: Sequence[Segment]) -> None:
        """Count what the spool had to drop."""
        with self._lock:
            self.dropped += len(segments)
            lost_s = sum(segment.duration_s for segment in segments)
            self.note(
                "spool_full", f"The spool is full: the oldest {lost_s:.1f} s were dropped and are lost to viewers."
            )

    def superseded(self, segments: Sequence[Segment]) -> None:
        """Count what nobody takes any more."""
        with self._lock:
            self.dropped += len(segments)
            lost_s = sum(segment.duration_s for segment in segments)
            if segments:
                what = f"{len(segments)} segments ({lost_s:.1f} s) of the run before were dropped"
                self.note("epoch_superseded", f"A newer encoder is on this input: {what}.")

    def heard(self, server: Json) -> None:
        """Take what the server says of the stream, and tell refusals that are new: not those from before our time."""
        with self._lock:
            is_first, self.server = self.server is None, server
            if self.epoch is not None and (on_air := server.get("on_air")):
                is_ours = on_air.get("input") == self.input_name
                if not is_ours or on_air.get("epoch") == self.epoch:  # else it was said before our last claim
                    self._tell_turn(is_on=is_ours)
            for refusal in (server.get("ingest") or {}).get("refusals") or []:
                told = f"{refusal.get('at')} {refusal.get('name')}"
                if told in self._told:
                    continue
                self._told.add(told)
                if not is_first:
                    self.note("refused", f"The server refused {refusal.get('name')}: {refusal.get('detail')}")

    def _tell_turn(self, *, is_on: bool) -> None:
        if self.on_air is not None and is_on != self.on_air:
            said = "On the air now: the other input is silent." if is_on else "Another input is on the air now."
            self.note("on_air" if is_on else "standby", said)
        self.on_air = is_on

    def snapshot(self, waiting: tuple[int, float, int], now: float, oldest_end: float | None = None) -> Snapshot:
        """Return the state now; `waiting`: segments, seconds and bytes in the spool."""
        with self._lock:
            length = sum(segment.duration_s for segment in self._recent)
            bits = 8 * sum(segment.size for segment in self._recent)
            lag_s = self.lag_s if oldest_end is None else max(self.lag_s or 0.0, now - oldest_end)
            return Snapshot(
                source=self.source,
                online=self.is_online,
                epoch=self.epoch,
                on_air=self.on_air,
                bitrate_kbps=round(bits / length / 1000) if length else 0,
                lag_s=lag_s,
                queued=waiting[0],
                queued_s=waiting[1],
                queued_bytes=waiting[2],
                sent=self.sent,
                dropped=self.dropped,
                refused=self.refusals,
                server=self.server,
            )
