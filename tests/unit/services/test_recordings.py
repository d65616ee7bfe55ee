"""Recordings as their owners see them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from support.fakes import FakeClock, FakeQueue, FakeRecordings

from chalicelib.domain.access import Action, Caller, Role
from chalicelib.domain.listing import Order
from chalicelib.domain.messages import DeleteMessage
from chalicelib.domain.recording import RecordingStatus, Visibility
from chalicelib.errors import BadRequest, Forbidden, NotFound, TooLarge, Transient
from chalicelib.services import recordings as service
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


def made(world: World, *titles: str) -> None:
    """Make recordings of Anna's, one a second."""
    for title in titles:
        world.clock.time += 1
        world.library.create(ANNA, replace(DRAFT, title=title))


def titles(world: World, **listing: object) -> list[list[str]]:
    """Walk a list; returns the titles, page by page."""
    pages, cursor = [], None
    while True:
        page, cursor = world.library.list(ANNA, Listing(cursor=cursor, **listing))  # type: ignore[arg-type]
        pages.append([recording.title for recording in page])
        if cursor is None:
            return pages


def test_a_library_is_searched_and_ordered(world: World) -> None:
    """By words of the title, in each order, page by page."""
    made(world, "Rivers 10", "Lakes", "rivers 2", "Rivers 1")
    assert titles(world, q="RIVERS", limit=9) == [["Rivers 1", "rivers 2", "Rivers 10"]]
    assert titles(world, sort=Order.OLDEST, limit=9) == [["Rivers 10", "Lakes", "rivers 2", "Rivers 1"]]
    assert titles(world, sort=Order.TITLE, limit=2) == [["Lakes", "Rivers 1"], ["rivers 2", "Rivers 10"]]
    assert titles(world, sort=Order.TITLE, q="rivers", limit=2) == [["Rivers 1", "rivers 2"], ["Rivers 10"]]


def test_an_order_that_no_index_holds_reads_a_bounded_number(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The newest ones alone are arranged."""
    monkeypatch.setattr(service, "MOST_ARRANGED", 4)
    monkeypatch.setattr(service, "ARRANGED_AT_ONCE", 2)
    made(world, "a", "f", "e", "d", "c")
    assert titles(world, sort=Order.TITLE, limit=9) == [["c", "d", "e", "f"]]


@pytest.mark.parametrize("cursor", ["", "at-", "at--1", "at-9999999", "eyJ4IjoxfQ", "at-\u0663"])
def test_cursors_of_other_lists_are_refused(world: World, cursor: str) -> None:
    """An arranged list has cursors of its own."""
    with pytest.raises(BadRequest, match="bad_cursor"):
        world.library.list(ANNA, Listing(sort=Order.TITLE, cursor=cursor))


def test_a_delete_whose_answer_was_lost_is_a_delete(world: World) -> None:
    """The SDK asked twice: its message is sent all the same, and not an hour later."""
    made = world.library.create(ANNA, DRAFT)
    update = world.recordings.update

    def update_twice(recording_id: str, **changes: Any) -> Any:
        update(recording_id, **changes)
        return update(recording_id, **changes)

    world.recordings.update = update_twice  # type: ignore[method-assign,assignment]
    world.library.delete(ANNA, made.id)
    assert [body for body, _, _ in world.queue.messages] == [DeleteMessage(made.id).dumps()]
