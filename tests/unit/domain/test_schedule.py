"""The order of work: everything once, the urgent first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from support.media import audio, plan, source, video

from chalicelib.domain.schedule import work_order

if TYPE_CHECKING:
    from chalicelib.domain.job import JobPlan


def tasks(made: JobPlan) -> list[tuple[str, int]]:
    """Rendition and chunk of every task, in the order of work."""
    return [(rendition, chunk) for ids, chunks in work_order(made) for rendition in ids for chunk in chunks]


@given(st.integers(1, 4000), st.booleans(), st.sampled_from([None, (640, 360), (1920, 1080), (1080, 1920)]))
def test_every_task_once(duration: int, sound: bool, size: tuple[int, int] | None) -> None:  # noqa: FBT001  hypothesis
    """No task is forgotten, none is sent twice."""
    media = source(duration, picture=video(*size) if size else None, sound=audio() if sound or not size else None)
    made = plan(media)
    assert sorted(tasks(made)) == sorted((r.id, c.index) for r in made.renditions for c in made.chunks)


def test_sound_first_then_the_lowest_rungs_beginning() -> None:
    """These two make a recording playable."""
    made = plan(source(600, picture=video(), sound=audio()))
    order = work_order(made)
    assert made.audio is not None
    assert order[0] == ((made.audio.id,), tuple(range(len(made.chunks))))
    assert order[1] == ((made.video[0].id,), (0,))


def test_other_languages_do_not_keep_the_picture_waiting() -> None:
    """Only the default sound is needed to play; the others come soon, none is forgotten."""
    made = plan(source(600, picture=video(), audios=(audio(index=0), audio(index=1, default=True), audio(index=2))))
    order = [ids for ids, _ in work_order(made)]
    other, default, last = ((sound.id,) for sound in made.audios)
    lowest = (made.video[0].id,)
    assert order[:2] == [default, lowest]
    assert order.index(other) < order.index(last) < len(order) // 2
    assert sum(lowest[0] in ids for ids in order[: order.index(other)]) > 2


def test_each_rung_in_order_and_a_lower_one_never_behind() -> None:
    """Within a rung by time; a chunk of the lowest rung comes before the same chunk of any other."""
    made = plan(source(3600, picture=video()))
    order = tasks(made)
    for rung in made.video:
        assert [chunk for rendition, chunk in order if rendition == rung.id] == list(range(len(made.chunks)))
    for chunk in range(len(made.chunks)):
        places = [order.index((rung.id, chunk)) for rung in made.video]
        assert places == sorted(places)


def test_higher_rungs_begin_before_the_lowest_has_ended() -> None:
    """A long recording is worth watching in full quality before all of its rescue rung is there."""
    made = plan(source(3600, picture=video()))
    order = tasks(made)
    assert order.index((made.video[-1].id, 0)) < order.index((made.video[0].id, len(made.chunks) - 1))


def test_what_shares_a_decoder_is_one_message() -> None:
    """After the head the rungs of each size go together, and the lowest with the next."""
    made = plan(source(600, picture=video()))
    late = [ids for ids, chunks in work_order(made) if chunks[0] == len(made.chunks) - 1]
    assert sorted(len(ids) for ids in late) == [2, 3]
