"""What an encoder has sent, read from the CMAF files that remuxing made of it, and whether we take it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from statistics import median_low
from typing import TYPE_CHECKING

from chalicelib.domain.fmp4 import boxes, default_sample, find, fragments_of, init_size, timescale
from chalicelib.domain.ladder import standard_rate
from chalicelib.domain.live.ladder import Observed, ObservedSound
from chalicelib.domain.live.packaging import MAX_HEIGHT, MAX_PIXELS, MAX_WIDTH
from chalicelib.domain.live.samples import SampleEntry, displayed_sideways, sample_durations, sample_entry, starts_clean
from chalicelib.domain.media import MIN_SIDE, VideoTrack
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from chalicelib.domain.fmp4 import Fragment

MAX_BYTES = 10_000_000
SHORTEST_S, LONGEST_S = Fraction("0.2"), Fraction(30)
MAX_FPS = Fraction("60.5")
"""60, and what rounded times make of it."""
_NEGATIVE = 2**63
_VIDEO = {"avc1": "h264", "avc3": "h264", "hvc1": "hevc", "hev1": "hevc"}
_TRANSFERS = {16: "smpte2084", 18: "arib-std-b67"}
_BT2020 = 9
_UNKNOWN = 2


@dataclass(frozen=True, slots=True)
class Picture:
    """The picture of one segment. Times are the encoder's, in ticks of `timescale`."""

    track: VideoTrack
    timescale: int
    start: int
    duration: int
    frame_rate: Fraction
    """Of most of its frames; steady, even where the encoder drops some."""
    profile: str
    plain: bool
    interlaced: bool
    size: int
    """Bytes."""

    @property
    def start_s(self) -> Fraction:
        """Seconds of the encoder's clock at the first frame."""
        return Fraction(self.start, self.timescale)

    @property
    def duration_s(self) -> Fraction:
        """Seconds."""
        return Fraction(self.duration, self.timescale)

    @property
    def end_s(self) -> Fraction:
        """Where the next segment should begin."""
        return self.start_s + self.duration_s


@dataclass(frozen=True, slots=True)
class Sound:
    """The sound of one segment, one AAC track."""

    rate: int
    channels: int
    start: int
    duration: int
    size: int
    profile: str

    @property
    def duration_s(self) -> Fraction:
        """Seconds."""
        return Fraction(self.duration, self.rate)


def begins_before_zero(data: bytes) -> bool:
    """True when a remuxed picture's time is negative, which CMAF writes as a huge number."""
    size = init_size(data)
    fragments = list(fragments_of(data, size, default_sample(data[:size]))) if size else []
    return bool(fragments) and fragments[0].start >= _NEGATIVE


def read_picture(data: bytes) -> Picture:
    """Read a remuxed picture; raises Permanent with the reason when it is none that we take."""
    init, fragment = _only_fragment(data, "The segment has no picture.")
    entry = sample_entry(init)
    if entry.kind not in _VIDEO:
        raise Permanent("video_codec_refused", f"The picture must be H.264 or HEVC, not {entry.kind!r}.")
    scale = timescale(init)
    duration = Fraction(fragment.duration, scale)
    if not SHORTEST_S <= duration <= LONGEST_S:
        said = f"Segments must last 0.2 to 30 s, not {float(duration):.2f} s."
        raise Permanent("segment_duration_refused", said)
    if fragment.samples / duration > MAX_FPS:
        seen = float(fragment.samples / duration)
        raise Permanent("frame_rate_refused", f"The picture has {seen:.0f} frames a second; 60 is the most.")
    _check_size(entry)
    if not starts_clean(_VIDEO[entry.kind], data[fragment.offset : fragment.offset + fragment.key_frame]):
        raise Permanent("no_key_frame", "The first frame must be a key frame (IDR): segments are decoded one by one.")
    rate = standard_rate(Fraction(scale, median_low(sample_durations(data, init)) or scale))
    track = _track(entry, rate, fragment, scale, turned=displayed_sideways(init))
    return Picture(
        track=track,
        timescale=scale,
        start=fragment.start,
        duration=fragment.duration,
        frame_rate=rate,
        profile=entry.profile,
        plain=not entry.interlaced and entry.sar == 1 and not displayed_sideways(init),
        interlaced=entry.interlaced,
        size=fragment.size,
    )


def read_sound(data: bytes) -> Sound | None:
    """Read remuxed sound, None when there is none; raises Permanent for what is not one AAC track."""
    size = init_size(data)
    init = data[:size]
    tracks = _tracks(init) if size else 0
    if tracks > 1:
        raise Permanent("audio_tracks_refused", f"The segment has {tracks} audio tracks; one is the most.")
    if not tracks:
        return None
    entry = sample_entry(init)
    if entry.kind in _VIDEO:
        # Asked for sound where there is none, FFmpeg takes the picture.
        return None
    if not entry.is_aac:
        raise Permanent("audio_codec_refused", "The sound must be AAC.")
    fragments = list(fragments_of(data, size, default_sample(init)))
    duration = sum(fragment.duration for fragment in fragments)
    if not duration:
        return None
    bytes_ = sum(fragment.size for fragment in fragments)
    return Sound(timescale(init), entry.channels, fragments[0].start, duration, bytes_, entry.profile)


def observed(picture: Picture, sound: Sound | None) -> Observed:
    """Return what a ladder is planned from."""
    heard = ObservedSound("aac", sound.profile, sound.rate, sound.channels, _kbps(sound)) if sound else None
    return Observed(
        codec=picture.track.codec,
        width=picture.track.width,
        height=picture.track.height,
        frame_rate=picture.frame_rate,
        profile=picture.profile,
        kbps=_kbps(picture),
        pix_fmt=picture.track.pix_fmt,
        sound=heard,
        plain=picture.plain,
    )


def _kbps(track: Picture | Sound) -> int:
    return round(track.size * 8 / 1000 / track.duration_s)


def _only_fragment(data: bytes, otherwise: str) -> tuple[bytes, Fragment]:
    size = init_size(data)
    init = data[:size]
    if not size or not _tracks(init):
        raise Permanent("video_missing", otherwise)
    fragments = list(fragments_of(data, size, default_sample(init)))
    if len(fragments) != 1 or not fragments[0].samples or not fragments[0].key_frame:
        raise Permanent("video_missing", otherwise)
    return init, fragments[0]


def _tracks(init: bytes) -> int:
    moov = find(init, (b"moov",))
    return sum(box.kind == b"trak" for box in boxes(init, moov.body, moov.end)) if moov else 0


def _check_size(entry: SampleEntry) -> None:
    longest, shortest = max(entry.width, entry.height), min(entry.width, entry.height)
    if longest > MAX_WIDTH or shortest > MAX_HEIGHT or longest * shortest > MAX_PIXELS or shortest < MIN_SIDE:
        said = f"The picture has {entry.width}x{entry.height} pixels; {MAX_WIDTH}x{MAX_HEIGHT} is the most."
        raise Permanent("picture_size_refused", said)


def _track(entry: SampleEntry, rate: Fraction, fragment: Fragment, scale: int, *, turned: bool) -> VideoTrack:
    width, height = round(entry.width * entry.sar), entry.height
    primaries, transfer, matrix = entry.colours
    return VideoTrack(
        codec=_VIDEO[entry.kind],
        width=height if turned else width,
        height=width if turned else height,
        frame_rate=rate,
        start_pts=fragment.start,
        time_base=Fraction(1, scale),
        duration_s=Fraction(fragment.duration, scale),
        pix_fmt="yuv420p" if entry.plain_pixels else "",
        sar=entry.sar,
        interlaced=entry.interlaced,
        transfer=_TRANSFERS.get(transfer, ""),
        tagged=matrix != _UNKNOWN,
        wide=primaries == _BT2020,
    )
