"""What encoders do in the course of a stream: restart, change, fall silent, send too much at once, lose their sound."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.live import STREAM_ID
from support.media import RECORDING_ID
from support.numbered import numbered, tone
from support.packets import packets

from chalicelib.domain.live.keys import recording_playlist_key
from chalicelib.domain.live.stream import Container, Run
from chalicelib.domain.recording import RecordingStatus

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.studio import Studio

    Cut = Callable[..., list[bytes]]

X264 = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-g", "60")
AAC = ("-c:a", "aac", "-ac", "2", "-b:a", "64k")


@pytest.fixture
def talk(cut: Cut) -> list[bytes]:
    """Five segments of two seconds in MPEG-TS, with sound."""
    return cut(*numbered(30, 10), *tone(10), *X264, *AAC, container="mpegts")


def send(studio: Studio, epoch: int, bodies: list[bytes], first: int = 0) -> None:
    """Send segments two seconds apart, each worked on as it comes."""
    for n, body in enumerate(bodies, first):
        studio.send(epoch, f"{n}.ts", body)
        studio.work()
        studio.clock.time += 2


def lengths(studio: Studio) -> list[tuple[float, bool, bool]]:
    """Seconds, discontinuity and gap of each entry."""
    return [(float(e.duration_s), e.discontinuity, e.gap) for e in studio.state.window.entries]


PLAIN = (2.0, False, False)
NEW = (2.0, True, False)


def test_a_segment_after_an_outage_is_cut(studio: Studio, cut: Cut, talk: list[bytes]) -> None:
    """Six seconds in one become three entries of two, in every rendition, each decodable by itself."""
    long = cut(*numbered(30, 6), *tone(6), *X264, "-g", "180", *AAC, container="mpegts", target=6)
    epoch = studio.claim(Container.MPEGTS)
    send(studio, epoch, [*talk[:1], *long])
    assert lengths(studio)[1:] == [NEW, PLAIN, PLAIN]
    for rendition in studio.state.renditions:
        assert studio.playlist(rendition.id).count("#EXTINF") == 4
    names = [name for name in studio.media.bodies if name.endswith("-2.m4s")]
    assert len(names) == len(studio.state.renditions)


def test_an_encoder_that_restarts(studio: Studio, cut: Cut, talk: list[bytes]) -> None:
    """With its clock at zero and another size: one discontinuity, the same rungs, numbers that only rise."""
    other = cut("-f", "lavfi", "-i", "testsrc=s=480x270:r=25:d=4", *tone(4), *X264, "-g", "50", *AAC)
    send(studio, studio.claim(Container.MPEGTS), talk[:2])
    before = studio.state.renditions
    epoch = studio.claim()
    studio.send(epoch, "init.mp4", other[0])
    for n, body in enumerate(other[1:]):
        studio.send(epoch, f"{n}.m4s", body)
    studio.work()
    assert studio.state.renditions == before
    assert lengths(studio) == [PLAIN, PLAIN, NEW, PLAIN]
    assert studio.state.health.refused == {}
    text = studio.playlist(before[-1].id)
    assert text.count("#EXT-X-DISCONTINUITY\n") == 1


def test_the_last_segments_of_an_encoder_that_restarts_are_kept(studio: Studio, talk: list[bytes]) -> None:
    """Landed before the new epoch was claimed, worked on after it: too late for viewers, not for the recording."""
    epoch = studio.claim(Container.MPEGTS)
    send(studio, epoch, talk[:1])
    studio.send(epoch, "1.ts", talk[1])
    late = studio.queue.messages.popleft()
    studio.clock.time += 1
    send(studio, studio.claim(Container.MPEGTS), talk[2:3])
    studio.queue.messages.append(late)
    studio.work()
    assert sorted(studio.segments.rows) == [(STREAM_ID, 0, 0), (STREAM_ID, 0, 1), (STREAM_ID, 1, 0)]
    studio.stop()
    studio.work()
    rung = studio.state.renditions[-1].id
    assert studio.playlist(rung).count("#EXTINF") == 2
    assert studio.media.bodies[recording_playlist_key(RECORDING_ID, rung)].count(b"#EXTINF") == 3


def test_a_backup_takes_over(studio: Studio, talk: list[bytes]) -> None:
    """While the primary is on the air the backup is kept unpublished; once it is silent nothing of it is lost."""
    primary, backup = studio.claim(Container.MPEGTS), studio.claim(Container.MPEGTS, backup=True)
    for n in range(2):
        send(studio, primary, [talk[n]], n)
        studio.send(backup, f"{n}.ts", talk[n])
        studio.work()
    assert len(studio.segments.rows) == 2
    send(studio, backup, talk[2:5], 2)
    assert studio.stream.runs == (Run(primary, 0), Run(backup, 2))
    assert [(e.run, e.n) for e in studio.state.window.entries] == [(0, 0), (0, 1), (1, 2), (1, 3), (1, 4)]
    assert lengths(studio) == [PLAIN, PLAIN, NEW, PLAIN, PLAIN]
    # The primary is back, and is the spare one now.
    studio.send(backup, "5.ts", talk[4])
    send(studio, primary, talk[4:5], 5)
    assert [(e.run, e.n) for e in studio.state.window.entries[5:]] == [(1, 5)]
    studio.stop()
    studio.work()
    assert studio.recordings.rows[RECORDING_ID].status is RecordingStatus.READY


def test_what_comes_after_the_stop(studio: Studio, talk: list[bytes]) -> None:
    """The last segment of the encoder belongs to it; what comes much later is refused, and no backup takes over."""
    primary, backup = studio.claim(Container.MPEGTS), studio.claim(Container.MPEGTS, backup=True)
    send(studio, primary, talk[:1])
    studio.stop()
    finish = studio.queue.messages.popleft()
    studio.clock.time += 5
    send(studio, primary, talk[1:2], 1)
    studio.clock.time += 9
    send(studio, primary, talk[2:3], 2)
    studio.clock.time = (studio.stream.stopped_at or 0) + 9
    send(studio, backup, talk[3:4], 3)
    studio.queue.messages.append(finish)
    studio.work()
    assert (len(studio.segments.rows), studio.state.health.refused) == (2, {"stream_stopped": 1})
    assert studio.stream.runs == (Run(primary, 0),)
    assert studio.recordings.rows[RECORDING_ID].status is RecordingStatus.READY


def test_two_workers_promote_at_once(studio: Studio, talk: list[bytes]) -> None:
    """The second write is refused; both end with the same run."""
    primary, backup = studio.claim(Container.MPEGTS), studio.claim(Container.MPEGTS, backup=True)
    send(studio, primary, talk[:1])
    studio.clock.time += 9
    replace = studio.streams.replace

    def slower(stream: object) -> bool:
        studio.streams.replace = replace  # type: ignore[method-assign]
        assert replace(studio.stream.promoted(backup, 1))
        return replace(stream)  # type: ignore[arg-type]

    studio.streams.replace = slower  # type: ignore[assignment,method-assign]
    send(studio, backup, talk[1:2], 1)
    assert studio.stream.runs == (Run(primary, 0), Run(backup, 1))
    assert lengths(studio) == [PLAIN, NEW]


def test_a_lost_segment_is_a_gap_even_if_nothing_follows(studio: Studio, talk: list[bytes]) -> None:
    """What is held is given up by the clock: the message that says so comes by itself."""
    epoch = studio.claim(Container.MPEGTS)
    send(studio, epoch, talk[:1])
    send(studio, epoch, talk[2:3], 2)
    assert lengths(studio) == [PLAIN, (2.0, False, True), PLAIN]
    assert studio.listener.entries[-2:] == ["gap-1.m4s", studio.state.window.entries[-1].name]


def test_silence_is_made_where_the_sound_is_missing(studio: Studio, cut: Cut, talk: list[bytes]) -> None:
    """Viewers' players need both tracks to go on."""
    mute = cut(*numbered(30, 4), *X264, container="mpegts")
    send(studio, studio.claim(Container.MPEGTS), talk[:1])
    send(studio, studio.claim(Container.MPEGTS), mute)
    assert lengths(studio) == [PLAIN, NEW, PLAIN]
    assert [float(e.audio_s) == pytest.approx(2, abs=0.03) for e in studio.state.window.entries[1:]] == [True, True]
    rows = [studio.segments.rows[STREAM_ID, 1, n] for n in (0, 1)]
    assert rows[0].renditions[0].init_tag == rows[1].renditions[0].init_tag
    assert rows[1].init_stem == rows[0].stem


def test_sound_that_comes_too_late_is_left_out(studio: Studio, cut: Cut, talk: list[bytes]) -> None:
    """The ladder was fixed without it; the owner is told once."""
    mute = cut(*numbered(30, 4), *X264, container="mpegts")
    send(studio, studio.claim(Container.MPEGTS), mute)
    send(studio, studio.claim(Container.MPEGTS), talk[:2])
    assert [r.kind for r in studio.state.renditions] == ["video", "video"]
    assert lengths(studio) == [PLAIN, PLAIN, NEW, PLAIN]
    assert studio.state.health.refused == {"audio_dropped": 1}


def test_the_clock_of_mpeg_ts_begins_anew(studio: Studio, cut: Cut) -> None:
    """After 26.5 hours; every segment is packaged, and there is one discontinuity."""
    turn = 2**33 / 90_000
    bodies = cut(*numbered(30, 8), *tone(8), *X264, *AAC, "-output_ts_offset", f"{turn - 5:.3f}", container="mpegts")
    send(studio, studio.claim(Container.MPEGTS), bodies)
    assert studio.state.health.refused == {}
    assert len(studio.state.window.entries) == 4
    assert sum(cut for _, cut, _ in lengths(studio)) <= 1


def test_the_source_is_passed_through_where_it_fits(studio: Studio, cut: Cut) -> None:
    """The highest rung's pictures are the encoder's own, to the byte, and the sound is on every account."""
    source = ("-f", "lavfi", "-i", "testsrc=s=320x180:r=30:d=4,format=yuv420p")
    bodies = cut(*source, *tone(4), *X264, *AAC, "-bf", "2", container="mpegts")
    send(studio, studio.claim(Container.MPEGTS), bodies)
    assert [r.copy for r in studio.state.video] == [False, True]
    whole = studio.joined(studio.state.video[-1].id)
    assert packets(whole, "mp4", "v") == packets(b"".join(bodies), "mpegts", "v")


def test_capture_times_follow_the_encoder(studio: Studio, talk: list[bytes]) -> None:
    """One that says when its first frame was captured is believed."""
    captured = studio.clock.now() - 7
    epoch = studio.claim(Container.MPEGTS, first_pdt=captured)
    send(studio, epoch, talk[:3])
    assert [entry.pdt - captured for entry in studio.state.window.entries] == pytest.approx([0, 2, 4])
    assert studio.state.health.lag_s == pytest.approx(5, abs=0.1)
