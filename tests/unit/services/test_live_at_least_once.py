"""A live stream under duplicates, reordering and deaths: every segment is listed once, and a recording comes out."""

from __future__ import annotations

import re
import subprocess
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from support.live import STREAM_ID
from support.media import RECORDING_ID
from support.numbered import numbered, tone
from support.pipeline import FFMPEG
from support.stand_in import Died
from support.studio import Studio
from support.studio_deaths import LiveKiller, Remembering

from chalicelib.domain.keys import master_key
from chalicelib.domain.ladder import EncodingProfile
from chalicelib.domain.live.keys import live_rendition_prefix, recording_playlist_key
from chalicelib.domain.live.messages import FinishMessage
from chalicelib.domain.live.stream import StreamStatus
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Transient
from chalicelib.services.live_finish import TRIES

if TYPE_CHECKING:
    from pathlib import Path

COUNT = 3
ONE_RUNG = (EncodingProfile("low", 160, 90, 60, 24),)


@pytest.fixture(scope="session")
def bodies(tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """An init segment and three segments of a second each, with sound."""
    folder = tmp_path_factory.mktemp("cut")
    x264 = ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "40", "-g", "24", "-c:a", "aac", "-b:a", "64k"]
    hls = ["-f", "hls", "-hls_time", "1", "-hls_list_size", "0", "-hls_segment_type", "fmp4"]
    names = ["-hls_segment_filename", str(folder / "%d.m4s"), str(folder / "live.m3u8")]
    command = [FFMPEG, "-v", "error", "-nostdin", *numbered(24, COUNT), *tone(COUNT), *x264, *hls, *names]
    subprocess.run(command, check=True, timeout=60)
    return [(folder / name).read_bytes() for name in ("init.mp4", *(f"{n}.m4s" for n in range(COUNT)))]


def on_air(scratch: Path, bodies: list[bytes]) -> Studio:
    """A stream to which an encoder has sent all it has."""
    studio = Studio(scratch, encoder=Remembering(), profiles=ONE_RUNG)
    epoch = studio.claim()
    for name, body in zip(("init.mp4", *(f"{n}.m4s" for n in range(COUNT))), bodies, strict=True):
        studio.send(epoch, name, body)
    return studio


def names_in(text: str) -> list[str]:
    """The segments a playlist lists."""
    return [line for line in text.splitlines() if line and not line.startswith("#")]


def check_whole(studio: Studio, count: int = COUNT) -> None:
    """Everything a finished stream promises."""
    recording = studio.recordings.rows[RECORDING_ID]
    assert (recording.status, round(recording.duration_s)) == (RecordingStatus.READY, count)
    assert studio.stream.finished_at is not None
    assert master_key(RECORDING_ID) in studio.media.bodies
    assert [key for key in studio.source.bodies if key.startswith("ingest/")] == []
    rows = list(studio.segments.of_stream(STREAM_ID))
    assert [row.n for row in rows] == list(range(count))
    listed = [f"{row.stem}-0.m4s" for row in rows]
    for rendition in studio.state.renditions:
        live = studio.playlist(rendition.id)
        whole = studio.media.bodies[recording_playlist_key(RECORDING_ID, rendition.id)].decode()
        assert names_in(live) == names_in(whole) == listed
        assert live.endswith("#EXT-X-ENDLIST\n")
        folder = live_rendition_prefix(RECORDING_ID, rendition.id)
        inits = re.findall(r'URI="([^"]+)"', live)
        assert {folder + name for name in (*listed, *inits)} <= set(studio.media.bodies)
        for before, after in pairwise(studio.media.history[f"{folder}live.m3u8"]):
            earlier = names_in(before.decode())
            assert names_in(after.decode())[: len(earlier)] == earlier
    assert set(listed) <= set(studio.listener.entries)
    assert studio.listener.ended


def test_a_plain_run(tmp_path: Path, bodies: list[bytes]) -> None:
    """Three segments, three announcements in order, and a recording; two runs of FFmpeg for each segment."""
    studio = on_air(tmp_path, bodies)
    studio.work()
    assert studio.listener.entries == names_in(studio.playlist(studio.state.renditions[0].id))
    studio.stop()
    studio.work()
    check_whole(studio)
    assert studio.listener.ended == 1


def test_every_message_twice_and_backwards(tmp_path: Path, bodies: list[bytes]) -> None:
    """Duplicates package nothing again, and what comes too early waits."""
    studio = on_air(tmp_path, bodies)
    doubled = [message for message in reversed(studio.queue.messages) for _ in range(2)]
    studio.queue.messages.clear()
    studio.queue.messages.extend(doubled)
    studio.work()
    assert studio.encoder.runs == 2 * COUNT  # type: ignore[attr-defined]
    assert studio.playlist(studio.state.renditions[0].id).count("#EXT-X-MAP") == 1
    studio.stop()
    studio.stop()
    studio.work()
    check_whole(studio)


@pytest.mark.parametrize("before", [True, False])
def test_death_at_every_write(tmp_path: Path, bodies: list[bytes], *, before: bool) -> None:
    """Killed before or after each single write, the recording is whole all the same and nothing is listed twice."""
    at, died = 0, 1
    while died:
        at += 1
        studio = on_air(tmp_path, bodies)
        studio.pause()
        LiveKiller(studio, at, before=before)
        died = studio.work_through_deaths()
        try:
            studio.stop()
        except Died:  # the sweep asks again
            died += 1
            studio.stop()
        died += studio.work_through_deaths()
        check_whole(studio)
    assert at > 30


def test_two_workers_on_one_segment(tmp_path: Path, bodies: list[bytes]) -> None:
    """The first row wins; the other removes what it has put and goes on with the first's."""
    studio = on_air(tmp_path, bodies)
    encoder = studio.encoder
    assert isinstance(encoder, Remembering)
    message = studio.queue.messages[1][0]

    def meanwhile() -> None:
        encoder.during = lambda: None
        studio.handle(message)

    encoder.during = meanwhile
    studio.work()
    stems = {row.stem for row in studio.segments.of_stream(STREAM_ID)}
    pieces = [key.rpartition("/")[2] for key in studio.media.bodies if key.endswith("-0.m4s")]
    assert {name.removesuffix("-0.m4s") for name in pieces} == stems
    studio.stop()
    studio.work()
    check_whole(studio)


def test_a_row_whose_answer_is_lost_keeps_its_objects(tmp_path: Path, bodies: list[bytes]) -> None:
    """Told that it came second although it was first, a worker does not remove what the playlist will name."""
    studio = on_air(tmp_path, bodies)
    put = studio.segments.put
    studio.segments.put = lambda segment: put(segment) and False  # type: ignore[method-assign]
    studio.work()
    studio.stop()
    studio.work()
    check_whole(studio)


def test_a_lost_event_is_made_up_for_at_the_end(tmp_path: Path, bodies: list[bytes]) -> None:
    """The end finds an object nobody has looked at, waits for it, and asks for it."""
    studio = on_air(tmp_path, bodies)
    del studio.queue.messages[-1]
    studio.work()
    assert len(studio.segments.rows) == COUNT - 1
    studio.stop()
    studio.work()
    check_whole(studio)


def test_numbers_that_begin_anywhere(tmp_path: Path, bodies: list[bytes]) -> None:
    """An encoder that counts from the time of day does not let viewers wait for all the numbers before it."""
    studio = Studio(tmp_path, encoder=Remembering(), profiles=ONE_RUNG)
    epoch = studio.claim()
    studio.send(epoch, "init.mp4", bodies[0])
    for n, body in enumerate(bodies[1:], 1_795_000_000):
        studio.send(epoch, f"{n}.m4s", body)
    studio.queue.messages.reverse()
    studio.step()
    assert not studio.state.playable
    studio.work()
    assert [entry.n - 1_795_000_000 for entry in studio.state.window.entries] == [0, 1, 2]
    assert studio.clock.now() - studio.stream.started_at < 10


def test_the_end_waits_only_so_long(tmp_path: Path, bodies: list[bytes]) -> None:
    """A segment that cannot be packaged does not keep the recording from being made."""
    studio = on_air(tmp_path, bodies)
    del studio.queue.messages[-1]
    studio.work()
    encoder = studio.encoder
    assert isinstance(encoder, Remembering)
    encoder.fail = [Transient("encode_timeout", "Slow.")] * 99
    began = studio.clock.now()
    studio.stop()
    studio.work()
    assert studio.recordings.rows[RECORDING_ID].status is RecordingStatus.READY
    assert studio.clock.now() - began < 120


def test_a_stream_without_anything_lets_its_recording_wait_again(tmp_path: Path) -> None:
    """Nothing was received: nothing is ready, and another stream may be started."""
    studio = Studio(tmp_path)
    studio.stop()
    studio.work()
    recording = studio.recordings.rows[RECORDING_ID]
    assert (recording.status, recording.stream_id) == (RecordingStatus.WAITING, "")
    assert studio.stream.finished_at is not None


def test_a_paused_stream_is_active_again(tmp_path: Path, bodies: list[bytes]) -> None:
    """With the first segment, and its viewers are told."""
    studio = on_air(tmp_path, bodies)
    studio.pause()
    studio.work()
    assert (studio.stream.status, studio.listener.statuses) == (StreamStatus.ACTIVE, [StreamStatus.ACTIVE])


def test_nothing_is_left_of_one_that_died(tmp_path: Path, bodies: list[bytes]) -> None:
    """The killer kills: a sanity check of this module."""
    studio = on_air(tmp_path, bodies)
    LiveKiller(studio, 1, before=True)
    with pytest.raises(Died):
        studio.work()


def test_the_end_waits_for_what_an_earlier_encoder_had_sent_in_time(tmp_path: Path, bodies: list[bytes]) -> None:
    """Its worker died, another encoder took over, and the stream was stopped at once."""
    studio = on_air(tmp_path, bodies)
    del studio.queue.messages[-1]
    studio.work()
    studio.clock.time += 5
    newer = studio.claim()
    for name, body in zip(("init.mp4", "0.m4s"), bodies, strict=False):
        studio.send(newer, name, body)
    studio.work()
    studio.stop()
    studio.work()
    assert [(row.run, row.n) for row in studio.segments.of_stream(STREAM_ID)] == [(0, 0), (0, 1), (0, 2), (1, 0)]
    assert studio.recordings.rows[RECORDING_ID].status is RecordingStatus.READY


def test_whoever_closed_an_empty_stream_may_die_before_its_recording_waits_again(tmp_path: Path) -> None:
    """The message that comes again makes that good."""
    studio = Studio(tmp_path)
    studio.stop()
    update = studio.recordings.update

    def die(*_args: object, **_changes: object) -> None:
        studio.recordings.update = update  # type: ignore[method-assign]
        raise Died

    studio.recordings.update = die  # type: ignore[method-assign,assignment]
    assert studio.work_through_deaths() == 1
    assert studio.recordings.rows[RECORDING_ID].status is RecordingStatus.WAITING


def test_what_comes_after_the_end_is_refused_and_removed(tmp_path: Path, bodies: list[bytes]) -> None:
    """Nobody would ever look at it again; its owner is told."""
    studio = on_air(tmp_path, bodies)
    studio.work()
    studio.stop()
    studio.work()
    key = studio.send(1, "3.m4s", bodies[1])
    studio.work()
    assert key not in studio.source.bodies
    assert studio.state.health.refused == {"stream_stopped": 1}
    check_whole(studio)


def test_a_segment_that_is_stored_while_the_recording_is_made_comes_into_it(
    tmp_path: Path, bodies: list[bytes]
) -> None:
    """The end gave up waiting for its worker, which is slow and not dead."""
    studio = on_air(tmp_path, bodies)
    late = studio.queue.messages.pop()[0]
    studio.work()
    encoder = studio.encoder
    assert isinstance(encoder, Remembering)

    def meanwhile() -> None:
        encoder.during = lambda: None
        studio.streams.stop(STREAM_ID, now=studio.clock.now())
        studio.finisher.finish(FinishMessage(STREAM_ID, TRIES))
        assert studio.stream.finished_at is not None

    encoder.during = meanwhile
    studio.handle(late)
    studio.work()
    rows = list(studio.segments.of_stream(STREAM_ID))
    text = studio.media.bodies[recording_playlist_key(RECORDING_ID, studio.state.renditions[0].id)].decode()
    assert names_in(text) == [f"{row.stem}-0.m4s" for row in rows]
    assert len(rows) == COUNT
    assert round(studio.recordings.rows[RECORDING_ID].duration_s) == COUNT
