"""When a job will be done, and which of its tasks take suspiciously long. Times are Unix seconds, `now` is given."""

from __future__ import annotations

from heapq import heapify, heapreplace
from typing import TYPE_CHECKING

from chalicelib.domain.effort import Effort
from chalicelib.domain.units import units_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.job import Job, JobPlan, Task
    from chalicelib.domain.units import Unit

FLOOR_S = 10.0
"""A task that is less than this behind is nobody's worry: starting another worker may take as long."""
LAG = 1.75
"""A straggler is so many expected durations behind where it should be (bench/bench_scale.py chose these)."""
PATIENCE = 3.5
"""After so many expected durations nobody asks any more whether it might be quicker than a second attempt."""
SILENT_S = 10.0
"""Workers report every 1.5 s: one that has not for so long is dead, whatever its lease says."""
_WINDOW_S = 30.0
_TRUSTED = 0.5
"""From this fraction on, a running task's own speed is all we go by."""


def expected_s(job: Job, tasks: Sequence[Task], rendition_id: str, chunk: int) -> float | None:
    """Seconds the work that a task belongs to should take from lease to commit; None while no peer is done.

    Raises KeyError for a task that is not in the plan.
    """
    units = units_of(job.plan, tasks)
    for unit in units:
        ids = [part.rendition.id for part in unit.parts]
        if rendition_id in ids and (unit.sound or unit.chunk == chunk):
            return Effort(job.plan, units).expected_s(unit)
    raise KeyError((rendition_id, chunk))


def eta_s(job: Job, tasks: Sequence[Task], now: float) -> float | None:
    """Seconds until the last task is committed; 0 when nothing is open, None while nothing is known.

    The rest of the work is handed out, in its order, to as many workers as the job has: with two workers that is
    work over speed, with a thousand the longest task still running.
    """
    units = units_of(job.plan, tasks)
    effort = Effort(job.plan, units)
    free: list[float] = []
    queue: list[float] = []
    for unit in units:
        if unit.done:
            continue
        expected = effort.expected_s(unit)
        if expected is None:
            return None
        if unit.held(now):
            free.append(_left_s(job.plan, unit, expected, now))
        else:
            queue.append(expected)
    if not queue:
        return max(free, default=0.0)
    workers = Workers(units, now)
    joining = workers.joining(len(queue))
    free += [0.0] * (max(1, round(workers.mean)) - len(free)) + joining
    return _hand_out(free, queue, stretch=max(1.0, (len(free) - len(joining)) / (workers.mean or 1.0)))


def stragglers(job: Job, tasks: Sequence[Task], now: float, *, lease_s: float | None = None) -> list[tuple[str, int]]:
    """Return the tasks that a second attempt should be started for, as (rendition id, chunk).

    Those further behind than LAG expected durations and FLOOR_S seconds, once peers of them are done; and, given the
    length of a lease in seconds, those whose worker has stopped reporting. `tasks` may be one rendition's. A task is
    listed for as long as it is so: asking for one more attempt only is the caller's business.
    """
    units = units_of(job.plan, tasks, taken=True)
    leased = [unit for unit in units if unit.leased]
    if not leased:
        return []
    effort = Effort(job.plan, units)
    slow = [u for u in leased if _silent(u, now, lease_s) or _behind(job.plan, u, effort.expected_s(u), now)]
    return [(row.rendition_id, row.chunk) for unit in slow for row in unit.leased]


class Workers:
    """How many units are worked on at once: `mean` of the last half minute in which any was, `growth` a second."""

    def __init__(self, units: Sequence[Unit], now: float) -> None:
        spans = [span for unit in units if (span := unit.span)]
        running = [(now - unit.elapsed_s(now), now) for unit in units if not unit.done and unit.held(now)]
        spans += running
        self.mean = self.growth = 0.0
        if not spans:
            return
        end = max(finish for _, finish in spans)
        begin = max(end - _WINDOW_S, min(start for start, _ in spans))
        if end > begin:
            busy = sum(max(0.0, finish - max(start, begin)) for start, finish in spans)
            before = sum(start <= begin < finish for start, finish in spans)
            self.mean = busy / (end - begin)
            self.growth = max(0.0, len(running) - before - 1) / (end - begin)
        self.mean = max(self.mean, float(len(running)))

    def joining(self, most: int) -> list[float]:
        """Seconds until each further worker joins if it goes on like this, at most so many."""
        return [number / self.growth for number in range(1, most + 1)] if self.growth else []


def _left_s(plan: JobPlan, unit: Unit, expected: float, now: float) -> float:
    """Seconds a running unit still needs: as its peers did, later at its own speed; a second attempt bounds it."""
    elapsed, fraction = unit.elapsed_s(now), unit.fraction(plan)
    if not fraction:
        return expected if elapsed > expected else expected - elapsed
    trust = min(1.0, fraction / _TRUSTED)
    whole = (1 - trust) * expected + trust * elapsed / fraction
    return (1 - fraction) * whole if whole < 2 * expected else min(expected, (1 - fraction) * whole)


def _behind(plan: JobPlan, unit: Unit, expected: float | None, now: float) -> bool:
    """Far behind, and by its own speed not done before another would be: a hard chunk is slow and yet gets there."""
    if expected is None:
        return False
    elapsed, fraction = unit.elapsed_s(now), unit.fraction(plan)
    if elapsed - fraction * expected <= max(FLOOR_S, LAG * expected):
        return False
    return elapsed > PATIENCE * expected or elapsed * (1 - fraction) > fraction * expected


def _silent(unit: Unit, now: float, lease_s: float | None) -> bool:
    return lease_s is not None and now - max(row.lease_until for row in unit.leased) + lease_s > SILENT_S


def _hand_out(free: list[float], queue: list[float], *, stretch: float) -> float:
    """Give each task to the worker that is free first; `stretch` counts the time between tasks. Returns the end."""
    heapify(free)
    for seconds in queue:
        heapreplace(free, free[0] + seconds * stretch)
    return max(free)
