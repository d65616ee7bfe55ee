"""Playlists follow the facts: what is committed is announced, in order, and nothing announced is taken back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeGuard

from chalicelib.domain.caption_tracks import fingerprint
from chalicelib.domain.iframes import iframe_playlist
from chalicelib.domain.job import JOB_CANCELLED, STOPPED, JobStatus
from chalicelib.domain.keys import iframes_key, master_key, playlist_key, storyboard_key
from chalicelib.domain.playlist import MIME, contiguous, media_playlist
from chalicelib.domain.presentation import render_master, target_duration
from chalicelib.domain.recording import RecordingStatus
from chalicelib.domain.storyboard import KIND, thumbnail_track
from chalicelib.domain.storyboard import MIME as TRACK_MIME
from chalicelib.errors import Transient
from chalicelib.services.captioning import with_captions
from chalicelib.services.tidying import ask_to_tidy

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.job import ChunkResult, Job
    from chalicelib.domain.recording import Recording
    from chalicelib.services.ports import Clock, Jobs, Objects, Queue, Recordings

_GROWING = "public, max-age=1"
_FINISHED = "public, max-age=60"
_RACES = 8
_ENCODING = (RecordingStatus.PROCESSING, RecordingStatus.PLAYABLE)
_NO_ERROR = {"error_code": "", "error_detail": ""}


@dataclass(frozen=True, slots=True)
class Publisher:
    """Writes playlists and moves job and recording on. Every method may run twice, late and concurrently."""

    recordings: Recordings
    jobs: Jobs
    media: Objects
    lifecycle_queue: Queue
    clock: Clock

    def chunk_committed(self, job_id: str, rendition_id: str, chunk: int) -> None:
        """Announce a rendition's progress; call it after every commit, and again when the call may have been lost."""
        job = self.jobs.get(job_id)
        if job is None or job.status in {JobStatus.FAILED, JobStatus.CANCELLED}:
            return
        self.publish_rendition(job, rendition_id)
        if job.plan.rendition(rendition_id).kind == KIND:
            self._show_storyboard(job)
        elif chunk == 0 or not job.playable_at:
            self._publish_master(job, final=False)
        if job.tasks_done >= job.plan.tasks_total:
            self.finish(job)
        # Cancelled since we looked: what we wrote just now may have come after the playlists were ended.
        self.settle_cancelled(self.jobs.get(job_id))

    def finish(self, job: Job) -> None:
        """All tasks are done: end every playlist, publish the final master, complete job and recording."""
        for rendition in job.plan.renditions:
            self.publish_rendition(job, rendition.id)
        self._show_storyboard(job)
        for rendition in job.plan.video:
            self._publish_iframes(job, rendition.id)
        self._publish_master(job, final=True)
        ask_to_tidy(self.lifecycle_queue, job.recording_id)
        # The job last: as long as it is open, a message that comes again repeats whatever was missed.
        self._move_recording(job, RecordingStatus.READY, RecordingStatus.PROCESSING, RecordingStatus.PLAYABLE)
        done = {"status": JobStatus.COMPLETED, "finished_at": self.clock.now(), **_NO_ERROR}
        self.jobs.update(job.id, expect=[JobStatus.PENDING, JobStatus.IN_PROGRESS], **done)

    def settle_cancelled(self, job: Job | None) -> None:
        """Bring a cancelled job's recording to rest; nothing happens for any other job, or a second time.

        Before there was a picture the recording ends errored, saying how to go on. After that it stays playable and
        ends where the encoding ended: without EXT-X-ENDLIST a player would wait there for ever. A ready one, which
        has an older job's whole ladder, is left alone.
        """
        if job is None or job.status is not JobStatus.CANCELLED:
            return
        recording = self.recordings.get(job.recording_id)
        if not shows(recording, job) or recording.status not in _ENCODING:
            return
        error = {"error_code": job.error_code or JOB_CANCELLED, "error_detail": job.error_detail}
        processing, errored = RecordingStatus.PROCESSING, RecordingStatus.ERRORED
        mine = ownership(job)
        if self.recordings.update(recording.id, expect=[processing], only_if=mine, status=errored, **error) is None:
            for rendition in job.plan.renditions:
                self.publish_rendition(job, rendition.id)
            for rendition in job.plan.streams:
                self._set_closed(job, rendition.id, closed=True)
            self._publish_master(job, final=False, closed=True)
            self.recordings.update(recording.id, expect=[RecordingStatus.PLAYABLE], only_if=mine, **error)
        self.resume(self.jobs.get(job.id))  # a retry may have overtaken us

    def resume(self, job: Job | None) -> None:
        """A job that goes on after its end: what it announced grows again, and its recording has no error.

        Nothing happens for a job that is not running.
        """
        if job is None or job.status.terminal:
            return
        for rendition in job.plan.streams:
            self._set_closed(job, rendition.id, closed=False)
        if job.playable_at:
            self._publish_master(job, final=False)
        recording = self.recordings.get(job.recording_id)
        if not shows(recording, job) or not recording.error_code:
            return
        status = RecordingStatus.PLAYABLE if job.playable_at else RecordingStatus.PROCESSING
        mine, errored = ownership(job), RecordingStatus.ERRORED
        if self.recordings.update(recording.id, expect=[RecordingStatus.PLAYABLE], only_if=mine, **_NO_ERROR) is None:
            self.recordings.update(recording.id, expect=[errored], only_if=mine, status=status, **_NO_ERROR)

    def refresh(self, recording_id: str) -> None:
        """Put the recording's captions, as they are now, into its multivariant playlist, also into a finished one."""
        key = master_key(recording_id)
        for _ in range(_RACES):
            current = self.media.head(key)
            # Read after the head: whoever changes them later refreshes later, and finds our write or wins the race.
            recording = self.recordings.get(recording_id)
            if current is None or recording is None or recording.status is RecordingStatus.DELETING:
                return
            facts = current.metadata | {"captions": _captions(recording)}
            if current.metadata.get("captions", "") == facts["captions"]:
                return
            text = with_captions(self.media, recording, (self.media.get(key) or b"").decode())
            if self._replace(key, text, facts, current.etag, ended=facts.get("final") == "1"):
                return
        raise Transient("publish_contended", "Too many workers wrote one playlist at once.")

    def publish_rendition(self, job: Job, rendition_id: str) -> None:
        """Write the rendition's playlist as far as it reaches without a hole, unless a longer one is there.

        A storyboard's is its thumbnail track.
        """
        rendition = job.plan.rendition(rendition_id)
        name = storyboard_key if rendition.kind == KIND else playlist_key
        key = name(job.recording_id, job.plan.source_version, rendition_id, job.id)
        for _ in range(_RACES):
            current = self.media.head(key)
            chunks = contiguous(self._results(job, rendition_id))
            published = int(current.metadata.get("chunks", "0")) if current else 0
            if len(chunks) <= published:
                return
            ended = len(chunks) == len(job.plan.chunks)
            facts, etag = {"chunks": str(len(chunks))}, current.etag if current else None
            if rendition.kind == KIND:
                body, mime = thumbnail_track(job.plan, rendition, chunks), TRACK_MIME
            else:
                body, mime = media_playlist(chunks, target_s=target_duration(job.plan), ended=ended), MIME
            if self._replace(key, body, facts, etag, ended=ended, mime=mime):
                return
        raise Transient("publish_contended", "Too many workers wrote one playlist at once.")

    def _show_storyboard(self, job: Job) -> None:
        """Name the thumbnail track on the recording once it has begun; instead of an older job's once it is whole."""
        storyboard, recording = job.plan.storyboard, self.recordings.get(job.recording_id)
        if storyboard is None or not shows(recording, job):
            return
        key = storyboard_key(job.recording_id, job.plan.source_version, storyboard.id, job.id)
        if recording.storyboard == key:
            return
        done = len(contiguous(self._results(job, storyboard.id)))
        if done == len(job.plan.chunks) or (done and not recording.storyboard):
            self.recordings.name_stills(recording.id, job.plan.source_version, storyboard=key)

    def _publish_iframes(self, job: Job, rendition_id: str) -> None:
        """Write a finished rendition's I-frame playlist once: everybody who does so writes the same."""
        key = iframes_key(job.recording_id, job.plan.source_version, rendition_id, job.id)
        text = iframe_playlist(contiguous(self._results(job, rendition_id)), target_s=target_duration(job.plan))
        if text and self.media.head(key) is None:
            self._replace(key, text, {}, None, ended=True)

    def _set_closed(self, job: Job, rendition_id: str, *, closed: bool) -> None:
        """End what is announced of a rendition where it is, or take such an end away; its segments stay as they are."""
        key = playlist_key(job.recording_id, job.plan.source_version, rendition_id, job.id)
        for _ in range(_RACES):
            current = self.media.head(key)
            announced = int(current.metadata.get("chunks", "0")) if current else 0
            # A whole playlist has its end already, and keeps it.
            if current is None or announced == len(job.plan.chunks) or _is_closed(current.metadata) == closed:
                return
            chunks = contiguous(self._results(job, rendition_id))[:announced]
            body = media_playlist(chunks, target_s=target_duration(job.plan), ended=closed)
            facts = {"chunks": str(len(chunks)), "closed": str(int(closed))}
            if self._replace(key, body, facts, current.etag, ended=False):
                return
        raise Transient("publish_contended", "Too many workers wrote one playlist at once.")

    def _results(self, job: Job, rendition_id: str) -> list[ChunkResult | None]:
        done = {task.chunk: task.result for task in self.jobs.tasks(job.id, rendition_id)}
        return [done.get(chunk.index) for chunk in job.plan.chunks]

    def _publish_master(self, job: Job, *, final: bool, closed: bool = False) -> None:
        """Write the multivariant playlist; it only ever gains renditions, and a finished one stays.

        That of a job which was ended in the middle (`closed`) loses those that reach less far, until it goes on.

        A job that another one has followed writes none: the later request is the one that counts.
        """
        key = master_key(job.recording_id)
        for _ in range(_RACES):
            current = self.media.head(key)
            recording = self.recordings.get(job.recording_id)
            if not shows(recording, job):
                return
            results = {r.id: contiguous(self._results(job, r.id)) for r in job.plan.streams}
            text, variants = render_master(job, results, final=final, closed=closed)
            facts = {"job": job.id, "variants": str(variants), "final": str(int(final)), "closed": str(int(closed))}
            facts["captions"] = _captions(recording)
            if not variants or (current and not _improves(current.metadata, facts)):
                break
            self._publish_named(job, results)
            text = with_captions(self.media, recording, text)
            if self._replace(key, text, facts, current.etag if current else None, ended=final):
                break
        else:
            raise Transient("publish_contended", "Too many workers wrote one playlist at once.")
        if variants and not closed:
            self._playable(job)

    def _publish_named(self, job: Job, results: Mapping[str, Sequence[ChunkResult]]) -> None:
        """Write the playlists that a multivariant one is going to name, where nobody has come to that yet.

        Whoever committed a rendition's first chunk may be slower than we are, or dead.
        """
        for rendition_id, chunks in results.items():
            key = playlist_key(job.recording_id, job.plan.source_version, rendition_id, job.id)
            if chunks and self.media.head(key) is None:
                self.publish_rendition(job, rendition_id)

    def _playable(self, job: Job) -> None:
        if not job.playable_at:
            self.jobs.update(job.id, expect=[JobStatus.IN_PROGRESS], playable_at=self.clock.now())
        self._move_recording(job, RecordingStatus.PLAYABLE, RecordingStatus.PROCESSING)

    def _move_recording(self, job: Job, status: RecordingStatus, *expect: RecordingStatus) -> None:
        recording = self.recordings.get(job.recording_id)
        if not shows(recording, job):
            return
        changes: dict[str, str] = {}
        # Encoded after all, though whoever let it go on died before taking the error away.
        if recording.error_code in STOPPED or (recording.error_code and status is RecordingStatus.READY):
            changes, expect = _NO_ERROR, (*expect, RecordingStatus.ERRORED)
        self.recordings.update(job.recording_id, expect=expect, only_if=ownership(job), status=status, **changes)

    def _replace(
        self, key: str, text: str, facts: dict[str, str], etag: str | None, *, ended: bool, mime: str = MIME
    ) -> bool:
        return self.media.replace(
            key,
            text.encode(),
            content_type=mime,
            cache_control=_FINISHED if ended else _GROWING,
            metadata=facts,
            expect_etag=etag,
        )


def ownership(job: Job) -> dict[str, str]:
    """Return what a recording says as long as it shows this job or waits for it; writes about it depend on that."""
    return {"job_id": job.id, "source_version": job.plan.source_version}


def shows(recording: Recording | None, job: Job) -> TypeGuard[Recording]:
    """True while no other job was asked for, and the source is still the one that the job encodes."""
    return recording is not None and all(getattr(recording, name) == text for name, text in ownership(job).items())


def cancelled_sentence(recording_id: str) -> str:
    """Return what the owner of a recording reads whose job was cancelled."""
    return f"Its encoding was cancelled. What is done is kept: `headwater retry {recording_id}` encodes the rest."


def _captions(recording: Recording) -> str:
    return fingerprint(recording.captions, recording.duration_s) if recording.captions else ""


def _is_closed(facts: Mapping[str, str]) -> bool:
    return facts.get("closed") == "1"


def _improves(facts: Mapping[str, str], new: Mapping[str, str]) -> bool:
    """A new job replaces an older one's master only when it is whole: viewers keep a full ladder meanwhile."""
    final = new["final"] == "1"
    if facts.get("job") != new["job"]:
        return final or facts.get("final") != "1"
    newer_captions = facts.get("captions", "") != new["captions"]
    if facts.get("final") == "1":
        return final and newer_captions
    if _is_closed(facts) != _is_closed(new):
        return True
    before = int(facts.get("variants", "0"))
    return final or int(new["variants"]) > before or (int(new["variants"]) == before and newer_captions)
