"""What a plan is made from: the upload itself, or, when that cannot be seeked, a copy that can."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from chalicelib.domain.keys import prepared_key, source_key, source_version
from chalicelib.domain.messages import PrepareMessage, StartMessage
from chalicelib.domain.preparing import check_unprepared, needs_preparing, prepare_command, targets
from chalicelib.domain.recording import PREPARING, RecordingStatus
from chalicelib.errors import Permanent, Transient
from chalicelib.services.ports import Cancelled

if TYPE_CHECKING:
    from chalicelib.domain.media import SourceMedia
    from chalicelib.domain.recording import Recording
    from chalicelib.services.ports import Clock, Encoder, Jobs, MessageHold, Objects, Probe, Queue, Recordings

_URL_TTL_S = 900
_MARGIN_S = 10
_HOLD_S = 60
_CONTENT_TYPE = "application/octet-stream"
"""Nobody but our own workers reads it."""


class NotPrepared(Exception):
    """The source is being made ready; its job is planned when a start message says that it is."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Looks at sources, and has those prepared that need it."""

    recordings: Recordings
    jobs: Jobs
    objects: Objects
    probe: Probe
    queue: Queue
    max_duration_s: int

    def known(self, recording: Recording) -> tuple[str, SourceMedia] | None:
        """Key and facts by an earlier job of this very source: the API function has no time for a second look."""
        job = self.jobs.get(recording.job_id) if recording.job_id else None
        same = job is not None and job.plan.source_version == recording.source_version
        return (job.plan.source_key, job.plan.media) if job and same else None

    def look(self, recording: Recording) -> tuple[str, SourceMedia]:
        """Probe what is to be encoded; returns its key and facts.

        Raises NotPrepared after having asked for that, Permanent with a code for what cannot be used.
        """
        prepared = prepared_key(recording.id, recording.source_version)
        head = self.objects.head(prepared)
        if head is not None:
            return prepared, self._probe(prepared, head.size)
        key = source_key(recording.id)
        media = self._probe(key, recording.size_bytes)
        if not needs_preparing(media):
            return key, media
        check_unprepared(media, max_duration_s=self.max_duration_s)
        self._ask(recording, media)
        raise NotPrepared

    def _probe(self, key: str, size: int) -> SourceMedia:
        return self.probe.probe(self.objects.read_url(key, ttl_s=_URL_TTL_S), size_bytes=size)

    def _ask(self, recording: Recording, media: SourceMedia) -> None:
        """Say so first: a worker that comes before its recording says `processing` would find itself unwanted."""
        begun = self.recordings.update(
            recording.id,
            expect=[s for s in RecordingStatus if s is not RecordingStatus.DELETING],
            status=RecordingStatus.PROCESSING,
            error_code="",
            error_detail="",
            stage=PREPARING,
        )
        if begun is not None:
            message = PrepareMessage(recording.id, recording.source_version, media)
            self.queue.send([message.dumps()], group=recording.id)


@dataclass(frozen=True, slots=True)
class PrepareWorker:
    """Carries out prepare messages. Raises Transient when the message should come again."""

    recordings: Recordings
    objects: Objects
    encoder: Encoder
    uploads_queue: Queue
    clock: Clock
    scratch: str

    def handle(self, message: PrepareMessage, hold: MessageHold, *, remaining_s: float) -> None:
        """Rewrite the source and have its job planned, or find that done or unwanted."""
        if not self._wanted(message):
            return
        if self.objects.head(prepared_key(message.recording_id, message.source_version)) is None:
            try:
                self._prepare(message, hold, self.clock.now() + remaining_s)
            except Cancelled:
                return
        self.uploads_queue.send([StartMessage(message.recording_id).dumps()], group=message.recording_id)

    def give_up(self, message: PrepareMessage) -> None:
        """It failed time and again: end the recording with a reason. Asking for its job begins anew."""
        if self._wanted(message):
            error = Permanent(
                "prepare_failed",
                "The file has no index, and making one failed several times: it is probably damaged."
                " Please convert it to MP4 or MKV and upload that.",
            )
            self.recordings.update(
                message.recording_id,
                expect=[RecordingStatus.PROCESSING],
                status=RecordingStatus.ERRORED,
                error_code=error.code,
                error_detail=error.detail,
                stage="",
            )

    def _wanted(self, message: PrepareMessage) -> bool:
        """True while the recording waits for this very version of its source."""
        recording = self._current(message)
        return recording is not None and (recording.status, recording.stage) == (RecordingStatus.PROCESSING, PREPARING)

    def _current(self, message: PrepareMessage) -> Recording | None:
        """Return the recording if it still has this version; another worker may have got it past its preparing."""
        recording = self.recordings.get(message.recording_id)
        if recording is None or recording.status is RecordingStatus.DELETING:
            return None
        return recording if recording.source_version == message.source_version else None

    def _prepare(self, message: PrepareMessage, hold: MessageHold, deadline: float) -> None:
        with TemporaryDirectory(dir=self.scratch) as folder:
            path = Path(folder) / "prepared"
            self._rewrite(message, hold, deadline, path)
            # Nobody calls while the file is on its way.
            hold.keep(int(self._left(deadline)) + _MARGIN_S)
            head = self.objects.head(source_key(message.recording_id))
            same = head is not None and source_version(head.size, head.etag) == message.source_version
            if not same or not self._wanted(message):
                raise Cancelled
            key = prepared_key(message.recording_id, message.source_version)
            self.objects.put_file(key, path, content_type=_CONTENT_TYPE, cache_control="no-store")
            if not self._current(message):
                self.objects.delete([key])
                raise Cancelled

    def _rewrite(self, message: PrepareMessage, hold: MessageHold, deadline: float, path: Path) -> None:
        """Try each way to write the file; raises Transient when the last one failed or wrote nothing."""

        def beat(_frames: int, _fps: float) -> bool:
            hold.keep(_HOLD_S)
            return self._wanted(message)

        hold.keep(_HOLD_S)
        url = self.objects.read_url(source_key(message.recording_id), ttl_s=int(self._left(deadline)) + _MARGIN_S)
        failure = Transient("encode_interrupted", "There is no way to write this file.")
        for target in targets(message.media):
            command = prepare_command(message.media, target, url=url, output=str(path))
            try:
                self.encoder.run_to_file(command, timeout_s=self._left(deadline), beat=beat)
            except Transient as error:
                failure = error
                if error.code != "encode_interrupted":
                    break
                continue
            if path.exists() and path.stat().st_size:
                return
        raise failure

    def _left(self, deadline: float) -> float:
        return max(1.0, deadline - self.clock.now() - _MARGIN_S)
