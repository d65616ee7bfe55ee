"""When a job will be done and who lags behind: rules, histories that never were, and simulated ones."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import PROFILES, audio, job, plan, result, source, video
from support.simulation import Cloud, Run, Site, seconds_of

from chalicelib.domain.estimate import SILENT_S, eta_s, expected_s, stragglers
from chalicelib.domain.job import Task, TaskStatus

if TYPE_CHECKING:
    from chalicelib.domain.job import Rendition

CPU = {250: 0.35, 500: 0.62, 1000: 0.7, 2000: 1.46, 4000: 1.6}
SIZES = ((640, 360), (1264, 711), (1280, 720), (1904, 1071), (1920, 1080))
APART = [replace(rung, width=w, height=h) for rung, (w, h) in zip(PROFILES, SIZES, strict=True)]
APART[1] = replace(APART[1], frame_rate=20)
MINUTES = job(plan(source(600, picture=video()), APART))
"""Of rungs that share no process."""
LOW, HIGH = MINUTES.plan.video[0].id, MINUTES.plan.video[-1].id
FULL = 4
"""The first chunk of full size."""


def _chance(seed: int) -> random.Random:
    return random.Random(seed)  # noqa: S311  a simulation, no secret


def done(rendition: str, chunk: int, start: float, took: float, *, cpu_s: float = 0.0, wall_s: float = 0.0) -> Task:
    """A committed task."""
    made = result(cpu_s=cpu_s, wall_s=wall_s)
    row = Task("job_1", rendition, chunk, TaskStatus.DONE, "a", 1, result=made)
    return replace(row, started_at=start, finished_at=start + took)


def held(rendition: str, chunk: int, start: float, *, progress: int = 0, until: float = 1e12) -> Task:
    """A task that somebody works on."""
    facts: dict[str, Any] = {"started_at": start, "lease_until": until, "progress": progress}
    return Task("job_1", rendition, chunk, TaskStatus.LEASED, "a", 1, **facts)


def simulated(minutes: float, seed: int, **more: Any) -> Run:
    """A lecture of film and slides: some stretches cost a third of others."""
    chance, made = _chance(seed), plan(source(60 * minutes, picture=video(), sound=audio()))
    level, hard = 1.0, []
    for _ in made.chunks:
        level = chance.choice([0.4, 0.7, 1.0, 1.3]) if chance.random() < 0.15 else level
        hard.append(level * chance.lognormvariate(0, 0.1))

    def cpu(rendition: Rendition, chunk: int) -> float:
        rate = CPU[rendition.bitrate_kbps] * hard[chunk] if rendition.kind == "video" else 0.022
        return rate * seconds_of(run, chunk)

    run = Run(job(made), cpu, **more)
    return run


def test_nothing_is_known_at_first() -> None:
    """No number is better than a made-up one."""
    assert eta_s(MINUTES, [], 100) is None
    assert eta_s(MINUTES, [held(LOW, 0, 99)], 100) is None
    assert stragglers(MINUTES, [held(LOW, 0, 0)], 1000) == []
    assert expected_s(MINUTES, [], LOW, 0) is None


def test_a_peer_tells_how_long() -> None:
    """By media seconds in the same rendition, by pixels in another; an odd one does not count."""
    peers = [done(LOW, c, 100, 10 * MINUTES.plan.chunks[c].segments / 15, cpu_s=5) for c in (3, 4, 5, 6)]
    peers = [replace(p, result=result(cpu_s=MINUTES.plan.chunks[p.chunk].segments / 3)) for p in peers]
    odd = done(LOW, 7, 100, 500, cpu_s=5)
    low = expected_s(MINUTES, [*peers, odd], LOW, 9)
    high = expected_s(MINUTES, [*peers, odd], HIGH, 9)

    assert low == pytest.approx(10)
    assert high is not None
    assert 40 < high < 70
    with pytest.raises(KeyError):
        expected_s(MINUTES, peers, "nobody", 9)


def test_a_chunk_that_was_hard_once_is_hard_again() -> None:
    """What the low rung found helps to judge the high one."""
    low = [done(LOW, c, 100, t, cpu_s=t) for c, t in ((4, 10), (5, 10), (6, 30))]
    high = [done(HIGH, 4, 100, 60, cpu_s=60)]
    easy, hard = (expected_s(MINUTES, low + high, HIGH, c) for c in (5, 6))
    assert easy == pytest.approx(60, rel=0.2)
    assert hard is not None
    assert easy is not None
    assert 3 <= hard / easy < 5  # decoding was as much for both: encoding differs by more


def test_work_that_was_taken_over_took_no_time() -> None:
    """It says how hard a chunk is, not how fast we are."""
    adopted = [replace(done(LOW, c, 0, 100, cpu_s=10, wall_s=5), started_at=0.0) for c in (4, 5, 6)]
    assert expected_s(MINUTES, adopted, LOW, 7) is None
    slow = done(LOW, 7, 100, 41, cpu_s=10, wall_s=40)
    assert expected_s(MINUTES, [*adopted, slow], LOW, 8) == pytest.approx(41)


def test_the_last_task_running_alone() -> None:
    """First by its peers, later by its own speed."""
    rows = [done(r.id, c.index, 10, 20, cpu_s=20) for r in MINUTES.plan.video for c in MINUTES.plan.chunks]
    last = rows.pop(FULL)
    assert eta_s(MINUTES, rows, 1000) == pytest.approx(20, rel=0.01)
    for elapsed, progress, left in ((5, 0, 15), (20, 360, 20), (30, 720, 0)):
        running = held(last.rendition_id, last.chunk, 1000, progress=progress)
        assert eta_s(MINUTES, [*rows, running], 1000 + elapsed) == pytest.approx(left, abs=0.5)
    assert eta_s(MINUTES, [*rows, last], 1000) == 0


def test_a_task_that_hangs_does_not_make_the_estimate_grow_for_ever() -> None:
    """A second attempt bounds it."""
    rows = [done(r.id, c.index, 10, 20, cpu_s=20) for r in MINUTES.plan.video for c in MINUTES.plan.chunks]
    last = rows.pop(FULL)
    stuck = held(last.rendition_id, last.chunk, 1000, progress=100)
    estimate = eta_s(MINUTES, [*rows, stuck], 9000)
    assert estimate is not None
    assert 5 < estimate < 25


def test_a_gap_of_hours_is_not_slowness() -> None:
    """A job that was cancelled and goes on next day counts only the time it was worked on."""
    before = [done(LOW, c, 20 * c, 20, cpu_s=20) for c in range(FULL, 10)]
    after = replace(held(LOW, 10, 90_000), progress=0)
    again = eta_s(MINUTES, [*before, after], 90_001)
    at_once = eta_s(MINUTES, [*before, replace(after, started_at=200.0)], 201)
    assert again == pytest.approx(at_once, rel=0.02)


def test_an_expired_lease_is_work_that_waits() -> None:
    """Its progress is lost."""
    rows = [done(r.id, c.index, 10, 20, cpu_s=20) for r in MINUTES.plan.video for c in MINUTES.plan.chunks]
    last = rows.pop(FULL)
    dead = held(last.rendition_id, last.chunk, 1000, progress=700, until=1030)
    assert eta_s(MINUTES, [*rows, dead], 1031) == pytest.approx(20, rel=0.01)
    assert stragglers(MINUTES, [*rows, replace(dead, lease_until=0.0)], 5000) == []


@pytest.mark.parametrize(
    ("elapsed", "progress", "late"),
    [
        (50, 0, False),
        (55, 0, True),
        (60, 360, False),
        (70, 360, True),
        (90, 640, False),  # slow, but done before anybody else would be
        (110, 700, True),
    ],
)
def test_stragglers(elapsed: float, progress: int, late: bool) -> None:  # noqa: FBT001  parametrized
    """Peers took 30 s for 720 frames."""
    rows = [done(LOW, c, 10, 30, cpu_s=20) for c in range(FULL, 9)]
    lagging = held(LOW, 10, 1000, progress=progress)
    expected = [(LOW, 10)] if late else []
    assert expected == stragglers(MINUTES, [*rows, lagging], 1000 + elapsed)


def test_a_worker_that_fell_silent() -> None:
    """Its lease still runs, its last report is old: no peers needed."""
    lease_s, now = 30.0, 1000.0
    quiet = held(LOW, 4, now - 20, until=now - SILENT_S - 1 + lease_s)
    lively = held(LOW, 5, now - 20, until=now - 2 + lease_s)
    assert stragglers(MINUTES, [quiet, lively], now, lease_s=lease_s) == [(LOW, 4)]
    assert stragglers(MINUTES, [quiet, lively], now) == []


SECONDS = st.just(0.0) | st.floats(0.01, 1e3)
TASKS = st.builds(
    Task,
    job_id=st.just("job_1"),
    rendition_id=st.sampled_from([r.id for r in MINUTES.plan.renditions]),
    chunk=st.sampled_from([c.index for c in MINUTES.plan.chunks]),
    status=st.sampled_from(list(TaskStatus)),
    attempt=st.just("a"),
    attempts=st.integers(1, 9),
    lease_until=st.floats(0, 2000),
    progress=st.integers(0, 10**6),
    result=st.builds(lambda c, w: result(cpu_s=c, wall_s=w), SECONDS, SECONDS),
    started_at=st.floats(0, 2000),
    finished_at=st.floats(0, 2000),
)


@given(st.lists(TASKS, max_size=60), st.floats(0, 4000))
def test_any_history_has_an_answer(tasks: list[Task], now: float) -> None:
    """Clocks of several machines and half-written rows: never negative, never an error, never done work hedged."""
    left = eta_s(MINUTES, tasks, now)
    assert left is None or 0 <= left < 1e12
    rows = {(t.rendition_id, t.chunk): t for t in tasks}
    lagging = stragglers(MINUTES, tasks, now, lease_s=30)
    assert all(rows[key].status is TaskStatus.LEASED for key in lagging)
    assert len(lagging) == len(set(lagging))


def errors(make: Any, site: Site, seed: int) -> tuple[list[float], float]:
    """Errors of the estimate from half-way on, each over what was left (or a twentieth of all), and the whole time."""
    whole = make(seed)
    Cloud(site, [whole], _chance(seed)).run()
    total = whole.ready - whole.arrives
    seen: list[tuple[float, float | None]] = []
    again = make(seed)
    Cloud(
        site, [again], _chance(seed), watch=lambda run, now: seen.append((now, eta_s(run.job, run.tasks(now), now)))
    ).run(total / 20)
    late = [(again.ready - now, eta) for now, eta in seen if now >= total / 2]
    return [abs((eta if eta is not None else 1e9) - left) / max(left, total / 20) for left, eta in late], total


SITES = {
    "two shared cores": (Site(2, 1.0, order="local"), 10.0),
    "a hundred Lambdas": (Site(100, 1.9, cold_s=3, ramp=True), 20.0),
    "all at once": (Site(1000, 1.9, cold_s=3, ramp=True), 3.0),
}


@pytest.mark.parametrize("site", SITES)
@pytest.mark.parametrize("seed", [1, 2])
def test_the_estimate_holds_from_half_way_on(site: str, seed: int) -> None:
    """Nine of ten within about a fifth of what was left, whether work queues or all of it runs at once."""
    place, minutes = SITES[site]
    found, total = errors(lambda s: simulated(minutes, s), place, seed)
    assert total > 10
    assert len(found) >= 9
    assert sorted(found)[int(0.9 * (len(found) - 1))] <= 0.22


def resumed(seed: int) -> Run:
    """Half of it was encoded by an earlier job."""
    run = simulated(10, seed)
    keys = [(unit.parts[0].rendition.id, unit.chunk) for unit in run.units]
    run.adopted = frozenset(keys[: len(keys) // 2])
    return run


def test_the_estimate_holds_for_a_resumed_job() -> None:
    """Work that took no time does not make the rest look fast."""
    found, _ = errors(resumed, SITES["two shared cores"][0], 3)
    assert sorted(found)[int(0.9 * (len(found) - 1))] <= 0.22


def hung(minutes: float, site: Site, fraction: float) -> float:
    """How much longer a job takes, as a share, when its last full-size task hangs in the middle."""
    plain = simulated(minutes, 5)
    Cloud(site, [plain], _chance(5)).run()
    stuck = simulated(minutes, 5)
    stuck.hang = (len(stuck.units) // 2, fraction)
    Cloud(site, [stuck], _chance(5)).run()
    assert plain.ready
    assert stuck.ready
    return stuck.ready / plain.ready - 1


@pytest.mark.parametrize("fraction", [0.0, 0.5, 0.9])
@pytest.mark.parametrize("site", ["two shared cores", "a hundred Lambdas"])
def test_a_hung_task_adds_little(site: str, fraction: float) -> None:
    """Without a second attempt Lambda's time limit would end it."""
    place, minutes = SITES[site]
    assert hung(minutes, place, fraction) < 0.3
    assert hung(minutes, replace(place, hedge=False, stall_s=None), fraction) > 0.3
