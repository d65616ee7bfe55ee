"""The recordings table: ports.Recordings on DynamoDB."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pynamodb.attributes import Attribute, ListAttribute, UnicodeAttribute
from pynamodb.constants import STRING
from pynamodb.indexes import AllProjection, GlobalSecondaryIndex

from chalicelib.adapters.tables.base import BILLING, ConditionFailed, Count, Seconds, Table, run
from chalicelib.adapters.tables.mapping import among, changes_to_actions, item_values, read_item
from chalicelib.adapters.tables.paging import Listing, read_page
from chalicelib.adapters.tables.untold import telling
from chalicelib.domain.caption_tracks import CaptionTrack
from chalicelib.domain.listing import holds
from chalicelib.domain.recording import Recording, RecordingStatus, Visibility
from chalicelib.domain.webhooks.changes import change_of
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pynamodb.expressions.condition import Condition

    from chalicelib.domain.webhooks.changes import Change
    from chalicelib.services.ports import Clock


class ByOwner(GlobalSecondaryIndex["RecordingItem"]):
    """A person's library in order of time."""

    class Meta:
        """Index settings."""

        index_name = "by_owner"
        projection = AllProjection()

    owner = UnicodeAttribute(hash_key=True)
    created_at = Seconds(range_key=True)


class ByStatus(GlobalSecondaryIndex["RecordingItem"]):
    """For sweeps."""

    class Meta:
        """Index settings."""

        index_name = "by_status"
        projection = AllProjection()

    status = UnicodeAttribute(hash_key=True)
    created_at = Seconds(range_key=True)


class ByRoom(GlobalSecondaryIndex["RecordingItem"]):
    """A room's recordings; holds only recordings that have a room."""

    class Meta:
        """Index settings."""

        index_name = "by_room"
        projection = AllProjection()

    room_id = UnicodeAttribute(hash_key=True)
    created_at = Seconds(range_key=True)


class ByUntold(GlobalSecondaryIndex["RecordingItem"]):
    """Recordings with something to tell, for the sweep; a row leaves it once that was told."""

    class Meta:
        """Index settings."""

        index_name = "by_untold"
        projection = AllProjection()

    tell = UnicodeAttribute(hash_key=True)
    updated_at = Seconds(range_key=True)


class Captions(Attribute[tuple[CaptionTrack, ...]]):
    """A list of captions as JSON, always written alike, so that a condition can compare the whole."""

    attr_type = STRING

    def serialize(self, value: Any) -> str:
        """Write tracks."""
        return json.dumps([track.to_dict() for track in value], sort_keys=True, separators=(",", ":"))

    def deserialize(self, value: str) -> tuple[CaptionTrack, ...]:
        """Read what `serialize` wrote."""
        return tuple(CaptionTrack.from_dict(track) for track in json.loads(value))


class RecordingItem(Table):
    """One recording as stored; attributes are named as domain.recording.Recording's fields."""

    class Meta:
        """Table settings."""

        kind = "recordings"
        billing_mode = BILLING

    id = UnicodeAttribute(hash_key=True)
    owner = UnicodeAttribute()
    title = UnicodeAttribute(null=True)
    filename = UnicodeAttribute(null=True)
    content_type = UnicodeAttribute(null=True)
    size_bytes = Count(default=0)
    status = UnicodeAttribute()
    created_at = Seconds()
    updated_at = Seconds()
    visibility = UnicodeAttribute(default=Visibility.PRIVATE.value)
    room_id = UnicodeAttribute(null=True)
    upload_id = UnicodeAttribute(null=True)
    part_size_bytes = Count(default=0)
    source_version = UnicodeAttribute(null=True)
    job_id = UnicodeAttribute(null=True)
    duration_s = Seconds(default=0.0)
    width = Count(default=0)
    height = Count(default=0)
    error_code = UnicodeAttribute(null=True)
    error_detail = UnicodeAttribute(null=True)
    poster = UnicodeAttribute(null=True)
    storyboard = UnicodeAttribute(null=True)
    captions = Captions(null=True)
    captions_version = UnicodeAttribute(null=True)
    stage = UnicodeAttribute(null=True)
    stream_id = UnicodeAttribute(null=True)
    tell = UnicodeAttribute(null=True)
    untold: Any = ListAttribute(of=UnicodeAttribute, null=True)

    by_owner = ByOwner()
    by_status = ByStatus()
    by_room = ByRoom()
    by_untold = ByUntold()


class RecordingsTable:
    """Implements ports.Recordings. A status that moves is told: the write that moves it says so in the row."""

    def __init__(self, clock: Clock, hint: Callable[[str, str], None] | None = None) -> None:
        """Take the clock that dates changes; `hint` gets id and owner of a recording with something to tell."""
        self._clock = clock
        self._hint = hint

    def get(self, recording_id: str) -> Recording | None:
        """Read one, strongly consistent, whatever its status."""
        try:
            return _recording(run(lambda: RecordingItem.get(recording_id, consistent_read=True)))
        except RecordingItem.DoesNotExist:
            return None

    def create(self, recording: Recording) -> bool:
        """Insert; False when the id exists."""
        item = RecordingItem(**item_values(recording))
        try:
            run(lambda: item.save(condition=RecordingItem.id.does_not_exist()))
        except ConditionFailed:
            return False
        return True

    def update(
        self,
        recording_id: str,
        *,
        expect: Sequence[RecordingStatus] | None = None,
        only_if: Mapping[str, str] | None = None,
        **changes: object,
    ) -> Recording | None:
        """Set fields if it exists and its status is among `expect`; returns the new state, else None.

        `only_if` names fields that must be as given as well, empty text for one that is not set.
        Dates the change with the clock unless `updated_at` is given; raises TypeError for an unknown field.
        """
        exists, now = _as_given(only_if or {}), self._clock.now()
        change = change_of(changes, now)
        if change is None:
            return self._update(recording_id, among(RecordingItem.status, expect, exists), changes)
        allowed, status = tuple(RecordingStatus) if expect is None else tuple(expect), changes["status"]
        others = [other for other in allowed if other != status]
        if others:
            moved = self._update(recording_id, among(RecordingItem.status, others, exists), changes, change)
            if moved is not None or len(others) == len(allowed):
                return moved
        # It has that status already, so that there is nothing to tell; should it be moving, whoever calls has lost.
        return self._update(recording_id, among(RecordingItem.status, [status], exists), changes)

    def name_stills(self, recording_id: str, source_version: str, **keys: str) -> Recording | None:
        """Set `poster` or `storyboard` if the source is still that version and it is not being deleted.

        Returns the new state, else None.
        """
        same = RecordingItem.source_version == source_version
        living = RecordingItem.id.exists() & (RecordingItem.status != RecordingStatus.DELETING.value)
        return self._update(recording_id, living & same, keys)

    def swap_captions(
        self,
        recording_id: str,
        before: tuple[CaptionTrack, ...],
        after: tuple[CaptionTrack, ...],
        *,
        version: str | None = None,
    ) -> Recording | None:
        """Set the captions if they still are `before` and it is not being deleted; returns the new state, else None.

        `version` is also set when given (`captions_version`).
        """
        same = RecordingItem.captions == before if before else RecordingItem.captions.does_not_exist()
        living = RecordingItem.id.exists() & (RecordingItem.status != RecordingStatus.DELETING.value)
        changes: dict[str, object] = {"captions": after} | ({} if version is None else {"captions_version": version})
        return self._update(recording_id, living & same, changes)

    def _update(
        self, recording_id: str, condition: Condition, changes: Mapping[str, object], change: Change | None = None
    ) -> Recording | None:
        actions = changes_to_actions(RecordingItem, {"updated_at": self._clock.now()} | dict(changes))
        actions += telling(RecordingItem, change)
        item = RecordingItem(recording_id)
        try:
            run(lambda: item.update(actions, condition=condition))
        except ConditionFailed:
            return None
        if change is not None and self._hint is not None:
            self._hint(item.id, item.owner)
        return _recording(item)

    def delete(self, recording_id: str) -> None:
        """Remove the row; quiet when there is none. Raises Transient("still_untold") while it has something to tell."""
        try:
            run(lambda: RecordingItem(recording_id).delete(condition=RecordingItem.tell.does_not_exist()))
        except ConditionFailed:
            raise Transient("still_untold", "What happened to this recording has yet to be told.") from None

    def by_owner(  # noqa: PLR0913  what a list can be narrowed by
        self,
        owner: str,
        *,
        status: str | None,
        room_id: str | None,
        limit: int,
        cursor: str | None,
        search: str = "",
        oldest_first: bool = False,
    ) -> tuple[list[Recording], str | None]:
        """Newest first, without those being deleted; the cursor is opaque text, None at the end.

        `search` keeps those whose title or filename holds its words. DynamoDB cannot fold case, so they are read here.
        A page can be short, even empty, and still have a cursor: reads per call are bounded.
        Raises BadRequest("bad_cursor") for a cursor it did not make for this owner and room.
        """
        wanted: Any = RecordingItem.status != RecordingStatus.DELETING.value
        if status is not None:
            wanted &= RecordingItem.status == status
        selective = status is not None or bool(search)
        listing = Listing(RecordingItem, RecordingItem.by_owner, "owner", owner, wanted, selective)
        if room_id is not None:
            mine = wanted & (RecordingItem.owner == owner)
            listing = Listing(RecordingItem, RecordingItem.by_room, "room_id", room_id, mine, selective=True)
        if search:
            listing = replace(listing, keep=lambda item: holds(search, item.title or "", item.filename or ""))
        listing = replace(listing, oldest_first=oldest_first)
        items, following = read_page(listing, scope=owner, limit=limit, cursor=cursor)
        return [_recording(item) for item in items], following

    def by_status(self, status: RecordingStatus, *, limit: int) -> list[Recording]:
        """Oldest first, eventually consistent: for sweeps."""
        return run(lambda: [_recording(item) for item in RecordingItem.by_status.query(status.value, limit=limit)])


def _as_given(fields: Mapping[str, str]) -> Condition:
    """The row exists, and fields have these values; what is empty is not stored."""
    condition: Condition = RecordingItem.id.exists()
    for name, value in fields.items():
        attribute = getattr(RecordingItem, name)
        condition &= attribute == value if value else attribute.does_not_exist()
    return condition


def _recording(item: RecordingItem) -> Recording:
    return read_item(
        Recording,
        item,
        {"title": "", "filename": "", "content_type": ""},
        status=RecordingStatus(item.status),
        visibility=Visibility(item.visibility),
    )
