"""Lambda workers on an SQS queue, simulated by events: real plans and messages, made-up time. Seeded, so repeatable.

What is modelled: SQS's pollers (five at once, 300 more a minute), cold starts, the queue's order (first come first
served, the embedded cloud's fair queue, AWS's), leases, reports, commits, tasks that hang, second attempts, and the
15-minute limit. What a worker does to others (shared disks, throttling) is not.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from heapq import heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any

from chalicelib.domain.encoding import planned_frames
from chalicelib.domain.estimate import stragglers
from chalicelib.domain.job import Task, TaskStatus
from chalicelib.domain.progress import chunk_seconds
from chalicelib.domain.units import units_of
from support.media import result

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from chalicelib.domain.job import Job, Rendition
    from chalicelib.domain.units import Unit

LAMBDA_LIMIT_S = 900
LEASE_S = 30
BEAT_S = 1.5
ASK_S = 10
POLLERS, POLLERS_PER_S = 5, 5.0
NOISY_SHARE, NOISY_IN_FLIGHT, NOISY_WINDOW_S = 0.1, 30, 60.0


@dataclass(frozen=True)
class Site:
    """Where it runs. `speed`: CPU seconds a second of a worker; `noise`: spread of a task's time (sigma of its log)."""

    workers: int
    speed: float
    cold_s: float = 0.0
    outside_s: float = 0.3
    """Seconds of a task beside FFmpeg's."""
    noise: float = 0.1
    ramp: bool = False
    order: str = "aws"
    """`fifo`, `local` (least in flight first) or `aws` (noisy neighbours last)."""
    hedge: bool = True
    stall_s: float | None = 20.0
    """After so long without progress a worker ends FFmpeg and gives the task back; None: never."""


@dataclass
class Attempt:
    """One invocation: Unix seconds, CPU seconds; `end` is None while it runs, `hangs_at` a fraction."""

    unit: Unit
    start: float
    leased: float
    work_s: float
    hedge: bool = False
    hangs_at: float | None = None
    end: float | None = None
    asked: bool = False

    def fraction(self, now: float) -> float:
        """How much it has behind it."""
        done = max(0.0, min(1.0, (now - self.leased) / self.work_s))
        return done if self.hangs_at is None else min(done, self.hangs_at)


@dataclass
class Run:
    """One job's life in the simulation. `cpu`: CPU seconds of a rendition's chunk; `hang`: a unit and a fraction."""

    job: Job
    cpu: Callable[[Rendition, int], float]
    arrives: float = 0.0
    hang: tuple[int, float] | None = None
    playable: float | None = None
    ready: float | None = None
    attempts: list[Attempt] = field(default_factory=list)
    committed: dict[tuple[str, int], Task] = field(default_factory=dict)
    adopted: frozenset[tuple[str, int]] = frozenset()

    def __post_init__(self) -> None:
        self.units = units_of(self.job.plan, [])
        self.open = set(range(len(self.units)))

    def tasks(self, now: float, rendition_id: str | None = None) -> list[Task]:
        """The rows as they would lie in the table."""
        rows = {key: row for key, row in self.committed.items() if rendition_id in {None, key[0]}}
        for attempt in self.attempts:
            if attempt.end is not None or attempt.hedge or now < attempt.leased:
                continue
            for key, progress in self._progress(attempt, now):
                beat = now - (now - attempt.leased) % BEAT_S
                facts: dict[str, Any] = {"started_at": attempt.leased, "lease_until": beat + LEASE_S}
                if rendition_id not in {None, key[0]}:
                    continue
                rows.setdefault(key, Task(self.job.id, *key, TaskStatus.LEASED, "a", 1, progress=progress, **facts))
        return [rows[key] for key in sorted(rows)]

    def _progress(self, attempt: Attempt, now: float) -> list[tuple[tuple[str, int], int]]:
        done, chunk = attempt.fraction(now), attempt.unit.chunk
        if attempt.unit.sound:
            return [((attempt.unit.parts[0].rendition.id, chunk), int(done * attempt.unit.media_s * 1000))]
        plan = self.job.plan
        frames = [planned_frames(plan, part.rendition, plan.chunks[chunk]) for part in attempt.unit.parts]
        progress = int(done * frames[0])
        return [((part.rendition.id, chunk), progress) for part in attempt.unit.parts]

    def commit(self, attempt: Attempt, now: float, wall_s: float) -> None:
        """Write the rows of a finished attempt; a sound rendition's other chunks have been there for a while."""
        first = next((a for a in self.attempts if a.unit is attempt.unit), attempt)
        chunks = range(len(self.job.plan.chunks)) if attempt.unit.sound else [attempt.unit.chunk]
        for part in attempt.unit.parts:
            for chunk in chunks:
                made = result(cpu_s=self.cpu(part.rendition, chunk), wall_s=wall_s)
                row = Task(self.job.id, part.rendition.id, chunk, TaskStatus.DONE, "a", 1, result=made)
                began = first.leased if chunk == attempt.unit.chunk else 0.0
                self.committed[part.rendition.id, chunk] = replace(row, started_at=began, finished_at=now)


class Cloud:
    """Runs jobs to their end. `watch` is called with (run, now) every `every` seconds while a job runs."""

    def __init__(
        self, site: Site, runs: list[Run], chance: Random, *, watch: Callable[[Run, float], None] | None = None
    ) -> None:
        self.site, self.runs, self.chance, self.watch = site, runs, chance, watch
        self.now = 0.0
        self.queues: dict[int, deque[tuple[float, int, bool]]] = defaultdict(deque)
        self.in_flight: dict[int, int] = defaultdict(int)
        self.recent: deque[tuple[float, int, float]] = deque()
        self.events: list[tuple[float, int, Callable[[], None]]] = []
        self.numbers = count()
        self.warm = 0
        self.busy = 0
        self.began = min(run.arrives for run in runs)

    def run(self, every: float = 0.0) -> None:
        """Until every job is ready."""
        for number, run in enumerate(self.runs):
            self._at(run.arrives, lambda number=number: self._arrive(number))
        if every and self.watch:
            self._at(self.began + every, lambda: self._watch(every))
        while self.events and any(run.ready is None for run in self.runs):
            self.now, _, event = heappop(self.events)
            event()

    def _at(self, when: float, event: Callable[[], None]) -> None:
        heappush(self.events, (when, next(self.numbers), event))

    def _watch(self, every: float) -> None:
        for run in self.runs:
            if run.ready is None and run.arrives <= self.now and self.watch:
                self.watch(run, self.now)
        self._at(self.now + every, lambda: self._watch(every))

    def _arrive(self, number: int) -> None:
        run = self.runs[number]
        for index, unit in enumerate(run.units):
            if all((part.rendition.id, unit.chunk) in run.adopted for part in unit.parts):
                run.commit(Attempt(unit, self.now, self.now, 0.0), self.now, 1.0)
                run.open.discard(index)
            else:
                self.queues[number].append((self.now, index, False))
        self._fill()

    def _allowed(self) -> int:
        """Workers that the pollers may keep busy now."""
        if not self.site.ramp:
            return self.site.workers
        return min(self.site.workers, int(POLLERS + POLLERS_PER_S * (self.now - self.began)))

    def _fill(self) -> None:
        while self.busy < self._allowed() and (number := self._next()) is not None:
            _, index, hedge = self.queues[number].popleft()
            if index in self.runs[number].open:
                self._start(number, index, hedge=hedge)
        if any(self.queues.values()) and self._allowed() < self.site.workers:
            self._at(self.now + 1 / POLLERS_PER_S, self._fill)

    def _next(self) -> int | None:
        """Which job's message is received next."""
        waiting = [number for number, queue in self.queues.items() if queue]
        if not waiting:
            return None
        if self.site.order == "local":
            return min(waiting, key=lambda n: (self.in_flight[n], self.queues[n][0][0]))
        noisy = self._noisy() if self.site.order == "aws" else set()
        return min(waiting, key=lambda n: (n in noisy, self.queues[n][0][0]))

    def _noisy(self) -> set[int]:
        """AWS's rule: a tenth of what is in flight and thirty of it, or a tenth of the time spent lately."""
        flying = sum(self.in_flight.values()) or 1
        loud = {n for n, c in self.in_flight.items() if c >= NOISY_IN_FLIGHT and c > NOISY_SHARE * flying}
        while self.recent and self.recent[0][0] < self.now - NOISY_WINDOW_S:
            self.recent.popleft()
        spent: dict[int, float] = defaultdict(float)
        for _, number, seconds in self.recent:
            spent[number] += seconds
        whole = sum(spent.values())
        return loud | {number for number, seconds in spent.items() if seconds > NOISY_SHARE * whole}

    def _start(self, number: int, index: int, *, hedge: bool) -> None:
        run, site = self.runs[number], self.site
        unit = run.units[index]
        cold = site.cold_s if self.busy >= self.warm else 0.0
        self.busy += 1
        self.warm = max(self.warm, self.busy)
        self.in_flight[number] += 1
        chunks = range(len(run.job.plan.chunks)) if unit.sound else [unit.chunk]
        cpu_s = sum(run.cpu(part.rendition, chunk) for part in unit.parts for chunk in chunks)
        speed = min(1.0, site.speed) if unit.sound else site.speed
        wall_s = cpu_s / speed * self.chance.lognormvariate(0.0, site.noise)
        attempt = Attempt(unit, self.now, self.now + cold, wall_s, hedge=hedge)
        if run.hang is not None and run.hang[0] == index and not any(a.unit is unit for a in run.attempts):
            attempt.hangs_at = run.hang[1]
        run.attempts.append(attempt)
        limit = self.now + LAMBDA_LIMIT_S
        end = attempt.leased + wall_s + site.outside_s
        if attempt.hangs_at is not None or end > limit:
            stuck = attempt.leased + (attempt.hangs_at or 0.0) * wall_s
            noticed = stuck + site.stall_s if site.stall_s and attempt.hangs_at is not None else limit
            self._at(min(limit, noticed), lambda: self._end(number, index, attempt, done=False))
        else:
            self._at(end, lambda: self._end(number, index, attempt, done=True))
        if site.hedge and not hedge:
            self._at(attempt.leased + ASK_S, lambda: self._ask(number, index, attempt))
        if unit.chunk == 0 or unit.sound:
            self._at(attempt.leased + site.outside_s + 0.5, lambda: self._playable(run))

    def _ask(self, number: int, index: int, attempt: Attempt) -> None:
        """A worker looks, as it does every ten seconds, whether it takes too long; it knows its own rendition only."""
        run = self.runs[number]
        if attempt.end is not None or attempt.asked:
            return
        mine = attempt.unit.parts[0].rendition.id
        if (mine, attempt.unit.chunk) in stragglers(run.job, run.tasks(self.now, mine), self.now):
            attempt.asked = True
            self.queues[number].append((self.now, index, True))
            self._fill()
            return
        self._at(self.now + ASK_S, lambda: self._ask(number, index, attempt))

    def _end(self, number: int, index: int, attempt: Attempt, *, done: bool) -> None:
        if attempt.end is not None:
            return
        run = self.runs[number]
        self._free(number, attempt)
        if done and index in run.open:
            run.open.discard(index)
            run.commit(attempt, self.now, attempt.work_s)
            for other in run.attempts:
                if other.unit is attempt.unit and other.end is None:
                    self._at(self.now + BEAT_S, lambda other=other: self._cancel(number, other))
            self._playable(run)
        elif index in run.open and not attempt.hedge:  # its message is older than those that wait
            self.queues[number].appendleft((self.now, index, False))
        if not run.open and run.ready is None:
            run.ready = self.now
        self._fill()

    def _cancel(self, number: int, attempt: Attempt) -> None:
        if attempt.end is None:
            self._free(number, attempt)
            self._fill()

    def _free(self, number: int, attempt: Attempt) -> None:
        attempt.end = self.now
        self.busy -= 1
        self.in_flight[number] -= 1
        self.recent.append((self.now, number, self.now - attempt.start))

    def _playable(self, run: Run) -> None:
        """The lowest rung's first chunk and the beginning of the sound are there."""
        if run.playable is not None:
            return
        low = run.job.plan.video[0].id
        heard = all(
            any(a.unit is unit and self.now >= a.leased + self.site.outside_s + 0.5 for a in run.attempts)
            for unit in run.units
            if unit.sound
        )
        if (low, 0) in run.committed and heard:
            run.playable = self.now


def seconds_of(run: Run, chunk: int) -> float:
    """Media seconds of a chunk."""
    return chunk_seconds(run.job.plan, run.job.plan.chunks[chunk])
