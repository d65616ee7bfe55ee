"""How well an encoder's segments come in: what its owner is shown."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.stored import known

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.live.entry import Entry
    from chalicelib.domain.live.packaged import PackagedSegment

KEPT_REFUSALS = 20
_WEIGHT = 0.2
"""Of the newest segment in the bitrate: about the last ten count."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An object that was not taken: when (Unix seconds), its name, a stable code and a sentence."""

    at: float
    name: str
    code: str
    detail: str


@dataclass(frozen=True, slots=True)
class IngestHealth:
    """Immutable; bounded, however long the stream."""

    last_segment_at: float | None = None
    """When the newest segment had landed (Unix seconds)."""
    segments: int = 0
    bytes: int = 0
    bitrate_kbps: float = 0.0
    """Of the source, averaged over about the last ten segments."""
    lag_s: float = 0.0
    """From the capture of the newest segment's last frame until it had landed."""
    gaps: int = 0
    """Entries that are gaps."""
    discontinuities: int = 0
    refusals: tuple[Refusal, ...] = ()
    """The last ones, oldest first."""
    refused: dict[str, int] = field(default_factory=dict)
    """How many of each code."""

    def accepted(self, segment: PackagedSegment) -> IngestHealth:
        """Count a segment that was taken."""
        seconds = float(segment.duration_s)
        kbps = segment.source_size * 8 / 1000 / seconds if seconds else self.bitrate_kbps
        smooth = self.bitrate_kbps + _WEIGHT * (kbps - self.bitrate_kbps) if self.segments else kbps
        return replace(
            self,
            last_segment_at=max(self.last_segment_at or 0.0, segment.received_at),
            segments=self.segments + 1,
            bytes=self.bytes + segment.source_size,
            bitrate_kbps=round(smooth, 1),
            lag_s=round(segment.received_at - segment.pdt - seconds, 3),
        )

    def listed(self, entries: Iterable[Entry]) -> IngestHealth:
        """Count what was added to the window."""
        flags = [(entry.gap, entry.discontinuity) for entry in entries]
        gaps, cuts = (sum(column) for column in zip(*flags, strict=True)) if flags else (0, 0)
        return replace(self, gaps=self.gaps + gaps, discontinuities=self.discontinuities + cuts)

    def refuse(self, refusal: Refusal) -> IngestHealth:
        """Note an object that was not taken."""
        counts = Counter(self.refused)
        counts[refusal.code] += 1
        return replace(self, refusals=(*self.refusals, refusal)[-KEPT_REFUSALS:], refused=dict(counts))

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values: for the state, and as the API shows them."""
        refusals = [{name: getattr(refusal, name) for name in Refusal.__slots__} for refusal in self.refusals]
        return {name: getattr(self, name) for name in self.__slots__} | {"refusals": refusals}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> IngestHealth:
        """Read what `to_dict` wrote."""
        refusals = tuple(Refusal(**known(Refusal, refusal)) for refusal in data["refusals"])
        return cls(**(known(cls, data) | {"refusals": refusals}))
