"""Resumable uploads: S3 alone knows which parts are there; the row only remembers the upload's id."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.access import Action, not_found
from chalicelib.domain.keys import source_key
from chalicelib.domain.recording import RecordingStatus
from chalicelib.domain.uploads import PartPlan, format_numbers, parse_numbers
from chalicelib.errors import Conflict
from chalicelib.services.recordings import find, live_recording, read_living

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.access import Caller
    from chalicelib.domain.recording import Recording
    from chalicelib.services.ports import Clock, Objects, Recordings, UploadedPart, Uploads

DEFAULT_PARTS = 100
"""Part URLs in an answer to nobody's particular wish."""


@dataclass(frozen=True, slots=True)
class UploadSession:
    """Where an upload stands. `urls` maps part numbers to presigned PUTs that end at `expires_at` (Unix seconds)."""

    plan: PartPlan
    uploaded: tuple[UploadedPart, ...]
    urls: dict[int, str]
    expires_at: float


class UploadSessions:
    """Multipart uploads of sources: opened, resumed and completed as often as a client likes."""

    def __init__(self, recordings: Recordings, uploads: Uploads, source: Objects, clock: Clock, *, ttl_s: int) -> None:
        """Part URLs live `ttl_s` seconds."""
        self._recordings = recordings
        self._uploads = uploads
        self._source = source
        self._clock = clock
        self._ttl_s = ttl_s

    def resume(self, caller: Caller, recording_id: str, parts: str | None = None) -> UploadSession:
        """Say what is stored and sign URLs for `parts` (`1-50,60`; None: the first 100 missing).

        An upload that S3 does not know (never begun, or dropped) is begun afresh. Raises
        Conflict("upload_finished") once the file is there, Conflict("recording_live") for a live stream's,
        NotFound, Forbidden or BadRequest.
        """
        recording = find(self._recordings, caller, recording_id, Action.UPLOAD)
        _check_takes_files(recording)
        if recording.status is not RecordingStatus.UPLOADING:
            raise _finished()
        plan = _plan(recording)
        wanted = None if parts is None else parse_numbers(parts, plan.count)
        stored = self._stored(recording)
        if stored is None:
            if self._source.head(source_key(recording.id)) is not None:
                self._mark_uploaded(recording)
                raise _finished()
            recording, stored = self._begin(recording), []
        if wanted is None:
            wanted = plan.missing({part.number: part.size for part in stored})[:DEFAULT_PARTS]
        return self._session(recording, stored, wanted)

    def complete(self, caller: Caller, recording_id: str) -> Recording:
        """Join the parts; the recording as it is now, also when it was done before.

        Raises Conflict("upload_incomplete") naming the parts that are missing or have the wrong size, and
        Conflict("recording_live") for a live stream's.
        """
        recording = find(self._recordings, caller, recording_id, Action.UPLOAD)
        _check_takes_files(recording)
        if recording.status is not RecordingStatus.UPLOADING:
            return recording
        stored = self._stored(recording)
        if stored is not None:
            self._join(recording, stored)
        elif self._source.head(source_key(recording.id)) is None:
            raise Conflict("upload_incomplete", "No part of this file has arrived yet: ask for the part URLs again.")
        return self._mark_uploaded(recording)

    def _stored(self, recording: Recording) -> list[UploadedPart] | None:
        if not recording.upload_id:
            return None
        return self._uploads.parts(source_key(recording.id), recording.upload_id)

    def _begin(self, recording: Recording) -> Recording:
        # Two callers at once begin two uploads and the later row wins; the other one holds no parts that
        # anybody counts on, and the bucket's lifecycle rule removes it.
        upload_id = self._uploads.begin(source_key(recording.id), content_type=recording.content_type)
        begun = self._recordings.update(recording.id, expect=[RecordingStatus.UPLOADING], upload_id=upload_id)
        if begun is None:
            self._uploads.abort(source_key(recording.id), upload_id)
            raise not_found()
        return begun

    def _session(self, recording: Recording, stored: Sequence[UploadedPart], wanted: Sequence[int]) -> UploadSession:
        plan, key = _plan(recording), source_key(recording.id)
        urls = {
            number: self._uploads.part_url(
                key, recording.upload_id, number, size=plan.size_of(number), ttl_s=self._ttl_s
            )
            for number in wanted
        }
        return UploadSession(plan, tuple(stored), urls, self._clock.now() + self._ttl_s)

    def _join(self, recording: Recording, stored: Sequence[UploadedPart]) -> None:
        plan = _plan(recording)
        missing = plan.missing({part.number: part.size for part in stored})
        if missing:
            named = format_numbers(missing)
            raise Conflict("upload_incomplete", f"Parts that are missing or have the wrong size: {_short(named)}.")
        try:
            self._uploads.complete(
                source_key(recording.id), recording.upload_id, [p for p in stored if p.number <= plan.count]
            )
        except Conflict:
            # Another call may have completed it in between; then the object is there.
            if self._source.head(source_key(recording.id)) is None:
                raise

    def _mark_uploaded(self, recording: Recording) -> Recording:
        marked = self._recordings.update(
            recording.id,
            expect=[RecordingStatus.UPLOADING],
            status=RecordingStatus.PROCESSING,
            updated_at=self._clock.now(),
        )
        # None: the S3 event was faster, or it is being deleted.
        return marked or read_living(self._recordings, recording.id)


def _check_takes_files(recording: Recording) -> None:
    if recording.is_live:
        raise live_recording("it takes no upload")


def _plan(recording: Recording) -> PartPlan:
    return PartPlan(recording.size_bytes, recording.part_size_bytes)


def _finished() -> Conflict:
    return Conflict("upload_finished", "The whole file has arrived already: there is nothing left to upload.")


def _short(numbers: str, limit: int = 200) -> str:
    return numbers if len(numbers) <= limit else numbers[:limit].rsplit(",", 1)[0] + " and more"
