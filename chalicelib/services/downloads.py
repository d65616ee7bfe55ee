"""Downloads: the source as it was uploaded, and renditions as one file each, joined when first asked for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.downloads import MAX_BYTES, complete, file_name, recipe, slug
from chalicelib.domain.job import JobStatus, TaskStatus
from chalicelib.domain.keys import download_key, source_key
from chalicelib.domain.messages import JoinMessage
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict, NotFound
from chalicelib.services.recordings import live_recording

if TYPE_CHECKING:
    from chalicelib.domain.downloads import Recipe
    from chalicelib.domain.job import ChunkResult, Job, Rendition
    from chalicelib.domain.recording import Recording
    from chalicelib.services.ports import Clock, Jobs, Objects, Queue

URL_TTL_S = 3600
"""Long enough to begin; a download that has begun goes on when its address expires."""
FAILED = ".failed"
"""Ending of the key that says that a file could not be made."""


@dataclass(frozen=True, slots=True)
class Download:
    """A file to fetch. `expires_at` is in Unix seconds."""

    url: str
    filename: str
    size_bytes: int
    expires_at: float


def materials(jobs: Jobs, job: Job, wanted: Recipe) -> list[list[ChunkResult]] | None:
    """What to join, one list of chunks for each of the recipe's renditions; None while any chunk is missing."""
    found = []
    for rendition_id in wanted.ids:
        rows = jobs.tasks(job.id, rendition_id)
        done = [row.result for row in rows if row.status is TaskStatus.DONE]
        results = complete(done, len(job.plan.chunks))
        if not results:
            return None
        found.append(results)
    return found


def object_key(job: Job, wanted: Recipe) -> str:
    """Key of the joined file: the same renditions of the same source are the same file."""
    return download_key(job.recording_id, job.plan.source_version, wanted.ids)


@dataclass(frozen=True, slots=True)
class Downloads:
    """What the owner of a recording can fetch."""

    jobs: Jobs
    source: Objects
    queue: Queue
    clock: Clock

    def original(self, recording: Recording) -> Download:
        """Return the source under its own name; raises Conflict: source_not_uploaded, recording_live."""
        key = source_key(recording.id)
        if recording.is_live:
            raise live_recording("there is no original file of it")
        head = None if recording.status is RecordingStatus.UPLOADING else self.source.head(key)
        if head is None:
            raise Conflict("source_not_uploaded", "The upload has not finished: there is nothing to download yet.")
        return self._download(key, recording.filename or "recording", head.size)

    def renditions(self, recording: Recording) -> list[tuple[Rendition, str, bool]]:
        """Return each rendition with its name in addresses, and whether its file lies ready."""
        job = self._job(recording)
        if job is None:
            return []
        named = [(rendition, slug(rendition)) for rendition in job.plan.streams]
        recipes = ((rendition, name, recipe(job.plan, rendition.id)) for rendition, name in named)
        return [(r, name, bool(w and self.source.head(object_key(job, w)))) for r, name, w in recipes]

    def look(self, recording: Recording, name: str) -> Download | None:
        """Return a rendition's file, or None when it is not there yet.

        Raises NotFound("rendition_not_found"), Conflict("not_encoded_yet"), Conflict("download_failed").
        """
        job, wanted = self._find(recording, name)
        ready = self._ready(recording, job, wanted)
        if ready is None and self.source.head(object_key(job, wanted) + FAILED) is not None:
            raise Conflict("download_failed", "Making this file failed several times; ask for it again to try anew.")
        return ready

    def ask(self, recording: Recording, name: str) -> Download | None:
        """Return a rendition's file, or have it made and return None. Asking twice is harmless.

        Raises NotFound("rendition_not_found"), Conflict("not_encoded_yet"), Conflict("download_too_large").
        """
        job, wanted = self._find(recording, name)
        ready = self._ready(recording, job, wanted)
        if ready is not None:
            return ready
        found = materials(self.jobs, job, wanted)
        if found is None:
            raise Conflict("not_encoded_yet", "This rendition is still being encoded.")
        if sum(result.size for results in found for result in results) > MAX_BYTES:
            raise Conflict("download_too_large", "This rendition is larger than 7 GiB, the most that is joined.")
        failed = object_key(job, wanted) + FAILED
        if self.source.head(failed) is not None:
            self.source.delete([failed])
        self.queue.send([JoinMessage(job.id, wanted.rendition.id).dumps()], group=recording.id)
        return None

    def _find(self, recording: Recording, name: str) -> tuple[Job, Recipe]:
        job = self._job(recording)
        if job is None:
            raise Conflict("not_encoded_yet", "There is no rendition yet: the encoding has not begun.")
        wanted = recipe(job.plan, name)
        if wanted is None:
            known = ", ".join(slug(rendition) for rendition in job.plan.streams)
            raise NotFound("rendition_not_found", f"There is no such rendition. This recording has: {known}.")
        return job, wanted

    def _job(self, recording: Recording) -> Job | None:
        job = self.jobs.get(recording.job_id) if recording.job_id else None
        current = job is not None and job.plan.source_version == recording.source_version
        return job if current and job and job.status is not JobStatus.PENDING else None

    def _ready(self, recording: Recording, job: Job, wanted: Recipe) -> Download | None:
        key = object_key(job, wanted)
        head = self.source.head(key)
        return self._download(key, file_name(recording.title, wanted.rendition), head.size) if head else None

    def _download(self, key: str, filename: str, size: int) -> Download:
        url = self.source.read_url(key, ttl_s=URL_TTL_S, filename=filename, public=True)
        return Download(url, filename, size, self.clock.now() + URL_TTL_S)
