"""Posters under duplicates, losses and deletes; the encoder is a stand-in."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.fakes import FakeHold, FakeProbe
from support.media import RECORDING_ID, audio, source, video
from support.pipeline import Pipeline
from support.stand_in import StandInEncoder, stand_in

from chalicelib.domain.job import JobStatus
from chalicelib.domain.keys import poster_key, source_key
from chalicelib.domain.messages import EncodeMessage, PosterMessage, parse_message
from chalicelib.domain.poster import poster_commands, poster_tag
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chalicelib.services.ports import Beat


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A minute of 360p with sound, uploaded."""
    built = stand_in(Pipeline(tmp_path, probe=FakeProbe(source(60, picture=video(640, 360, 30), sound=audio()))))
    built.upload(b"media")
    return built


def make(pipeline: Pipeline, hold: FakeHold | None = None) -> None:
    """Do the work of the poster's message."""
    message = PosterMessage(next(iter(pipeline.jobs.rows)))
    pipeline.posters.handle(message, hold or FakeHold(), remaining_s=100)


def posters(pipeline: Pipeline) -> list[str]:
    """Keys of the posters there are."""
    return [key for key in pipeline.media.bodies if "/poster-" in key]


def encoder_of(pipeline: Pipeline) -> StandInEncoder:
    """The stand-in."""
    assert isinstance(pipeline.encoder, StandInEncoder)
    return pipeline.encoder


def test_it_comes_right_behind_what_a_viewer_waits_for(pipeline: Pipeline) -> None:
    """Sound, the lowest rung's first chunk, the poster."""
    messages = [parse_message(body) for body, _, _ in pipeline.queue.messages]
    first = messages[1]
    assert isinstance(first, EncodeMessage)
    assert (first.renditions[0], first.chunks) == (next(iter(pipeline.jobs.rows.values())).plan.video[0].id, (0,))
    assert [isinstance(message, PosterMessage) for message in messages[:4]] == [False, False, True, False]


def test_sound_alone_has_one_too(tmp_path: Path) -> None:
    """Behind the sound, which is all there is."""
    alone = stand_in(Pipeline(tmp_path, probe=FakeProbe(source(60, sound=audio()))))
    alone.upload(b"media")
    kinds = [type(parse_message(body)) for body, _, _ in alone.queue.messages]
    assert kinds == [EncodeMessage, PosterMessage]


def test_made_once_and_named(pipeline: Pipeline) -> None:
    """The message delivered twice runs FFmpeg once."""
    hold = FakeHold()
    make(pipeline, hold)
    make(pipeline)
    assert [pipeline.recording.poster] == posters(pipeline)
    assert encoder_of(pipeline).posters == 1
    assert hold.kept
    assert pipeline.media.heads[pipeline.recording.poster].content_type == "image/jpeg"


def test_one_that_was_stored_and_not_named_is_named(pipeline: Pipeline) -> None:
    """Died between the two: nothing is made again."""
    make(pipeline)
    pipeline.recordings.update(RECORDING_ID, poster="")
    make(pipeline)
    assert [pipeline.recording.poster] == posters(pipeline)
    assert encoder_of(pipeline).posters == 1


def test_another_source_has_another(pipeline: Pipeline) -> None:
    """The old one is no longer named when the source is overwritten, and its late maker names nothing."""
    make(pipeline)
    old = pipeline.recording.poster
    pipeline.source.put_bytes(source_key(RECORDING_ID), b"other", content_type="video/mp4", cache_control="none")
    pipeline.event()
    assert (pipeline.recording.poster, pipeline.recording.storyboard) == ("", "")
    make(pipeline)  # the first job's
    assert pipeline.recording.poster == ""
    pipeline.work()
    assert pipeline.recording.poster not in {"", old}


def test_deleted_meanwhile_it_leaves_nothing(pipeline: Pipeline) -> None:
    """The recording went while FFmpeg ran: the object goes again."""

    class Slow(StandInEncoder):
        """Somebody deletes while it works."""

        def run_to_file(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat) -> float:
            spent = super().run_to_file(arguments, timeout_s=timeout_s, beat=beat)
            pipeline.recordings.update(RECORDING_ID, status=RecordingStatus.DELETING)
            return spent

    object.__setattr__(pipeline.posters, "encoder", Slow(encoder_of(pipeline).plan))
    make(pipeline)
    assert posters(pipeline) == []


@pytest.mark.parametrize("status", [JobStatus.CANCELLED, JobStatus.FAILED])
def test_a_job_that_was_ended_makes_none(pipeline: Pipeline, status: JobStatus) -> None:
    """Nothing is begun any more for it; a retry sends the message again."""
    job = next(iter(pipeline.jobs.rows.values()))
    pipeline.jobs.update(job.id, status=status)
    make(pipeline)
    assert (posters(pipeline), encoder_of(pipeline).posters) == ([], 0)
    pipeline.posters.handle(PosterMessage("job_gone"), FakeHold(), remaining_s=100)


def test_the_second_best_is_taken_when_the_best_fails(pipeline: Pipeline) -> None:
    """FFmpeg failed, or found no picture that is light; when nothing works the code is stable and no object is left."""
    working = encoder_of(pipeline)
    tries: list[str] = []

    class Choosy(StandInEncoder):
        """Fails in two ways, then works as often as it is told to."""

        works = 1

        def run_to_file(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat) -> float:
            tries.append(arguments[arguments.index("-filter_complex") + 1])
            if len(tries) % 3 == 1:
                raise Transient("encode_interrupted", "FFmpeg ended with 1.")
            if len(tries) % 3 == 0 and self.works:
                return super().run_to_file(arguments, timeout_s=timeout_s, beat=beat)
            return 0.0

    choosy = Choosy(working.plan)
    object.__setattr__(pipeline.posters, "encoder", choosy)
    make(pipeline)
    assert [pipeline.recording.poster] == posters(pipeline)
    assert ["signalstats" in graph for graph in tries] == [True, False, False]
    pipeline.recordings.update(RECORDING_ID, poster="")
    pipeline.media.delete(posters(pipeline))
    choosy.works = 0
    with pytest.raises(Permanent) as caught:
        make(pipeline)
    assert (caught.value.code, posters(pipeline)) == ("poster_failed", [])


def test_commands_look_where_the_picture_is(pipeline: Pipeline) -> None:
    """A tenth in, at most half a minute; from the first picture when all else failed; fenced in as for rungs."""
    plan = next(iter(pipeline.jobs.rows.values())).plan
    best, _, last = poster_commands(plan, url="https://s3/x", output="/out.jpg")
    assert best[best.index("-ss") + 1] == "6.000000"
    assert "trim=start=6.000000:end=26.000000" in best[best.index("-filter_complex") + 1]
    assert "-ss" not in last
    assert best[best.index("-protocol_whitelist") + 1] == "https,tls,tcp"
    assert best[-1] == "/out.jpg"
    assert poster_key("rec_x", "v1", poster_tag()) == f"media/rec_x/v1/poster-{poster_tag()}.jpg"
