"""The ladder: which renditions a source gets. Boxes are filled, never exceeded; nothing is upscaled."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.job import Rendition
from chalicelib.domain.keys import address
from chalicelib.domain.soundtracks import plan_audio

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.media import SourceMedia, VideoTrack

SEGMENT_S = 2
"""Target seconds of a segment: with a 60 s buffer it serves bad networks best (ABR §2)."""
MAX_LEVELS = 16
"""Rungs that a player may choose among."""
TILE = (160, 90)
"""Box of a thumbnail in pixels: as large as players show it."""
_TILE_FPS = 24


@dataclass(frozen=True, slots=True)
class EncodingProfile:
    """One rung as asked for: a box in pixels, a bitrate ceiling in kbit/s, a frame-rate ceiling."""

    name: str
    width: int
    height: int
    bitrate_kbps: int
    frame_rate: int


RESCUE_PROFILE = EncodingProfile("rescue", 640, 360, 250, 24)
DEFAULT_PROFILES = (
    EncodingProfile("low", 1280, 720, 500, 24),
    EncodingProfile("normal", 1280, 720, 1000, 24),
    EncodingProfile("high", 1920, 1080, 2000, 30),
    EncodingProfile("very-high", 1920, 1080, 4000, 30),
)

_NTSC = Fraction(1000, 1001)
_RATES = (60, 50, 48, 30, 25, 24, 20, 15, 12, 10, 8, 6, 5, 4, 3, 2, 1)
_SNAP = Fraction(1, 200)
"""Reported rates within 0.5 % of a standard one are that one (29.99, 100350/3347, 19001/317)."""


def standard_rate(measured: Fraction) -> Fraction:
    """Snap a reported frame rate to the standard it means; NTSC rates win when they are nearer.

    0 or more than 120 fps is taken as variable (recorders write 1000): treated as 30.
    """
    if not 0 < measured <= 125:  # noqa: PLR2004  120 fps and its jitter
        return Fraction(30)
    candidates = [Fraction(r) for r in (120, *_RATES)]
    candidates += [Fraction(r) * _NTSC for r in (24, 30, 48, 60, 120)]
    best = min(candidates, key=lambda rate: abs(rate - measured))
    return best if abs(best - measured) <= best * _SNAP else measured


def output_rate(source: Fraction, ceiling: int) -> Fraction:
    """Choose a rung's frame rate: never above the source's, whole steps of its own family.

    NTSC sources stay NTSC; 25 and 50 become 25, which is what a 24 fps ceiling means where film runs at 25.
    Everything else takes the largest standard rate that fits both.
    """
    rate = standard_rate(source)
    ntsc = rate.denominator == _NTSC.denominator
    if ntsc:
        return next(r * _NTSC for r in _RATES if r <= ceiling and r * _NTSC <= rate and r not in {25, 50})
    if rate in {25, 50} and ceiling >= 24:  # noqa: PLR2004
        return Fraction(25)
    return next((Fraction(r) for r in _RATES if r <= min(Fraction(ceiling), rate)), Fraction(1))


def fit(width: int, height: int, box_width: int, box_height: int) -> tuple[int, int]:
    """Scale a picture into a box keeping its shape, never up; even sides, as 4:2:0 needs.

    A portrait source turns the box, so that a phone's 1080x1920 is served at 720x1280 and not at 405x720.
    """
    if height > width:
        box_width, box_height = box_height, box_width
    scale = min(Fraction(box_width, width), Fraction(box_height, height), Fraction(1))
    return _even(width * scale), _even(height * scale)


def _even(side: Fraction) -> int:
    return max(2, round(side / 2) * 2) if side.denominator != 1 else max(2, int(side) // 2 * 2)


def plan_ladder(
    source: SourceMedia, profiles: Sequence[EncodingProfile], encoder: Mapping[str, object]
) -> tuple[Fraction, tuple[Rendition, ...]]:
    """Return the exact segment duration in seconds and the renditions.

    Audio comes first, then video upwards, then the storyboard.

    `encoder` names what else decides the bytes (build, preset); it goes into every rendition's address.
    """
    renditions = plan_audio(source, encoder)
    segment_s = Fraction(SEGMENT_S)
    if source.video is not None:
        video = source.video
        if standard_rate(video.frame_rate).denominator == _NTSC.denominator:
            segment_s /= _NTSC
        seen: set[tuple[int, int, Fraction, int]] = set()
        for profile in sorted(_within(video, profiles), key=lambda p: (p.bitrate_kbps, p.width * p.height)):
            rendition = _video(video, profile, segment_s, encoder)
            shape = (rendition.width, rendition.height, rendition.frame_rate, rendition.bitrate_kbps)
            if shape not in seen:
                seen.add(shape)
                renditions.append(rendition)
        renditions.append(_storyboard(video, segment_s, encoder))
    return segment_s, tuple(renditions)


def _within(video: VideoTrack, profiles: Sequence[EncodingProfile]) -> list[EncodingProfile]:
    """Drop rungs above the source; when no rung shows the source's full size, keep the smallest box that does."""
    kept = [p for p in profiles if _scale(video, p) <= 1]
    above = [p for p in profiles if _scale(video, p) > 1]
    covered = any(_scale(video, p) == 1 for p in kept)
    if above and not covered:
        smallest = min(p.width * p.height for p in above)
        kept += [p for p in above if p.width * p.height == smallest]
    return kept


def _scale(video: VideoTrack, profile: EncodingProfile) -> Fraction:
    wide, tall = (profile.width, profile.height)
    if video.height > video.width:
        wide, tall = tall, wide
    return min(Fraction(wide, video.width), Fraction(tall, video.height))


def _video(
    video: VideoTrack, profile: EncodingProfile, segment_s: Fraction, encoder: Mapping[str, object]
) -> Rendition:
    width, height = fit(video.width, video.height, profile.width, profile.height)
    rate = output_rate(video.frame_rate, profile.frame_rate)
    tag = address(
        {"w": width, "h": height, "fps": rate, "kbps": profile.bitrate_kbps, "segment": segment_s, **encoder}, 8
    )
    return Rendition(
        id=f"v-{width}x{height}-{profile.bitrate_kbps}k-{tag}",
        kind="video",
        name=f"{min(width, height)}p {profile.bitrate_kbps}k",
        bitrate_kbps=profile.bitrate_kbps,
        width=width,
        height=height,
        frame_rate=rate,
        frames_per_segment=int(rate * segment_s),
    )


def _storyboard(video: VideoTrack, segment_s: Fraction, encoder: Mapping[str, object]) -> Rendition:
    """Thumbnails; their moments do not depend on the ladder, so that another ladder takes them over."""
    width, height = fit(video.width, video.height, *TILE)
    rate = output_rate(video.frame_rate, _TILE_FPS)
    tag = address({"tile": [width, height], "fps": rate, "segment": segment_s, **encoder}, 8)
    return Rendition(
        id=f"t-{width}x{height}-{tag}",
        kind="storyboard",
        name="Thumbnails",
        bitrate_kbps=0,
        width=width,
        height=height,
        frame_rate=rate,
        frames_per_segment=int(rate * segment_s),
    )
