"""What owners are told: whose sums, how many reads, pages of attendance, and what is on."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import pytest
from support.dashboard_fakes import FakeRollups, FakeTimelines, FakeViewerSessions
from support.fakes import FakeClock, FakeObjects, FakeRecordings
from support.live_fakes import FakeAudience, FakeStreams, put_state

from chalicelib.domain.access import Caller, Role
from chalicelib.domain.analytics.measures import Measures
from chalicelib.domain.live.health import IngestHealth
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.live.stream import LiveStream, StreamStatus
from chalicelib.domain.recording import Recording, RecordingStatus
from chalicelib.errors import BadRequest, Forbidden, NotFound
from chalicelib.services import analytics as service
from chalicelib.services.analytics import Analytics
from chalicelib.services.analytics_ports import ViewerSession, WatchedRecording
from chalicelib.services.live_now import MOST_ITEMS, LiveNow
from chalicelib.services.live_states import LiveStates

ANNA, BOB, ROOT = Caller("anna", Role.PUBLISHER), Caller("bob", Role.PUBLISHER), Caller("root", Role.ADMIN)
REC = "rec_0123456789abcdefghij"
SES = "ses_0123456789abcdefghij"
TODAY = date(2027, 1, 15)
"""Where the fake clock stands."""


@dataclass
class Stand:
    """A recording of Anna's."""

    clock: FakeClock = field(default_factory=FakeClock)
    rollups: FakeRollups = field(default_factory=FakeRollups)
    sessions: FakeViewerSessions = field(default_factory=FakeViewerSessions)
    timelines: FakeTimelines = field(default_factory=FakeTimelines)
    streams: FakeStreams = field(default_factory=FakeStreams)
    audience: FakeAudience = field(default_factory=FakeAudience)
    source: FakeObjects = field(default_factory=FakeObjects)

    def __post_init__(self) -> None:
        self.recordings = FakeRecordings(self.clock)
        live = LiveNow(self.streams, LiveStates(self.source), self.audience, self.recordings, self.clock)
        self.analytics = Analytics(self.rollups, self.sessions, self.timelines, self.recordings, live, self.clock)
        self.add(REC)

    def add(self, recording_id: str, **changes: Any) -> None:
        """Add a recording of Anna's."""
        made = Recording(recording_id, "anna", "Talk", "a.mp4", "video/mp4", 1, RecordingStatus.READY, 0.0, 0.0)
        self.recordings.rows[recording_id] = replace(made, **changes)

    def watched(self, count: int, **changes: Any) -> None:
        """Add sessions, one a second, each of a viewer of its own."""
        for place in range(count):
            one = ViewerSession(REC, f"{SES}{place}", float(place), owner="anna", viewer=f"v{place}")
            self.sessions.rows.append(replace(one, **changes))

    def stream(self, number: int, **changes: Any) -> LiveStream:
        """Put a stream on, each a second after the one before."""
        stream_id = f"live_{number:020d}"
        begun = self.clock.time - 100 + number
        made = LiveStream(stream_id, f"room{number}", "anna", REC, StreamStatus.ACTIVE, begun)
        self.streams.rows[stream_id] = made = replace(made, **changes)
        return made


@pytest.fixture
def stand() -> Stand:
    """Return one."""
    return Stand()


def test_a_dashboard_is_one_read_of_the_sums(stand: Stand) -> None:
    """The range and as many days before it together, however long."""
    stand.analytics.overview(ANNA, date(2026, 12, 1), TODAY, None)
    stand.analytics.recording(ANNA, REC, TODAY, TODAY)
    assert stand.rollups.reads == [("anna", "2026-10-16", "2027-01-15"), (REC, "2027-01-14", "2027-01-15")]


def test_whose_sums(stand: Stand) -> None:
    """One's own; an administrator's question is about everybody unless it names somebody."""
    stand.analytics.overview(ROOT, None, None, None)
    stand.analytics.overview(ROOT, None, None, "bob")
    stand.analytics.overview(BOB, None, None, "bob")
    assert [read[0] for read in stand.rollups.reads] == ["*", "bob", "bob"]
    for caller, owner in (
        (BOB, "anna"),
        (BOB, "*"),
        (Caller("*", Role.PUBLISHER), None),
        (Caller("anna", Role.VIEWER), None),
    ):
        with pytest.raises(Forbidden):
            stand.analytics.overview(caller, None, None, owner)


def test_what_is_deleted_is_not_shown(stand: Stand) -> None:
    """Sums may still name a recording that is gone, or going."""
    stand.add("rec_going", status=RecordingStatus.DELETING)
    names = (REC, "rec_going", "rec_gone")
    stand.rollups.watched["anna"] = [WatchedRecording(name, 1000 * place, 1) for place, name in enumerate(names)]
    shown = stand.analytics.overview(ANNA, None, None, None)["most_watched"]
    assert [one["recording_id"] for one in shown] == [REC]


def test_parts_are_of_the_range_and_retention_of_all_time(stand: Stand) -> None:
    """Rungs and networks follow the days that are looked at."""
    stand.rollups.days[REC, "2027-01-15"] = Measures(rungs={"a 1k": 5}, by={"network/4g/sessions": 1})
    stand.rollups.days[REC, "2027-01-14"] = Measures(rungs={"b 2k": 5})
    stand.rollups.days[REC, "ever"] = Measures(views=2, seen={"0": 1}, rungs={"c 3k": 1})
    found = stand.analytics.recording(ANNA, REC, TODAY, TODAY)
    assert [one["rung"] for one in found["rungs"]] == ["a 1k"]
    assert [one["name"] for one in found["networks"]] == ["4g"]
    assert found["retention"][0] == 0.5


def test_attendance_is_read_in_bounded_pages(stand: Stand, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many sessions make a page, the cursor leads on, and nobody is left out or there twice."""
    monkeypatch.setattr(service, "_READ_AT_ONCE", 3)
    stand.watched(14)
    first, cursor = stand.analytics.recording_attendance(ANNA, REC, None, most=6)
    second, after = stand.analytics.recording_attendance(ANNA, REC, cursor, most=6)
    third, end = stand.analytics.recording_attendance(ANNA, REC, after, most=6)
    assert (cursor, after, end) == ("6", "12", None)
    names = [person.viewer for page in (first, second, third) for person in page.people]
    assert sorted(names) == sorted(f"v{place}" for place in range(14))
    with pytest.raises(BadRequest):
        stand.analytics.recording_attendance(ANNA, REC, "x")


def test_a_room_is_its_owners(stand: Stand) -> None:
    """Rooms of one name of two owners are two rooms."""
    stand.watched(2, room_id="hall")
    assert len(stand.analytics.room_attendance(ANNA, "hall", None, None)[0].people) == 2
    assert len(stand.analytics.room_attendance(ROOT, "hall", "anna", None)[0].people) == 2
    assert stand.analytics.room_attendance(BOB, "hall", None, None)[0].people == ()
    with pytest.raises(Forbidden):
        stand.analytics.room_attendance(BOB, "hall", "anna", None)


def test_a_session_that_is_not_there(stand: Stand) -> None:
    """Whatever it is called; nor is there one of somebody else's recording."""
    stand.watched(1)
    assert stand.analytics.session(ANNA, REC, f"{SES}0").moments == []
    for caller, name, code in (
        (ANNA, SES, "session_not_found"),
        (ANNA, "../x", "session_not_found"),
        (BOB, SES, "recording_not_found"),
    ):
        with pytest.raises(NotFound) as refused:
            stand.analytics.session(caller, REC, name)
        assert refused.value.code == code


def test_a_long_session_says_that_it_is_cut(stand: Stand) -> None:
    """What is stored of it is bounded, and so is what is shown."""
    stand.watched(1)
    events = [{"seq": n, "kind": "pause", "at_ms": n} for n in range(service.MOST_MOMENTS)]
    stand.timelines.rows[REC, f"{SES}0"] = events
    found = stand.analytics.session(ANNA, REC, f"{SES}0")
    assert (len(found.moments), found.truncated) == (service.MOST_MOMENTS, True)


def test_what_is_on(stand: Stand) -> None:
    """Newest first, one's own, with what comes in; paused ones are on as well."""
    older, newer = stand.stream(1, status=StreamStatus.PAUSED), stand.stream(2)
    stand.stream(3, owner="bob")
    stand.stream(4, status=StreamStatus.STOPPED)
    health = IngestHealth(last_segment_at=stand.clock.time, bitrate_kbps=2500.0, lag_s=1.5)
    put_state(stand.source, replace(LiveState.begin(newer), health=health))
    shown = stand.analytics.live_now(ANNA, None)
    assert [item["room_id"] for item in shown] == [newer.room_id, older.room_id]
    assert [item["ingest"]["status"] for item in shown] == ["active", "paused"]
    assert shown[0]["ingest"] == {"bitrate_kbps": 2500.0, "lag_s": 1.5, "status": "active"}
    assert (shown[0]["viewers"], shown[0]["title"]) == (
        stand.audience.get_live_stats(newer.id)["viewers"]["now"],
        "Talk",
    )
    assert len(stand.analytics.live_now(ROOT, None)) == 3
    assert [item["room_id"] for item in stand.analytics.live_now(ROOT, "bob")] == ["room3"]


def test_many_streams_are_counted_and_some_are_shown(stand: Stand) -> None:
    """Each that is shown costs reads."""
    for number in range(MOST_ITEMS + 5):
        stand.stream(number)
    summary = stand.analytics.overview(ANNA, None, None, None)["live_now"]
    assert (summary["streams"], len(summary["items"])) == (MOST_ITEMS + 5, MOST_ITEMS)
    assert summary["viewers"] == sum(item["viewers"] for item in summary["items"])
