"""Progress: honest at every moment, whole only at the end."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, job, plan, result, source, video

from chalicelib.domain.job import JobPlan, JobStatus, Task, TaskStatus
from chalicelib.domain.progress import JobProgress, ProgressTracker, RenditionProgress, chunk_seconds

NOW = 1000.0
PLAN = plan(source(61, picture=video(640, 360), sound=audio()))
"""Chunks of 2, 4, 8, 16 and 31 s; sound and one rung of 24 fps."""
SOUND, PICTURE = (r.id for r in PLAN.renditions)


def done(rendition: str, chunk: int) -> Task:
    """A committed task."""
    return Task("job_1", rendition, chunk, TaskStatus.DONE, "a", 1, result=result())


def running(rendition: str, chunk: int, progress: int, *, fps: float = 0.0, until: float = NOW + 1) -> Task:
    """A task that somebody is at."""
    return Task("job_1", rendition, chunk, TaskStatus.LEASED, "a", 1, until, progress, fps)


def track(*tasks: Task, status: JobStatus = JobStatus.IN_PROGRESS, job_plan: JobPlan = PLAN) -> JobProgress:
    """Progress of a job with these tasks."""
    return ProgressTracker(job(job_plan, status=status), tasks, NOW).progress()


def of(progress: JobProgress, rendition: str) -> RenditionProgress:
    """One rendition's part."""
    return next(r for r in progress.renditions if r.rendition.id == rendition)


def test_the_plan_is_what_these_tests_think() -> None:
    """Lengths of the chunks; the last one ends with the source."""
    assert [chunk_seconds(PLAN, c) for c in PLAN.chunks] == [2, 4, 8, 16, 31]


def test_nothing_has_begun() -> None:
    """Zero everywhere."""
    progress = track()
    assert progress.percent == 0
    assert [(r.status, r.done_s, r.available_s) for r in progress.renditions] == [(JobStatus.PENDING, 0, 0)] * 2


def test_seconds_behind_a_hole_count_but_cannot_be_played() -> None:
    """Work is work; playing stops at the first missing chunk."""
    picture = of(track(done(PICTURE, 0), done(PICTURE, 1), done(PICTURE, 3)), PICTURE)
    assert (picture.chunks_done, picture.done_s, picture.available_s) == (3, 22, 6)
    assert picture.status is JobStatus.IN_PROGRESS
    assert picture.percent == pytest.approx(100 * 22 / 61, abs=0.05)


def test_frames_of_a_running_chunk_count() -> None:
    """Half of 16 s, at the speed it runs; two at once add their speeds."""
    picture = of(track(running(PICTURE, 3, 8 * 24, fps=30), running(PICTURE, 4, 0, fps=12.5)), PICTURE)
    assert (picture.done_s, picture.available_s, picture.fps) == (8, 0, 42.5)


def test_a_dead_workers_frames_do_not_count() -> None:
    """Its lease is over: somebody will begin again."""
    assert of(track(running(PICTURE, 3, 8 * 24, fps=30, until=NOW)), PICTURE).done_s == 0


def test_sound_is_counted_once() -> None:
    """Its one lease is on the last chunk and reports the time since the beginning, which other chunks cover too."""
    halfway = of(track(*(done(SOUND, n) for n in range(4)), running(SOUND, 4, 30_000)), SOUND)
    assert (halfway.done_s, halfway.available_s) == (30, 30)
    later = of(track(*(done(SOUND, n) for n in range(4)), running(SOUND, 4, 40_000)), SOUND)
    assert later.done_s == 40


def test_more_than_the_plan_is_not_more_than_all() -> None:
    """A source with more frames than it said does not pass 99.9 before it is done."""
    picture = of(track(*(done(PICTURE, n) for n in range(4)), running(PICTURE, 4, 10_000)), PICTURE)
    assert (picture.done_s, picture.percent, picture.status) == (61, 99.9, JobStatus.IN_PROGRESS)


def test_a_completed_job_is_whole_without_its_tasks() -> None:
    """Their rows may be gone."""
    progress = track(status=JobStatus.COMPLETED)
    assert progress.percent == 100
    assert [(r.percent, r.available_s, r.chunks_done) for r in progress.renditions] == [(100, 61, 5)] * 2
    assert {r.status for r in progress.renditions} == {JobStatus.COMPLETED}


def test_the_picture_weighs_more_than_the_sound() -> None:
    """Finished sound is no sign that half of the work is done."""
    assert 0 < track(*(done(SOUND, n) for n in range(5))).percent < 5


TASKS = st.dictionaries(
    st.tuples(st.sampled_from([SOUND, PICTURE]), st.integers(0, 4)),
    st.tuples(st.booleans(), st.integers(0, 10**6), st.sampled_from([NOW - 1, NOW + 1])),
)


@given(TASKS)
def test_percent_is_100_exactly_when_all_is_done(drawn: dict[tuple[str, int], tuple[bool, int, float]]) -> None:
    """In between it stays between, whatever workers report."""
    tasks = [
        done(*key) if whole else running(*key, progress, until=until) for key, (whole, progress, until) in drawn.items()
    ]
    progress = track(*tasks)
    complete = len([t for t in tasks if t.status is TaskStatus.DONE]) == PLAN.tasks_total
    assert (progress.percent == 100) is complete
    for rendition in progress.renditions:
        assert 0 <= rendition.available_s <= rendition.done_s <= 61
        assert 0 <= rendition.percent <= 100


def test_almost_everything_is_not_everything() -> None:
    """A rung too small to weigh anything still keeps the whole below 100."""
    big = plan(source(61, picture=video(3840, 2160), sound=audio()))
    all_but_one = [done(r.id, c.index) for r in big.renditions for c in big.chunks][1:]
    assert track(*all_but_one, job_plan=big).percent == 99.9


def test_a_recording_of_one_frame_has_progress() -> None:
    """Nothing divides by zero."""
    tiny = plan(source(Fraction(1, 25), picture=replace(video(640, 360), duration_s=Fraction(1, 25))))
    assert track(running(tiny.video[0].id, 0, 1), job_plan=tiny).percent == 99.9
