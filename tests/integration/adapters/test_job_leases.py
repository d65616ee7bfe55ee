"""Leases and commits of tasks: whatever is delivered twice or late, a task is done once and counted once."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib.adapters.tables.jobs import JobsTable
from chalicelib.domain.job import JobStatus, Task, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.job import ChunkResult, Job

VIDEO = "v250-0123456789ab"


pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def jobs() -> JobsTable:
    """Return the repository over empty tables."""
    return JobsTable()


@pytest.fixture
def job(jobs: JobsTable, new_job: Callable[..., Job]) -> Job:
    """Store a running job."""
    made = new_job()
    jobs.create(made)
    return made


def lease(jobs: JobsTable, job: Job, attempt: str, now: float, chunk: int = 0) -> Task | None:
    """Lease for thirty seconds."""
    return jobs.lease(job.id, VIDEO, chunk, attempt=attempt, now=now, until=now + 30)


def count(jobs: JobsTable, job: Job) -> int:
    """Return how many tasks the job counts as done."""
    stored = jobs.get(job.id)
    assert stored is not None
    return stored.tasks_done


def test_a_free_task_is_leased(jobs: JobsTable, job: Job) -> None:
    """The first lease writes the row."""
    expected = Task(job.id, VIDEO, 0, TaskStatus.LEASED, "a", 1, lease_until=130.0, started_at=100.0)

    assert expected == lease(jobs, job, "a", 100)


def test_a_held_task_is_refused(jobs: JobsTable, job: Job) -> None:
    """A second worker gets nothing while the lease lasts."""
    lease(jobs, job, "a", 100)

    assert lease(jobs, job, "b", 129) is None


def test_the_holder_may_ask_again(jobs: JobsTable, job: Job) -> None:
    """The answer to a lease may be lost and the request sent again."""
    lease(jobs, job, "a", 100)
    again = lease(jobs, job, "a", 101)

    assert again == Task(job.id, VIDEO, 0, TaskStatus.LEASED, "a", 2, lease_until=131.0, started_at=101.0)


def test_an_expired_lease_passes_on(jobs: JobsTable, job: Job) -> None:
    """The next attempt counts two and starts its progress from zero."""
    lease(jobs, job, "a", 100)
    jobs.heartbeat(job.id, VIDEO, 0, attempt="a", until=140, progress=12, fps=48.5)

    assert lease(jobs, job, "b", 139) is None
    assert lease(jobs, job, "b", 141) == Task(
        job.id, VIDEO, 0, TaskStatus.LEASED, "b", 2, lease_until=171.0, started_at=141.0
    )


def test_a_lease_of_a_wrong_clock_holds_nothing(jobs: JobsTable, job: Job) -> None:
    """A worker died whose clock was five minutes ahead: the others would otherwise wait for those, too."""
    lease(jobs, job, "a", 100 + 300)

    assert lease(jobs, job, "b", 100) == Task(
        job.id, VIDEO, 0, TaskStatus.LEASED, "b", 2, lease_until=130.0, started_at=100.0
    )


def test_clocks_may_differ_a_little(jobs: JobsTable, job: Job) -> None:
    """A minute is no reason to take a task from a worker that is at it."""
    lease(jobs, job, "a", 100 + 59)

    assert lease(jobs, job, "b", 100) is None


def test_a_released_lease_is_free_at_once(jobs: JobsTable, job: Job) -> None:
    """The count of attempts survives, so that a task that always fails comes to an end."""
    lease(jobs, job, "a", 100)
    jobs.release(job.id, VIDEO, 0, attempt="a")
    taken = lease(jobs, job, "b", 100)

    assert taken is not None
    assert (taken.attempt, taken.attempts) == ("b", 2)


def test_release_by_another_changes_nothing(jobs: JobsTable, job: Job) -> None:
    """A worker that lost its lease cannot free the new holder's, nor make a row that is not there."""
    lease(jobs, job, "a", 100)
    jobs.release(job.id, VIDEO, 0, attempt="b")
    jobs.release(job.id, VIDEO, 7, attempt="b")

    assert lease(jobs, job, "c", 110) is None
    assert len(jobs.tasks(job.id)) == 1


def test_heartbeat_reports_and_extends(jobs: JobsTable, job: Job) -> None:
    """Progress can be read from the row."""
    lease(jobs, job, "a", 100)

    assert jobs.heartbeat(job.id, VIDEO, 0, attempt="a", until=150.5, progress=12, fps=48.5) is True
    assert jobs.tasks(job.id) == [
        Task(job.id, VIDEO, 0, TaskStatus.LEASED, "a", 1, lease_until=150.5, progress=12, fps=48.5, started_at=100.0)
    ]


def test_heartbeat_of_a_stranger_is_refused(jobs: JobsTable, job: Job) -> None:
    """Neither another attempt nor a row that is gone is extended or made."""
    lease(jobs, job, "a", 100)

    assert jobs.heartbeat(job.id, VIDEO, 0, attempt="b", until=150, progress=1, fps=1) is False
    assert jobs.heartbeat(job.id, VIDEO, 1, attempt="a", until=150, progress=1, fps=1) is False
    assert len(jobs.tasks(job.id)) == 1


def test_commit_makes_it_done_and_counts(jobs: JobsTable, job: Job, result: ChunkResult) -> None:
    """The row names the winner and holds its result; whoever asks for a lease is told."""
    lease(jobs, job, "a", 100)
    done = Task(job.id, VIDEO, 0, TaskStatus.DONE, "a", 1, result=result, started_at=100.0, finished_at=2.0)

    assert jobs.commit(job.id, VIDEO, 0, attempt="a", result=result, now=2.0) is True
    assert jobs.tasks(job.id) == [done]
    assert lease(jobs, job, "b", 500) == done
    assert count(jobs, job) == 1


def test_a_second_commit_of_the_same_attempt_counts_nothing(jobs: JobsTable, job: Job, result: ChunkResult) -> None:
    """A message delivered twice cannot count twice."""
    lease(jobs, job, "a", 100)
    jobs.commit(job.id, VIDEO, 0, attempt="a", result=result, now=2.0)

    assert jobs.commit(job.id, VIDEO, 0, attempt="a", result=result, now=2.0) is False
    assert count(jobs, job) == 1


def test_a_late_finisher_may_win(jobs: JobsTable, job: Job, result: ChunkResult) -> None:
    """Two attempts run after a lease ran out: the first commit wins, the other changes nothing."""
    lease(jobs, job, "a", 100)
    lease(jobs, job, "b", 200)
    late, loser = replace(result, key="media/late.mp4"), replace(result, key="media/loser.mp4")

    assert jobs.commit(job.id, VIDEO, 0, attempt="a", result=late, now=2.0) is True
    assert jobs.heartbeat(job.id, VIDEO, 0, attempt="b", until=300, progress=5, fps=5) is False
    assert jobs.commit(job.id, VIDEO, 0, attempt="b", result=loser, now=2.0) is False
    jobs.release(job.id, VIDEO, 0, attempt="b")
    assert [task.result for task in jobs.tasks(job.id)] == [late]
    assert count(jobs, job) == 1


@pytest.mark.parametrize("status", [JobStatus.FAILED, JobStatus.CANCELLED, JobStatus.COMPLETED])
def test_commit_after_the_end_is_refused(jobs: JobsTable, job: Job, result: ChunkResult, status: JobStatus) -> None:
    """A job that is over stays as it is, and so does the task."""
    lease(jobs, job, "a", 100)
    jobs.update(job.id, status=status)

    assert jobs.commit(job.id, VIDEO, 0, attempt="a", result=result, now=2.0) is False
    assert count(jobs, job) == 0
    assert [task.status for task in jobs.tasks(job.id)] == [TaskStatus.LEASED]


def test_commit_on_a_pending_job_counts(jobs: JobsTable, new_job: Callable[..., Job], result: ChunkResult) -> None:
    """A fast worker may finish before the fan-out has marked the job as running."""
    made = new_job(status=JobStatus.PENDING)
    jobs.create(made)
    lease(jobs, made, "a", 100)

    assert jobs.commit(made.id, VIDEO, 0, attempt="a", result=result, now=2.0) is True
    assert count(jobs, made) == 1


def test_commit_after_delete_makes_nothing(jobs: JobsTable, job: Job, result: ChunkResult) -> None:
    """Neither the job nor the row comes back to life."""
    lease(jobs, job, "a", 100)
    jobs.delete(job.id)

    assert jobs.commit(job.id, VIDEO, 0, attempt="a", result=result, now=2.0) is False
    assert jobs.get(job.id) is None
    assert jobs.tasks(job.id) == []


def test_lease_and_commit_keep_chunks_apart(jobs: JobsTable, job: Job, result: ChunkResult) -> None:
    """Rows come by rendition, then chunk, and can be asked for by rendition."""
    for rendition, chunk in ((VIDEO, 10), (VIDEO, 2), ("audio-0123456789ab", 0), ("v2500-0123456789ab", 0)):
        jobs.commit(job.id, rendition, chunk, attempt="a", result=result, now=2.0)

    assert [(t.rendition_id, t.chunk) for t in jobs.tasks(job.id)] == [
        ("audio-0123456789ab", 0),
        (VIDEO, 2),
        (VIDEO, 10),
        ("v2500-0123456789ab", 0),
    ]
    assert [t.chunk for t in jobs.tasks(job.id, VIDEO)] == [2, 10]
    assert count(jobs, job) == 4


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["lease", "heartbeat", "commit", "release", "pass time"]),
        st.sampled_from(["a", "b", "c"]),
        st.integers(0, 1),
    ),
    max_size=14,
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_any_order_of_events_counts_each_task_once(
    jobs: JobsTable, new_job: Callable[..., Job], result: ChunkResult, steps: list[tuple[str, str, int]]
) -> None:
    """Whatever workers do in whatever order: done is final, one winner, the counter is the number of done tasks."""
    job = new_job()
    jobs.delete(job.id)
    jobs.create(job)
    now, winners, wins = 100.0, {}, 0
    for action, attempt, chunk in steps:
        if action == "pass time":
            now += 31
        elif action == "lease":
            lease(jobs, job, attempt, now, chunk)
        elif action == "heartbeat":
            jobs.heartbeat(job.id, VIDEO, chunk, attempt=attempt, until=now + 30, progress=1, fps=1)
        elif action == "release":
            jobs.release(job.id, VIDEO, chunk, attempt=attempt)
        elif jobs.commit(job.id, VIDEO, chunk, attempt=attempt, result=replace(result, key=f"{attempt}.mp4"), now=2.0):
            wins += 1
            winners.setdefault(chunk, attempt)
        holders = [t for t in jobs.tasks(job.id) if t.status is TaskStatus.LEASED and t.lease_until > now]
        assert all(task.chunk not in winners for task in holders)

    done = {t.chunk: t.attempt for t in jobs.tasks(job.id) if t.status is TaskStatus.DONE}
    assert done == winners
    assert all(t.result is None or t.result.key == f"{t.attempt}.mp4" for t in jobs.tasks(job.id))
    assert (wins, count(jobs, job)) == (len(winners), len(winners))


def test_attempts_are_forgotten(jobs: JobsTable, job: Job, result: ChunkResult) -> None:
    """Tasks that are not done are free at once and counted from one; done ones stay, and their count."""
    jobs.commit(job.id, VIDEO, 0, attempt="a", result=result, now=2.0)
    lease(jobs, job, "b", 100, chunk=1)
    lease(jobs, job, "c", 200, chunk=1)
    for _ in range(2):
        jobs.forget_attempts(job.id)

    assert [(t.chunk, t.status) for t in jobs.tasks(job.id)] == [(0, TaskStatus.DONE)]
    assert jobs.heartbeat(job.id, VIDEO, 1, attempt="c", until=300, progress=1, fps=1) is False
    anew = Task(job.id, VIDEO, 1, TaskStatus.LEASED, "d", 1, lease_until=231.0, started_at=201.0)
    assert lease(jobs, job, "d", 201, chunk=1) == anew
    assert count(jobs, job) == 1


def test_a_task_done_meanwhile_is_not_forgotten(
    jobs: JobsTable, job: Job, result: ChunkResult, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A commit between the look and the removal keeps its row: the job has counted it."""
    lease(jobs, job, "a", 100)
    seen = jobs.tasks(job.id)
    jobs.commit(job.id, VIDEO, 0, attempt="a", result=result, now=2.0)
    with monkeypatch.context() as stale:
        stale.setattr(jobs, "tasks", lambda _job_id: seen)
        jobs.forget_attempts(job.id)

    assert [t.status for t in jobs.tasks(job.id)] == [TaskStatus.DONE]
