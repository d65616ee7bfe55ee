"""An AWS in this process (moto), the tables in it, and records to store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
from moto import mock_aws

from chalicelib.adapters import clients
from chalicelib.adapters.tables import create_all
from chalicelib.config import settings
from chalicelib.domain.chunks import plan_chunks
from chalicelib.domain.job import ChunkResult, Job, JobPlan, JobStatus, Rendition, Segment
from chalicelib.domain.media import AudioTrack, SourceMedia, VideoTrack
from chalicelib.domain.recording import Recording, RecordingStatus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@dataclass
class SteppingClock:
    """A clock that a test sets; tokens count up."""

    time: float = 1000.0
    tokens: int = 0

    def now(self) -> float:
        """Return the time the test set."""
        return self.time

    def token(self) -> str:
        """Return the next of a row of tokens."""
        self.tokens += 1
        return f"{self.tokens:020d}"


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Run the test against moto, with new clients and default settings."""
    for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL_DYNAMODB"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_REGION", "eu-central-1")
    settings.cache_clear()
    clients.reset()
    with mock_aws():
        yield
    clients.reset()
    settings.cache_clear()


@pytest.fixture
def tables(request: pytest.FixtureRequest) -> list[str]:
    """Create every table in moto."""
    request.getfixturevalue("aws")
    return create_all()


@pytest.fixture
def clock() -> SteppingClock:
    """Return a clock standing at 1000 s."""
    return SteppingClock()


@pytest.fixture
def new_recording() -> Callable[..., Recording]:
    """Return a maker of recordings: number them and change what matters."""

    def make(number: int = 1, **changes: Any) -> Recording:
        recording = Recording(
            id=f"rec_{number:020d}",
            owner="ada",
            title="Lecture",
            filename="lecture.mp4",
            content_type="video/mp4",
            size_bytes=5_000_000_000,
            status=RecordingStatus.UPLOADING,
            created_at=1000.0 + number,
            updated_at=1000.0 + number,
        )
        return replace(recording, **changes)

    return make


def make_plan(duration_s: Fraction) -> JobPlan:
    """Plan a source of that length on five rungs and sound."""
    video = VideoTrack("h264", 1920, 1080, Fraction(30), 0, Fraction(1, 15360), duration_s)
    audio = AudioTrack("aac", 48000, 2, duration_s=duration_s)
    sound = Rendition("audio-0123456789ab", "audio", "Audio", 128)
    rungs = (
        Rendition(f"v{kbps}-0123456789ab", "video", f"{kbps}k", kbps, 1280, 720, Fraction(30000, 1001), 60)
        for kbps in (250, 500, 1000, 2000, 4000)
    )
    media = SourceMedia("mov,mp4,m4a,3gp,3g2,mj2", duration_s, 1_000_000, seekable=True, video=video, audios=(audio,))
    segment_s = Fraction(2002, 1000)
    chunks = plan_chunks(duration_s, segment_s)
    return JobPlan("sources/x/original", "0123456789ab", media, segment_s, (sound, *rungs), chunks)


@pytest.fixture
def new_job() -> Callable[..., Job]:
    """Return a maker of jobs."""

    def make(number: int = 1, *, duration_s: Fraction = Fraction(60), **changes: Any) -> Job:
        job = Job(
            id=f"job_{number:024d}",
            recording_id=f"rec_{1:020d}",
            owner="ada",
            status=JobStatus.IN_PROGRESS,
            plan=make_plan(duration_s),
            created_at=1000.5 + number,
        )
        return replace(job, **changes)

    return make


@pytest.fixture
def result() -> ChunkResult:
    """Return what an attempt made: a full chunk of fifteen segments."""
    segments = tuple(Segment(1000 + 1_000_000 * n, 1_000_000 - n, 180180) for n in range(15))
    return ChunkResult("media/x.mp4", 15_001_000, 1000, "ab" * 32, "avc1.640028", 90000, 0, segments, 900, cpu_s=12.25)
