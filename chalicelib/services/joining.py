"""Joining a rendition's chunks into one file: read once, in order, never encoded again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from chalicelib.domain.downloads import join_command, plausible, recipe
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Transient
from chalicelib.services.downloads import FAILED, materials, object_key
from chalicelib.services.ports import Cancelled

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.downloads import Recipe
    from chalicelib.domain.job import ChunkResult, Job
    from chalicelib.domain.messages import JoinMessage
    from chalicelib.services.ports import Clock, FedEncoder, Jobs, MessageHold, Objects, Recordings

_MARGIN_S = 10
_HOLD_S = 60


@dataclass(frozen=True, slots=True)
class JoinWorker:
    """Carries out join messages. Raises Transient when the message should come again."""

    recordings: Recordings
    jobs: Jobs
    source: Objects
    media: Objects
    encoder: FedEncoder
    clock: Clock
    scratch: str

    def handle(self, message: JoinMessage, hold: MessageHold, *, remaining_s: float) -> None:
        """Make the file, or find it made or unwanted."""
        found = self._find(message)
        if found is None or self.source.head(object_key(*found)) is not None:
            return
        job, wanted = found
        parts = materials(self.jobs, job, wanted)
        if parts is None:
            return  # the job was opened again; whoever wants the file asks again
        try:
            self._join(job, wanted, parts, hold, self.clock.now() + remaining_s)
        except Cancelled:
            return

    def give_up(self, message: JoinMessage) -> None:
        """It failed time and again: whoever waits for the file is told."""
        found = self._find(message)
        if found is not None and self.source.head(object_key(*found)) is None:
            key = object_key(*found) + FAILED
            self.source.put_bytes(key, b"", content_type="text/plain", cache_control="no-store")

    def _find(self, message: JoinMessage) -> tuple[Job, Recipe] | None:
        job = self.jobs.get(message.job_id)
        wanted = recipe(job.plan, message.rendition_id) if job else None
        return (job, wanted) if job and wanted and self._wanted(job) else None

    def _wanted(self, job: Job) -> bool:
        recording = self.recordings.get(job.recording_id)
        return recording is not None and recording.status is not RecordingStatus.DELETING

    def _join(
        self, job: Job, wanted: Recipe, parts: list[list[ChunkResult]], hold: MessageHold, deadline: float
    ) -> None:
        leading, *beside = parts

        def beat(_frames: int, _fps: float) -> bool:
            hold.keep(_HOLD_S)
            return self._wanted(job)

        hold.keep(_HOLD_S)
        with TemporaryDirectory(dir=self.scratch) as folder:
            sound, path = Path(folder) / "sound.mp4", Path(folder) / "joined.mp4"
            if beside:
                with sound.open("wb") as file:
                    file.writelines(self._stream(beside[0]))
            command = join_command(sound=str(sound) if beside else None, output=str(path))
            self.encoder.run_fed(command, timeout_s=self._left(deadline), beat=beat, feed=self._stream(leading))
            if not plausible(path.stat().st_size, [result for results in parts for result in results]):
                raise Transient("join_incomplete", "The joined file is too small for what it was made of.")
            # Nobody calls while the file is on its way.
            hold.keep(int(self._left(deadline)) + _MARGIN_S)
            if not self._wanted(job):
                raise Cancelled
            content_type = "video/mp4" if wanted.rendition.kind == "video" else "audio/mp4"
            key = object_key(job, wanted)
            self.source.put_file(key, path, content_type=content_type, cache_control="private")

    def _stream(self, results: list[ChunkResult]) -> Iterator[bytes]:
        """The first object whole, of the others what comes after their init segment."""
        for number, result in enumerate(results):
            body = self.media.get(result.key)
            if body is None or len(body) != result.size:
                raise Transient("chunk_unreadable", f"Chunk object {result.key} is not what was committed.")
            yield body[result.init_size :] if number else body

    def _left(self, deadline: float) -> float:
        return max(1.0, deadline - self.clock.now() - _MARGIN_S)
