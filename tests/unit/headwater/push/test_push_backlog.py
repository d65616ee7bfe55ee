"""What is delivered next, whatever happened before."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from headwater.push.backlog import Backlog, Claim, Segment, Send


def segment(run: int, n: int, size: int = 10) -> Segment:
    """A second, captured at 1000 + n."""
    return Segment(run, n, size, 1.0, 1000.0 + n)


def backlog(*runs: int, max_bytes: int = 10_000) -> Backlog:
    """A backlog of runs with so many segments each."""
    made = Backlog(max_bytes)
    for run, count in enumerate(runs):
        made.begin(run)
        for n in range(count):
            made.add(segment(run, n))
    return made


def test_a_run_is_claimed_before_it_is_sent() -> None:
    """With the time at which its first segment was captured."""
    waiting = backlog(2)
    assert waiting.next(3) == Claim(0, 1000.0)
    waiting.claimed(0, 7)
    assert waiting.next(3) == Send(7, (segment(0, 0), segment(0, 1)))


def test_the_run_before_comes_first() -> None:
    """Claiming the newer epoch would end the older one with segments still undelivered."""
    waiting = backlog(1, 1)
    waiting.claimed(0, 1)
    assert waiting.next(3) == Send(1, (segment(0, 0),))
    waiting.acknowledged(segment(0, 0))
    assert (waiting.next(3), waiting.finished()) == (Claim(1, 1000.0), [0])


def test_the_oldest_go_when_there_is_no_room() -> None:
    """Never the newest, never what is in flight; and a run whose begin went is claimed with what is left of it."""
    waiting = backlog(3, max_bytes=30)
    assert waiting.add(segment(0, 3)) == [segment(0, 0)]
    assert waiting.next(1) == Claim(0, 1001.0)
    waiting.claimed(0, 1)
    assert waiting.next(1) == Send(1, (segment(0, 1),))
    assert waiting.add(segment(0, 4)) == [segment(0, 2)]
    waiting.landed()
    assert waiting.add(segment(0, 5, size=100)) == [segment(0, 1), segment(0, 3), segment(0, 4)]
    assert (len(waiting), waiting.size) == (1, 100)


def test_a_run_that_nobody_takes() -> None:
    """Goes as a whole; the newer one stays."""
    waiting = backlog(2, 1)
    assert waiting.given_up(0) == [segment(0, 0), segment(0, 1)]
    assert (len(waiting), waiting.seconds, waiting.newest) == (1, 1.0, 1)


@given(st.lists(st.sampled_from(["run", "record", "work", "fail"]), max_size=60))
def test_all_is_delivered_once_and_in_order(events: list[str]) -> None:
    """For any order of restarts, recordings, deliveries and failures; epochs are claimed in the order of the runs."""
    waiting, sent, recorded, epochs = Backlog(10**9), [], [], 0
    waiting.begin(0)
    for event in [*events, *["work"] * 200]:
        run = waiting.newest
        if event == "run":
            waiting.begin(run + 1)
        elif event == "record":
            recorded.append(segment(run, sum(one.run == run for one in recorded)))
            waiting.add(recorded[-1])
        elif event == "work":
            match waiting.next(3):
                case Claim(claimed):
                    epochs += 1
                    waiting.claimed(claimed, epochs)
                case Send(epoch, segments):
                    for one in segments:
                        waiting.acknowledged(one)
                        sent.append((epoch, one))
            waiting.landed()
            waiting.finished()
        else:
            waiting.next(3)
            waiting.landed()
    assert [one for _, one in sent] == recorded
    assert [epoch for epoch, _ in sent] == sorted(epoch for epoch, _ in sent)
    assert len(waiting) == 0
