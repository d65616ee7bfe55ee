"""Where segments begin and end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.transport_streams import AUDIO_PID, FRAME, IDR, pes, pictures, steady, tables

from headwater.push.cutter import Close, Cutter, Data, Open
from headwater.push.transport_stream import AAC, TICKS, NotTransportStream, Reader

S = TICKS


def cut(stream: bytes, target_s: float = 2, piece: int = 1000) -> tuple[list[tuple[int, int]], list[bytes], int]:
    """Feed a stream in pieces; returns begin and end of the segments, their bytes, and how many runs there are."""
    cutter = Cutter(target_s)
    orders = [o for at in range(0, len(stream), piece) for o in cutter.feed(stream[at : at + piece])]
    orders += cutter.finish()
    spans: list[tuple[int, int]] = []
    bodies: list[bytes] = []
    for order in orders:
        match order:
            case Open(at):
                spans.append((at, -1))
                bodies.append(b"")
            case Data(data):
                bodies[-1] += data
            case Close(at):
                spans[-1] = (spans[-1][0], at)
    return spans, bodies, sum(isinstance(order, Open) and order.fresh for order in orders)


@pytest.mark.parametrize(
    ("gop_s", "lengths"),
    [(2, [2, 2, 2]), (1, [2, 2, 2]), (0.5, [2, 2, 2]), (1.5, [1.5] * 4), (1.8, [1.8, 1.8, 1.8, 0.6]), (3, [3, 3])],
)
def test_segments_come_near_the_target(gop_s: float, lengths: list[float]) -> None:
    """At the last key frame that keeps them short enough, whatever the interval of the encoder."""
    spans, _, runs = cut(steady(6, gop_s))
    assert ([(end - begin) / S for begin, end in spans], runs) == (lengths, 1)


def test_each_segment_decodes_alone_and_nothing_is_lost() -> None:
    """Each begins with the tables and a key frame, and together they have each picture once."""
    stream = steady(6, 1)
    _, bodies, _ = cut(stream)
    found = [list(Reader().pictures(body)) for body in bodies]
    assert [pictures[0].key for pictures in found] == [True] * 3
    assert [p.dts for pictures in found for p in pictures] == [p.dts for p in Reader().pictures(stream)]


@given(st.integers(1, 5000))
def test_pieces_do_not_matter(piece: int) -> None:
    """The pipe may split the stream anywhere."""
    stream = steady(3, 1)
    assert cut(stream, piece=piece) == cut(stream)


def test_what_comes_before_the_first_key_frame_is_dropped() -> None:
    """Nobody could decode it."""
    times = [n * FRAME for n in range(90)]
    spans, _, _ = cut(pictures(times, [S]))
    assert spans == [(S, 3 * S)]


@pytest.mark.parametrize("jump", [-2 * S, 5 * S, -(2**33) + S])
def test_a_clock_that_jumps_begins_a_run(jump: int) -> None:
    """Back, ahead, or around: the run before ends after its last picture."""
    begin = 2**33 - S if jump < -(2**32) else 10 * S
    after = (begin + S + jump) % 2**33
    spans, _, runs = cut(steady(1, 1, begin=begin) + steady(1, 1, begin=after))
    assert (spans, runs) == ([(begin, begin + S), (after, after + S)], 2)


def test_sound_alone() -> None:
    """Is cut between its frames."""
    frames = b"".join(pes(0x100, n * 1920, data=IDR) for n in range(200))
    spans, _, _ = cut(tables(AAC) + frames)
    assert [round((end - begin) / S, 1) for begin, end in spans] == [2.0, 2.0, 0.3]


def test_open_seconds_grow_until_the_cut() -> None:
    """What switches to encoding looks at how long the open segment is."""
    cutter = Cutter(2)
    list(cutter.feed(steady(4, 8)))
    assert round(cutter.open_s, 1) == 4.0


def test_no_transport_stream() -> None:
    """Is refused rather than cut anyhow."""
    with pytest.raises(NotTransportStream):
        list(Cutter(2).feed(b"\x00" * 376))


def test_nothing_comes() -> None:
    """Ends without a segment."""
    assert cut(tables(AAC) + pes(AUDIO_PID, 0)) == ([], [], 0)
