"""Taking the text subtitles out of a source: once for each source, and never over what somebody uploaded."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from chalicelib.domain.caption_extraction import embedded_tracks, extract_command, output_name, text_tracks
from chalicelib.domain.caption_tracks import with_embedded
from chalicelib.domain.captions import read_captions, shifted
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import NotFound, Rejected
from chalicelib.services.captions import content_of
from chalicelib.services.ports import Cancelled

if TYPE_CHECKING:
    from chalicelib.domain.caption_tracks import CaptionTrack
    from chalicelib.domain.captions import Cue
    from chalicelib.domain.job import Job
    from chalicelib.domain.messages import ExtractMessage
    from chalicelib.domain.recording import Recording
    from chalicelib.services.captions import CaptionShelf
    from chalicelib.services.ports import Clock, Encoder, Jobs, MessageHold, Objects

_HOLD_S = 60
_MARGIN_S = 10
log = logging.getLogger(__name__)

Found = list[tuple["CaptionTrack", tuple["Cue", ...]]]


@dataclass(frozen=True, slots=True)
class CaptionExtractor:
    """Carries out extract messages. Whatever goes wrong here, the job goes on: subtitles are an extra.

    No lease: two at once write objects of their own, and the row names those of the first. Raises Transient when
    FFmpeg failed; the message then comes again, and ends in the dead-letter queue.
    """

    jobs: Jobs
    source: Objects
    shelf: CaptionShelf
    encoder: Encoder
    clock: Clock
    max_duration_s: int
    scratch: str

    def handle(self, message: ExtractMessage, hold: MessageHold, *, remaining_s: float) -> None:
        """Take the subtitles of a job's source out, unless that was done or nobody wants them any more."""
        job = self.jobs.get(message.job_id)
        if job is None or not self._wanted(job):
            return
        deadline = self.clock.now() + remaining_s - _MARGIN_S
        try:
            self._keep(job, self._extract(job, hold, deadline))
        except (Cancelled, NotFound):
            log.info("the subtitles of recording %s are not wanted any more", job.recording_id)

    def _wanted(self, job: Job) -> bool:
        recording = self.shelf.recordings.get(job.recording_id)
        return recording is not None and recording.status is not RecordingStatus.DELETING and _to_do(job, recording)

    def _extract(self, job: Job, hold: MessageHold, deadline: float) -> Found:
        media, timeout_s = job.plan.media, max(1.0, deadline - self.clock.now())
        url = self.source.read_url(job.plan.source_key, ttl_s=int(timeout_s) + 60)

        def beat(_frames: int, _fps: float, /) -> bool:
            hold.keep(_HOLD_S)
            return self._wanted(job)

        hold.keep(_HOLD_S)
        with TemporaryDirectory(dir=self.scratch) as folder:
            command = extract_command(media, url=url, folder=folder)
            self.encoder.run_to_file(command, timeout_s=timeout_s, beat=beat)
            tracks = text_tracks(media)
            read = [self._read(job, Path(folder) / output_name(track)) for track in tracks]
        made = embedded_tracks([track for track, cues in zip(tracks, read, strict=True) if cues])
        return list(zip(made, filter(None, read), strict=True))

    def _read(self, job: Job, path: Path) -> tuple[Cue, ...]:
        """Read one track's cues, moved to our zero; none when it holds none or cannot be read."""
        zero = round(job.plan.media.start_s * 1000)
        try:
            cues = read_captions(path.read_bytes(), max_duration_s=self.max_duration_s + max(0, zero) // 1000 + 1)
        except (OSError, Rejected) as error:
            log.warning("subtitle track %s of recording %s is left out: %s", path.stem, job.recording_id, error)
            return ()
        return shifted(cues, -zero)

    def _keep(self, job: Job, found: Found) -> None:
        """Store what the row has no use for yet, and name it there."""
        stored: dict[str, CaptionTrack] = {}

        def edit(recording: Recording) -> tuple[CaptionTrack, ...]:
            if not _to_do(job, recording):
                raise Cancelled
            for track, cues in found:
                if track.language not in stored:
                    draft = replace(track, content=content_of(cues), cues=len(cues))
                    stored[track.language] = replace(draft, key=self.shelf.store(recording.id, draft, cues))
            return with_embedded(recording.captions, list(stored.values()))

        try:
            self.shelf.change(job.recording_id, edit, version=job.plan.source_version)
        finally:
            # What the row says, not what became of our call: a write can go through unheard.
            row = self.shelf.recordings.get(job.recording_id)
            named = {track.key for track in row.captions} if row else set()
            self.shelf.discard({track.key for track in stored.values()} - named)


def _to_do(job: Job, recording: Recording) -> bool:
    """True until the subtitles of the source that is there now have been taken out."""
    version = job.plan.source_version
    return recording.source_version == version and recording.captions_version != version
