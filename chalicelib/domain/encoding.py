"""FFmpeg commands as lists of arguments, and what must be true of what comes out.

Every flag that is not obvious has its reason here; the measurements behind them are in docs/adr.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from chalicelib.domain.jpeg import jpeg_options
from chalicelib.domain.media import MAX_PIXELS, MAX_TRACKS
from chalicelib.domain.pictures import filter_graph, output_label, seconds
from chalicelib.domain.storyboard import KIND, QUALITY
from chalicelib.errors import Permanent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.chunks import Chunk
    from chalicelib.domain.job import ChunkResult, JobPlan, Rendition
    from chalicelib.domain.media import SourceMedia, VideoTrack

ENCODER_BUILD = "ffmpeg-9.0.2/3"
"""Binary and command version: part of every rendition's address. Raise the number when a command changes."""
_CRAMPED = Fraction("0.03")
_ROOMY = Fraction("0.055")
"""Bits per pixel of a rung's ceiling: below the one film fills it whatever is asked, above the other it seldom does."""
_SLOWER = {"veryfast": "faster", "faster": "fast", "fast": "medium"}
_AQ_STRENGTH = "0.5"
"""Half of x264's default: slides are text and edges, not texture; more bits stay where they are (ADR 7)."""
_MUX_FLAGS = "+cmaf+frag_keyframe+empty_moov+default_base_moof+frag_discont+negative_cts_offsets+skip_trailer"


def fence(media: SourceMedia, url: str) -> list[str]:
    """Options that fence the input in: only the probed demuxer, only the protocol of the one URL we hand over."""
    protocols = "https,tls,tcp" if url.startswith("https:") else "http,tcp"
    # A QuickTime track may lie in another file, says its data reference.
    references = ["-enable_drefs", "0", "-use_absolute_path", "0"] if media.container == "mov" else []
    return [
        *("-protocol_whitelist", protocols, "-max_redirects", "0"),
        *("-f", media.container, "-format_whitelist", media.container, *references),
        *("-max_streams", str(MAX_TRACKS)),
        *("-rw_timeout", "15000000"),  # µs: a server that stalls must not hold a worker
        *("-max_pixels", str(MAX_PIXELS)),
    ]


def input_options(media: SourceMedia, url: str) -> list[str]:
    """Return the fence, and one timeline for all chunks: the source's."""
    return [*fence(media, url), "-copyts"]


def video_command(  # noqa: PLR0913  each is a fact of its own
    plan: JobPlan,
    renditions: Sequence[Rendition],
    chunk: Chunk,
    *,
    url: str,
    outputs: Sequence[str],
    preset: str,
    threads: int,
) -> list[str]:
    """Arguments (without the program) that encode one chunk of some renditions, each into its own CMAF file.

    A storyboard becomes one JPEG.

    Frame-exact by construction: the seek lands on or before a key frame, `fps` with a start time then drops what
    lies before the chunk and makes exactly the planned frames, whatever the source's own rate. The source is
    decoded once; frames that `-progress` reports are those of the first rendition.
    """
    start = chunk.start_s(plan.segment_s)
    arguments = [
        *("-y", "-v", "error", "-nostdin", "-progress", "pipe:1", "-stats_period", "0.5"),
        *("-reinit_filter", "0"),  # a resolution change in the middle must not reset the frame counter
        *input_options(plan.media, url),
        *seek_options(plan, start),
        *("-i", url, "-filter_complex", filter_graph(plan.media, renditions, start, chunk.segments)),
    ]
    for index, (rendition, output) in enumerate(zip(renditions, outputs, strict=True)):
        arguments += ["-map", output_label(index), "-map_metadata", "-1", "-map_chapters", "-1"]
        if rendition.kind == KIND:
            arguments += [*jpeg_options(QUALITY), output]
            continue
        arguments += ["-fps_mode", "passthrough", "-frames:v", str(frame_limit(plan, rendition, chunk))]
        arguments += [*_encoder_options(rendition, preset, threads), output]
    return arguments


def crf(rendition: Rendition) -> float:
    """x264's constant rate factor: easy pictures are encoded to it, hard ones meet the ceiling (ADR 7)."""
    room = _bits_per_pixel(rendition)
    if room < _CRAMPED:
        return 29.0
    return 22.0 if room < _ROOMY else 20.0


def preset_of(rendition: Rendition, preset: str) -> str:
    """A cramped rung gets the next slower preset: small pictures are cheap, and it has no bits to spare."""
    return _SLOWER.get(preset, preset) if _bits_per_pixel(rendition) < _CRAMPED else preset


def _bits_per_pixel(rendition: Rendition) -> Fraction:
    pixels = rendition.width * rendition.height * rendition.frame_rate
    return rendition.bitrate_kbps * 1000 / pixels


def _encoder_options(rendition: Rendition, preset: str, threads: int) -> list[str]:
    """What x264 and the muxer are told for one output; all of it stands before the output's name."""
    return [
        *("-c:v", "libx264", "-preset", preset_of(rendition, preset), "-profile:v", "high", "-pix_fmt", "yuv420p"),
        *("-threads", str(threads)),
        *("-g", str(rendition.frames_per_segment), "-keyint_min", str(rendition.frames_per_segment)),
        *("-sc_threshold", "0", "-flags", "+cgop"),
        *("-crf", str(crf(rendition)), "-aq-strength", _AQ_STRENGTH),
        *("-maxrate", f"{rendition.bitrate_kbps * 21 // 20}k"),
        *("-bufsize", f"{rendition.bitrate_kbps * 2}k"),
        *("-color_range", "tv", "-video_track_timescale", str(video_timescale(rendition.frame_rate))),
        *("-avoid_negative_ts", "disabled", "-f", "mp4", "-movflags", _MUX_FLAGS),
        *("-use_editlist", "0", "-write_btrt", "0"),
    ]


def seek_options(plan: JobPlan, start: Fraction) -> list[str]:
    """Options before the input that land on or before the key frame of `start` (seconds of our timeline)."""
    video = _video_of(plan)
    if start <= plan.media.lead_s or not plan.media.seekable:
        return []
    # Accurate seek would count from the wrong frame on variable-rate sources.
    return ["-noaccurate_seek", "-seek_timestamp", "1", "-ss", seconds(_seek_s(plan.media, video, start))]


def _seek_s(media: SourceMedia, video: VideoTrack, start: Fraction) -> Fraction:
    """Container's time of `start`, or the last second of a picture that ends before it: its last frame is held."""
    return min(media.start_s + start, video.start_s + max(video.duration_s - 1, Fraction(0)))


def video_timescale(rate: Fraction) -> int:
    """Ticks per second in which one frame is a whole number of ticks."""
    return rate.numerator if rate.denominator != 1 else rate.numerator * 1000


def planned_frames(plan: JobPlan, rendition: Rendition, chunk: Chunk) -> int:
    """Frames the chunk should have; for the last one, what the source's duration promises."""
    if chunk.index < len(plan.chunks) - 1:
        return chunk.segments * rendition.frames_per_segment
    rest = plan.media.duration_s - chunk.start_s(plan.segment_s)
    return max(1, round(rest * rendition.frame_rate))


def frame_limit(plan: JobPlan, rendition: Rendition, chunk: Chunk) -> int:
    """Most frames the encoder may write: one segment of grace at the very end, where durations are rounded."""
    grace = rendition.frames_per_segment if chunk.index == len(plan.chunks) - 1 else 0
    return planned_frames(plan, rendition, chunk) + grace


def verify_video(plan: JobPlan, rendition: Rendition, chunk: Chunk, result: ChunkResult) -> None:
    """Check an encoded chunk against the plan; an exit code of 0 proves nothing.

    Raises Permanent("source_truncated") when frames are missing, Permanent("encode_inexact") for anything that
    would not join its neighbours.
    """
    tick = Fraction(video_timescale(rendition.frame_rate)) / rendition.frame_rate
    start = chunk.start_s(plan.segment_s) * video_timescale(rendition.frame_rate)
    planned = planned_frames(plan, rendition, chunk)
    last = chunk.index == len(plan.chunks) - 1
    slack = rendition.frames_per_segment if last else 0
    if result.frames < planned - slack or not result.frames:
        seen = chunk.start_s(plan.segment_s) + Fraction(result.frames) / rendition.frame_rate
        raise Permanent(
            "source_truncated",
            f"The file is cut off: it promises {float(plan.media.duration_s):.1f} s of video, but the picture ends"
            f" at {float(seen):.1f} s. Please upload it again.",
        )
    if result.frames > planned + slack or result.start != start or result.duration != result.frames * tick:
        raise Permanent("encode_inexact", f"Chunk {chunk.index} of {rendition.id} does not fit its place.")


def audio_chunk_of(plan: JobPlan, middle_s: Fraction) -> int:
    """Which chunk an audio segment belongs to, by its middle in seconds; the last one takes all that is left."""
    for chunk in plan.chunks:
        if middle_s < (chunk.first_segment + chunk.segments) * plan.segment_s:
            return chunk.index
    return len(plan.chunks) - 1


def _video_of(plan: JobPlan) -> VideoTrack:
    if plan.media.video is None:
        raise Permanent("plan_without_video", "A video task on a recording without video.")
    return plan.media.video
