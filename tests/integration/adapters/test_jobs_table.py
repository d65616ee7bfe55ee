"""Jobs as stored: plans packed small, look-ups, updates and complete removal."""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

import pytest

from chalicelib.adapters.tables.jobs import JobsTable
from chalicelib.adapters.tables.transcoding_jobs import JobItem
from chalicelib.domain.job import JobStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.job import ChunkResult, Job

ITEM_LIMIT = 400 * 1024


pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def jobs() -> JobsTable:
    """Return the repository over empty tables."""
    return JobsTable()


def test_a_job_reads_as_it_was_written(jobs: JobsTable, new_job: Callable[..., Job]) -> None:
    """Plan, fractions and absent times survive."""
    job = new_job(1, started_at=5.5, playable_at=6.0, fanned_out=True, touched_at=7.0, error_code="x", error_detail="y")

    assert jobs.create(job) is True
    assert jobs.create(new_job(1, owner="mallory")) is False
    assert jobs.get(job.id) == job
    assert jobs.get("job_none") is None


def test_the_plan_of_the_longest_recording_is_small(jobs: JobsTable, new_job: Callable[..., Job]) -> None:
    """Twelve hours on six renditions stay below a twentieth of what an item may hold."""
    job = new_job(1, duration_s=Fraction(12 * 3600))
    jobs.create(job)
    packed = JobItem.get(job.id).serialize()["plan"]["B"]

    assert len(job.plan.chunks) > 1400
    assert len(packed) < ITEM_LIMIT / 20
    assert jobs.get(job.id) == job


def test_update_is_conditional(jobs: JobsTable, new_job: Callable[..., Job]) -> None:
    """The new state comes back; the wrong state is left alone."""
    jobs.create(new_job(1))
    failed = jobs.update(
        new_job(1).id, expect=[JobStatus.PENDING, JobStatus.IN_PROGRESS], status=JobStatus.FAILED, error_code="broken"
    )

    assert failed == new_job(1, status=JobStatus.FAILED, error_code="broken")
    assert jobs.update(new_job(1).id, expect=[JobStatus.IN_PROGRESS], status=JobStatus.COMPLETED) is None
    assert jobs.update("job_none", status=JobStatus.COMPLETED) is None
    assert jobs.get(new_job(1).id) == failed


def test_look_ups(jobs: JobsTable, new_job: Callable[..., Job]) -> None:
    """By recording newest first, by status oldest first."""
    made = [new_job(n, recording_id="rec_a" if n < 4 else "rec_b") for n in (1, 2, 3, 4)]
    for job in made:
        jobs.create(job)
    jobs.update(made[1].id, status=JobStatus.COMPLETED)

    assert [job.id for job in jobs.by_recording("rec_a")] == [made[2].id, made[1].id, made[0].id]
    assert [job.id for job in jobs.by_status(JobStatus.IN_PROGRESS, limit=2)] == [made[0].id, made[2].id]
    assert [job.id for job in jobs.by_status(JobStatus.COMPLETED, limit=2)] == [made[1].id]


def test_delete_removes_every_row_and_no_other(
    jobs: JobsTable, new_job: Callable[..., Job], result: ChunkResult
) -> None:
    """More rows than one batch holds; the neighbour keeps its own; twice is as good as once."""
    doomed, neighbour = new_job(1), new_job(2)
    for job in (doomed, neighbour):
        jobs.create(job)
    for chunk in range(30):
        jobs.lease(doomed.id, "v", chunk, attempt="a", now=1, until=2)
    jobs.commit(neighbour.id, "v", 0, attempt="a", result=result, now=2.0)
    jobs.delete(doomed.id)
    jobs.delete(doomed.id)

    assert (jobs.get(doomed.id), jobs.tasks(doomed.id)) == (None, [])
    assert len(jobs.tasks(neighbour.id)) == 1


def test_delete_finishes_what_an_interrupted_one_left(
    jobs: JobsTable, new_job: Callable[..., Job], result: ChunkResult
) -> None:
    """Rows without a job are removed too."""
    jobs.create(new_job(1))
    jobs.commit(new_job(1).id, "v", 0, attempt="a", result=result, now=2.0)
    JobItem(new_job(1).id).delete()
    jobs.delete(new_job(1).id)

    assert jobs.tasks(new_job(1).id) == []
