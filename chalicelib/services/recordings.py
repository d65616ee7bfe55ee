"""Recordings as their owners see them: create, find, list, change, delete."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.access import Action, Role, forbidden_role, not_found, require, require_own
from chalicelib.domain.keys import address, is_recording_id
from chalicelib.domain.listing import Order, arranged
from chalicelib.domain.messages import DeleteMessage
from chalicelib.domain.recording import Recording, RecordingStatus, Visibility
from chalicelib.domain.uploads import part_size
from chalicelib.errors import BadRequest, Conflict, TooLarge, Transient
from chalicelib.services.quotas import QuotaKeeper

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.access import Caller
    from chalicelib.services.ports import Clock, Queue, Recordings

LIVING = tuple(status for status in RecordingStatus if status is not RecordingStatus.DELETING)
"""Statuses of recordings that exist for their owners."""


MOST_ARRANGED = 2000
"""Recordings that an order which no index holds takes into account: the newest."""
ARRANGED_AT_ONCE = 500
_OFFSET = "at-"


@dataclass(frozen=True, slots=True)
class Draft:
    """What somebody wants to upload or stream, already checked for shape."""

    title: str
    filename: str = ""
    content_type: str = ""
    size_bytes: int = 0
    room_id: str = ""
    visibility: Visibility = Visibility.PRIVATE
    live: bool = False
    """For a live stream to make it: no file, no upload."""


@dataclass(frozen=True, slots=True)
class Listing:
    """Which recordings to list; `owner` None is the caller's own."""

    owner: str | None = None
    status: str | None = None
    room_id: str | None = None
    q: str = ""
    """Words that title or filename hold."""
    sort: Order = Order.CREATED
    limit: int = 25
    cursor: str | None = None


def _offset(cursor: str | None) -> int:
    """Read the cursor of an arranged list; raises BadRequest("bad_cursor")."""
    if cursor is None:
        return 0
    number = cursor.removeprefix(_OFFSET)
    if not (cursor.startswith(_OFFSET) and number.isascii() and number.isdigit() and int(number) <= MOST_ARRANGED):
        raise BadRequest("bad_cursor", "This cursor was not made for this list.")
    return int(number)


def _arranged(recordings: Recordings, owner: str, listing: Listing) -> tuple[list[Recording], str | None]:
    """One page of an order that no index holds: the newest `MOST_ARRANGED` are read and arranged here."""
    begin = _offset(listing.cursor)
    filtered = bool(listing.q or listing.status or listing.room_id)
    found: list[Recording] = []
    cursor: str | None = None
    # A filtered read goes through thousands of rows by itself.
    for _ in range(1 if filtered else MOST_ARRANGED // ARRANGED_AT_ONCE):
        page, cursor = recordings.by_owner(
            owner,
            status=listing.status,
            room_id=listing.room_id,
            limit=MOST_ARRANGED if filtered else ARRANGED_AT_ONCE,
            cursor=cursor,
            search=listing.q,
        )
        found += page
        if cursor is None:
            break
    end = begin + listing.limit
    return arranged(found, listing.sort)[begin:end], f"{_OFFSET}{end}" if end < len(found) else None


def fair_group(owner: str) -> str:
    """Return the fair-queue group of an owner: SQS takes few characters, subjects have many."""
    return address({"owner": owner}, 24)


def read_living(recordings: Recordings, recording_id: str) -> Recording:
    """Read one that is not being deleted; raises NotFound("recording_not_found")."""
    recording = recordings.get(recording_id) if is_recording_id(recording_id) else None
    if recording is None or recording.status is RecordingStatus.DELETING:
        raise not_found()
    return recording


def live_recording(reason: str) -> Conflict:
    """Return the refusal of what only recordings with a source can do; `reason` is a clause for a person."""
    return Conflict("recording_live", f"This recording is made by a live stream: {reason}.")


def find(recordings: Recordings, caller: Caller, recording_id: str, action: Action) -> Recording:
    """Read one that `caller` may do `action` to; raises NotFound, or Forbidden to an owner without the role."""
    recording = read_living(recordings, recording_id)
    require(caller, recording, action)
    return recording


class RecordingLibrary:
    """The recordings table under the rules of access."""

    def __init__(
        self,
        recordings: Recordings,
        lifecycle_queue: Queue,
        clock: Clock,
        *,
        max_upload_bytes: int,
        quotas: QuotaKeeper | None = None,
    ) -> None:
        """Files larger than `max_upload_bytes` are refused, and what goes over somebody's quota."""
        self._recordings = recordings
        self._queue = lifecycle_queue
        self._clock = clock
        self._max_upload_bytes = max_upload_bytes
        self._quotas = quotas or QuotaKeeper(recordings)

    def create(self, caller: Caller, draft: Draft) -> Recording:
        """Write the row of a recording that has no bytes yet.

        Raises Forbidden, TooLarge("upload_too_large"), Conflict: quota_storage, quota_minutes.
        """
        require_own(caller, Action.CREATE)
        if draft.size_bytes > self._max_upload_bytes:
            raise TooLarge("upload_too_large", f"Files may have up to {self._max_upload_bytes} bytes.")
        self._quotas.check_more(caller, draft.size_bytes)
        now = self._clock.now()
        recording = Recording(
            id=f"rec_{self._clock.token()}",
            owner=caller.sub,
            title=draft.title,
            filename=draft.filename,
            content_type=draft.content_type,
            size_bytes=draft.size_bytes,
            status=RecordingStatus.WAITING if draft.live else RecordingStatus.UPLOADING,
            created_at=now,
            updated_at=now,
            visibility=draft.visibility,
            room_id=draft.room_id,
            part_size_bytes=0 if draft.live else part_size(draft.size_bytes),
        )
        if not self._recordings.create(recording):
            raise Transient("id_taken", "The new recording's id was already taken: try again.")
        return recording

    def find(self, caller: Caller, recording_id: str, action: Action) -> Recording:
        """Read one that `caller` may do `action` to; raises NotFound or Forbidden."""
        return find(self._recordings, caller, recording_id, action)

    def list(self, caller: Caller, listing: Listing) -> tuple[list[Recording], str | None]:
        """One page, newest first, and the next cursor; raises Forbidden for somebody else's without being admin."""
        require_own(caller, Action.LIST)
        owner = listing.owner or caller.sub
        if owner != caller.sub and caller.role is not Role.ADMIN:
            raise forbidden_role(Action.LIST)
        if not listing.sort.by_time:
            return _arranged(self._recordings, owner, listing)
        return self._recordings.by_owner(
            owner,
            status=listing.status,
            room_id=listing.room_id,
            limit=listing.limit,
            cursor=listing.cursor,
            search=listing.q,
            oldest_first=listing.sort is Order.OLDEST,
        )

    def change(self, caller: Caller, recording_id: str, changes: Mapping[str, Any]) -> Recording:
        """Set `title`, `visibility` or `room_id`; nothing to set writes nothing. Raises NotFound or Forbidden."""
        recording = self.find(caller, recording_id, Action.CHANGE)
        if not changes:
            return recording
        changed = self._recordings.update(recording.id, expect=LIVING, updated_at=self._clock.now(), **changes)
        if changed is None:
            raise not_found()
        return changed

    def delete(self, caller: Caller, recording_id: str) -> None:
        """Make it invisible at once and have its objects removed; raises NotFound when it is gone already.

        The row alone decides: a message that is never sent is sent by the sweep of `Lifecycle`.
        """
        recording = self.find(caller, recording_id, Action.DELETE)
        now, deleting = self._clock.now(), RecordingStatus.DELETING
        if self._recordings.update(recording.id, expect=LIVING, status=deleting, updated_at=now) is None:
            current = self._recordings.get(recording.id)
            if current is None or (current.status, current.updated_at) != (deleting, now):
                raise not_found()  # else it was this write, and only its answer was lost
        self._queue.send([DeleteMessage(recording.id).dumps()], group=fair_group(recording.owner))
