"""What packaging one ingested segment made: the row that is kept of it, and the facts the window needs."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from chalicelib.domain.stored import known


@dataclass(frozen=True, slots=True)
class Piece:
    """One published segment of one rendition: bytes, seconds, and bytes to the end of its first picture (0: sound)."""

    size: int
    duration_s: Fraction
    key_frame: int = 0


@dataclass(frozen=True, slots=True)
class PackagedRendition:
    """One rendition of an ingested segment; `pieces` are as many as the segment was cut into (one, as a rule)."""

    rendition_id: str
    codec: str
    """RFC 6381, read from the bitstream."""
    init_tag: str
    """Address of what decides how the pieces are decoded; another one means another EXT-X-MAP."""
    pieces: tuple[Piece, ...]

    @property
    def duration_s(self) -> Fraction:
        """Seconds over all pieces."""
        return sum((piece.duration_s for piece in self.pieces), Fraction(0))


@dataclass(frozen=True, slots=True)
class PackagedSegment:
    """An ingested segment whose renditions are all stored. One row, written once: whoever comes second reads it."""

    stream_id: str
    run: int
    n: int
    epoch: int
    stem: str
    """Names its objects, see `keys.part_name`."""
    init_stem: str
    """Names the init segments that decode it: its own stem, or that of the first segment alike."""
    start_s: Fraction
    """Media time of the first frame, in the encoder's own clock."""
    pdt: float
    """Unix seconds at which the first frame was captured, as well as we know."""
    received_at: float
    """Unix seconds at which the object had landed."""
    source_key: str
    source_size: int
    renditions: tuple[PackagedRendition, ...]
    """Sound first when there is any, then video from the lowest rung up. All have the same number of pieces."""
    cpu_s: float = 0.0

    @property
    def video(self) -> PackagedRendition:
        """The rendition that durations are taken from: the lowest rung, or the sound when there is no picture."""
        return next((r for r in self.renditions if r.pieces and r.pieces[0].key_frame), self.renditions[-1])

    @property
    def duration_s(self) -> Fraction:
        """Seconds of the picture."""
        return self.video.duration_s

    @property
    def end_s(self) -> Fraction:
        """Media time at which the next segment should begin."""
        return self.start_s + self.duration_s

    @property
    def fingerprint(self) -> str:
        """Address of all init segments together: another one is a change of parameters."""
        return ".".join(f"{r.rendition_id}:{r.init_tag}" for r in self.renditions)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; fractions as "n/d"."""
        data = {name: getattr(self, name) for name in self.__slots__}
        renditions = [
            [r.rendition_id, r.codec, r.init_tag, [[p.size, str(p.duration_s), p.key_frame] for p in r.pieces]]
            for r in self.renditions
        ]
        return data | {"start_s": str(self.start_s), "renditions": renditions}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> PackagedSegment:
        """Read what `to_dict` wrote."""
        renditions = tuple(
            PackagedRendition(name, codec, tag, tuple(Piece(size, Fraction(s), key) for size, s, key in pieces))
            for name, codec, tag, pieces in data["renditions"]
        )
        return cls(**(known(cls, data) | {"start_s": Fraction(data["start_s"]), "renditions": renditions}))
