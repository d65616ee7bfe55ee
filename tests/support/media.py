"""Builders of sources, plans and recordings."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

from chalicelib.domain.chunks import plan_chunks
from chalicelib.domain.job import ChunkResult, Job, JobPlan, JobStatus, Segment
from chalicelib.domain.ladder import DEFAULT_PROFILES, RESCUE_PROFILE, plan_ladder
from chalicelib.domain.media import AudioTrack, SourceMedia, VideoTrack
from chalicelib.domain.recording import Recording, RecordingStatus

RECORDING_ID = "rec_0123456789abcdefghij"
PROFILES = (RESCUE_PROFILE, *DEFAULT_PROFILES)


def video(width: int = 1920, height: int = 1080, rate: object = 30, **more: Any) -> VideoTrack:
    """Return a plain H.264 track starting at zero."""
    facts = {"duration_s": Fraction(60), "start_pts": 0, "time_base": Fraction(1, 15360)} | more
    return VideoTrack(codec="h264", width=width, height=height, frame_rate=Fraction(str(rate)), **facts)


def audio(**more: Any) -> AudioTrack:
    """Return a stereo AAC track."""
    facts = {
        "codec": "aac",
        "sample_rate": 48_000,
        "channels": 2,
        "profile": "LC",
        "bitrate_kbps": 192,
        "unbroken": True,
    }
    return AudioTrack(**(facts | {"duration_s": Fraction(60)} | more))


def source(
    duration: object = 60, *, picture: VideoTrack | None = None, sound: AudioTrack | None = None, **more: Any
) -> SourceMedia:
    """Return an MP4 source; picture (as long as the source) and sound only when given."""
    facts = {"container": "mov", "size_bytes": 1000, "seekable": True, "audios": (sound,) if sound else ()} | more
    length = Fraction(str(duration))
    return SourceMedia(duration_s=length, video=picture and replace(picture, duration_s=length), **facts)


def plan(media: SourceMedia, profiles: Any = PROFILES, *, storyboard: bool = False) -> JobPlan:
    """Plan a source as the product would; thumbnails only when asked for."""
    segment_s, renditions = plan_ladder(media, profiles, {"build": "test"})
    renditions = tuple(r for r in renditions if storyboard or r.kind != "storyboard")
    return JobPlan("sources/x/original", "v1", media, segment_s, renditions, plan_chunks(media.duration_s, segment_s))


def job(job_plan: JobPlan, **more: Any) -> Job:
    """Return a job in progress."""
    facts: dict[str, Any] = {"id": "job_1", "recording_id": RECORDING_ID, "owner": "ann", "created_at": 1.0}
    return Job(**(facts | {"status": JobStatus.IN_PROGRESS, "plan": job_plan} | more))


def recording(**more: Any) -> Recording:
    """Return an uploaded recording."""
    facts: dict[str, Any] = {
        "id": RECORDING_ID,
        "owner": "ann",
        "title": "A talk",
        "filename": "talk.mp4",
        "content_type": "video/mp4",
        "size_bytes": 1000,
        "status": RecordingStatus.PROCESSING,
        "created_at": 1.0,
        "updated_at": 1.0,
        "source_version": "v1",
    }
    return Recording(**(facts | more))


def result(key: str = "media/x/00000-a.mp4", *, segments: int = 1, size: int = 1000, **more: Any) -> ChunkResult:
    """Return a chunk of two-second video segments of `size` bytes each after an 800-byte init segment.

    A quarter of each is its key frame.
    """
    facts: dict[str, Any] = {
        "key": key,
        "size": 800 + size * segments,
        "init_size": 800,
        "init_sha": "same",
        "codec": "avc1.64001F",
        "timescale": 24_000,
        "start": 0,
        "segments": tuple(Segment(800 + size * i, size, 48_000, size // 4) for i in range(segments)),
        "frames": 48 * segments,
    }
    return ChunkResult(**(facts | more))
