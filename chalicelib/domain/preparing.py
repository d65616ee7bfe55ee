"""Sources that cannot be seeked are rewritten once, without encoding, so that every chunk can start where it begins.

Without an index a decoder must begin at the first byte for each chunk: quadratic. Rewriting costs a tenth of a second
for 16 MB (ENCODING §3), and turns MPEG-TS's resets and 33-bit wraps into one timeline.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.encoding import fence
from chalicelib.domain.media import check_source
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from chalicelib.domain.media import SourceMedia

MAX_BYTES = 7 * 1024**3
"""Of the source: what is written must fit the encoder's 8 GiB a file, and the function's 10 GB of scratch."""
_RESETTING = {"mpegts", "mpeg"}
"""Demuxers whose timestamps may wrap or begin anew: needs rewriting even for sound alone, which is never seeked."""
_MP4_VIDEO = {"h264", "hevc", "mpeg4", "mpeg2video", "mpeg1video", "vp9", "av1"}
_MP4_AUDIO = {"aac", "mp3", "mp2", "ac3", "eac3", "opus", "flac", "alac"}
_MOV_VIDEO = {"h264", "hevc", "mpeg4", "mpeg2video", "mjpeg", "prores", "dnxhd", "dvvideo"}
_MOV_AUDIO = {"aac", "mp3", "alac", "pcm_s16le", "pcm_s16be", "pcm_s24le", "pcm_s24be", "pcm_u8", "pcm_f32le"}
_TEXT_FITS = {("matroska", "matroska"), ("mov", "mp4"), ("mov", "mov")}
"""Demuxer and muxer between which subtitles can be copied; MPEG-TS and its kin hold pictures and teletext."""


@dataclass(frozen=True, slots=True)
class Target:
    """One way to write the prepared file: FFmpeg's muxer, and the codec of the sound (`copy`, or one without loss)."""

    muxer: str
    audio: str = "copy"


def needs_preparing(media: SourceMedia) -> bool:
    """True when chunks of it could not be decoded from where they begin. Sound alone is encoded in one go."""
    return not media.seekable and (media.video is not None or media.container in _RESETTING)


def check_unprepared(media: SourceMedia, *, max_duration_s: int) -> None:
    """Refuse what no preparing would help; its length is not known yet. Raises Permanent with a stable code."""
    check_source(replace(media, duration_s=Fraction(1)), max_duration_s=max_duration_s)
    if media.size_bytes > MAX_BYTES:
        raise Permanent(
            "source_too_large_to_prepare",
            f"The file has no index, and those may have up to {MAX_BYTES / 1024**3:g} GiB."
            " Please convert it to MP4 or MKV and upload that.",
        )


def targets(media: SourceMedia) -> tuple[Target, ...]:
    """Ways to write the prepared file, best first; the next one is for what the one before cannot hold.

    MP4 and MOV keep timestamps exactly; Matroska rounds them to a millisecond, which WebM and MKV sources are already.
    """
    video, audio = {media.video.codec} if media.video else set(), {track.codec for track in media.audios}
    exact: tuple[Target, ...] = ()
    if media.container != "matroska":
        if video <= _MP4_VIDEO and audio <= _MP4_AUDIO:
            exact = (Target("mp4"),)
        elif video <= _MOV_VIDEO and audio <= _MOV_AUDIO:
            exact = (Target("mov"),)
    return (*exact, Target("matroska"), Target("matroska", audio="flac"))


def prepare_command(media: SourceMedia, target: Target, *, url: str, output: str) -> list[str]:
    """Arguments (without the program) that rewrite a source into a file with an index, its packets untouched.

    The same source gives the same bytes, so two workers on one recording overwrite each other harmlessly.
    """
    streams = ["0:V:0"] if media.video else []
    streams += [f"0:a:{track.index}" for track in media.audios]
    if (media.container, target.muxer) in _TEXT_FITS:
        streams += [f"0:s:{track.index}" for track in media.subtitles if track.text]
    # AVI may hold two pictures in one packet (DivX's "packed B-frames"), which no other container can.
    unpack = ["-bsf:v", "mpeg4_unpack_bframes"] if media.video and media.video.codec == "mpeg4" else []
    return [
        *("-y", "-v", "error", "-nostdin", "-progress", "pipe:1", "-stats_period", "0.5"),
        *fence(media, url),
        # AVI and damaged streams have packets without a presentation time, which MP4 needs.
        *("-fflags", "+genpts"),
        *("-i", url, *(word for stream in streams for word in ("-map", stream)), "-map_chapters", "-1"),
        *("-c", "copy", "-c:a", target.audio, *unpack),
        *("-fflags", "+bitexact", "-f", target.muxer, output),
    ]
