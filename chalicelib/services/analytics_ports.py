"""What analytics needs of tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.analytics.measures import Measures
    from chalicelib.domain.analytics.summing import Share
    from chalicelib.domain.sessions import PlayerSession


@dataclass(frozen=True, slots=True)
class WatchedRecording:
    """A recording's place among those of its owner, over all time."""

    recording_id: str
    watch_ms: int
    views: int


class Rollups(Protocol):
    """Sums by recording and day, by owner and day, and over all time. Days are UTC, `2026-11-28`."""

    def recording_days(self, recording_id: str, first: str, last: str) -> dict[str, Measures]:
        """Days of a recording from `first` to `last`, both included; days without a session are absent."""

    def recording_total(self, recording_id: str) -> Measures:
        """A recording's sum over all time (retention and unique viewers are of this)."""

    def owner_days(self, owner: str, first: str, last: str) -> dict[str, Measures]:
        """Days of all recordings of an owner, without `seen` and `rungs`.

        `*` is everybody's: a caller who is called that must not get here.
        """

    def most_watched(self, owner: str, *, limit: int) -> list[WatchedRecording]:
        """An owner's recordings by watch time over all time, most first; `*` for everybody's. A minute behind."""


@dataclass(frozen=True, slots=True)
class ViewerSession:
    """What one player session came to (the viewer_analytics row). Times are Unix seconds, bitrates kbit/s."""

    recording_id: str
    session: str
    session_start: float
    owner: str = ""
    room_id: str = ""
    user_id: str = ""
    """Subject of the viewer's token, empty when anonymous."""
    viewer: str = ""
    """Whoever it was, under a name that says nothing: an HMAC of the subject or of the browser's own random id."""
    session_end: float | None = None
    """None while it goes on."""
    bitrate_selected: int = 0
    """Mean of what was shown, weighted by time."""
    bitrate_switches: int = 0
    buffer_events: int = 0
    total_watch_time: float = 0.0
    """Seconds of playing, pauses and stalls left out."""
    stall_s: float = 0.0
    startup_ms: int | None = None
    started: bool = False
    failure: str = ""
    """Code of the fatal error, empty when there was none."""
    live: bool = False
    latency_ms: int | None = None
    network: str = ""
    device: str = ""
    country: str = ""
    completion: float = 0.0
    """Part of the recording that was played, 0 to 1."""
    good: bool | None = None
    """None while too short to judge."""
    qoe: float | None = None
    last_seen: float = 0.0
    rungs: dict[str, int] = field(default_factory=dict)


class Sessions(Protocol):
    """The viewer_analytics table."""

    def of_recording(
        self, recording_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[list[ViewerSession], str | None]:
        """Sessions of a recording, newest first, and where to go on; raises BadRequest("bad_cursor")."""

    def of_user(self, user_id: str, *, limit: int) -> list[ViewerSession]:
        """A person's sessions, newest first."""

    def of_room(
        self, owner: str, room_id: str, *, limit: int, cursor: str | None = None
    ) -> tuple[list[ViewerSession], str | None]:
        """Sessions of all recordings of an owner's room, newest first."""

    def get(self, recording_id: str, session: str) -> ViewerSession | None:
        """Read one."""


class Timelines(Protocol):
    """What single events a session reported, for looking into it; kept for a month."""

    def events(self, recording_id: str, session: str) -> Sequence[dict[str, Any]]:
        """Return its events in the order of `seq`, at most 5,000, as plain JSON values.

        Each has `seq`, `kind` and `at_ms` (Unix ms, clamped), and, where the player told it, clamped: `wt` `pt` `bl`
        `bl_before` `stall_ms` `startup_ms` `latency_ms` `ttfb_ms` `duration_ms` `bytes` `d` `index` `outcome` `reason`
        `code` `fatal`; of transfers and switches also, worked out: `kbps` and `rung` (its bitrate and name) and
        `throughput_kbps`.
        """


@dataclass(frozen=True, slots=True)
class Fold:
    """What one session changes: its row, and the sums, which have heard `before` of it and are to hear `after`."""

    row: ViewerSession
    before: Share
    after: Share


class Folds(Protocol):
    """Writes a session together with what it adds to the sums: all of it or nothing, and once."""

    def write(self, session: PlayerSession, fold: Fold, *, now: float) -> bool:
        """Write if the session is still at the version that was read; False, and nothing written, when not.

        Raises Transient("aws_unavailable") when others write the same sums all the time.
        """


class EventLog(Protocol):
    """The session_events table, as it is written."""

    def add(self, recording_id: str, session: str, events: Sequence[dict[str, Any]], *, now: float) -> None:
        """Write events that were not reported before, in order of `seq`; the same ones again change nothing."""

    def delete(self, recording_id: str, session: str) -> None:
        """Remove all of a session's; quiet when there are none."""


class Settling(Protocol):
    """The analytics_rollups table, as it is kept in order. Sums are the same before and after."""

    def unsettled(self, part: str, *, limit: int) -> list[str]:
        """Return parts of a day, or of `all`, that can be settled, eventually consistent."""

    def settle(self, key: str, part: str) -> bool:
        """Move a part's numbers into its sum's settled row; False when it changed meanwhile, or is gone."""

    def delete_recording(self, recording_id: str) -> None:
        """Remove a recording's own sums and places; quiet when there are none."""

    def forget_viewer(self, viewer: str) -> None:
        """Remove a viewer's name from all sums, which stay as they are."""

    def forget_views(self, viewer: str, recording_id: str) -> None:
        """Remove a viewer's name from one recording's sums."""


class SessionRows(Protocol):
    """The viewer_analytics table, as rows are taken out of it."""

    def of_user(self, user_id: str, *, limit: int) -> list[ViewerSession]:
        """A person's sessions, newest first."""

    def some_of_recording(self, recording_id: str, *, limit: int) -> list[ViewerSession]:
        """Any sessions of a recording, strongly consistent: what is left to remove."""

    def delete(self, recording_id: str, session: str) -> None:
        """Remove one; quiet when there is none."""


class OpenSessions(Protocol):
    """The player_sessions table, as it is looked after."""

    def load(self, recording_id: str, session: str, *, now: float) -> PlayerSession | None:
        """Read one, strongly consistent; None when there is none or its time is over."""

    def save(self, session: PlayerSession, *, now: float) -> bool:
        """Write it if it is still at the version that was read; False when not."""

    def to_sweep(self, *, now: float, limit: int) -> list[tuple[str, str]]:
        """Return sessions (recording, session) whose time to be looked after has come, eventually consistent."""

    def delete(self, recording_id: str, session: str) -> None:
        """Remove one; quiet when there is none."""
