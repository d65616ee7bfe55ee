"""The live window, case by case. Segments are two seconds long unless said otherwise."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest
from support.live import EPOCH_S, segment, with_sound

from chalicelib.domain.live.buffer import SegmentBuffer
from chalicelib.domain.live.entry import fits
from chalicelib.domain.live.window import LiveWindow


def window(*segments: Any, now: float = 0.0, **more: Any) -> LiveWindow:
    """One that has taken these, all at the same time."""
    made = LiveWindow(**({"target_s": 2, "window_s": 60} | more))
    for one in segments:
        made = made.accept(one, now)
    return made


def listed(made: LiveWindow) -> list[tuple[int, int, str]]:
    """Run, number and what is special about each entry."""
    marks = [("gap " * e.gap + "cut" * e.discontinuity).strip() for e in made.entries]
    return [(e.run, e.n, mark) for e, mark in zip(made.entries, marks, strict=True)]


def test_segments_in_order_are_listed_as_they_come() -> None:
    """Nothing special about any of them, not even the first."""
    made = window(segment(0), segment(1), segment(2))
    assert listed(made) == [(0, 0, ""), (0, 1, ""), (0, 2, "")]
    assert [e.msn for e in made.entries] == [0, 1, 2]
    assert (made.media_sequence, made.edge, made.run, made.next_n, made.end_s) == (0, 2, 0, 3, 6)
    assert [e.pdt for e in made.entries] == [EPOCH_S, EPOCH_S + 2, EPOCH_S + 4]
    assert made.deadline is None


def test_nothing_is_listed_before_the_first() -> None:
    """An empty window has no edge; after "nothing" everything follows, after something that never was nothing does."""
    made = window()
    assert (made.media_sequence, made.edge, made.entries, made.run) == (0, -1, (), -1)
    assert (made.window_at(-1), made.window_at(0)) == ((), None)


def test_reordered_segments_wait_for_the_one_before() -> None:
    """They are listed at once when it comes."""
    early = window(segment(0), segment(2), segment(3), now=100.0)
    assert listed(early) == [(0, 0, "")]
    assert (len(early.held), early.deadline) == (2, 104.0)
    made = early.accept(segment(1), 103.0)
    assert listed(made) == [(0, 0, ""), (0, 1, ""), (0, 2, ""), (0, 3, "")]
    assert made.held == SegmentBuffer()


def test_a_missing_segment_becomes_a_gap_of_its_exact_time() -> None:
    """After two target durations, not before; in pieces that the target allows, and without a discontinuity."""
    held = window(segment(0), segment(3, "7.5"), now=100.0)
    assert held.tick(103.9) is held
    made = held.tick(104.0)
    assert listed(made) == [(0, 0, ""), (0, 1, "gap"), (0, 1, "gap"), (0, 1, "gap"), (0, 3, "")]
    assert [e.duration_s for e in made.entries[1:4]] == [
        Fraction(11, 6).__round__(5),
        Fraction("1.83334"),
        Fraction("1.83333"),
    ]
    assert sum(e.duration_s for e in made.entries[1:4]) == Fraction("5.5")
    assert [e.pdt - EPOCH_S for e in made.entries] == pytest.approx([0, 2, 3.833, 5.667, 7.5])
    assert [e.name for e in made.entries[1:4]] == ["gap-1.m4s", "gap-2.m4s", "gap-3.m4s"]
    assert {e.init for e in made.entries} == {"000-00000000-one-init.mp4"}


def test_the_next_arrival_gives_up_as_well() -> None:
    """A window that nobody ticks does not stay behind."""
    made = window(segment(0), segment(2), now=100.0).accept(segment(3), 104.0)
    assert listed(made) == [(0, 0, ""), (0, 1, "gap"), (0, 2, ""), (0, 3, "")]


def test_each_hole_has_its_own_time() -> None:
    """Giving up on one does not give up on what has been waited for less."""
    made = window(segment(0), segment(2), now=100.0).accept(segment(4), 103.0)
    assert listed(made.tick(104.0)) == [(0, 0, ""), (0, 1, "gap"), (0, 2, "")]
    assert made.tick(104.0).deadline == 107.0


def test_a_segment_that_comes_after_its_gap_is_dropped() -> None:
    """What has been published does not change."""
    made = window(segment(0), segment(2), now=100.0).tick(104.0)
    assert made.accept(segment(1), 104.5) is made


def test_numbers_that_were_never_used_leave_no_gap() -> None:
    """Media time goes on: nothing is missing."""
    made = window(segment(0), segment(5, 2), now=100.0).tick(104.0)
    assert listed(made) == [(0, 0, ""), (0, 5, "")]


def test_a_duplicate_changes_nothing() -> None:
    """Listed or waiting."""
    made = window(segment(0), segment(2))
    assert made.accept(segment(0), 1.0) is made
    assert made.accept(segment(2), 1.0) is made


def test_the_first_number_of_a_run_may_be_missing_or_known() -> None:
    """Known, it is listed at once; until then what came is held, for it may not be the first."""
    later = window().accept(segment(7, 14), 100.0)
    assert (listed(later), later.deadline) == ([], 104.0)
    assert listed(later.tick(104.0)) == [(0, 7, "")]
    assert listed(later.accept(segment(0), 101.0)) == [(0, 0, "")]
    assert listed(window().accept(segment(7, 14), 100.0, first=7)) == [(0, 7, "")]
    early = window(segment(0))
    assert early.accept(segment(6, run=1), 100.0, first=7) is early


def test_an_encoder_restart_is_one_discontinuity() -> None:
    """Another run: numbers and media time begin anew, media sequence numbers go on."""
    made = window(segment(0), segment(1), segment(0, run=1, pdt=EPOCH_S + 9), segment(1, run=1))
    assert listed(made) == [(0, 0, ""), (0, 1, ""), (1, 0, "cut"), (1, 1, "")]
    assert [e.msn for e in made.entries] == [0, 1, 2, 3]
    assert [e.init for e in made.entries[1:3]] == ["000-00000000-one-init.mp4", "001-00000000-one-init.mp4"]
    assert [e.pdt - EPOCH_S for e in made.entries] == [0, 2, 9, 11]


def test_another_run_is_a_discontinuity_also_where_time_goes_on() -> None:
    """A second encoder on the same clock still is a second encoder."""
    assert listed(window(segment(0), segment(0, 2, run=1))) == [(0, 0, ""), (1, 0, "cut")]


def test_what_an_earlier_run_still_owes_is_not_waited_for_twice() -> None:
    """A hole in the old run is given its time; what then comes of it is too late."""
    made = window(segment(0), segment(2), segment(0, run=1), now=100.0)
    assert listed(made) == [(0, 0, "")]
    made = made.tick(104.0)
    assert listed(made) == [(0, 0, ""), (0, 1, "gap"), (0, 2, ""), (1, 0, "cut")]
    assert made.accept(segment(3), 104.0) is made


@pytest.mark.parametrize("start", ["0", "5.9", "6.2", "900"])
def test_a_reset_of_the_clock_is_a_discontinuity(start: str) -> None:
    """Numbers go on, media time does not: 0.2 s are 0.1 s too much."""
    made = window(segment(0), segment(1), segment(2), segment(3, start))
    assert listed(made)[-1] == (0, 3, "cut" if start != "5.9" else "")


def test_a_jump_far_ahead_is_a_new_beginning() -> None:
    """Not a minute of gaps: whoever skips more than 30 numbers, or their time, has begun anew."""
    made = window(segment(0), segment(31, 62), now=100.0, window_s=900).tick(104.0)
    assert [mark for _, _, mark in listed(made)] == ["", *["gap"] * 30, ""]
    made = window(segment(0), segment(32, 64), now=100.0).tick(104.0)
    assert listed(made) == [(0, 0, ""), (0, 32, "cut")]
    made = window(segment(0), segment(2, 64), now=100.0).tick(104.0)
    assert listed(made) == [(0, 0, ""), (0, 2, "cut")]
    made = window(segment(0), segment(1), segment(3, 1), now=100.0).tick(104.0)
    assert listed(made) == [(0, 0, ""), (0, 1, ""), (0, 3, "cut")]


def test_other_parameters_are_a_discontinuity() -> None:
    """Time goes on, the decoder does not."""
    made = window(segment(0), segment(1, tag="other"), segment(2, tag="other"))
    assert listed(made) == [(0, 0, ""), (0, 1, "cut"), (0, 2, "")]
    assert [e.init for e in made.entries] == [f"000-00000000-{t}-init.mp4" for t in ("one", "other", "other")]
    made = window(segment(0), segment(2, tag="other"), now=100.0).tick(104.0)
    assert listed(made) == [(0, 0, ""), (0, 1, "gap"), (0, 2, "cut")]


def test_an_oversize_segment_is_listed_as_its_pieces() -> None:
    """As after an outage: one name each, one after another."""
    made = window(segment(0), segment(1, lengths=("1.9", "1.9", "1.9")), segment(2, "7.7"))
    assert [(e.n, e.part, e.name[-6:]) for e in made.entries[1:4]] == [
        (1, 0, "-0.m4s"),
        (1, 1, "-1.m4s"),
        (1, 2, "-2.m4s"),
    ]
    assert [e.pdt - EPOCH_S for e in made.entries] == pytest.approx([0, 2, 3.9, 5.8, 7.7])
    assert listed(made)[-1] == (0, 2, "")


def test_what_may_not_be_listed_counts_as_lost() -> None:
    """A piece that would round to more than the target duration, no piece, or not as many in every rendition."""
    assert fits(segment(1, lengths=("2.49",)), 2)
    made = window(segment(0))
    empty = replace(segment(1), renditions=())
    for bad in (segment(1, lengths=("2.5",)), with_sound(segment(1), (1, 1)), with_sound(segment(1), (3,)), empty):
        assert not fits(bad, 2)
        assert made.accept(bad, 0.0) is made


def test_the_end_lists_what_waits() -> None:
    """With gaps for what is missing; nothing changes afterwards."""
    made = window(segment(0), segment(2), segment(4), segment(1, run=1)).end(0.0)
    assert listed(made) == [(0, 0, ""), (0, 1, "gap"), (0, 2, ""), (0, 3, "gap"), (0, 4, ""), (1, 1, "cut")]
    assert (made.ended, made.deadline) == (True, None)
    assert made.accept(segment(2, run=1), 9.0) is made
    assert made.tick(9e9) is made
    assert made.end(9.0) is made


def test_the_window_slides() -> None:
    """Only what is older than the window goes; its discontinuities are counted."""
    runs = [segment(n, run=run) for run in range(3) for n in range(12)]
    made = window(*runs)
    assert (len(made.entries), made.length_s, made.media_sequence, made.edge) == (30, 60, 6, 35)
    assert made.discontinuity_sequence == 0
    made = made.accept(segment(0, run=3), 0.0)
    made = made.end(0.0)
    assert (made.media_sequence, made.discontinuity_sequence) == (7, 0)
    slid = window(*runs, window_s=20)
    assert (len(slid.entries), slid.media_sequence, slid.discontinuity_sequence) == (10, 26, 2)


@pytest.mark.parametrize(("length", "kept"), [("0.5", 12), (1, 6), (2, 6)])
def test_six_segments_and_three_target_durations_stay(length: object, kept: int) -> None:
    """However short the window was asked to be (R 6.2.2, A8.11)."""
    step = Fraction(str(length))
    made = window(*[segment(n, n * step, lengths=(length,)) for n in range(40)], window_s=1)
    assert len(made.entries) == kept


def test_three_target_durations_of_sound_stay_too() -> None:
    """Its playlist has the same numbers, and may be a little shorter."""
    made = window(*[with_sound(segment(n, n, lengths=(1,)), ("0.99",)) for n in range(40)], window_s=1)
    assert (len(made.entries), sum(e.audio_s for e in made.entries)) == (7, Fraction("6.93"))


def test_a_viewer_resumes_where_it_was() -> None:
    """With what it lacks; or not, when that is gone."""
    made = window(*map(segment, range(40)), window_s=20)
    assert made.media_sequence == 30
    assert [e.msn for e in made.window_at(37) or ()] == [38, 39]
    assert made.window_at(39) == ()
    assert made.window_at(29) == made.entries
    assert (made.window_at(28), made.window_at(-1), made.window_at(40)) == (None, None, None)


@pytest.mark.parametrize(("ticks", "timescale"), [(60_060, 30_000), (94 * 1024, 48_000), (86 * 1024, 44_100)])
def test_durations_do_not_drift(ticks: int, timescale: int) -> None:
    """Rounded alone, 1.99467 s of sound would be a frame off within hours (A8.1)."""
    length = Fraction(ticks, timescale)
    made = window(*[segment(n, n * length, lengths=(length,)) for n in range(600)], window_s=9000)
    total = Fraction(0)
    for number, entry in enumerate(made.entries, 1):
        total += entry.duration_s
        assert abs(total - number * length) <= Fraction(1, 200_000)
        assert entry.duration_s == entry.audio_s


def test_the_sound_of_a_gap_catches_up_with_the_picture() -> None:
    """Sound ends at its own frames; behind a gap both begin together. What is more was lost, and stays so."""
    made = window(with_sound(segment(0), ("1.98",)), segment(2), now=1.0).tick(9.0)
    assert [e.audio_s for e in made.entries] == [Fraction("1.98"), Fraction("2.02"), 2]
    made = window(segment(0), segment(1, sound=False), segment(3, sound=False), now=1.0).tick(9.0)
    assert [e.audio_s for e in made.entries] == [2, 0, 0, 0]
    made = window(with_sound(segment(0), ("1.85",)), segment(2), now=1.0).tick(9.0)
    assert [e.audio_s for e in made.entries] == [Fraction("1.85"), 2, 2]


@pytest.mark.parametrize("pdt", [0.0, 9e18, float("nan"), float("inf")])
def test_a_capture_time_that_cannot_be_true_is_not_believed(pdt: float) -> None:
    """It gives way to the arrival less the duration."""
    one = segment(0, pdt=pdt, received_at=EPOCH_S + 100)
    assert window(one).entries[0].pdt == EPOCH_S + 98


def test_the_clock_of_a_stretch_is_that_of_its_first_segment() -> None:
    """Later guesses at the capture time do not make it jump; it moves with media time."""
    made = window(segment(0), segment(1, pdt=EPOCH_S + 2.7), segment(2, "4.05"))
    assert [e.pdt - EPOCH_S for e in made.entries] == pytest.approx([0, 2, 4.05])
