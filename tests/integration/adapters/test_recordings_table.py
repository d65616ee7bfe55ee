"""The recordings table: conditional writes, and lists that page through filters."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib.adapters.tables import paging
from chalicelib.adapters.tables.base import SCHEMA_VERSION
from chalicelib.adapters.tables.recordings import RecordingItem, RecordingsTable
from chalicelib.domain.caption_tracks import CaptionKind, CaptionTrack, Origin
from chalicelib.domain.recording import Recording, RecordingStatus, Visibility
from chalicelib.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Callable

READY, DELETING, UPLOADING = RecordingStatus.READY, RecordingStatus.DELETING, RecordingStatus.UPLOADING


pytestmark = pytest.mark.usefixtures("tables")


@pytest.fixture
def recordings(clock: Any) -> RecordingsTable:
    """Return the repository over an empty table."""
    return RecordingsTable(clock)


def listed(
    recordings: RecordingsTable, owner: str = "ada", *, limit: int, status: str | None = None, room: str | None = None
) -> list[list[int]]:
    """Walk a whole list; returns the numbers of the recordings, page by page."""
    pages, cursor = [], None
    while True:
        page, cursor = recordings.by_owner(owner, status=status, room_id=room, limit=limit, cursor=cursor)
        pages.append([int(recording.id[4:]) for recording in page])
        if cursor is None:
            return pages


def test_a_recording_reads_as_it_was_written(
    recordings: RecordingsTable, new_recording: Callable[..., Recording]
) -> None:
    """Every field survives, empty ones and whole-numbered times too."""
    full = new_recording(
        1, room_id="r", visibility=Visibility.PUBLIC, duration_s=61.25, width=1920, height=1080, created_at=1763825917.0
    )
    empty = new_recording(2, title="", filename="", content_type="", size_bytes=0)
    recordings.create(full)
    recordings.create(empty)

    assert recordings.get(full.id) == full
    assert recordings.get(empty.id) == empty
    assert type(recordings.get(full.id).created_at) is float  # type: ignore[union-attr]
    assert recordings.get("rec_none") is None


def test_items_carry_their_schema_version(recordings: RecordingsTable, new_recording: Callable[..., Recording]) -> None:
    """A later version can tell how an item was written; empty attributes are not stored."""
    recordings.create(new_recording(1))
    stored = RecordingItem.get(new_recording(1).id)

    assert stored.v == SCHEMA_VERSION
    assert "room_id" not in stored.serialize()


def test_create_never_overwrites(recordings: RecordingsTable, new_recording: Callable[..., Recording]) -> None:
    """The second insert of an id is refused."""
    assert recordings.create(new_recording(1)) is True
    assert recordings.create(new_recording(1, owner="mallory")) is False
    assert recordings.get(new_recording(1).id) == new_recording(1)


def test_update_sets_clears_and_dates(
    recordings: RecordingsTable, new_recording: Callable[..., Recording], clock: Any
) -> None:
    """Fields change, empty text goes, and the clock dates it."""
    recordings.create(new_recording(1, room_id="r"))
    clock.time = 2000.25
    changed = recordings.update(
        new_recording(1).id, expect=[UPLOADING], status=READY, room_id="", job_id="job_1", duration_s=12.0
    )

    assert changed == new_recording(1, status=READY, job_id="job_1", duration_s=12.0, updated_at=2000.25)
    assert recordings.get(new_recording(1).id) == changed


def test_update_takes_a_given_date(recordings: RecordingsTable, new_recording: Callable[..., Recording]) -> None:
    """A caller that knows better may date the change itself."""
    recordings.create(new_recording(1))
    changed = recordings.update(new_recording(1).id, updated_at=5.0)

    assert changed == new_recording(1, updated_at=5.0)


def test_update_of_the_wrong_state_changes_nothing(
    recordings: RecordingsTable, new_recording: Callable[..., Recording]
) -> None:
    """Neither another status nor an absent row is written."""
    recordings.create(new_recording(1))

    assert recordings.update(new_recording(1).id, expect=[READY, DELETING], title="x") is None
    assert recordings.update("rec_none", title="x") is None
    assert recordings.get(new_recording(1).id) == new_recording(1)
    assert recordings.get("rec_none") is None


def test_update_only_if_fields_are_as_given(
    recordings: RecordingsTable, new_recording: Callable[..., Recording]
) -> None:
    """Empty text stands for a field that is not set; a status that moves and one that stays are alike in this."""
    made = new_recording(1, job_id="", source_version="v1")
    recordings.create(made)
    assert recordings.update(made.id, only_if={"job_id": "job_0"}, job_id="job_1") is None
    assert recordings.update(made.id, only_if={"job_id": "", "source_version": "v2"}, job_id="job_1") is None
    assert recordings.update(made.id, only_if={"job_id": "", "source_version": "v1"}, job_id="job_1") is not None
    assert recordings.update(made.id, only_if={"job_id": ""}, status=READY) is None
    moved = recordings.update(made.id, expect=[made.status], only_if={"job_id": "job_1"}, status=READY)
    assert moved is not None
    assert moved.status is READY
    assert recordings.update(made.id, expect=[READY], only_if={"job_id": "job_0"}, status=READY) is None
    assert recordings.update("rec_none", only_if={"job_id": ""}, title="x") is None


@pytest.mark.parametrize("name", ["colour", "id"])
def test_update_refuses_unknown_fields(recordings: RecordingsTable, name: str) -> None:
    """A typing error, or a key, is a programmer's error."""
    with pytest.raises(TypeError, match=name):
        recordings.update("rec_1", **{name: "x"})


def test_delete_is_quiet_the_second_time(recordings: RecordingsTable, new_recording: Callable[..., Recording]) -> None:
    """Twice is as good as once."""
    recordings.create(new_recording(1))
    recordings.delete(new_recording(1).id)
    recordings.delete(new_recording(1).id)

    assert recordings.get(new_recording(1).id) is None


def test_list_is_newest_first_in_full_pages(
    recordings: RecordingsTable, new_recording: Callable[..., Recording]
) -> None:
    """Pages are full until the end, and only the owner's."""
    for number in range(1, 6):
        recordings.create(new_recording(number))
    recordings.create(new_recording(9, owner="grace"))

    assert listed(recordings, limit=2) == [[5, 4], [3, 2], [1]]
    assert listed(recordings, limit=5) == [[5, 4, 3, 2, 1]]
    assert listed(recordings, "grace", limit=5) == [[9]]
    assert listed(recordings, "nobody", limit=5) == [[]]


def test_list_leaves_out_what_is_being_deleted(
    recordings: RecordingsTable, new_recording: Callable[..., Recording]
) -> None:
    """Even a long run of them does not shorten a page."""
    for number in range(1, 13):
        recordings.create(new_recording(number, status=DELETING if 3 < number < 11 else READY))

    assert listed(recordings, limit=3) == [[12, 11, 3], [2, 1]]
    assert listed(recordings, limit=3, status="deleting") == [[]]


def test_list_of_equal_times_loses_nothing(
    recordings: RecordingsTable, new_recording: Callable[..., Recording]
) -> None:
    """A cursor stands between two recordings of the same instant."""
    for number in range(1, 8):
        recordings.create(new_recording(number, created_at=1000.0))

    pages = listed(recordings, limit=2)

    assert sorted(n for page in pages for n in page) == [1, 2, 3, 4, 5, 6, 7]
    assert [len(page) for page in pages] == [2, 2, 2, 1]


def test_list_filters_by_status_and_room(recordings: RecordingsTable, new_recording: Callable[..., Recording]) -> None:
    """Both together, and a room shows only one's own."""
    for number in range(1, 9):
        recordings.create(
            new_recording(number, status=READY if number % 2 else UPLOADING, room_id="r" if number > 2 else "")
        )
    recordings.create(new_recording(20, owner="grace", room_id="r"))

    assert listed(recordings, limit=3, status="ready") == [[7, 5, 3], [1]]
    assert listed(recordings, limit=4, room="r") == [[8, 7, 6, 5], [4, 3]]
    assert listed(recordings, limit=9, status="ready", room="r") == [[7, 5, 3]]
    assert listed(recordings, "grace", limit=9, room="r") == [[20]]


def test_a_search_finds_words_in_any_case(
    recordings: RecordingsTable, new_recording: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    """In titles and filenames, in either direction of time, within the same bound."""
    for number, title in enumerate(["Flüsse", "Lakes", "FLÜSSE II", ""], start=1):
        recordings.create(new_recording(number, title=title, filename="flüsse.mp4" if not title else "x.mp4"))
    found, cursor = recordings.by_owner("ada", status=None, room_id=None, limit=9, cursor=None, search="flüsse")
    assert ([recording.id[4:].lstrip("0") for recording in found], cursor) == (["4", "3", "1"], None)
    oldest, _ = recordings.by_owner("ada", status=None, room_id=None, limit=2, cursor=None, oldest_first=True)
    assert [recording.title for recording in oldest] == ["Flüsse", "Lakes"]
    monkeypatch.setattr(paging, "SELECTIVE_PAGE", 1)
    monkeypatch.setattr(paging, "MOST_READS", 2)
    short, more = recordings.by_owner("ada", status=None, room_id=None, limit=9, cursor=None, search="lakes")
    assert (short, more is not None) == ([], True)


def test_a_call_reads_a_bounded_number_of_rows(
    recordings: RecordingsTable, new_recording: Callable[..., Recording], monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the bound is met the page is short and its cursor goes on."""
    monkeypatch.setattr(paging, "SELECTIVE_PAGE", 2)
    monkeypatch.setattr(paging, "MOST_READS", 2)
    for number in range(1, 10):
        recordings.create(new_recording(number, status=READY if number in {1, 8} else UPLOADING))

    assert listed(recordings, limit=2, status="ready") == [[8], [], [1]]


def test_foreign_and_damaged_cursors_are_refused(
    recordings: RecordingsTable, new_recording: Callable[..., Recording]
) -> None:
    """A cursor is good for the list it came from, unchanged, and for nothing else."""
    for number in range(1, 4):
        recordings.create(new_recording(number))
    _, cursor = recordings.by_owner("ada", status=None, room_id=None, limit=1, cursor=None)
    assert cursor is not None
    moved = base64.urlsafe_b64encode(json.dumps([1.0, "rec_x", "0000000000"]).encode()).decode()
    nested = base64.urlsafe_b64encode(("[" * 100_000).encode()).decode()
    damaged = [
        cursor[:-4],
        cursor + "A",
        "",
        "%%%",
        "é",
        "W10",
        "e30",
        moved,
        nested,
        base64.b64encode(b"\xff").decode(),
    ]

    for text in damaged:
        with pytest.raises(BadRequest, match="bad_cursor"):
            recordings.by_owner("ada", status=None, room_id=None, limit=1, cursor=text)
    with pytest.raises(BadRequest, match="bad_cursor"):
        recordings.by_owner("grace", status=None, room_id=None, limit=1, cursor=cursor)
    with pytest.raises(BadRequest, match="bad_cursor"):
        recordings.by_owner("ada", status=None, room_id="r", limit=1, cursor=cursor)


def test_by_status_is_oldest_first(recordings: RecordingsTable, new_recording: Callable[..., Recording]) -> None:
    """Sweeps begin with what waits longest and take no more than they asked for."""
    for number in (3, 1, 2, 4):
        recordings.create(new_recording(number, status=UPLOADING if number < 4 else READY))

    assert [int(r.id[4:]) for r in recordings.by_status(UPLOADING, limit=2)] == [1, 2]
    assert [int(r.id[4:]) for r in recordings.by_status(UPLOADING, limit=9)] == [1, 2, 3]


def test_captions_are_swapped_by_who_has_seen_them_last(
    recordings: RecordingsTable, new_recording: Callable[..., Recording]
) -> None:
    """The first of two writers that read the same wins; the list survives as it was, and can become empty again."""
    en = CaptionTrack("en", "English", "media/x/en.vtt", "c", 3, CaptionKind.CAPTIONS, default=True)
    de = CaptionTrack("de", "Deutsch", "media/x/de.vtt", "d", 3, origin=Origin.EMBEDDED)
    row = new_recording(1, status=READY)
    recordings.create(row)

    assert recordings.swap_captions(row.id, (), (en,)) is not None
    assert recordings.swap_captions(row.id, (), (de,)) is None
    both = recordings.swap_captions(row.id, (en,), (de, en), version="v1")
    assert both is not None
    assert (both.captions, both.captions_version, both.title) == ((de, en), "v1", row.title)
    assert recordings.get(row.id) == both
    assert recordings.update(row.id, title="other", expect=[READY]).captions == (de, en)  # type: ignore[union-attr]
    assert recordings.swap_captions(row.id, (de, en), ()) is not None
    assert recordings.swap_captions(row.id, (), (en,)) is not None
    recordings.update(row.id, status=DELETING)
    assert recordings.swap_captions(row.id, (en,), ()) is None
    assert recordings.swap_captions("rec_none", (), (en,)) is None
