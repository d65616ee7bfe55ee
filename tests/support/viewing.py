"""A recording on five rungs and a player that reports: in-memory cloud, the real services over it."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from chalicelib.domain.abr.reports import Event, read_batch
from chalicelib.domain.access import Caller, check_grant, make_grant
from chalicelib.domain.chunks import plan_chunks
from chalicelib.domain.job import Job, JobPlan, JobStatus, Rendition
from chalicelib.domain.keys import master_key, playlist_key
from chalicelib.domain.ladder import DEFAULT_PROFILES, RESCUE_PROFILE
from chalicelib.domain.media import AudioTrack, SourceMedia, VideoTrack
from chalicelib.domain.networks import Share, network_name, network_of
from chalicelib.domain.recording import Recording, RecordingStatus, Visibility
from chalicelib.domain.sessions import PlayerSession, check_session_token, make_session_token
from chalicelib.services.ladders import Ladders
from chalicelib.services.live_states import LiveStates
from chalicelib.services.pasts import NetworkPasts
from chalicelib.services.playback import Playback
from chalicelib.services.quality import QualityAdvisor
from chalicelib.services.reports import SessionReports
from chalicelib.services.session_facts import SessionFactsKeeper
from chalicelib.services.viewers import Asking, Viewers
from support.analytics_fakes import FakeEventLog, FakeFolds, ViewerKey
from support.fakes import FakeClock, FakeJobs, FakeObjects, FakeRecordings

REC, JOB, VERSION = "rec_0123456789abcdefghij", "job_0123456789abcdef01234567", "0123456789ab"
SES = "ses_0123456789abcdefghij"
KEY = b"key"
RUNGS = tuple(
    Rendition(
        f"v-{p.width}x{p.height}-{p.bitrate_kbps}k-0a1b2c3d", "video", p.name, p.bitrate_kbps, p.width, p.height,
        Fraction(p.frame_rate), 2 * p.frame_rate,
    )
    for p in (RESCUE_PROFILE, *DEFAULT_PROFILES)
)  # fmt: skip
SOUND = Rendition("a-128k-0a1b2c3d", "audio", "Audio", 128)


def plan(*renditions: Rendition) -> JobPlan:
    """Plan a minute of 1080p on these renditions."""
    video = VideoTrack("h264", 1920, 1080, Fraction(30), 0, Fraction(1, 15360), Fraction(60))
    sound = AudioTrack("aac", 48000, 2, duration_s=Fraction(60))
    media = SourceMedia("mov,mp4", Fraction(60), 1_000_000, seekable=True, video=video, audios=(sound,))
    return JobPlan(
        "sources/x/original", VERSION, media, Fraction(2), renditions, plan_chunks(Fraction(60), Fraction(2))
    )


def job(*renditions: Rendition, job_id: str = JOB) -> Job:
    """A finished job."""
    return Job(job_id, REC, "anna", JobStatus.COMPLETED, plan(*renditions), created_at=0.0)


def master(*renditions: Rendition, job_id: str = JOB) -> bytes:
    """A multivariant playlist that lists these."""
    uris = (playlist_key(REC, VERSION, r.id, job_id) for r in renditions)
    return "\n".join(["#EXTM3U", *(f"#EXT-X-STREAM-INF:BANDWIDTH=1\n/{uri}" for uri in uris), ""]).encode()


@dataclass
class FakeSessions:
    """The player_sessions table. Each of `rivals` runs before one write: another Lambda that is faster."""

    rows: dict[tuple[str, str], PlayerSession] = field(default_factory=dict)
    writes: int = 0
    rivals: list[Any] = field(default_factory=list)

    def load(self, recording_id: str, session: str, *, now: float) -> PlayerSession | None:
        """Read one whose time is not over."""
        row = self.rows.get((recording_id, session))
        return row if row is not None and row.expires_at > now else None

    def save(self, session: PlayerSession, *, now: float) -> bool:
        """Write at the version that was read."""
        if self.rivals:
            rival, *others = self.rivals
            self.rivals = []  # a rival has none of its own
            rival()
            self.rivals = others
        stored = self.rows.get((session.recording_id, session.session))
        if session.version:
            unchanged = stored is not None and stored.version == session.version
        else:
            unchanged = stored is None or stored.expires_at <= now
        if not unchanged:
            return False
        self.writes += 1
        self.rows[session.recording_id, session.session] = replace(session, version=session.version + 1)
        return True

    def to_sweep(self, *, now: float, limit: int) -> list[tuple[str, str]]:
        """Sessions to be looked after."""
        due = [key for key, row in self.rows.items() if row.sweep_at is not None and row.sweep_at <= now]
        return due[:limit]

    def delete(self, recording_id: str, session: str) -> None:
        """Remove one."""
        self.rows.pop((recording_id, session), None)


@dataclass
class FakeHistory:
    """The network_history table."""

    rows: dict[str, Share] = field(default_factory=dict)

    def read(self, name: str) -> Share | None:
        """Return the sum."""
        return self.rows.get(name)

    def add(self, name: str, share: Share, *, expires_at: float) -> None:
        """Add to the sum."""
        assert expires_at
        known = self.rows.get(name, Share())
        self.rows[name] = Share(known.weight + share.weight, known.total + share.total)


class Names:
    """Networks' names under a known key."""

    def name(self, address: str, period: int) -> str | None:
        """Name a network."""
        network = network_of(address)
        return network and network_name(KEY, network, period)


class GrantKey:
    """Links under a known key."""

    def issue(self, recording_id: str, expires_at: int) -> str:
        """Make one."""
        return make_grant(KEY, recording_id, expires_at)

    def check(self, recording_id: str, grant: str, *, now: float) -> None:
        """Check one."""
        check_grant(KEY, recording_id, grant, now=now)


class SessionKey:
    """Session tokens under a known key."""

    def issue(self, recording_id: str, session: str, expires_at: int) -> str:
        """Make one."""
        return make_session_token(KEY, recording_id, session, expires_at)

    def check(self, recording_id: str, session: str, token: str, *, now: float) -> None:
        """Check one."""
        check_session_token(KEY, recording_id, session, token, now=now)


@dataclass
class Cinema:
    """One public recording of Anna's, and everything that follows its viewers."""

    clock: FakeClock = field(default_factory=FakeClock)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    media: FakeObjects = field(default_factory=FakeObjects)
    source: FakeObjects = field(default_factory=FakeObjects)
    sessions: FakeSessions = field(default_factory=FakeSessions)
    history: FakeHistory = field(default_factory=FakeHistory)
    log: FakeEventLog = field(default_factory=FakeEventLog)

    def __post_init__(self) -> None:
        self.folds = FakeFolds(self.sessions)
        self.recordings = FakeRecordings(self.clock)
        self.recordings.rows[REC] = Recording(
            REC, "anna", "Talk", "a.mp4", "video/mp4", 1, RecordingStatus.READY, 0.0, 0.0, Visibility.PUBLIC, job_id=JOB
        )
        self.show(job(SOUND, *RUNGS), SOUND, *RUNGS)
        self.restart()

    def restart(self) -> None:
        """Begin anew as another Lambda instance: only tables and buckets stay."""
        never: Any = None  # nothing here opens a playlist
        url = "https://video.example"
        playback = Playback(self.recordings, never, never, GrantKey(), self.clock, public_url=url, ttl_s=100)
        ladders = Ladders(self.jobs, self.media, LiveStates(self.source), self.clock)
        pasts = NetworkPasts(self.history, Names(), self.clock)
        self.viewers = Viewers(playback, self.recordings, SessionKey(), self.clock, ttl_s=3600)
        self.quality = QualityAdvisor(ladders, pasts, self.sessions, self.clock)
        self.facts = SessionFactsKeeper(self.sessions, self.folds, self.log, ViewerKey(), self.clock)
        self.reports = SessionReports(self.sessions, self.facts, ladders, pasts, self.clock)
        self.ladders, self.pasts = ladders, pasts

    def show(self, shown_job: Job, *listed: Rendition) -> None:
        """Put a job's renditions on show."""
        self.jobs.rows[shown_job.id] = shown_job
        body = master(*listed, job_id=shown_job.id)
        self.media.put_bytes(master_key(REC), body, content_type="a/b", cache_control="no-cache")

    def asking(self, caller: Caller | None = None, address: str = "192.0.2.7", **shown: Any) -> Asking:
        """A request as the entry point hands it on."""
        return Asking(caller, address, **shown)


def segment(seq: int, kbps: float = 6000.0, rung: int = 2, **more: Any) -> dict[str, Any]:
    """One segment's report: fetched whole, over a link of so many kbit/s."""
    size = RUNGS[rung].bitrate_kbps * 2 * 125
    return {
        "kind": "segment",
        "seq": seq,
        "at_ms": 1_800_000_000_000 + 2000 * seq,
        "rendition": RUNGS[rung].id,
        "index": seq,
        "bytes": size,
        "ttfb_ms": 40,
        "duration_ms": 40 + 8 * size / kbps,
        "bl": 10_000,
        **more,
    }


def batch(*events: dict[str, Any]) -> tuple[Event, ...]:
    """Read a batch."""
    return read_batch({"events": list(events)})
