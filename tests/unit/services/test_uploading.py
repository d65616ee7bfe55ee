"""Uploads that may be interrupted anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from support.fakes import FakeClock, FakeObjects, FakeQueue, FakeRecordings, FakeUploads

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.keys import source_key
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.domain.uploads import MIB
from chalicelib.errors import BadRequest, Conflict, Forbidden, NotFound
from chalicelib.services.recordings import Draft, RecordingLibrary
from chalicelib.services.uploading import UploadSessions

ANNA = Caller("anna", Role.PUBLISHER)
PART = 8 * MIB


@dataclass
class World:
    """A recording of 20 MiB that is to be uploaded."""

    clock: FakeClock = field(default_factory=FakeClock)
    source: FakeObjects = field(default_factory=FakeObjects)
    size: int = 20 * MIB

    def __post_init__(self) -> None:
        self.recordings = FakeRecordings(self.clock)
        self.uploads = FakeUploads(self.source)
        self.sessions = UploadSessions(self.recordings, self.uploads, self.source, self.clock, ttl_s=600)
        library = RecordingLibrary(self.recordings, FakeQueue(), self.clock, max_upload_bytes=1 << 40)
        self.id = library.create(ANNA, Draft("Title", "a.mp4", "video/mp4", self.size)).id

    @property
    def row(self) -> Recording:
        """The row as it is."""
        return self.recordings.rows[self.id]

    def put(self, *numbers: int) -> None:
        """Upload parts as a browser would."""
        for number in numbers:
            size = min(PART, self.size - (number - 1) * PART)
            self.uploads.open[self.row.upload_id][number] = b"x" * size


@pytest.fixture
def world() -> World:
    """A row without an upload: create() crashed right after its first write, or is just about to go on."""
    return World()


def test_the_upload_is_begun_when_there_is_none(world: World) -> None:
    """The same call that resumes also repairs; afterwards it begins no second one."""
    session = world.sessions.resume(ANNA, world.id)
    assert world.row.upload_id
    assert (session.plan.count, session.uploaded, list(session.urls)) == (3, (), [1, 2, 3])
    assert session.expires_at == world.clock.time + 600
    assert f"size={4 * MIB}&ttl=600" in session.urls[3]
    first = world.row.upload_id
    world.sessions.resume(ANNA, world.id)
    assert world.row.upload_id == first
    assert len(world.uploads.open) == 1


def test_resume_names_what_is_there_and_signs_what_is_not(world: World) -> None:
    """Also parts that are there can be signed again: their bytes may have been wrong."""
    world.sessions.resume(ANNA, world.id)
    world.put(2)
    session = world.sessions.resume(ANNA, world.id)
    assert [(part.number, part.size) for part in session.uploaded] == [(2, PART)]
    assert list(session.urls) == [1, 3]
    assert list(world.sessions.resume(ANNA, world.id, "2-3").urls) == [2, 3]
    with pytest.raises(BadRequest, match="parts 1 to 3"):
        world.sessions.resume(ANNA, world.id, "4")


def test_a_long_upload_is_signed_a_hundred_parts_at_a_time() -> None:
    """An answer stays small."""
    world = World(size=150 * PART)
    assert list(world.sessions.resume(ANNA, world.id).urls) == list(range(1, 101))


def test_an_upload_that_s3_dropped_is_begun_afresh(world: World) -> None:
    """Its parts are gone; the client sees that and sends them again."""
    world.sessions.resume(ANNA, world.id)
    world.put(1)
    lost = world.row.upload_id
    world.uploads.open.clear()
    session = world.sessions.resume(ANNA, world.id)
    assert session.uploaded == ()
    assert world.uploads.open.keys() == {world.row.upload_id}
    assert lost not in session.urls[1] or lost == world.row.upload_id


def test_complete(world: World) -> None:
    """The object is whole, the row moves on, and doing it again changes nothing."""
    world.sessions.resume(ANNA, world.id)
    world.put(1, 2, 3)
    done = world.sessions.complete(ANNA, world.id)
    assert done.status == RecordingStatus.PROCESSING
    assert world.source.heads[source_key(world.id)].size == world.size
    world.recordings.update(world.id, status=RecordingStatus.READY)
    assert world.sessions.complete(ANNA, world.id).status == RecordingStatus.READY
    with pytest.raises(Conflict, match="upload_finished"):
        world.sessions.resume(ANNA, world.id)


def test_an_empty_file_completes() -> None:
    """It ends as an errored recording later, not as an endless upload."""
    world = World(size=0)
    assert list(world.sessions.resume(ANNA, world.id).urls) == [1]
    world.put(1)
    assert world.sessions.complete(ANNA, world.id).status == RecordingStatus.PROCESSING


def test_missing_parts_are_named(world: World) -> None:
    """So that a client can ask for exactly them."""
    with pytest.raises(Conflict, match="upload_incomplete"):
        world.sessions.complete(ANNA, world.id)
    world.sessions.resume(ANNA, world.id)
    world.put(2)
    with pytest.raises(Conflict, match=r"upload_incomplete: .*: 1,3\."):
        world.sessions.complete(ANNA, world.id)
    world.put(1, 3)
    world.uploads.open[world.row.upload_id][3] = b"cut off"
    with pytest.raises(Conflict, match=r": 3\."):
        world.sessions.complete(ANNA, world.id)
    assert world.row.status == RecordingStatus.UPLOADING


@pytest.mark.parametrize("call", ["complete", "resume"])
def test_a_crash_after_joining_is_made_good(world: World, call: str) -> None:
    """The object is there but the row does not know: both calls find out."""
    world.sessions.resume(ANNA, world.id)
    world.put(1, 2, 3)
    stored = world.uploads.parts(source_key(world.id), world.row.upload_id)
    world.uploads.complete(source_key(world.id), world.row.upload_id, stored or [])
    assert world.row.status == RecordingStatus.UPLOADING
    if call == "complete":
        world.sessions.complete(ANNA, world.id)
    else:
        with pytest.raises(Conflict, match="upload_finished"):
            world.sessions.resume(ANNA, world.id)
    assert world.row.status == RecordingStatus.PROCESSING


def test_two_completes_at_once(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The loser of the race finds the object and agrees; without an object it complains."""
    world.sessions.resume(ANNA, world.id)
    world.put(1, 2, 3)

    def gone(*_args: object, **_kwargs: object) -> None:
        raise Conflict("upload_gone", "Over.")

    monkeypatch.setattr(world.uploads, "complete", gone)
    with pytest.raises(Conflict, match="upload_gone"):
        world.sessions.complete(ANNA, world.id)
    world.source.put_bytes(source_key(world.id), b"", content_type="video/mp4", cache_control="none")
    assert world.sessions.complete(ANNA, world.id).status == RecordingStatus.PROCESSING


def test_the_event_may_be_faster(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """S3's notification moved the row on while we joined: it stays where it is."""
    world.sessions.resume(ANNA, world.id)
    world.put(1, 2, 3)
    join = world.uploads.complete

    def join_and_start(*args: object) -> None:
        join(*args)  # type: ignore[arg-type]
        world.recordings.update(world.id, status=RecordingStatus.PLAYABLE)

    monkeypatch.setattr(world.uploads, "complete", join_and_start)
    assert world.sessions.complete(ANNA, world.id).status == RecordingStatus.PLAYABLE


def test_deleted_while_it_is_begun(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """No upload is left behind that nobody knows of."""
    begin = world.uploads.begin

    def begin_and_delete(key: str, *, content_type: str) -> str:
        world.recordings.update(world.id, status=RecordingStatus.DELETING)
        return begin(key, content_type=content_type)

    monkeypatch.setattr(world.uploads, "begin", begin_and_delete)
    with pytest.raises(NotFound):
        world.sessions.resume(ANNA, world.id)
    assert world.uploads.open == {}


def test_who_may_upload(world: World) -> None:
    """Owners with the role."""
    for call in (world.sessions.resume, world.sessions.complete):
        with pytest.raises(NotFound):
            call(Caller("berta", Role.PUBLISHER), world.id)
        with pytest.raises(Forbidden):
            call(Caller("anna", Role.VIEWER), world.id)
