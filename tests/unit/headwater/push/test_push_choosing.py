"""What goes as it is, and what must be encoded first."""

from __future__ import annotations

import pytest
from support.transport_streams import CRA, FRAME, VIDEO_PID, pes, pictures, steady, tables

from headwater.push.choosing import Choice, Chooser
from headwater.push.transport_stream import AAC, H264, HEVC, TICKS

MP2 = 0x03


def chosen(stream: bytes, target_s: float = 2) -> Choice | None:
    """Feed a stream in odd pieces until the choice is made."""
    chooser = Chooser(target_s)
    pieces = (stream[at : at + 777] for at in range(0, len(stream), 777))
    return next((choice for piece in pieces if (choice := chooser.feed(piece))), None)


@pytest.mark.parametrize("gop_s", [0.5, 1, 2, 2.4])
def test_key_frames_near_the_target(gop_s: float) -> None:
    """H.264 and AAC with closed groups goes as it is."""
    assert chosen(steady(6, gop_s)) == Choice(copy_video=True, copy_audio=True)


def test_key_frames_too_far_apart() -> None:
    """Is known as soon as the first group is too long, not when it ends."""
    choice = chosen(steady(2.7, 8))
    assert choice == Choice(copy_video=False, copy_audio=True, reason="its key frames are more than 2.5 s apart")


def test_open_groups() -> None:
    """A key frame at which decoding cannot begin is none."""
    times = [n * FRAME for n in range(90)]
    choice = chosen(pictures(times, [0, TICKS, 2 * TICKS], data=CRA))
    assert choice == Choice(copy_video=False, copy_audio=True, reason="its groups of pictures are open")


def test_other_codecs() -> None:
    """HEVC is encoded at once; sound that is not AAC while the picture is copied."""
    hevc = tables(HEVC, AAC) + pes(VIDEO_PID, 0, key=True)
    assert chosen(hevc) == Choice(copy_video=False, copy_audio=True, reason="its picture is not H.264")
    mp2 = tables(H264, MP2) + b"".join(pes(VIDEO_PID, n * FRAME, key=n % 30 == 0) for n in range(60))
    assert chosen(mp2) == Choice(copy_video=True, copy_audio=False, reason="its sound is not AAC")


def test_sound_alone() -> None:
    """Needs no key frame."""
    stream = tables(AAC) + pes(VIDEO_PID, 0) + pes(VIDEO_PID, 1920)
    assert chosen(stream) == Choice(copy_video=True, copy_audio=True)


def test_a_stream_that_is_over_at_once() -> None:
    """Is one segment."""
    chooser = Chooser(2)
    assert chooser.feed(steady(1, 5)) is None
    assert (chooser.finish().copy, b"".join(chooser.seen)) == (True, steady(1, 5))
