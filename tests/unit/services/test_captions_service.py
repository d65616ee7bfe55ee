"""Captions under races, interruptions and the rules of access."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import m3u8
import pytest
from support.analytics_fakes import FakeWatched
from support.fakes import FakeLedger, FakeProbe, FakeUploads
from support.live_fakes import no_remains
from support.media import RECORDING_ID, audio, source, video
from support.pipeline import Pipeline
from support.work import do, do_all

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.caption_tracks import MAX_TRACKS, CaptionTrack
from chalicelib.domain.keys import captions_prefix, master_key
from chalicelib.domain.messages import DeleteMessage
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import BadRequest, Conflict, Forbidden, NotFound, Transient
from chalicelib.services.captions import CaptionLibrary, CaptionShelf, Offer
from chalicelib.services.lifecycle import Lifecycle

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ANN = Caller("ann", Role.PUBLISHER)
HELLO = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"
OTHER = b"1\n00:00:01,000 --> 00:00:02,000\nGood day\n"


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    """A recording of a minute, uploaded and planned, with nothing encoded."""
    made = Pipeline(tmp_path, probe=FakeProbe(source(60, picture=video(1280, 720), sound=audio())))
    assert made.upload(b"media")
    return made


@pytest.fixture
def library(pipeline: Pipeline) -> CaptionLibrary:
    """The service over it."""
    shelf = CaptionShelf(pipeline.recordings, pipeline.media, pipeline.publisher, pipeline.clock)
    return CaptionLibrary(pipeline.recordings, shelf, 12 * 3600)


def put(library: CaptionLibrary, language: str = "en", body: bytes = HELLO, **more: Any) -> CaptionTrack:
    """Upload as their owner."""
    return library.put(ANN, RECORDING_ID, Offer(language, body, **more))[0]


def stored(pipeline: Pipeline) -> set[str]:
    """The caption files there are."""
    return {
        key for key in pipeline.media.bodies if key.startswith(captions_prefix(RECORDING_ID)) and key.endswith("vtt")
    }


def shown(pipeline: Pipeline) -> dict[str, str]:
    """What a player finds: each subtitle playlist's segment, by language; all of it must exist."""
    master = m3u8.loads(pipeline.media.bodies[master_key(RECORDING_ID)].decode())
    found = {}
    for media in master.media:
        if media.type == "SUBTITLES":
            playlist = m3u8.loads(pipeline.media.bodies[media.uri.removeprefix("/")].decode())
            (segment,) = playlist.segments
            key = captions_prefix(RECORDING_ID) + segment.uri
            assert (segment.duration, key in pipeline.media.bodies) == (60.0, True)
            found[media.language] = key
    return found


def once_before(holder: object, method: str, act: Callable[[], object]) -> None:
    """Let somebody else act right before the next call of a port's method."""
    real = getattr(holder, method)

    def late(*args: Any, **more: Any) -> Any:
        setattr(holder, method, real)
        act()
        return real(*args, **more)

    setattr(holder, method, late)


def test_the_first_master_has_what_was_there_before_it(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """Captions may come before there is anything to play, and before its length is known."""
    track = put(library)
    (job,) = pipeline.jobs.rows.values()
    assert job.plan.audio is not None
    for rendition in (job.plan.audio, job.plan.video[0]):
        do(pipeline, job, rendition, 0)
    assert shown(pipeline) == {"en": track.key}


def test_a_planned_master_has_them_with_their_playlists(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """Players of ours ask for that one."""
    (job,) = pipeline.jobs.rows.values()
    assert job.plan.audio is not None
    for rendition in (job.plan.audio, job.plan.video[0]):
        do(pipeline, job, rendition, 0)
    put(library)
    (media,) = [
        m
        for m in m3u8.loads(pipeline.transcoder.generate_master_playlist(pipeline.recording, planned=True)).media
        if m.type == "SUBTITLES"
    ]
    assert media.uri.removeprefix("/") in pipeline.media.bodies


def test_a_finished_master_follows_every_change(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """Added, replaced, removed; the objects that are no longer named go, the master stays a finished one."""
    (job,) = pipeline.jobs.rows.values()
    do_all(pipeline, job)
    bare = pipeline.media.bodies[master_key(RECORDING_ID)]
    first = put(library)
    german = put(library, "de", default=True)
    assert shown(pipeline) == {"de": german.key, "en": first.key}
    second = put(library, body=OTHER)
    assert shown(pipeline) == {"de": german.key, "en": second.key}
    assert stored(pipeline) == {german.key, second.key}
    head = pipeline.media.heads[master_key(RECORDING_ID)]
    assert (head.metadata["job"], head.metadata["final"]) == (job.id, "1")
    library.remove(ANN, RECORDING_ID, "DE")
    library.remove(ANN, RECORDING_ID, "en")
    assert pipeline.media.bodies[master_key(RECORDING_ID)] == bare
    assert [key for key in pipeline.media.bodies if key.startswith(captions_prefix(RECORDING_ID))] == []


def test_the_same_again_writes_nothing(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """A repeated call finds its work done; another label is only the row's."""
    track = put(library)
    objects = {key: len(bodies) for key, bodies in pipeline.media.history.items()}
    assert put(library) == track
    assert put(library, label="Mine") == replace(track, label="Mine")
    assert {key: len(bodies) for key, bodies in pipeline.media.history.items()} == objects


def test_two_at_once_both_survive(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """Two languages: both are there. One language: the later one wins, and its object stays."""
    once_before(pipeline.recordings, "swap_captions", lambda: put(library, "de"))
    put(library, "en")
    assert [t.language for t in pipeline.recording.captions] == ["de", "en"]
    once_before(pipeline.recordings, "swap_captions", lambda: put(library, "en", OTHER))
    put(library, "en", HELLO, label="Mine")
    assert {t.key for t in pipeline.recording.captions} == stored(pipeline)


def test_an_object_is_not_reused_while_somebody_replaces_it(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """The same content again, while another upload has just removed the object that held it."""
    put(library, "en", HELLO)
    once_before(pipeline.recordings, "swap_captions", lambda: put(library, "en", OTHER))
    track = put(library, "en", HELLO, label="Mine")
    assert pipeline.recording.captions == (track,)
    assert stored(pipeline) == {track.key}


def test_an_upload_that_dies_after_the_row_is_mended_by_the_next(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """The row was written, the master was not: the same call again tells the players; so does a repeated removal."""
    (job,) = pipeline.jobs.rows.values()
    do_all(pipeline, job)

    def die() -> None:
        raise Transient("aws_unavailable", "Gone.")

    once_before(pipeline.media, "replace", die)
    with pytest.raises(Transient):
        put(library)
    assert shown(pipeline) == {}
    track = put(library)
    assert shown(pipeline) == {"en": track.key}
    once_before(pipeline.media, "replace", die)
    with pytest.raises(Transient):
        library.remove(ANN, RECORDING_ID, "en")
    with pytest.raises(NotFound):
        library.remove(ANN, RECORDING_ID, "en")
    assert shown(pipeline) == {}


def test_a_master_written_meanwhile_is_not_lost(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """The last chunk comes in while captions are put into the master before it: both are in the one that stays."""
    (job,) = pipeline.jobs.rows.values()
    *renditions, last = job.plan.renditions
    for rendition in renditions:
        for chunk in job.plan.chunks:
            do(pipeline, job, rendition, chunk.index)
    for chunk in job.plan.chunks[:-1]:
        do(pipeline, job, last, chunk.index)
    once_before(pipeline.media, "replace", lambda: do(pipeline, job, last, job.plan.chunks[-1].index))
    track = put(library)
    assert shown(pipeline) == {"en": track.key}
    assert pipeline.media.heads[master_key(RECORDING_ID)].metadata["final"] == "1"


def test_who_may_and_what_is_refused(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """Its owner; the reasons have codes; nothing is stored of what is refused."""
    for caller, error in ((Caller("bob", Role.PUBLISHER), NotFound), (Caller("bob", Role.VIEWER), NotFound)):
        with pytest.raises(error):
            library.put(caller, RECORDING_ID, Offer("en", HELLO))
        with pytest.raises(error):
            library.remove(caller, RECORDING_ID, "en")
    for language, body, code in (("e", HELLO, "captions_bad_language"), ("en", b"", "captions_empty")):
        with pytest.raises(BadRequest) as refused:
            put(library, language, body)
        assert refused.value.code == code
    assert stored(pipeline) == set()
    assert Forbidden.status == 403


def test_so_many_and_no_more(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """The row is bounded; a language that is there can still be replaced."""
    for number in range(MAX_TRACKS):
        put(library, f"en-x-{number}")
    with pytest.raises(Conflict) as refused:
        put(library, "de")
    assert refused.value.code == "captions_too_many"
    put(library, "en-x-0", OTHER)
    assert len(stored(pipeline)) == MAX_TRACKS


def test_reading(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """The text that players get, by whatever spelling of the language."""
    track = put(library, "de-at")
    found, text = library.read(pipeline.recording, "DE-AT")
    assert (found, text.splitlines()[0], "Hello" in text) == (track, "WEBVTT", True)
    with pytest.raises(NotFound) as refused:
        library.read(pipeline.recording, "de")
    assert refused.value.code == "captions_not_found"


def test_they_go_with_the_recording(pipeline: Pipeline, library: CaptionLibrary) -> None:
    """Deleting leaves no caption behind, and takes none any more."""
    put(library)
    pipeline.recordings.update(RECORDING_ID, status=RecordingStatus.DELETING)
    with pytest.raises(NotFound):
        put(library, "de")
    end = Lifecycle(
        pipeline.recordings,
        pipeline.jobs,
        FakeUploads(pipeline.source),
        source=pipeline.source,
        media=pipeline.media,
        queue=pipeline.queue,
        ledger=FakeLedger(),
        live=no_remains(),
        watched=FakeWatched(),
        clock=pipeline.clock,
    )
    assert end.delete(DeleteMessage(RECORDING_ID))
    assert pipeline.media.bodies == {}
