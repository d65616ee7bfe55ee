"""The end of recordings: deleting every object and row of one, and sweeping up what was left half-way."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.keys import is_recording_id, media_prefix, source_key, source_prefix
from chalicelib.domain.messages import DeleteMessage
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Transient
from chalicelib.services.recordings import fair_group

if TYPE_CHECKING:
    from chalicelib.domain.recording import Recording
    from chalicelib.services.live_remains import LiveRemains
    from chalicelib.services.ports import Clock, Jobs, Ledger, Objects, Queue, Recordings, Uploads
    from chalicelib.services.traces import Traces

FINAL_DELAY_S = 900
"""SQS's longest delay, and as long as a worker that began before the delete can still write."""
BUSY_DELAY_S = 60
REDRIVE_AFTER_S = 3600
"""Longer than a delete takes with its second pass and a retry: what is older lost its message."""
ABANDONED_AFTER_S = 7 * 24 * 3600
SWEEP_LIMIT = 100
"""Rows of each kind in one sweep; the next one, a minute later, goes on."""

log = logging.getLogger(__name__)


class Watched(Protocol):
    """What is known of a recording's viewers."""

    def purge(self, recording_id: str) -> None:
        """Remove all of it."""


class Lifecycle:
    """Every step may run twice, late or not at all: the row goes last, and a sweep finds rows that stayed."""

    def __init__(  # noqa: PLR0913  deleting touches every store there is
        self,
        recordings: Recordings,
        jobs: Jobs,
        uploads: Uploads,
        *,
        source: Objects,
        media: Objects,
        queue: Queue,
        ledger: Ledger,
        live: LiveRemains,
        watched: Watched,
        clock: Clock,
        traces: Traces | None = None,
    ) -> None:
        """`queue` is the one that brings delete messages back here."""
        self._recordings = recordings
        self._jobs = jobs
        self._uploads = uploads
        self._source = source
        self._media = media
        self._queue = queue
        self._ledger = ledger
        self._live = live
        self._watched = watched
        self._clock = clock
        self._traces = traces

    def delete(self, message: DeleteMessage) -> bool:
        """Remove everything of a recording that is marked as being deleted; False when it is not (nothing done).

        The first pass asks for a final one, which catches what workers wrote meanwhile and takes the row. It asks
        before it removes anything: it alone knows the jobs, and may die half-way.
        """
        if not is_recording_id(message.recording_id):
            return False
        recording = self._recordings.get(message.recording_id)
        if recording is not None and recording.status is not RecordingStatus.DELETING:
            return False
        jobs = [job.id for job in self._jobs.by_recording(message.recording_id)]
        if recording is not None and not message.final:
            final = DeleteMessage(recording.id, final=True, jobs=tuple(jobs))
            self._queue.send([final.dumps()], group=fair_group(recording.owner), delay_s=FINAL_DELAY_S)
        # Of a recording that is gone already this is the last that anybody does.
        self._live.purge(message.recording_id, final=message.final or recording is None)
        self._purge(message.recording_id, recording, {*message.jobs, *jobs})
        self._watched.purge(message.recording_id)
        if recording is not None and self._is_out_of_sight(message, recording) and message.final:
            self._recordings.delete(recording.id)
        return True

    def _is_out_of_sight(self, message: DeleteMessage, recording: Recording) -> bool:
        """Remove what no list shows. While the CDN takes no questions the message is put off: it has not failed."""
        if self._traces is None:
            return True
        try:
            self._traces.purge(recording.id, final=message.final)
        except Transient:
            log.warning("traces of %s are left for later", recording.id, exc_info=True)
            self._queue.send([message.dumps()], group=fair_group(recording.owner), delay_s=BUSY_DELAY_S)
            return False
        return True

    def _purge(self, recording_id: str, recording: Recording | None, jobs: set[str]) -> None:
        key = source_key(recording_id)
        if recording is not None and recording.upload_id:
            self._uploads.abort(key, recording.upload_id)
        # Jobs first: a worker that finishes now finds no job to commit to.
        # A job that is gone already may have been billed since.
        for job_id in sorted(jobs | ({recording.job_id} if recording and recording.job_id else set())):
            self._jobs.delete(job_id)
            self._ledger.delete(job_id)
        self._media.delete(self._media.list_keys(media_prefix(recording_id)))
        self._source.delete([key, *self._source.list_keys(source_prefix(recording_id))])

    def redrive_deletes(self) -> int:
        """Send the message again for recordings that have been in `deleting` for an hour; returns how many."""
        now = self._clock.now()
        stuck = self._recordings.by_status(RecordingStatus.DELETING, limit=SWEEP_LIMIT)
        stuck = [recording for recording in stuck if recording.updated_at < now - REDRIVE_AFTER_S]
        for recording in stuck:
            self._queue.send([DeleteMessage(recording.id).dumps()], group=fair_group(recording.owner))
            # Touched after sending: lost in between, it is only sent twice.
            self._recordings.update(recording.id, expect=[RecordingStatus.DELETING], updated_at=now)
        return len(stuck)

    def close_abandoned_uploads(self) -> int:
        """Give up uploads that were begun a week ago; their parts go, the row says why. Returns how many."""
        now = self._clock.now()
        open_ = self._recordings.by_status(RecordingStatus.UPLOADING, limit=SWEEP_LIMIT)
        abandoned = [recording for recording in open_ if recording.created_at < now - ABANDONED_AFTER_S]
        return sum(self._close(recording, now) for recording in abandoned)

    def _close(self, recording: Recording, now: float) -> bool:
        if recording.upload_id:
            self._uploads.abort(source_key(recording.id), recording.upload_id)
        closed = self._recordings.update(
            recording.id,
            expect=[RecordingStatus.UPLOADING],
            status=RecordingStatus.ERRORED,
            updated_at=now,
            error_code="upload_abandoned",
            error_detail="The upload was not finished within seven days. Upload the file again.",
        )
        if closed is None:
            return False
        self._source.delete([source_key(recording.id)])
        return True
