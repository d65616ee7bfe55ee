"""Embedded subtitles, with FFmpeg's part played: once for a source, never over an upload, never the job's trouble."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.fakes import FakeHold, FakeProbe
from support.media import RECORDING_ID, audio, source, video
from support.pipeline import Pipeline

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.caption_tracks import Origin
from chalicelib.domain.media import SubtitleTrack
from chalicelib.domain.messages import ExtractMessage, parse_message
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Transient
from chalicelib.services.captions import CaptionLibrary, Offer
from chalicelib.services.ports import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from chalicelib.services.ports import Beat, Taker

ANN = Caller("ann", Role.PUBLISHER)
MINE = b"WEBVTT\n\n00:01.000 --> 00:02.000\nMine\n"


def words(text: str) -> str:
    """A file as FFmpeg writes it, with one cue eleven seconds into the source."""
    return f"WEBVTT\n\n00:11.000 --> 00:12.000\n{text}\n"


@dataclass
class Words:
    """Stands for FFmpeg: writes what it is told to for each output."""

    texts: dict[str, str] = field(default_factory=lambda: {"0.vtt": words("Hello"), "1.vtt": words("Guten Tag")})
    runs: int = 0
    before_the_end: Callable[[], object] = bool
    fail: bool = False

    def run_to_file(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat) -> float:
        """Write the files that have a text, ask once whether to go on."""
        assert timeout_s > 0
        self.runs += 1
        for path in (Path(word) for word in arguments if word.endswith(".vtt")):
            if path.name in self.texts:
                path.write_text(self.texts[path.name])
        self.before_the_end()
        if not beat(0, 0.0):
            raise Cancelled
        if self.fail:
            raise Transient("encode_interrupted", "FFmpeg ended with 1.")
        return 0.1

    def run_to_pipe(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat, take: Taker) -> float:
        """Nobody asks for that here."""
        raise NotImplementedError


@dataclass
class World:
    """A recording whose source begins at ten seconds and holds English and German words."""

    pipeline: Pipeline
    ffmpeg: Words
    message: ExtractMessage

    def extract(self) -> FakeHold:
        """Deliver the message."""
        hold = FakeHold()
        self.pipeline.extractor.handle(self.message, hold, remaining_s=60)
        return hold

    def put(self, language: str) -> None:
        """Upload as the owner."""
        self.library.put(ANN, RECORDING_ID, Offer(language, MINE))

    @property
    def library(self) -> CaptionLibrary:
        """The owner's way to the same captions."""
        return CaptionLibrary(self.pipeline.recordings, self.pipeline.extractor.shelf, 3600)

    def texts(self) -> dict[str, str]:
        """What each language says; every file that is there is one that the row names."""
        row = self.pipeline.recording
        assert {t.key for t in row.captions} == {k for k in self.pipeline.media.bodies if k.endswith(".vtt")}
        return {t.language: self.pipeline.media.bodies[t.key].decode().split("\n\n")[1].strip() for t in row.captions}


@pytest.fixture
def world(tmp_path: Path) -> World:
    """Uploaded and planned."""
    tracks = (
        SubtitleTrack(0, "subrip", "eng"),
        SubtitleTrack(1, "ass", "ger"),
        SubtitleTrack(2, "dvb_subtitle", "fre"),
    )
    picture = video(640, 360, start_pts=153_600)
    ffmpeg = Words()
    media = source(60, picture=picture, sound=audio(start_s=picture.start_s), subtitles=tracks)
    pipeline = Pipeline(tmp_path, probe=FakeProbe(media), encoder=ffmpeg)
    job = pipeline.upload(b"media")
    assert job is not None
    return World(pipeline, ffmpeg, ExtractMessage(job.id))


ENGLISH = "00:00:01.000 --> 00:00:02.000\nHello"
GERMAN = "00:00:01.000 --> 00:00:02.000\nGuten Tag"


def test_a_source_with_words_is_asked_for_them(world: World) -> None:
    """One message, after those that viewers wait for; a source without words sends none."""
    messages = [parse_message(body) for body, _, _ in world.pipeline.queue.messages]
    assert [m for m in messages if isinstance(m, ExtractMessage)] == [world.message]
    job = world.pipeline.jobs.rows[world.message.job_id]
    assert messages.index(world.message) == len(job.plan.streams) + 1


def test_words_become_captions_in_our_time(world: World) -> None:
    """In the row, and as files; the message is held meanwhile."""
    hold = world.extract()
    assert world.texts() == {"en": ENGLISH, "de": GERMAN}
    assert {t.origin for t in world.pipeline.recording.captions} == {Origin.EMBEDDED}
    assert len(hold.kept) >= 2


def test_it_is_done_once(world: World) -> None:
    """The message again does nothing; what the owner has removed stays removed, also when another job asks."""
    world.extract()
    world.library.remove(ANN, RECORDING_ID, "de")
    world.extract()
    assert (world.ffmpeg.runs, world.texts()) == (1, {"en": ENGLISH})


def test_what_somebody_uploaded_stays(world: World) -> None:
    """Before, and while the words are being taken out."""
    world.put("en")
    world.ffmpeg.before_the_end = lambda: world.put("de")
    world.extract()
    mine = "00:00:01.000 --> 00:00:02.000\nMine"
    assert world.texts() == {"en": mine, "de": mine}


def test_two_at_once(world: World) -> None:
    """The first one's are kept, the other removes what it wrote."""

    def other() -> None:
        world.ffmpeg.before_the_end = bool
        world.extract()

    world.ffmpeg.before_the_end = other
    world.extract()
    assert (world.ffmpeg.runs, world.texts()) == (2, {"en": ENGLISH, "de": GERMAN})


def test_what_cannot_be_read_is_left_out(world: World) -> None:
    """A track that holds nothing, is damaged, or was not written; the others are there, and it is not tried again."""
    world.ffmpeg.texts["0.vtt"] = "WEBVTT\n"
    world.extract()
    assert world.texts() == {"de": GERMAN}
    world.extract()
    assert world.ffmpeg.runs == 1


def test_no_track_that_can_be_read(world: World) -> None:
    """Nothing happens, once."""
    world.ffmpeg.texts = {"0.vtt": "WEBVTT\n\n1 --> 2\n"}
    world.extract()
    world.extract()
    assert (world.ffmpeg.runs, world.texts()) == (1, {})


def test_a_failure_is_not_the_jobs(world: World) -> None:
    """The message comes again; job and recording do not know of it."""
    before = (world.pipeline.jobs.rows[world.message.job_id], world.pipeline.recording)
    world.ffmpeg.fail = True
    with pytest.raises(Transient):
        world.extract()
    assert (world.pipeline.jobs.rows[world.message.job_id], world.pipeline.recording) == before
    world.ffmpeg.fail = False
    world.extract()
    assert set(world.texts()) == {"de", "en"}


def test_dying_after_the_row_was_written(world: World) -> None:
    """Its objects are the row's: nobody removes them."""
    refresh = type(world.pipeline.publisher).refresh

    def die(_publisher: object, _recording_id: str) -> None:
        raise Transient("aws_unavailable", "Gone.")

    type(world.pipeline.publisher).refresh = die  # type: ignore[method-assign,assignment]
    try:
        with pytest.raises(Transient):
            world.extract()
    finally:
        type(world.pipeline.publisher).refresh = refresh  # type: ignore[method-assign]
    assert set(world.texts()) == {"de", "en"}


@pytest.mark.parametrize("when", ["before", "meanwhile"])
def test_a_recording_that_is_being_deleted(world: World, when: str) -> None:
    """Nothing is written for it."""

    def delete() -> None:
        world.pipeline.recordings.update(RECORDING_ID, status=RecordingStatus.DELETING)

    if when == "before":
        delete()
    world.ffmpeg.before_the_end = delete
    world.extract()
    assert [key for key in world.pipeline.media.bodies if "captions" in key] == []


def test_another_source(world: World) -> None:
    """Words of the source before go; a message about it comes too late."""
    world.extract()
    world.pipeline.recordings.update(RECORDING_ID, source_version="other")
    world.pipeline.recordings.update(RECORDING_ID, captions_version="older")
    world.extract()
    assert world.ffmpeg.runs == 1
    world.pipeline.recordings.update(
        RECORDING_ID, source_version=world.pipeline.jobs.rows[world.message.job_id].plan.source_version
    )
    world.ffmpeg.texts = {"1.vtt": words("Neu")}
    world.extract()
    assert world.texts() == {"de": GERMAN.replace("Guten Tag", "Neu")}
