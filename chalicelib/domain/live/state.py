"""Everything that changes while a stream is on, in one document: written whole, compared and swapped."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.job import Rendition
from chalicelib.domain.live.health import IngestHealth, Refusal
from chalicelib.domain.live.window import LiveWindow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.live.entry import Entry
    from chalicelib.domain.live.packaged import PackagedSegment
    from chalicelib.domain.live.stream import LiveStream


DOCUMENT_VERSION = 1
"""Of how it is written; a reader takes those without one, and passes over members it does not know."""


@dataclass(frozen=True, slots=True)
class LiveState:
    """Immutable: each step returns the next state, one version up, or the very same object when nothing changed."""

    stream_id: str
    recording_id: str
    version: int = 0
    window: LiveWindow = field(default_factory=LiveWindow)
    renditions: tuple[Rendition, ...] = ()
    """Sound first when there is any, then video from the lowest rung up; fixed by the first segment."""
    codecs: dict[str, str] = field(default_factory=dict)
    """By rendition, as read from the bitstream; the most demanding where it changed."""
    health: IngestHealth = field(default_factory=IngestHealth)

    @classmethod
    def begin(cls, stream: LiveStream, renditions: Sequence[Rendition] = ()) -> LiveState:
        """Return a stream's state before its first segment."""
        window = LiveWindow(stream.target_s, stream.dvr_window_s)
        return cls(stream.id, stream.recording_id, window=window, renditions=tuple(renditions))

    @property
    def playable(self) -> bool:
        """True once there is something to play."""
        return bool(self.window.entries)

    @property
    def video(self) -> tuple[Rendition, ...]:
        """Video renditions, lowest first."""
        return tuple(rendition for rendition in self.renditions if rendition.kind == "video")

    @property
    def audio(self) -> Rendition | None:
        """The sound."""
        return next((rendition for rendition in self.renditions if rendition.kind == "audio"), None)

    def planned(self, renditions: Sequence[Rendition]) -> LiveState:
        """Fix the renditions, once: whoever plans second finds them."""
        return self if self.renditions else replace(self, renditions=tuple(renditions), version=self.version + 1)

    def accept(self, segment: PackagedSegment, now: float, first: int = 0) -> LiveState:
        """Take a packaged segment; see `LiveWindow.accept`."""
        window = self.window.accept(segment, now, first)
        if window is self.window:
            return self
        codecs = {r.rendition_id: max(r.codec, self.codecs.get(r.rendition_id, "")) for r in segment.renditions}
        listed = self._with(window)
        return replace(listed, codecs=self.codecs | codecs, health=listed.health.accepted(segment))

    def tick(self, now: float) -> LiveState:
        """Give up on what has been missing for too long."""
        return self._with(self.window.tick(now))

    def end(self, now: float) -> LiveState:
        """List all that waits, and nothing after it."""
        return self._with(self.window.end(now))

    def refused(self, refusal: Refusal) -> LiveState:
        """Note an object that was not taken."""
        return replace(self, health=self.health.refuse(refusal), version=self.version + 1)

    def added_since(self, msn: int) -> tuple[Entry, ...]:
        """Return the entries after one; all there are when that one is gone."""
        found = self.window.window_at(msn)
        return self.window.entries if found is None else found

    def _with(self, window: LiveWindow) -> LiveState:
        if window is self.window:
            return self
        changed = replace(self, window=window, version=self.version + 1)
        return replace(changed, health=self.health.listed(changed.added_since(self.window.edge)))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {
            "v": DOCUMENT_VERSION,
            "stream_id": self.stream_id,
            "recording_id": self.recording_id,
            "version": self.version,
            "window": self.window.to_dict(),
            "renditions": [rendition.to_dict() for rendition in self.renditions],
            "codecs": self.codecs,
            "health": self.health.to_dict(),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> LiveState:
        """Read what `to_dict` wrote."""
        return cls(
            stream_id=data["stream_id"],
            recording_id=data["recording_id"],
            version=data["version"],
            window=LiveWindow.from_dict(data["window"]),
            renditions=tuple(Rendition.from_dict(rendition) for rendition in data["renditions"]),
            codecs=data["codecs"],
            health=IngestHealth.from_dict(data["health"]),
        )
