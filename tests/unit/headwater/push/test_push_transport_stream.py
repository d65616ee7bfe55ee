"""What the agent reads in a transport stream, and what it saves of a segment that was cut off."""

from __future__ import annotations

from support.transport_streams import AUDIO_PID, FRAME, VIDEO_PID, pes, pictures, steady, tables

from headwater.push.clock import CaptureClock
from headwater.push.transport_stream import AAC, HEVC, PACKET, TICKS, Picture, Reader, salvage


def test_the_tables_name_the_streams() -> None:
    """Types and pids, picture and sound told apart."""
    reader = Reader()
    list(reader.pictures(tables(AAC, HEVC)))
    assert reader.programme is not None
    assert (reader.programme.audio, reader.programme.video) == ((AAC, VIDEO_PID), (HEVC, AUDIO_PID))
    assert reader.tables == tables(AAC, HEVC)


def test_times_of_33_bits() -> None:
    """PTS and DTS are read whole, and the key frame's mark."""
    late = 2**33 - 1
    stream = tables(0x1B) + pes(VIDEO_PID, late - FRAME, pts=late, key=True)
    assert list(Reader().pictures(stream)) == [Picture(2 * PACKET, late, late - FRAME, key=True)]


def test_a_cut_off_segment_is_saved_up_to_its_last_whole_picture() -> None:
    """Wherever the writing ended."""
    whole = steady(1, 1)
    for lost in (1, PACKET, 5 * PACKET + 7):
        saved = salvage(whole[:-lost])
        assert saved is not None
        data, begin, end = saved
        kept = [picture.dts for picture in Reader().pictures(data)]
        assert (begin, end, data) == (0, kept[-1] + FRAME, whole[: len(data)])
        assert len(kept) >= 27


def test_what_cannot_be_saved() -> None:
    """No picture but one, no key frame first, or no transport stream."""
    assert [salvage(bad) for bad in (b"", b"x" * 500, steady(1 / 30, 1), pictures([0, FRAME], []))] == [None] * 4


def test_the_capture_clock_believes_the_least_delay() -> None:
    """A burst after a stall does not move the time of capture; each segment is observed anew."""
    clock = CaptureClock()
    stream = steady(2, 1)
    half = len(stream) // 2
    clock.observe(stream[:half], 1005.0)
    clock.observe(stream[half:], 1002.2)
    last = list(Reader().pictures(stream))[-1].dts / TICKS
    assert clock.began_at(0, 2 * TICKS, 1002.2) == 1002.2 - last
    assert clock.began_at(0, 2 * TICKS, 1010.0) == 1008.0
