"""From the CMAF file of a rendition to its init segment and one object for each part, checked on the way."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.codecs import codec_of_init
from chalicelib.domain.fmp4 import Fragment, check_contiguous, default_sample, fragments_of, init_size, timescale
from chalicelib.domain.live.packaged import PackagedRendition, Piece
from chalicelib.domain.live.packaging import place_of
from chalicelib.domain.live.samples import init_tag
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from chalicelib.domain.job import Rendition
    from chalicelib.domain.live.inspection import Picture
    from chalicelib.domain.live.packaging import Cut

UNDECODABLE = "not_decodable"
UNFIT = "segment_unfit"
_SLACK = 2
"""Frames that may be missing at the end: what an encoder says of its last one is seldom exact."""


@dataclass(frozen=True, slots=True)
class Packed:
    """One rendition of a segment, in bytes."""

    facts: PackagedRendition
    init: bytes
    pieces: tuple[bytes, ...]
    start_s: Fraction
    """Media time of its first frame."""


def split_picture(rendition: Rendition, data: bytes, cut: Cut) -> Packed:
    """Split a picture, one fragment for each part; raises Permanent("not_decodable") when there are others."""
    init, fragments = _read(data)
    if len(fragments) != cut.parts or not all(fragment.key_frame for fragment in fragments):
        raise Permanent(UNDECODABLE, f"{rendition.name} came out in {len(fragments)} parts instead of {cut.parts}.")
    check_contiguous(fragments)
    return _packed(rendition, init, data, [[fragment] for fragment in fragments])


def split_sound(rendition: Rendition, data: bytes, cut: Cut) -> Packed:
    """Put fragments of sound together to parts; raises Permanent("segment_unfit") when one would have none."""
    init, fragments = _read(data)
    parts: list[list[Fragment]] = [[] for _ in range(cut.parts)]
    ticks = timescale(init) if fragments else 1
    for fragment in fragments:
        middle = Fraction(fragment.start, ticks) + Fraction(fragment.duration, 2 * ticks)
        parts[max(0, sum(time <= middle for time in cut.times[:-1]) - 1)].append(fragment)
    if not all(parts):
        raise Permanent(UNFIT, "The sound is so much shorter than the picture that they cannot be cut together.")
    return _packed(rendition, init, data, parts)


def verify_rung(seen: Picture, rung: Rendition, packed: Packed) -> None:
    """Check an encoded rung against its source: it begins where its place is, and has all frames.

    An exit code of 0 proves nothing. Raises Permanent("not_decodable").
    """
    first, end = (place_of(seen, rung.frame_rate, time) for time in (seen.start_s, seen.end_s))
    begun, frames = packed.start_s * rung.frame_rate, packed.facts.duration_s * rung.frame_rate
    if begun != first or not end - first - _SLACK <= frames <= end - first + _SLACK:
        said = f"Of {end - first} pictures of {rung.name} only {int(frames)} could be made."
        raise Permanent(UNDECODABLE, f"The segment cannot be decoded. {said}")


def _read(data: bytes) -> tuple[bytes, list[Fragment]]:
    size = init_size(data)
    return data[:size], list(fragments_of(data, size, default_sample(data[:size]))) if size else []


def _packed(rendition: Rendition, init: bytes, data: bytes, parts: list[list[Fragment]]) -> Packed:
    ticks = timescale(init)
    pieces = tuple(
        Piece(
            size=sum(fragment.size for fragment in part),
            duration_s=Fraction(sum(fragment.duration for fragment in part), ticks),
            key_frame=part[0].key_frame if rendition.kind == "video" else 0,
        )
        for part in parts
    )
    bodies = tuple(b"".join(data[f.offset : f.offset + f.size] for f in part) for part in parts)
    facts = PackagedRendition(rendition.id, codec_of_init(init), init_tag(init), pieces)
    return Packed(facts, init, bodies, Fraction(parts[0][0].start, ticks))
