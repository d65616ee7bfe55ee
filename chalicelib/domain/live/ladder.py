"""Which renditions a live stream gets: the product's ladder, planned from the first segment and kept to its end."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.ladder import plan_ladder, standard_rate
from chalicelib.domain.live.stream import TARGET_S
from chalicelib.domain.media import AudioTrack, SourceMedia, VideoTrack
from chalicelib.domain.soundtracks import AUDIO_KBPS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.job import Rendition
    from chalicelib.domain.ladder import EncodingProfile

RATE, BUFFER = Fraction(9, 10), Fraction(3, 4)
"""Times a rung's ceiling: bits per second that its encoder may spend, and bits that it may save up for. Every live
segment is encoded by itself, and each may begin with a full buffer and use it up: hence less than for a whole file."""
COPY_AT_FIRST = Fraction("1.1")
"""Times a rung's ceiling that a source may have at its first segment to be passed through."""
COPY_LATER = Fraction("1.5")
"""The same of any later segment: beyond it the declared peak would be broken (A1.29)."""
_PROFILES = frozenset({"Constrained Baseline", "Baseline", "Main", "High"})
_PIXELS = frozenset({"yuv420p", "yuvj420p"})


@dataclass(frozen=True, slots=True)
class ObservedSound:
    """The sound of a segment. `codec` and `profile` are FFmpeg's names."""

    codec: str
    profile: str
    sample_rate: int
    channels: int
    kbps: int

    @property
    def copyable(self) -> bool:
        """True for AAC-LC in mono or stereo, which every player takes; its packets are kept as they are."""
        return self.codec == "aac" and self.profile == "LC" and self.channels in {1, 2}


@dataclass(frozen=True, slots=True)
class Observed:
    """What was found in one segment. Names are FFmpeg's; a width of 0 means that there is no picture."""

    codec: str = ""
    width: int = 0
    """As displayed, like `height`."""
    height: int = 0
    frame_rate: Fraction = Fraction(0)
    profile: str = ""
    kbps: int = 0
    """Of the picture."""
    pix_fmt: str = "yuv420p"
    sound: ObservedSound | None = None
    plain: bool = True
    """Progressive, not rotated, pixels square."""


def plan_live(
    first: Observed, profiles: Sequence[EncodingProfile], encoder: Mapping[str, object], *, target_s: int = TARGET_S
) -> tuple[Rendition, ...]:
    """Return the renditions: sound first, then video upwards. The highest rung is the source itself where it fits.

    `encoder` names what else decides the bytes; it goes into every rendition's address.
    """
    _, planned = plan_ladder(_media(first), profiles, {"live": target_s, **encoder})
    sound = [_sound(r, first.sound) for r in planned if r.kind == "audio" and first.sound]
    rungs = [replace(r, frames_per_segment=round(r.frame_rate * target_s)) for r in planned if r.kind == "video"]
    if rungs:
        ceilings = {p.bitrate_kbps: p.frame_rate for p in profiles}
        rungs[-1] = _passed_through(rungs[-1], first, ceilings[rungs[-1].bitrate_kbps])
    return (*sound, *rungs)


def can_copy(rung: Rendition, seen: Observed, *, at_most: Fraction = COPY_LATER) -> bool:
    """True when a segment may go out as a rung's without being encoded; asked again of every segment."""
    return (
        seen.codec == "h264"
        and seen.profile in _PROFILES
        and seen.pix_fmt in _PIXELS
        and seen.plain
        and (seen.width, seen.height) == (rung.width, rung.height)
        and seen.kbps <= rung.bitrate_kbps * at_most
    )


def _passed_through(rung: Rendition, first: Observed, ceiling_fps: int) -> Rendition:
    rate = standard_rate(first.frame_rate)
    if not can_copy(rung, first, at_most=COPY_AT_FIRST) or rate > max(rung.frame_rate, Fraction(ceiling_fps)):
        return rung
    return replace(rung, copy=True, frame_rate=rate)


def _sound(rendition: Rendition, seen: ObservedSound) -> Rendition:
    """A first segment may be silence, which takes next to nothing: promise at least what we encode at."""
    kbps = max(AUDIO_KBPS, seen.kbps) if seen.copyable else AUDIO_KBPS
    return replace(rendition, copy=seen.copyable, bitrate_kbps=kbps)


def _media(first: Observed) -> SourceMedia:
    video = sound = None
    if first.width:
        video = VideoTrack(first.codec, first.width, first.height, first.frame_rate, 0, Fraction(1), Fraction(1))
    if first.sound:
        sound = AudioTrack(first.sound.codec, first.sound.sample_rate, first.sound.channels, duration_s=Fraction(1))
    return SourceMedia("live", Fraction(1), 0, seekable=False, video=video, audios=(sound,) if sound else ())
