"""The rows of recordings, jobs and tasks, watched at every change, and all of them looked through at the end."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from chalicelib.domain.job import TaskStatus
from chalicelib.domain.keys import (
    iframes_key,
    master_key,
    media_prefix,
    playlist_key,
    prepared_key,
    source_key,
    storyboard_key,
)
from chalicelib.domain.recording import RecordingStatus
from simulation.playlists import END

if TYPE_CHECKING:
    from chalicelib.domain.cost import Bill
    from chalicelib.domain.job import Job, Task
    from chalicelib.domain.recording import Recording
    from simulation.hub import Process
    from simulation.owners import Owner
    from simulation.world import World

_RESTS = {RecordingStatus.READY, RecordingStatus.ERRORED, RecordingStatus.PLAYABLE}


class Books:
    """Watches the tables of a world."""

    def __init__(self, world: World) -> None:
        """Begin to watch."""
        self._world = world
        stores = world.stores
        self.ready: Counter[str] = Counter()
        self.reopened: Counter[str] = Counter()
        self.billed: dict[str, tuple[Bill, Process | None, float]] = {}
        self.began: dict[str, float] = {}
        rows: Any = stores.recordings.rows
        rows._watch = self._recording
        jobs: Any = stores.jobs.rows
        jobs._watch = self._job
        tasks: Any = stores.jobs.task_rows
        tasks._watch = self._task
        bills: Any = stores.ledger.rows
        bills._watch = self._bill

    def _wrong(self, what: str) -> None:
        self._world.defects.append(what)

    def _recording(self, key: str, before: Recording | None, after: Recording | None) -> None:
        marked = before is not None and before.status is RecordingStatus.DELETING
        if marked and after is not None and after.status is not RecordingStatus.DELETING:
            self._wrong(f"{key} came back from being deleted")
        if before is not None and after is None and not marked:
            self._wrong(f"{key} went without being deleted")
        if after is None or before is None or after.status is before.status:
            return
        if after.status is RecordingStatus.READY and after.job_id:
            self.ready[after.job_id] += 1
            self._whole(after)

    def _whole(self, recording: Recording) -> None:
        """A recording says that it is ready: everything of its job must be there at this moment."""
        job = self._world.stores.jobs.rows.get(recording.job_id)
        if job is None:
            self._wrong(f"{recording.id} is ready without a job")
            return
        if job.tasks_done != job.plan.tasks_total:
            self._wrong(f"{recording.id} is ready with {job.tasks_done} of {job.plan.tasks_total} tasks")
        media = self._world.stores.media
        for rendition in job.plan.streams:
            key = playlist_key(recording.id, job.plan.source_version, rendition.id, job.id)
            if not media.bodies.get(key, b"").endswith(END.encode()):
                self._wrong(f"{recording.id} is ready before {key} has ended")
        head = media.heads.get(master_key(recording.id))
        if head is None or head.metadata.get("final") != "1":
            self._wrong(f"{recording.id} is ready before its multivariant playlist is final")

    def _job(self, key: str, before: Job | None, after: Job | None) -> None:
        if after is None:
            return
        done = sum(1 for task in self._world.stores.jobs.tasks(key) if task.status is TaskStatus.DONE)
        if after.tasks_done != done:
            self._wrong(f"{key} counts {after.tasks_done} tasks done, and {done} are")
        if before is None or before.status is after.status or not before.status.terminal:
            return
        if after.status.terminal:
            self._wrong(f"{key} went from {before.status} to {after.status}")
        self.reopened[key] += 1

    def _task(self, key: tuple[str, str, int], before: Task | None, after: Task | None) -> None:
        if before is None or before.status is not TaskStatus.DONE:
            return
        if after is not None and after.result != before.result:
            self._wrong(f"task {key} was done twice")
        if after is None and key[0] in self._world.stores.jobs.rows:
            self._wrong(f"task {key} was lost")

    def _bill(self, key: tuple[str, str], before: Bill | None, after: Bill | None) -> None:
        hub = self._world.hub
        if after is None:
            return
        if before is None:
            self.began[after.id] = hub.now
        self.billed[after.id] = (after, hub.current, hub.now)
        # The first write of a bill comes some time into its invocation.
        process = hub.current
        if process is not None and after.ms > (hub.now - process.began) * 1000 + 1 + 2000 * hub.weather.skew_s:
            self._wrong(f"bill {key} is for {after.ms} ms, {hub.now - process.began:.3f} s have passed")

    def close(self, owners: list[Owner]) -> None:
        """Look through everything, when nothing moves any more."""
        for owner in owners:
            self._end_of(owner)
        stores = self._world.stores
        for job in stores.jobs.rows.values():
            if job.recording_id not in stores.recordings.rows:
                self._wrong(f"{job.id} is left of a recording that was deleted")
            if not job.status.terminal:
                self._wrong(f"{job.id} never ended: {job.status}")
            if self.ready[job.id] > 1 + self.reopened[job.id]:
                self._wrong(f"{job.id} made its recording ready {self.ready[job.id]} times")
        for job_id, *_ in (*stores.jobs.task_rows, *stores.ledger.rows):
            if job_id not in stores.jobs.rows:
                self._wrong(f"a row of {job_id} is left, which was deleted")
        for queue in self._world.queues.values():
            for letter in queue.dead if not self._world.hub.faults else ():
                self._wrong(f"a dead letter: {letter.body}")
        self._objects()
        self._costs()

    def _end_of(self, owner: Owner) -> None:
        rows = self._world.stores.recordings.rows
        recording = rows.get(owner.recording_id)
        if not owner.recording_id:
            return
        if owner.deleted or recording is None:
            if recording is not None:
                self._wrong(f"{owner.recording_id} is still there: {recording.status}")
            return
        said = f"{recording.id} ended {recording.status} {recording.error_code} ({', '.join(owner.asked)})"
        if not owner.uploaded:
            return
        if not self._rests(owner, recording):
            self._wrong(said)
        asked = self._world.stores.jobs.rows.get(owner.job_id)
        # One that was asked for before S3 had told of another source was about the old one.
        if asked and asked.plan.source_version == recording.source_version and asked.id != recording.job_id:
            self._wrong(f"{recording.id} has {recording.job_id}, {owner.job_id} was asked for last")
        if recording.status is RecordingStatus.READY and not owner.unusable:
            self._content(owner, recording)

    def _rests(self, owner: Owner, recording: Recording) -> bool:
        """True for an end that follows from what was asked for and what went wrong."""
        if recording.status is RecordingStatus.READY:
            return True
        ended = recording.status in _RESTS and recording.error_code
        return bool(ended) and self._excused(owner, recording)

    def _excused(self, owner: Owner, recording: Recording) -> bool:
        if owner.unusable:
            return recording.error_code == "source_not_media"
        if recording.error_code in {"job_cancelled", "cost_limit_reached"}:
            return owner.stopped
        # Four attempts of one task, or eight looks at one source, that all met a fault.
        codes = {"encode_failed": 4, "start_failed": 4, "prepare_failed": 4}
        return len(self._world.hub.faults) >= codes.get(recording.error_code, 10**9)

    def _content(self, owner: Owner, recording: Recording) -> None:
        """What is on show was made of the source that lies there."""
        stores = self._world.stores
        for task in stores.jobs.tasks(recording.job_id):
            body = stores.media.bodies.get(task.result.key, b"") if task.result else b""
            if task.result and task.result.key.endswith(".mp4") and not body.endswith(owner.tag):
                self._wrong(f"{recording.id} shows {task.result.key}, which is not of its source {owner.tag!r}")

    def _objects(self) -> None:
        """Every object belongs to somebody."""
        stores = self._world.stores
        known: set[str] = set()
        for recording in stores.recordings.rows.values():
            known |= {master_key(recording.id), recording.poster, recording.storyboard, source_key(recording.id)}
            known.add(prepared_key(recording.id, recording.source_version))
        for job in stores.jobs.rows.values():
            version = job.plan.source_version
            for rendition in job.plan.renditions:
                for name in (playlist_key, iframes_key, storyboard_key):
                    known.add(name(job.recording_id, version, rendition.id, job.id))
        known |= {task.result.key for task in stores.jobs.task_rows.values() if task.result}
        for key in [*stores.media.bodies, *stores.source.bodies]:
            lives = any(key.startswith(media_prefix(one)) for one in stores.recordings.rows)
            if key not in known and "/live/" not in key and not key.startswith(("ingest/", "windows/")):
                self._wrong(f"{'orphan' if lives else 'deleted but there'}: {key}")

    def _costs(self) -> None:
        """What was billed for storage is what was stored; with faults a bill may have been lost, never made up."""
        stores = self._world.stores
        for job in stores.jobs.rows.values():
            named = {t.result.key: t.result.size for t in stores.jobs.tasks(job.id) if t.result and t.result.key}
            billed = sum(b.stored_bytes for b in stores.ledger.bills(job.id) if b.function.startswith("on_encode"))
            posters = sum(len(stores.media.bodies.get(key, b"")) for key in stores.media.bodies if "/poster-" in key)
            if billed > sum(named.values()) + posters:
                self._wrong(f"{job.id} was billed for {billed} bytes and stored {sum(named.values())}")
