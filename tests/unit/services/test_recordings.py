"""Recordings as their owners see them."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from support.fakes import FakeClock, FakeQueue, FakeRecordings

from chalicelib.domain.access import Action, Caller, Role
from chalicelib.domain.messages import DeleteMessage
from chalicelib.domain.recording import RecordingStatus, Visibility
from chalicelib.errors import Forbidden, NotFound, TooLarge, Transient
from chalicelib.services.recordings import Draft, Listing, RecordingLibrary, fair_group

ANNA = Caller("anna", Role.PUBLISHER)
BERTA = Caller("berta", Role.PUBLISHER)
ADMIN = Caller("root", Role.ADMIN)
VIEWER = Caller("anna", Role.VIEWER)
DRAFT = Draft("Lecture", "lecture.mp4", "video/mp4", 20_000_000, "room 1")


@dataclass
class World:
    """The library over fakes."""

    clock: FakeClock = field(default_factory=FakeClock)
    queue: FakeQueue = field(default_factory=FakeQueue)

    def __post_init__(self) -> None:
        self.recordings = FakeRecordings(self.clock)
        self.library = RecordingLibrary(self.recordings, self.queue, self.clock, max_upload_bytes=50_000_000)


@pytest.fixture
def world() -> World:
    """Nothing in it yet."""
    return World()


def test_create(world: World) -> None:
    """The row is there before any upload is."""
    made = world.library.create(ANNA, DRAFT)
    assert made == world.recordings.rows[made.id]
    assert (made.owner, made.status, made.room_id) == ("anna", RecordingStatus.UPLOADING, "room 1")
    assert (made.upload_id, made.part_size_bytes) == ("", 8 * 1024 * 1024)
    assert made.created_at == made.updated_at == world.clock.time


def test_create_is_refused(world: World) -> None:
    """By role and by size; nothing is written."""
    with pytest.raises(Forbidden, match="forbidden_role"):
        world.library.create(VIEWER, DRAFT)
    with pytest.raises(TooLarge, match="upload_too_large"):
        world.library.create(ANNA, Draft("a", "a", "a/b", 50_000_001))
    assert world.recordings.rows == {}


def test_create_with_a_taken_id(world: World) -> None:
    """A collision never overwrites."""
    world.library.create(ANNA, DRAFT)
    world.clock.tokens = iter([0])
    with pytest.raises(Transient, match="id_taken"):
        world.library.create(BERTA, DRAFT)
    assert [row.owner for row in world.recordings.rows.values()] == ["anna"]


@pytest.mark.parametrize("action", [Action.READ, Action.CHANGE, Action.DELETE, Action.UPLOAD, Action.TRANSCODE])
def test_somebody_elses_is_not_found(world: World, action: Action) -> None:
    """And neither is what does not exist or has an impossible id."""
    made = world.library.create(ANNA, DRAFT)
    assert made == world.library.find(ANNA, made.id, action)
    assert made == world.library.find(ADMIN, made.id, action)
    for caller, wanted in [(BERTA, made.id), (ANNA, made.id[:-1] + "z"), (ANNA, "../x"), (ADMIN, "rec_")]:
        with pytest.raises(NotFound, match="recording_not_found"):
            world.library.find(caller, wanted, action)


def test_list(world: World) -> None:
    """Only one's own, unless an admin names somebody."""
    made = world.library.create(ANNA, DRAFT)
    world.library.create(BERTA, DRAFT)
    assert world.library.list(ANNA, Listing()) == ([made], None)
    assert world.library.list(ANNA, Listing(owner="anna")) == ([made], None)
    assert world.library.list(ADMIN, Listing(owner="anna")) == ([made], None)
    assert world.library.list(ADMIN, Listing()) == ([], None)
    assert world.library.list(ANNA, Listing(room_id="other")) == ([], None)
    with pytest.raises(Forbidden, match="forbidden_role"):
        world.library.list(BERTA, Listing(owner="anna"))


def test_change(world: World) -> None:
    """What is named changes and is dated; nothing named writes nothing."""
    made = world.library.create(ANNA, DRAFT)
    world.clock.time += 5
    assert made == world.library.change(ANNA, made.id, {})
    changed = world.library.change(ANNA, made.id, {"title": "New", "visibility": Visibility.PUBLIC})
    assert (changed.title, changed.visibility, changed.updated_at) == ("New", Visibility.PUBLIC, world.clock.time)
    assert changed.room_id == "room 1"


def test_delete(world: World) -> None:
    """Gone at once; the rest is a message."""
    made = world.library.create(ANNA, DRAFT)
    world.library.delete(ANNA, made.id)
    assert world.recordings.rows[made.id].status == RecordingStatus.DELETING
    assert list(world.queue.messages) == [(DeleteMessage(made.id).dumps(), fair_group("anna"), 0)]
    for again in (world.library.delete, lambda who, it: world.library.find(who, it, Action.READ)):
        with pytest.raises(NotFound):
            again(ANNA, made.id)
    assert len(world.queue.messages) == 1


def test_lost_races(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Deleted between reading and writing is the same as deleted before."""
    made = world.library.create(ANNA, DRAFT)
    monkeypatch.setattr(world.recordings, "update", lambda *_args, **_kwargs: None)
    with pytest.raises(NotFound):
        world.library.change(ANNA, made.id, {"title": "New"})
    with pytest.raises(NotFound):
        world.library.delete(ANNA, made.id)
    assert not world.queue.messages


def test_fair_groups_are_what_sqs_takes() -> None:
    """Any subject, even with blanks and umlauts, becomes a short plain name."""
    assert fair_group("a b|ü" * 60).isalnum()
    assert fair_group("anna") != fair_group("berta")
