"""What a probe found in a source: the facts every plan is made from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from chalicelib.domain.stored import known
from chalicelib.errors import Permanent

MAX_PIXELS = 35_389_440
"""8192 x 4320: beyond it decoding one frame could exhaust a worker (ENCODING, hostile input)."""
MIN_SIDE = 16
"""Pixels; H.264 in 4:2:0 works on 16-pixel macroblocks, smaller pictures are nobody's recording."""
MAX_TRACKS = 300
"""Of any kind, attached fonts among them, that a file may have before it is refused."""
MAX_AUDIO = 8
MAX_SUBTITLES = 32
TEXT_SUBTITLES = {"ass", "ssa", "subrip", "srt", "text", "mov_text", "webvtt"}
"""FFmpeg's names of subtitles made of words."""


@dataclass(frozen=True, slots=True)
class VideoTrack:
    """The first real video stream. `width` and `height` are as displayed (rotation and SAR applied)."""

    codec: str
    width: int
    height: int
    frame_rate: Fraction
    """Frames per second, as measured or declared; 0 when unknown."""
    start_pts: int
    """First presentation timestamp, in `time_base` units."""
    time_base: Fraction
    """Seconds per tick."""
    duration_s: Fraction
    pix_fmt: str = "yuv420p"
    rotation: int = 0
    sar: Fraction = Fraction(1)
    """Sample (pixel) aspect ratio; 1 is square."""
    interlaced: bool = False
    transfer: str = ""
    """Colour transfer by FFmpeg's name: `smpte2084` is HDR10, `arib-std-b67` HLG, empty unknown."""

    tagged: bool = True
    """The file says by which matrix its colours are coded."""
    wide: bool = False
    """Its primaries are those of BT.2020."""

    @property
    def start_s(self) -> Fraction:
        """Seconds from the container's zero to the first frame."""
        return self.start_pts * self.time_base


class Role(StrEnum):
    """What a track is besides a language; empty for the plain one."""

    MAIN = ""
    COMMENTARY = "commentary"
    DESCRIBED = "described"
    """Sound that also tells what is to be seen."""
    CAPTIONS = "captions"
    """Subtitles that also tell what is to be heard."""


@dataclass(frozen=True, slots=True)
class AudioTrack:
    """An audio stream. `start_s` is in the container's time, seconds; `index` counts audio streams only (0:a:N)."""

    codec: str
    sample_rate: int
    channels: int
    start_s: Fraction = Fraction(0)
    duration_s: Fraction = Fraction(0)
    bitrate_kbps: int = 0
    profile: str = ""
    language: str = "und"
    """As the file says it: ISO 639 or BCP 47; `und` when it does not."""
    index: int = 0
    title: str = ""
    default: bool = False
    role: Role = Role.MAIN
    unbroken: bool = False
    """The file's index says that each packet begins where the last one ended."""


@dataclass(frozen=True, slots=True)
class SubtitleTrack:
    """A subtitle stream; `index` counts subtitle streams only (0:s:N)."""

    index: int
    codec: str
    language: str = "und"
    title: str = ""
    default: bool = False
    forced: bool = False
    """Shown even to those who asked for no subtitles: signs, foreign speech."""
    role: Role = Role.MAIN

    @property
    def text(self) -> bool:
        """True when the stream holds words; the others are pictures of words."""
        return self.codec in TEXT_SUBTITLES


@dataclass(frozen=True, slots=True)
class SourceMedia:
    """A probed source. `container` is FFmpeg's demuxer name; `seekable` says a keyframe index exists.

    `duration_s` is the length of our timeline: of the picture, and of sound that begins before it or ends after it.
    """

    container: str
    duration_s: Fraction
    size_bytes: int
    seekable: bool
    video: VideoTrack | None
    audios: tuple[AudioTrack, ...] = ()
    """In the file's order, without those that cannot be decoded; at most MAX_AUDIO."""
    subtitles: tuple[SubtitleTrack, ...] = ()
    """In the file's order; at most MAX_SUBTITLES."""
    lead_s: Fraction = Fraction(0)
    """Seconds of our timeline before the first picture, because sound comes first."""

    @property
    def start_s(self) -> Fraction:
        """Our timeline's zero, in the container's time."""
        if self.video is not None:
            return self.video.start_s - self.lead_s
        return min((track.start_s for track in self.audios), default=Fraction(0))

    @property
    def hold_s(self) -> Fraction:
        """Seconds for which the last picture stays, because sound goes on."""
        return self.duration_s - self.lead_s - self.video.duration_s if self.video else Fraction(0)

    @property
    def audio(self) -> AudioTrack | None:
        """The sound that plays unless a viewer chooses: the default track, or else the first plain one."""
        return min(self.audios, key=lambda track: (not track.default, track.role != Role.MAIN), default=None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; fractions as "n/d" strings."""
        return {
            "container": self.container,
            "duration_s": str(self.duration_s),
            "size_bytes": self.size_bytes,
            "seekable": self.seekable,
            "video": _plain(self.video),
            "audios": [_plain(track) for track in self.audios],
            "subtitles": [_plain(track) for track in self.subtitles],
            "lead_s": str(self.lead_s),
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> SourceMedia:
        """Read what `to_dict` wrote, now or when a source had one audio track and no subtitles."""
        video, audios = data["video"], data.get("audios") or [data.get("audio")]
        return cls(
            container=data["container"],
            duration_s=Fraction(data["duration_s"]),
            size_bytes=data["size_bytes"],
            seekable=data["seekable"],
            video=_video(video) if video else None,
            audios=tuple(_audio(track) for track in audios[:MAX_AUDIO] if track),
            subtitles=tuple(_subtitle(track) for track in data.get("subtitles", [])[:MAX_SUBTITLES]),
            lead_s=Fraction(data.get("lead_s", 0)),
        )


def _video(data: dict[str, Any]) -> VideoTrack:
    return VideoTrack(**known(VideoTrack, _fractions(data, "frame_rate", "time_base", "duration_s", "sar")))


def _audio(data: dict[str, Any]) -> AudioTrack:
    facts = known(AudioTrack, _fractions(data, "start_s", "duration_s"))
    return AudioTrack(**facts | {"role": Role(data.get("role", ""))})


def _subtitle(data: dict[str, Any]) -> SubtitleTrack:
    return SubtitleTrack(**known(SubtitleTrack, data) | {"role": Role(data.get("role", ""))})


def _plain(track: VideoTrack | AudioTrack | SubtitleTrack | None) -> dict[str, Any] | None:
    if track is None:
        return None
    values = ((name, getattr(track, name)) for name in track.__slots__)
    return {name: str(value) if isinstance(value, Fraction) else value for name, value in values}


def _fractions(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return data | {name: Fraction(data[name]) for name in names}


def check_source(media: SourceMedia, *, max_duration_s: int) -> None:
    """Refuse what cannot or must not be encoded; raises Permanent with a stable code."""
    video = media.video
    if video is None and not media.audios:
        raise Permanent("source_no_streams", "The file holds neither video nor audio that can be played.")
    if video is not None and min(video.width, video.height) < 1:
        raise Permanent(
            "source_unreadable", "The size of the picture cannot be read, or it is beyond the largest supported."
        )
    if video is not None and video.width * video.height > MAX_PIXELS:
        raise Permanent(
            "source_too_large_picture",
            f"The picture is {video.width}x{video.height}; the largest supported is 8192x4320.",
        )
    if video is not None and min(video.width, video.height) < MIN_SIDE:
        raise Permanent(
            "source_too_small_picture",
            f"The picture is {video.width}x{video.height}; the smallest supported side is {MIN_SIDE} pixels.",
        )
    if media.duration_s <= 0:
        raise Permanent("source_no_duration", "The file's length cannot be determined: it holds no playable frames.")
    if media.duration_s > max_duration_s:
        hours = f"{max_duration_s / 3600:g} hour" + ("" if max_duration_s == 3600 else "s")  # noqa: PLR2004
        raise Permanent("source_too_long", f"The recording is longer than the {hours} this installation takes.")
