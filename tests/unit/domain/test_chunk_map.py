"""The picture of a job: every piece has its letter, and none is claimed that is not so."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, job, plan, result, source, video

from chalicelib.domain.chunk_map import chunk_letters
from chalicelib.domain.job import JobStatus, Task, TaskStatus

NOW = 1000.0
PLAN = plan(source(61, picture=video(640, 360), sound=audio()))
"""Five chunks of sound and one rung."""
SOUND, PICTURE = (r.id for r in PLAN.renditions)


def done(rendition: str, chunk: int) -> Task:
    """A committed task."""
    return Task("job_1", rendition, chunk, TaskStatus.DONE, "a", 1, result=result())


def leased(rendition: str, chunk: int, until: float = NOW + 1) -> Task:
    """A task that somebody took."""
    return Task("job_1", rendition, chunk, TaskStatus.LEASED, "a", 1, until)


def letters(*tasks: Task, status: JobStatus = JobStatus.IN_PROGRESS) -> dict[str, str]:
    """Rows of a job with these tasks."""
    return chunk_letters(job(PLAN, status=status), tasks, NOW)


def test_nothing_has_begun() -> None:
    """A row for each rendition, a letter for each chunk."""
    assert letters() == {SOUND: ".....", PICTURE: "....."}


def test_pieces_are_done_running_and_waiting() -> None:
    """In the order of the timeline; a lease that is over is nobody's."""
    found = letters(done(PICTURE, 0), leased(PICTURE, 2), done(PICTURE, 3), leased(PICTURE, 4, until=NOW))
    assert found == {SOUND: ".....", PICTURE: "d.rd."}


def test_sound_is_at_its_first_missing_piece() -> None:
    """Its one lease is on the last."""
    assert letters(done(SOUND, 0), done(SOUND, 1), leased(SOUND, 4))[SOUND] == "ddr.."


def test_a_completed_job_needs_no_rows() -> None:
    """All of it is there."""
    assert letters(status=JobStatus.COMPLETED) == {SOUND: "ddddd", PICTURE: "ddddd"}


def test_a_failed_job_shows_where() -> None:
    """What was begun and never finished; a cancelled one has no such pieces, whatever leases are left."""
    tasks = (done(PICTURE, 0), leased(PICTURE, 1))
    assert letters(*tasks, status=JobStatus.FAILED)[PICTURE] == "df..."
    assert letters(*tasks, status=JobStatus.CANCELLED)[PICTURE] == "d...."


@given(
    st.lists(st.tuples(st.sampled_from([SOUND, PICTURE]), st.integers(0, 4), st.booleans(), st.floats(0, 2 * NOW))),
    st.sampled_from(list(JobStatus)),
)
def test_done_letters_are_the_done_tasks(rows: list[tuple[str, int, bool, float]], status: JobStatus) -> None:
    """Whatever the rows: as many letters as chunks, and a `d` exactly where a task is done."""
    tasks = {(name, chunk): done(name, chunk) if whole else leased(name, chunk, at) for name, chunk, whole, at in rows}
    for name, row in letters(*tasks.values(), status=status).items():
        assert len(row) == len(PLAN.chunks)
        expected = {n for (r, n), task in tasks.items() if r == name and task.status is TaskStatus.DONE}
        if status is JobStatus.COMPLETED:
            expected = set(range(len(PLAN.chunks)))
        assert {n for n, letter in enumerate(row) if letter == "d"} == expected
        assert set(row) <= set(".rdf")
