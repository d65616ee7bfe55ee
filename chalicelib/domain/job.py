"""Jobs, their plans, tasks and progress: the state that DynamoDB keeps and every worker agrees on."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction
from typing import Any

from chalicelib.domain.chunks import Chunk
from chalicelib.domain.media import SourceMedia
from chalicelib.domain.stored import known

PLAN_VERSION = 1
JOB_CANCELLED = "job_cancelled"
"""Error code of what its owner cancelled."""
COST_LIMIT_REACHED = "cost_limit_reached"
"""Error code of what has cost as much as its owner allowed."""
STOPPED = frozenset({JOB_CANCELLED, COST_LIMIT_REACHED})
"""Codes that going on takes away again by itself."""
CLOCKS_S = 60.0
"""Seconds, more than machines' clocks differ: a lease that outlasts one of now by more is one of a clock that is wrong.

It holds nothing: whoever took it keeps the message hidden as long as it lives, and that time is the queue's."""


class JobStatus(StrEnum):
    """A job's life, in the specification's words."""

    PENDING = "pending"
    IN_PROGRESS = "in-progress"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def terminal(self) -> bool:
        """True once nothing will change any more."""
        return self in {JobStatus.COMPLETED, JobStatus.FAILED, JobStatus.CANCELLED}


class Priority(StrEnum):
    """Which queue a job's work waits in."""

    NORMAL = "normal"
    HIGH = "high"


class TaskStatus(StrEnum):
    """One rendition x chunk. A task without a row has not been taken by anybody yet."""

    LEASED = "leased"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Rendition:
    """One encoded output. Video sizes are final and even; `bitrate_kbps` is the ceiling, not the average."""

    id: str
    """Name in keys and playlists: readable, and ending in the address of its parameters."""
    kind: str
    """`video`, `audio` or `storyboard` (thumbnails: one sprite a chunk, `width` x `height` the size of a tile)."""
    name: str
    """For people: `720p 1000k`, `Audio`."""
    bitrate_kbps: int
    width: int = 0
    height: int = 0
    frame_rate: Fraction = Fraction(0)
    frames_per_segment: int = 0
    copy: bool = False
    """The source's packets are kept as they are: sound, and a live stream's highest rung."""
    track: int = 0
    """Audio only: which of the source's audio streams."""
    language: str = "und"
    """Audio only: as the source says it."""
    default: bool = True
    """Audio only: what plays unless the viewer chooses otherwise. True for exactly one."""

    @property
    def pixels(self) -> float:
        """Pixels made in a second; of a storyboard's frames only the first of each segment is."""
        rate = self.frame_rate / self.frames_per_segment if self.kind == "storyboard" else self.frame_rate
        return float(self.width * self.height * rate)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {name: getattr(self, name) for name in self.__slots__} | {"frame_rate": str(self.frame_rate)}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Rendition:
        """Read what `to_dict` wrote."""
        return cls(**(known(cls, data) | {"frame_rate": Fraction(data["frame_rate"])}))


@dataclass(frozen=True, slots=True)
class JobPlan:
    """Everything a worker needs to encode any task of a job, fixed when the job is made."""

    source_key: str
    source_version: str
    media: SourceMedia
    segment_s: Fraction
    renditions: tuple[Rendition, ...]
    """Audio first when there is any, then video from the lowest rung up, then the storyboard."""
    chunks: tuple[Chunk, ...]

    @property
    def tasks_total(self) -> int:
        """Rendition x chunk pairs."""
        return len(self.renditions) * len(self.chunks)

    def rendition(self, rendition_id: str) -> Rendition:
        """Return one rendition; raises KeyError for an id that is not in the plan."""
        for rendition in self.renditions:
            if rendition.id == rendition_id:
                return rendition
        raise KeyError(rendition_id)

    @property
    def video(self) -> tuple[Rendition, ...]:
        """Video renditions, lowest first."""
        return tuple(r for r in self.renditions if r.kind == "video")

    @property
    def streams(self) -> tuple[Rendition, ...]:
        """What is played: sound and rungs, in order."""
        return self.audios + self.video

    @property
    def storyboard(self) -> Rendition | None:
        """The thumbnails, if the plan has any: those made before there were storyboards have none."""
        return next((r for r in self.renditions if r.kind == "storyboard"), None)

    @property
    def audios(self) -> tuple[Rendition, ...]:
        """Audio renditions, in the source's order."""
        return tuple(r for r in self.renditions if r.kind == "audio")

    @property
    def audio(self) -> Rendition | None:
        """The audio rendition that plays by default, if the source has sound."""
        return next((r for r in self.audios if r.default), None) or next(iter(self.audios), None)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values, with the layout's version."""
        return {
            "v": PLAN_VERSION,
            "source_key": self.source_key,
            "source_version": self.source_version,
            "media": self.media.to_dict(),
            "segment_s": str(self.segment_s),
            "renditions": [r.to_dict() for r in self.renditions],
            "chunks": [[c.first_segment, c.segments] for c in self.chunks],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> JobPlan:
        """Read what `to_dict` wrote."""
        return cls(
            source_key=data["source_key"],
            source_version=data["source_version"],
            media=SourceMedia.from_dict(data["media"]),
            segment_s=Fraction(data["segment_s"]),
            renditions=tuple(Rendition.from_dict(r) for r in data["renditions"]),
            chunks=tuple(Chunk(i, first, count) for i, (first, count) in enumerate(data["chunks"])),
        )


@dataclass(frozen=True, slots=True)
class Job:
    """A transcoding job as stored. Times are Unix seconds; `error` is (code, sentence)."""

    id: str
    recording_id: str
    owner: str
    status: JobStatus
    plan: JobPlan
    created_at: float
    started_at: float | None = None
    finished_at: float | None = None
    playable_at: float | None = None
    priority: Priority = Priority.NORMAL
    max_cost_usd: float | None = None
    """No task is begun once the job has cost so much."""
    earlier: tuple[str, ...] = ()
    """Jobs on the same source, newest first: what they encoded is taken over."""
    fanned_out: bool = False
    touched_at: float = 0.0
    """When its messages were last sent: a job that is silent for long after that is sent again."""
    tasks_done: int = 0
    vmaf: dict[str, float] | None = None
    """Rendition id to score (0 to 100), once somebody asked."""
    error_code: str = ""
    error_detail: str = ""

    def may_take_over(self, donor: Job, rendition_id: str) -> bool:
        """True when the donor's chunks of a rendition would be ours to the byte.

        The address in the rendition's id covers everything but the source and where it is cut.
        """
        mine, other = self.plan, donor.plan
        source = (mine.source_key, mine.source_version) == (other.source_key, other.source_version)
        cut = mine.segment_s == other.segment_s and mine.chunks == other.chunks
        return source and cut and any(known.id == rendition_id for known in other.renditions)


@dataclass(frozen=True, slots=True)
class Segment:
    """One moof+mdat inside a chunk object: bytes and a duration in the rendition's timescale."""

    offset: int
    size: int
    duration: int
    key_frame: int = 0
    """Bytes from `offset` to the end of the first sample: what one picture needs. 0 where nobody noted it."""


@dataclass(frozen=True, slots=True)
class ChunkResult:
    """What one committed attempt made: the object and where its segments lie."""

    key: str
    size: int
    init_size: int
    """Bytes of ftyp+moov at the start of the object."""
    init_sha: str
    codec: str
    """RFC 6381, read from the bitstream."""
    timescale: int
    start: int
    """tfdt of the first segment, in `timescale` ticks."""
    segments: tuple[Segment, ...]
    frames: int
    """Video frames or audio access units."""
    cpu_s: float = 0.0
    """Of the encoder; what several renditions share is divided among them."""
    wall_s: float = 0.0
    """How long the encoder ran, from start to end."""

    @property
    def duration(self) -> int:
        """Ticks of `timescale` over all segments."""
        return sum(s.duration for s in self.segments)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; segments as [offset, size, duration, key_frame]."""
        data = {name: getattr(self, name) for name in self.__slots__}
        return data | {"segments": [[s.offset, s.size, s.duration, s.key_frame] for s in self.segments]}

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> ChunkResult:
        """Read what `to_dict` wrote, also before it noted key frames."""
        return cls(**(known(cls, data) | {"segments": tuple(Segment(*s) for s in data["segments"])}))


@dataclass(frozen=True, slots=True)
class Task:
    """One rendition x chunk as stored. `progress` is frames (video) or milliseconds (audio) of a running attempt."""

    job_id: str
    rendition_id: str
    chunk: int
    status: TaskStatus
    attempt: str
    attempts: int
    lease_until: float = 0.0
    progress: int = 0
    fps: float = 0.0
    result: ChunkResult | None = None
    started_at: float = 0.0
    """When the running, or the winning, attempt took it (Unix seconds)."""
    finished_at: float = 0.0
    """When it was committed (Unix seconds); 0 while it is open."""
