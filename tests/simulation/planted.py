"""Five known bugs, put into the product while histories run: the simulation has to find each of them."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from unittest import mock

from support.fakes import FakeJobs

from chalicelib.domain.job import TaskStatus
from chalicelib.domain.recording import RecordingStatus
from chalicelib.services.attempt import Attempt
from chalicelib.services.live_work import SegmentWork
from chalicelib.services.publishing import Publisher
from chalicelib.services.transcoding import MultiBitrateTranscoder
from simulation.history import live_history, upload_history

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from simulation.history import Outcome


@dataclass(frozen=True)
class Planted:
    """A bug: what it is in a sentence, how it gets in, and the histories that must show it."""

    what: str
    plant: Callable[[], contextlib.AbstractContextManager[Any]]
    history: Callable[[int], Outcome]


def unconditional_commit() -> contextlib.AbstractContextManager[Any]:
    """A task that is done is committed again by whoever comes second."""

    def commit(self: FakeJobs, job_id: str, rendition_id: str, chunk: int, **facts: Any) -> bool:
        row = self.task_rows.get((job_id, rendition_id, chunk))
        if row is not None and row.status is TaskStatus.DONE:
            self.task_rows[job_id, rendition_id, chunk] = replace(row, status=TaskStatus.LEASED, result=None)
        return committed(self, job_id, rendition_id, chunk, **facts)

    committed = FakeJobs.commit
    return mock.patch.object(FakeJobs, "commit", commit)


def ready_first() -> contextlib.AbstractContextManager[Any]:
    """The recording is said to be ready before its playlists have been ended."""

    def finish(self: Publisher, job: Any) -> None:
        self._move_recording(job, RecordingStatus.READY, RecordingStatus.PROCESSING, RecordingStatus.PLAYABLE)
        finished(self, job)

    finished = Publisher.finish
    return mock.patch.object(Publisher, "finish", finish)


def loser_removes() -> contextlib.AbstractContextManager[Any]:
    """An attempt whose commit was not heard removes its object without looking who won."""

    def remove(self: Attempt, _rendition: Any, _chunk: int, result: Any) -> None:
        if result.key:
            self.worker.media.delete([result.key])

    return mock.patch.object(Attempt, "_remove_unless_named", remove)


def blind_adoption() -> contextlib.AbstractContextManager[Any]:
    """A job becomes its recording's own whatever has been asked for since the recording was read."""

    def adopt(self: MultiBitrateTranscoder, recording: Any, job: Any) -> None:
        facts = {"job_id": job.id, "stage": "", "duration_s": float(job.plan.media.duration_s)}
        living = [status for status in RecordingStatus if status is not RecordingStatus.DELETING]
        self.recordings.update(recording.id, expect=living, **facts)  # type: ignore[arg-type]

    return mock.patch.object(MultiBitrateTranscoder, "_adopt", adopt)


def row_before_objects() -> contextlib.AbstractContextManager[Any]:
    """A live segment's row is written before its objects are there."""

    def store(self: SegmentWork, segment: Any, packed: Any) -> Any:
        self.packager.segments.put(segment)
        self._put(dict(self._objects(segment, packed)))
        return segment

    return mock.patch.object(SegmentWork, "_store", store)


BUGS = {
    "commit": Planted("a task that is done can be committed again", unconditional_commit, upload_history),
    "ready": Planted("`ready` is written before the playlists have their ends", ready_first, upload_history),
    "loser": Planted("an attempt that was told it lost removes its object unseen", loser_removes, upload_history),
    "adoption": Planted("a slow duplicate makes its job the recording's own", blind_adoption, upload_history),
    "row": Planted("a live segment's row comes before its objects", row_before_objects, live_history),
}


@contextlib.contextmanager
def planted(name: str) -> Iterator[Planted]:
    """Run with one of the bugs."""
    bug = BUGS[name]
    with bug.plant():
        yield bug


def found_at(name: str, most: int) -> tuple[int, str] | None:
    """Return the first seed below `most` that shows a bug, and what it said; None when none does."""
    with planted(name) as bug:
        for seed in range(most):
            defects = bug.history(seed).defects
            if defects:
                return seed, defects[0]
    return None
