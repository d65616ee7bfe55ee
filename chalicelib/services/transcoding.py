"""The transcoding pillar: from a source to a job in the queue, and what anybody may ask about it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from chalicelib.domain.chunks import plan_chunks
from chalicelib.domain.job import Job, JobPlan, JobStatus, Priority
from chalicelib.domain.keys import job_id, master_key, source_key, source_version
from chalicelib.domain.ladder import DEFAULT_PROFILES, RESCUE_PROFILE, EncodingProfile, plan_ladder
from chalicelib.domain.media import check_source
from chalicelib.domain.playlist import contiguous
from chalicelib.domain.presentation import render_master
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict, Permanent, Transient
from chalicelib.services.captioning import with_captions
from chalicelib.services.preparing import NotPrepared
from chalicelib.services.recordings import live_recording
from chalicelib.services.reporting import chunks_document, progress_document

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.recording import Recording
    from chalicelib.services.fanout import TranscodingQueue
    from chalicelib.services.ports import Clock, Jobs, ObjectHead, Objects, Recordings
    from chalicelib.services.preparing import Sources

_SILENT_S = 20 * 60
_LOST_S = 2 * 60
_NOT_FOR_SOURCES = {RecordingStatus.DELETING, RecordingStatus.WAITING, RecordingStatus.LIVE}
_DONORS = 8
"""Earlier jobs of the same source that a new one looks at for finished work."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """How a job is to be done, which does not change what it makes."""

    priority: Priority = Priority.NORMAL
    max_cost_usd: float | None = None


@dataclass(frozen=True, slots=True)
class MultiBitrateTranscoder:
    """The transcoding pillar's front: plan, queue, report. All calls are safe to repeat."""

    recordings: Recordings
    jobs: Jobs
    source: Objects
    media: Objects
    fanout: TranscodingQueue
    sources: Sources
    clock: Clock
    max_duration_s: int
    rescue_rung: bool
    encoder: Mapping[str, str] = field(default_factory=dict)
    """What else decides the bytes of a rendition: encoder build and preset."""

    def start_from_upload(self, recording_id: str) -> Job | None:
        """An object has landed: plan and start its job. None when nobody wants it (unknown or being deleted).

        None too when it has to be prepared first: this is called again once it is.

        Raises Transient when it should be tried again; a source that cannot be used ends as an errored recording.
        """
        recording = self.recordings.get(recording_id)
        if recording is None or recording.status is RecordingStatus.DELETING or recording.is_live:
            return None
        # Looked at after the row: should it be overwritten meanwhile, whoever sees the newer one writes the row first.
        head = self.source.head(source_key(recording_id))
        if head is None:
            return None
        if recording.source_version != source_version(head.size, head.etag):
            arrived = self._arrived(recording, head)
        else:
            arrived = None if recording.status is RecordingStatus.ERRORED else recording
        if arrived is None:
            return None
        begun = self.jobs.get(arrived.job_id) if arrived.job_id else None
        if begun is not None and begun.plan.source_version == arrived.source_version:
            # The event comes again. Meanwhile somebody may have asked for other rungs: that job stays.
            self._send(begun)
            return begun
        try:
            return self._start(arrived, None, Wishes())[0]
        except NotPrepared:
            return None

    def _arrived(self, recording: Recording, head: ObjectHead) -> Recording | None:
        """Take the object that lies there now as the recording's source; None when it is being deleted.

        Raises Transient("recording_contended") when somebody else has taken one since `recording` was read.
        """
        arrived = self.recordings.update(
            recording.id,
            expect=[s for s in RecordingStatus if s not in _NOT_FOR_SOURCES],
            only_if={"source_version": recording.source_version},
            status=RecordingStatus.PROCESSING,
            source_version=source_version(head.size, head.etag),
            size_bytes=head.size,
            poster="",
            storyboard="",
            error_code="",
            error_detail="",
            stage="",
        )
        current = self.recordings.get(recording.id) if arrived is None else None
        if current is not None and current.status not in _NOT_FOR_SOURCES:
            raise Transient("recording_contended", "The file was replaced at this very moment.")
        return arrived

    def give_up(self, recording_id: str) -> None:
        """Starting failed time and again: end the recording with a reason; queue_job begins anew."""
        recording = self.recordings.get(recording_id)
        if recording is not None and self.sources.known(recording) is None:
            text = "The upload could not be looked at in several tries. Start its encoding again later."
            self._refuse(recording, Permanent("start_failed", text))

    def queue_job(
        self, recording: Recording, profiles: Sequence[EncodingProfile] | None, wishes: Wishes | None = None
    ) -> tuple[Job, bool]:
        """Start the job that this request means, or return the one it started before (then False).

        What it encodes makes it that job; `wishes` count when it is new.

        Raises Conflict("recording_live") for a live stream's, Conflict("source_not_uploaded") while there is nothing
        to encode, Conflict("source_refused") when the source was found unusable, Conflict("source_preparing") while
        it is made ready. Raises Transient when another request or another source came in between: ask again.
        """
        if recording.is_live:
            raise live_recording("a live stream is encoded as it comes")
        if recording.status is RecordingStatus.ERRORED and not recording.source_version:
            # Given up before anybody had looked at the object: look now.
            head = self.source.head(source_key(recording.id))
            recording = (head and self._arrived(recording, head)) or recording
        if recording.status is RecordingStatus.UPLOADING or not recording.source_version:
            raise Conflict(
                "source_not_uploaded", "The upload has not finished yet; the job starts by itself when it has."
            )
        try:
            job, created = self._start(recording, profiles, wishes or Wishes())
        except NotPrepared:
            text = "The file is being made ready for encoding, which then starts by itself. Ask again in a minute."
            raise Conflict("source_preparing", text) from None
        if job is None:
            raise Conflict("source_refused", "The source cannot be encoded; the recording says why.")
        return job, created

    def _start(
        self, recording: Recording, profiles: Sequence[EncodingProfile] | None, wishes: Wishes
    ) -> tuple[Job | None, bool]:
        wanted = tuple(profiles) if profiles else self._default_profiles()
        facts = {"profiles": [vars_of(p) for p in wanted], "encoder": dict(self.encoder)}
        identity = job_id(recording.id, recording.source_version, facts)
        job = self.jobs.get(identity)
        created = False
        if job is None:
            try:
                plan = self._plan(recording, wanted)
            except Permanent as error:
                self._refuse(recording, error)
                return None, False
            job, created = self._create(identity, recording, plan, wishes)
        if recording.job_id != job.id:
            job = self._again(job, wishes) if job.status.terminal else job
            self._adopt(recording, job)
        self._send(job)
        return self.jobs.get(identity) or job, created

    def _again(self, job: Job, wishes: Wishes) -> Job:
        """Let a job go on that ended before another one, or another source, took its place.

        Where all is encoded, a message that finds it done makes a worker put its playlists on show again.
        """
        if job.status is not JobStatus.COMPLETED:
            self.jobs.forget_attempts(job.id)
        again = self.jobs.update(
            job.id,
            expect=[job.status],
            status=JobStatus.IN_PROGRESS,
            fanned_out=False,
            touched_at=self.clock.now(),
            finished_at=None,
            max_cost_usd=wishes.max_cost_usd,
            error_code="",
            error_detail="",
        )
        return again or self.jobs.get(job.id) or job

    def _send(self, job: Job) -> None:
        if not job.fanned_out and not job.status.terminal:
            self.fanout.send(job)

    def _default_profiles(self) -> tuple[EncodingProfile, ...]:
        return (RESCUE_PROFILE, *DEFAULT_PROFILES) if self.rescue_rung else DEFAULT_PROFILES

    def _plan(self, recording: Recording, profiles: Sequence[EncodingProfile]) -> JobPlan:
        key, media = self.sources.known(recording) or self.sources.look(recording)
        check_source(media, max_duration_s=self.max_duration_s)
        segment_s, renditions = plan_ladder(media, profiles, self.encoder)
        return JobPlan(
            source_key=key,
            source_version=recording.source_version,
            media=media,
            segment_s=segment_s,
            renditions=renditions,
            chunks=plan_chunks(media.duration_s, segment_s),
        )

    def _create(self, identity: str, recording: Recording, plan: JobPlan, wishes: Wishes) -> tuple[Job, bool]:
        others = self.jobs.by_recording(recording.id)
        job = Job(
            identity,
            recording.id,
            recording.owner,
            JobStatus.PENDING,
            plan,
            created_at=self.clock.now(),
            priority=wishes.priority,
            max_cost_usd=wishes.max_cost_usd,
            earlier=tuple(j.id for j in others if j.plan.source_version == plan.source_version)[:_DONORS],
        )
        created = self.jobs.create(job)
        return (job, True) if created else (self.jobs.get(identity) or job, False)

    def _adopt(self, recording: Recording, job: Job) -> None:
        """Make the job the recording's own, with the facts the probe found; a new job is a new chance.

        Raises Transient("recording_contended") when the recording has another job or another source since it was read.
        """
        video = job.plan.media.video
        settled = [s for s in RecordingStatus if s is not RecordingStatus.DELETING]
        again: dict[str, object] = {}
        if recording.error_code and not job.status.terminal:
            again = {"error_code": "", "error_detail": ""}
        if again and recording.status is RecordingStatus.ERRORED:
            again["status"] = RecordingStatus.PROCESSING
        adopted = self.recordings.update(
            recording.id,
            expect=settled,
            only_if={"job_id": recording.job_id, "source_version": job.plan.source_version},
            **again,
            job_id=job.id,
            stage="",
            duration_s=float(job.plan.media.duration_s),
            width=video.width if video else 0,
            height=video.height if video else 0,
        )
        if adopted is None and not self._has(recording.id, job):
            raise Transient("recording_contended", "Another request for this recording came at the same moment.")

    def _has(self, recording_id: str, job: Job) -> bool:
        """True for the recording's own job, and where there is nothing left to have one."""
        current = self.recordings.get(recording_id)
        return current is None or current.status is RecordingStatus.DELETING or current.job_id == job.id

    def _refuse(self, recording: Recording, error: Permanent) -> None:
        settled = [RecordingStatus.UPLOADING, RecordingStatus.PROCESSING, RecordingStatus.ERRORED]
        self.recordings.update(
            recording.id,
            expect=settled,
            status=RecordingStatus.ERRORED,
            error_code=error.code,
            error_detail=error.detail,
            stage="",
        )

    def resume_stalled(self, limit: int) -> int:
        """Send again the work of jobs that have been silent for long: their messages were lost. Returns how many."""
        resumed = 0
        for status in (JobStatus.PENDING, JobStatus.IN_PROGRESS):
            for listed in self.jobs.by_status(status, limit=limit):
                job = self.jobs.get(listed.id)
                if job is not None and not job.status.terminal and self._stalled(job):
                    self.fanout.send(job)
                    resumed += 1
        return resumed

    def _stalled(self, job: Job) -> bool:
        now = self.clock.now()
        if not job.fanned_out:
            return now - max(job.created_at, job.touched_at) > _LOST_S
        if now - job.touched_at < _SILENT_S:
            return False
        return not any(task.lease_until > now for task in self.jobs.tasks(job.id))

    def get_progress(self, recording: Recording, *, owner: bool = False) -> dict[str, Any]:
        """Return the progress document (docs/api.md); what the job may cost is for its `owner` only."""
        return progress_document(recording, self.jobs, self.clock.now(), owner=owner)

    def get_chunks(self, recording: Recording) -> dict[str, Any]:
        """Return the picture of the job (docs/api.md): a letter for each piece of each rendition."""
        return chunks_document(recording, self.jobs, self.clock.now())

    def generate_master_playlist(self, recording: Recording, *, planned: bool) -> str:
        """Return the multivariant playlist; `planned` lists rungs whose first chunk is still to come.

        Raises Conflict: not_playable_yet, recording_errored.
        """
        if recording.status is RecordingStatus.ERRORED:
            raise Conflict("recording_errored", recording.error_detail or "This recording could not be encoded.")
        job = self.jobs.get(recording.job_id) if recording.job_id else None
        text = b""
        # A ready recording keeps its whole ladder on show while another job works on a new one; of a job that has
        # ended nothing more is to come.
        if job is not None and planned and not job.status.terminal and recording.status is not RecordingStatus.READY:
            text = with_captions(self.media, recording, self._planned_master(job)).encode()
        if job is not None and not text:
            text = self.media.get(master_key(recording.id)) or b""
        if not text:
            raise Conflict("not_playable_yet", "The first seconds are still being encoded; try again in a moment.")
        return text.decode()

    def _planned_master(self, job: Job) -> str:
        tasks = {(t.rendition_id, t.chunk): t.result for t in self.jobs.tasks(job.id)}
        results = {r.id: contiguous([tasks.get((r.id, c.index)) for c in job.plan.chunks]) for r in job.plan.streams}
        return render_master(job, results, final=False, planned=True)[0]


def vars_of(profile: EncodingProfile) -> dict[str, Any]:
    """Plain values of a profile, for content addresses."""
    return {name: getattr(profile, name) for name in profile.__slots__ if name != "name"}
