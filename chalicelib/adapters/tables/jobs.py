"""ports.Jobs on DynamoDB: jobs and their tasks, and the one transaction that joins them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pynamodb.transactions import TransactWrite

from chalicelib.adapters.tables.base import SCHEMA_VERSION, ConditionFailed, run, transaction_connection
from chalicelib.adapters.tables.encode_tasks import TaskItem, task_key, task_of
from chalicelib.adapters.tables.mapping import among, changes_to_actions, item_values
from chalicelib.adapters.tables.transcoding_jobs import JobItem, job_of
from chalicelib.domain.job import CLOCKS_S, Job, JobStatus, Task, TaskStatus

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pynamodb.expressions.condition import Condition
    from pynamodb.expressions.update import Action

    from chalicelib.domain.job import ChunkResult

RUNNING = (JobStatus.PENDING, JobStatus.IN_PROGRESS)


class JobsTable:
    """Implements ports.Jobs over transcoding_jobs and encode_tasks."""

    def get(self, job_id: str) -> Job | None:
        """Read one, strongly consistent."""
        try:
            return job_of(run(lambda: JobItem.get(job_id, consistent_read=True)))
        except JobItem.DoesNotExist:
            return None

    def create(self, job: Job) -> bool:
        """Insert; False when the id exists."""
        item = JobItem(**item_values(job))
        try:
            run(lambda: item.save(condition=JobItem.id.does_not_exist()))
        except ConditionFailed:
            return False
        return True

    def update(self, job_id: str, *, expect: Sequence[JobStatus] | None = None, **changes: object) -> Job | None:
        """Set fields if the job exists and its status is among `expect`; returns the new state, else None."""
        condition = among(JobItem.status, expect, JobItem.id.exists())
        item = JobItem(job_id)
        try:
            run(lambda: item.update(changes_to_actions(JobItem, changes), condition=condition))
        except ConditionFailed:
            return None
        return job_of(item)

    def by_recording(self, recording_id: str) -> list[Job]:
        """Newest first, eventually consistent."""
        return run(
            lambda: [job_of(item) for item in JobItem.by_recording.query(recording_id, scan_index_forward=False)]
        )

    def by_status(self, status: JobStatus, *, limit: int) -> list[Job]:
        """Oldest first, eventually consistent."""
        return run(lambda: [job_of(item) for item in JobItem.by_status.query(status.value, limit=limit)])

    def delete(self, job_id: str) -> None:
        """Remove the job and every task row of it; safe to repeat after any interruption."""
        # Rows first, else an interruption would leave rows that nobody can find; again after the job,
        # without which no commit succeeds, for a row that came in between.
        self._delete_tasks(job_id)
        run(lambda: JobItem(job_id).delete())
        self._delete_tasks(job_id)

    def tasks(self, job_id: str, rendition_id: str | None = None) -> list[Task]:
        """Rows by rendition and chunk in order, strongly consistent."""
        within = None if rendition_id is None else TaskItem.task.startswith(f"{rendition_id}#")
        return run(lambda: [task_of(item) for item in TaskItem.query(job_id, within, consistent_read=True)])

    def task(self, job_id: str, rendition_id: str, chunk: int) -> Task | None:
        """Read one row, strongly consistent; None when nobody has taken the task yet."""
        key = task_key(rendition_id, chunk)
        try:
            return task_of(run(lambda: TaskItem.get(job_id, key, consistent_read=True)))
        except TaskItem.DoesNotExist:
            return None

    def lease(
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, now: float, until: float
    ) -> Task | None:
        """Take a task that is free or whose lease ran out before `now`, or is one of a wrong clock; counts the attempt.

        Returns the task as leased to `attempt`; the task as done when it is; None when somebody holds it.
        The holder may lease again: its first answer may have been lost.
        """
        free = TaskItem.job_id.does_not_exist() | (
            (TaskItem.status == TaskStatus.LEASED.value)
            & ((TaskItem.lease_until < now) | (TaskItem.lease_until > until + CLOCKS_S) | (TaskItem.attempt == attempt))
        )
        actions: list[Action] = [
            TaskItem.v.set(SCHEMA_VERSION),
            TaskItem.status.set(TaskStatus.LEASED.value),
            TaskItem.attempt.set(attempt),
            TaskItem.attempts.add(1),
            TaskItem.lease_until.set(until),
            TaskItem.started_at.set(now),
            TaskItem.progress.set(0),
            TaskItem.fps.set(0.0),
        ]
        item = TaskItem(job_id, task_key(rendition_id, chunk))
        try:
            run(lambda: item.update(actions, condition=free))
        except ConditionFailed:
            return self._done_task(job_id, rendition_id, chunk)
        return task_of(item)

    def heartbeat(  # noqa: PLR0913  the port's: one write carries all of it
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, until: float, progress: int, fps: float
    ) -> bool:
        """Extend the lease and report; False when `attempt` no longer holds it or the row is gone."""
        actions: list[Action] = [
            TaskItem.lease_until.set(until),
            TaskItem.progress.set(progress),
            TaskItem.fps.set(fps),
        ]
        return self._as_holder(job_id, task_key(rendition_id, chunk), attempt, actions)

    def lease_hedge(
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, now: float, until: float
    ) -> bool:
        """Join a task that somebody holds, as its only second attempt; the first goes on.

        False when there is nobody to join, or a second attempt already whose own lease has not run out before `now`.
        """
        over = (TaskItem.hedge_until < now) | (TaskItem.hedge_until > until + CLOCKS_S)
        free = TaskItem.hedge.does_not_exist() | over | (TaskItem.hedge == attempt)
        condition = (TaskItem.status == TaskStatus.LEASED.value) & free
        actions: list[Action] = [TaskItem.hedge.set(attempt), TaskItem.hedge_until.set(until)]
        return self._if(job_id, task_key(rendition_id, chunk), actions, condition)

    def heartbeat_hedge(self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, until: float) -> bool:
        """Extend a second attempt's lease; False once the task is done or the row is gone or another's."""
        held = (TaskItem.status == TaskStatus.LEASED.value) & (TaskItem.hedge == attempt)
        return self._if(job_id, task_key(rendition_id, chunk), [TaskItem.hedge_until.set(until)], held)

    def release(self, job_id: str, rendition_id: str, chunk: int, *, attempt: str) -> None:
        """Give a lease back early so that a retry need not wait; quiet when it is not held."""
        self._as_holder(job_id, task_key(rendition_id, chunk), attempt, [TaskItem.lease_until.set(0.0)])

    def forget_attempts(self, job_id: str) -> None:
        """Remove the rows of tasks that are not done: nobody holds them any more and their attempts count anew."""
        for task in self.tasks(job_id):
            if task.status is not TaskStatus.DONE:
                self._forget(job_id, task_key(task.rendition_id, task.chunk))

    def commit(
        self, job_id: str, rendition_id: str, chunk: int, *, attempt: str, result: ChunkResult, now: float
    ) -> bool:
        """Make the task done with `result` at `now` and count it on the job, in one transaction.

        Conditions: the job exists and is pending or in-progress; the task is not done. The lease need not be
        held any more: first commit wins. Returns False when a condition fails.
        """
        done: list[Action] = [
            TaskItem.v.set(SCHEMA_VERSION),
            TaskItem.status.set(TaskStatus.DONE.value),
            TaskItem.attempt.set(attempt),
            TaskItem.lease_until.set(0.0),
            TaskItem.finished_at.set(now),
            TaskItem.result.set(result.to_dict()),
        ]
        open_task = TaskItem.job_id.does_not_exist() | (TaskItem.status != TaskStatus.DONE.value)
        running = among(JobItem.status, RUNNING, JobItem.id.exists())

        def write() -> None:
            with TransactWrite(connection=transaction_connection()) as transaction:
                transaction.update(TaskItem(job_id, task_key(rendition_id, chunk)), done, condition=open_task)
                transaction.update(JobItem(job_id), [JobItem.tasks_done.add(1)], condition=running)

        try:
            run(write)
        except ConditionFailed:
            return False
        return True

    def _as_holder(self, job_id: str, task: str, attempt: str, actions: list[Action]) -> bool:
        held: Condition = (TaskItem.status == TaskStatus.LEASED.value) & (TaskItem.attempt == attempt)
        return self._if(job_id, task, actions, held)

    def _if(self, job_id: str, task: str, actions: list[Action], condition: Condition) -> bool:
        try:
            run(lambda: TaskItem(job_id, task).update(actions, condition=condition))
        except ConditionFailed:
            return False
        return True

    def _done_task(self, job_id: str, rendition_id: str, chunk: int) -> Task | None:
        task = self.task(job_id, rendition_id, chunk)
        return task if task and task.status is TaskStatus.DONE else None

    def _forget(self, job_id: str, task: str) -> None:
        try:
            run(lambda: TaskItem(job_id, task).delete(condition=TaskItem.status == TaskStatus.LEASED.value))
        except ConditionFailed:
            return  # done meanwhile, or gone

    def _delete_tasks(self, job_id: str) -> None:
        def delete() -> None:
            with TaskItem.batch_write() as batch:
                for item in TaskItem.query(job_id, consistent_read=True, attributes_to_get=["job_id", "task"]):
                    batch.delete(item)

        run(delete)
