"""What owners are told of the watching, over HTTP and the tables: who may, shapes, ranges, pages, spreadsheets."""

from __future__ import annotations

import csv
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import StringIO
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import analytics_container, container, live_container
from chalicelib.domain.analytics.measures import Measures
from chalicelib.domain.keys import master_key, playlist_key
from chalicelib.domain.recording import RecordingStatus
from chalicelib.services import forgetting
from chalicelib.services.analytics_ports import ViewerSession

if TYPE_CHECKING:
    from chalice.test import HTTPResponse
    from conftest import Api

ADMIN = {"user": "root", "role": "admin"}
SES = "ses_0123456789abcdefghij"
SUMS = Measures(
    sessions=4,
    views=3,
    viewers=2,
    watch_ms=60_000,
    stall_ms=600,
    stalls=2,
    judged=2,
    good=1,
    qoe_milli=5000,
    rungs={"720p 1000k": 45_000, "360p 250k": 15_000},
    slots={"0": 150_000},
    seen={"0": 3, "99": 1},
    startup_classes={"1000": 3},
    by={"network/4g/sessions": 4, "network/4g/watch_ms": 60_000},
)


def day(ago: int = 0) -> str:
    """Return a UTC day."""
    return (datetime.now(UTC) - timedelta(ago)).date().isoformat()


def code(answer: HTTPResponse) -> tuple[int, str]:
    """Return status and problem code."""
    return answer.status_code, (answer.json_body or {}).get("code", "")


def path_of(recording_id: str, rest: str = "") -> str:
    """Return where a recording's analytics are."""
    return f"/v1/recordings/{recording_id}/analytics{rest}"


@pytest.fixture
def watched(api: Api) -> str:
    """A recording of Anna's in the hall that was watched yesterday and today; returns its id."""
    recording_id = str(api.create(room_id="hall.1")["recording"]["id"])
    rollups = analytics_container.rollups()
    for ago in (0, 1, 8):
        rollups.write_settled(f"r#{recording_id}", day(ago), SUMS)
        rollups.write_settled("o#anna", day(ago), SUMS)
        rollups.write_settled("*", day(ago), SUMS + SUMS)
    rollups.write_total(recording_id, "anna", SUMS + SUMS)
    begun = time.time() - 100
    one = ViewerSession(
        recording_id, SES, begun, owner="anna", room_id="hall.1", user_id="=cmd", viewer="v1", total_watch_time=40.0
    )
    sessions = analytics_container.sessions()
    sessions.put(replace(one, completion=0.5, started=True, startup_ms=900, good=True, qoe=3.25, device="phone"))
    sessions.put(replace(one, session=f"{SES}2", session_start=begun - 50, session_end=begun, buffer_events=1))
    sessions.put(replace(one, session=f"{SES}3", session_start=begun - 9, user_id="", viewer=""))
    return recording_id


def test_the_overview(api: Api, watched: str) -> None:
    """A week of one's own, the week before beside it, and what was watched most."""
    body = api.call("GET", "/v1/analytics/overview").json_body
    assert (body["from"], body["to"], body["days_count"]) == (day(6), day(), 7)
    assert [one["day"] for one in body["days"]] == [day(ago) for ago in range(6, -1, -1)]
    assert (body["totals"]["sessions"], body["before"]["sessions"]) == (8, 4)
    assert body["totals"]["good_share"] == 0.5
    assert body["live_now"] == {"streams": 0, "viewers": 0, "items": []}
    assert body["most_watched"] == [{"recording_id": watched, "title": "Lecture", "watch_s": 120.0, "views": 6}]


def test_a_day_that_was_asked_for(api: Api, watched: str) -> None:
    """Of a single day also how many people there were."""
    assert watched
    query = {"from": day(1), "to": day(1)}
    body = api.call("GET", "/v1/analytics/overview", **query).json_body
    assert (body["totals"]["sessions"], body["totals"]["viewers"], body["before"]["sessions"]) == (4, 2, 0)


def test_administrators_see_everybody(api: Api, watched: str) -> None:
    """Or those of whom they name; others only themselves, whatever they are called."""
    assert watched
    assert api.call("GET", "/v1/analytics/overview", **ADMIN).json_body["totals"]["sessions"] == 16
    assert api.call("GET", "/v1/analytics/overview", **ADMIN, owner="anna").json_body["totals"]["sessions"] == 8
    assert api.call("GET", "/v1/analytics/overview", owner="anna").status_code == 200
    assert code(api.call("GET", "/v1/analytics/overview", owner="berta")) == (403, "forbidden_role")
    assert code(api.call("GET", "/v1/analytics/overview", user="*")) == (403, "forbidden_role")
    assert code(api.call("GET", "/v1/analytics/overview", role="viewer")) == (403, "forbidden_role")
    assert api.call("GET", "/v1/analytics/overview", user="berta").json_body["totals"]["sessions"] == 0


@pytest.mark.parametrize("rest", ["", "/sessions", f"/sessions/{SES}", "/attendance"])
def test_who_may_see_a_recording(api: Api, watched: str, rest: str) -> None:
    """Its owner and administrators; it is not there for others, and needs more than a viewer's role."""
    path = path_of(watched, rest)
    assert api.call("GET", path).status_code == 200
    assert api.call("GET", path, **ADMIN).status_code == 200
    assert code(api.call("GET", path, user="berta")) == (404, "recording_not_found")
    assert code(api.call("GET", path, role="viewer")) == (403, "forbidden_role")
    assert api.call("GET", path, user=None).status_code == 401
    api.call("PATCH", f"/v1/recordings/{watched}", {"visibility": "public"})
    assert code(api.call("GET", path, user="berta")) == (404, "recording_not_found")
    api.call("DELETE", f"/v1/recordings/{watched}")
    assert code(api.call("GET", path)) == (404, "recording_not_found")


def test_a_recording(api: Api, watched: str) -> None:
    """All time and the range, retention, and the parts of the range; five minutes only of short ones."""
    body = api.call("GET", path_of(watched)).json_body
    assert (body["totals"]["sessions"], body["all_time"]["sessions"], body["all_time"]["viewers"]) == (8, 8, 4)
    assert len(body["retention"]) == 100
    assert (body["retention"][0], body["retention"][99]) == (1.0, pytest.approx(1 / 3, abs=1e-6))
    assert body["rungs"] == [
        {"rung": "360p 250k", "share": 0.25, "watch_s": 30.0},
        {"rung": "720p 1000k", "share": 0.75, "watch_s": 90.0},
    ]
    assert [group["name"] for group in body["networks"]] == ["4g"]
    assert body["recording"]["title"] == "Lecture"
    assert "slots" not in body
    query = {"from": day(1), "to": day(1)}
    short = api.call("GET", path_of(watched), **query).json_body
    assert len(short["slots"]) == 288
    assert short["slots"][0] == {"at": f"{day(1)}T00:00:00.000Z", "viewers": 0.5}


def test_an_unwatched_recording(api: Api) -> None:
    """Zeros and nulls, never an error."""
    recording_id = api.create()["recording"]["id"]
    body = api.call("GET", path_of(recording_id)).json_body
    assert (body["totals"]["sessions"], body["totals"]["qoe"], body["retention"]) == (0, None, None)
    assert (body["rungs"], body["networks"], len(body["days"])) == ([], [], 7)
    empty = {"people": [], "next_cursor": None, "anonymous_sessions": 0}
    assert api.call("GET", path_of(recording_id, "/attendance")).json_body == empty


@pytest.mark.parametrize(
    "query",
    [
        {"from": "yesterday"},
        {"from": "1764288000"},
        {"to": "2026-02-30"},
        {"from": "2026-11-02", "to": "2026-11-01"},
        {"from": "2020-01-01", "to": "2026-11-01"},
        {"from": "0001-01-01", "to": "0001-01-02"},
    ],
)
def test_ranges_that_are_none(api: Api, watched: str, query: dict[str, str]) -> None:
    """Told by a code, on both dashboards."""
    for path in ("/v1/analytics/overview", path_of(watched)):
        assert code(api.call("GET", path, **query)) == (400, "invalid_request")


def test_sessions_page_by_page(api: Api, watched: str) -> None:
    """Newest first; the cursor leads to the rest and belongs to this list."""
    first = api.call("GET", path_of(watched, "/sessions"), limit="2").json_body
    assert [one["session"] for one in first["sessions"]] == [SES, f"{SES}3"]
    rest = api.call("GET", path_of(watched, "/sessions"), limit="2", cursor=first["next_cursor"]).json_body
    assert ([one["session"] for one in rest["sessions"]], rest["next_cursor"]) == ([f"{SES}2"], None)
    newest = first["sessions"][0]
    assert (newest["user"], newest["anonymous"], newest["ended_at"], newest["qoe"]) == ("=cmd", False, None, 3.25)
    assert (newest["device"], newest["network"], newest["completion"]) == ("phone", None, 0.5)
    assert code(api.call("GET", path_of(watched, "/sessions"), cursor="x")) == (400, "bad_cursor")
    assert code(api.call("GET", path_of(watched, "/sessions"), limit="0")) == (400, "invalid_request")


def test_one_session(api: Api, watched: str) -> None:
    """Its timeline from its start, and why it stalled."""
    session = analytics_container.sessions().get(watched, SES)
    assert session is not None
    begun = round(session.session_start * 1000)
    transfer = {"kind": "segment", "rung": "720p 1000k", "kbps": 1000, "duration_ms": 400}
    events: list[dict[str, Any]] = [
        {"kind": "start", "seq": 0, "at_ms": begun + 900},
        *({**transfer, "seq": n, "at_ms": begun + 1000 * n, "throughput_kbps": 5000} for n in range(1, 6)),
        {**transfer, "seq": 6, "at_ms": begun + 12_000, "throughput_kbps": 300, "duration_ms": 6000, "bl": 1900},
        {"kind": "stall", "seq": 7, "at_ms": begun + 12_100, "stall_ms": 4000},
    ]
    analytics_container.timelines().add(watched, SES, events, now=time.time())
    body = api.call("GET", path_of(watched, f"/sessions/{SES}")).json_body
    assert [moment["at_ms"] for moment in body["timeline"]] == [900, 1000, 2000, 3000, 4000, 5000, 12_000, 12_100]
    assert body["timeline"][6] == {
        "at_ms": 12_000,
        "kind": "segment",
        "throughput_kbps": 300,
        "buffer_s": 1.9,
        "kbps": 1000,
        "rung": "720p 1000k",
    }
    (reason,) = body["why"]
    assert (reason["at_ms"], reason["stall_ms"], reason["code"]) == (12_100, 4000, "throughput_fell")
    assert "from 5.0 Mbit/s to 300 kbit/s" in reason["text"]
    assert (body["truncated"], body["recording"]["id"]) == (False, watched)
    for name in ("short", f"{SES}9"):
        assert code(api.call("GET", path_of(watched, f"/sessions/{name}"))) == (404, "session_not_found")


def test_attendance_of_a_recording(api: Api, watched: str) -> None:
    """A person's sessions on one line; sessions of nobody known are counted."""
    body = api.call("GET", path_of(watched, "/attendance")).json_body
    (person,) = body["people"]
    assert (person["user"], person["sessions"], person["watch_s"], person["completion"]) == ("=cmd", 2, 80.0, 0.5)
    assert (body["anonymous_sessions"], body["next_cursor"]) == (1, None)


def test_attendance_as_a_spreadsheet(api: Api, watched: str) -> None:
    """A file to save, which runs nothing whatever people are called."""
    answer = api.call("GET", path_of(watched, "/attendance"), format="csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="attendance-{watched}.csv"'
    headings, person = csv.reader(StringIO(answer.body.decode()))
    assert headings[:2] == ["user", "viewer"]
    assert person[0] == "'=cmd"
    assert code(api.call("GET", path_of(watched, "/attendance"), format="xls")) == (400, "invalid_request")


def test_attendance_of_a_room(api: Api, watched: str) -> None:
    """Of one's own room of that name, not of others' of the same name."""
    assert watched
    path = "/v1/rooms/hall.1/attendance"
    answer = api.call("GET", path, format="csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="attendance-hall-1.csv"'
    assert [person["sessions"] for person in api.call("GET", path).json_body["people"]] == [2]
    assert api.call("GET", path, user="berta").json_body["people"] == []
    assert len(api.call("GET", path, **ADMIN, owner="anna").json_body["people"]) == 1
    assert code(api.call("GET", path, user="berta", owner="anna")) == (403, "forbidden_role")
    assert code(api.call("GET", path, role="viewer")) == (403, "forbidden_role")


def test_what_is_on(api: Api) -> None:
    """One's own streams with their viewers and their ingest; administrators see all."""
    recording_id = _live(api)
    body = api.call("GET", "/v1/analytics/live").json_body
    (item,) = body["items"]
    assert (item["recording_id"], item["title"], item["viewers"], item["latency_ms"]) == (recording_id, "Talk", 0, None)
    assert item["ingest"] == {"bitrate_kbps": None, "lag_s": None, "status": "active"}
    assert api.call("GET", "/v1/analytics/live", user="berta").json_body == {"items": []}
    assert len(api.call("GET", "/v1/analytics/live", **ADMIN).json_body["items"]) == 1
    assert code(api.call("GET", "/v1/analytics/live", role="viewer")) == (403, "forbidden_role")
    overview = api.call("GET", "/v1/analytics/overview").json_body["live_now"]
    assert (overview["streams"], overview["items"][0]["recording_id"]) == (1, recording_id)
    stream = container.recordings().get(recording_id)
    assert stream is not None
    live_container.streams().stop(stream.stream_id, now=time.time())
    assert api.call("GET", "/v1/analytics/live").json_body == {"items": []}


def test_being_forgotten(api: Api, watched: str) -> None:
    """By oneself or an administrator: sessions and names go at once, sums stay; again there is nothing to forget."""
    path = "/v1/users/=cmd/data"
    assert code(api.call("DELETE", path, user="berta")) == (403, "forbidden_role")
    assert api.call("DELETE", path, user=None).status_code == 401
    answer = api.call("DELETE", path, user="=cmd", role="viewer")
    assert (answer.status_code, answer.json_body) == (200, {"erased_sessions": 2, "pending": False})
    assert api.call("DELETE", path, **ADMIN).json_body == {"erased_sessions": 0, "pending": False}
    body = api.call("GET", path_of(watched, "/attendance")).json_body
    assert (body["people"], body["anonymous_sessions"]) == ([], 1)
    assert code(api.call("GET", path_of(watched, f"/sessions/{SES}"))) == (404, "session_not_found")
    assert api.call("GET", path_of(watched)).json_body["all_time"]["sessions"] == 8


def test_forgetting_many_takes_several_calls(api: Api, watched: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each says whether there may be more."""
    assert watched
    monkeypatch.setattr(forgetting, "AT_ONCE", 1)
    told = [api.call("DELETE", "/v1/users/=cmd/data", user="=cmd") for _ in range(3)]
    assert [answer.status_code for answer in told] == [202, 202, 200]
    assert [answer.json_body["erased_sessions"] for answer in told] == [1, 1, 0]


def test_from_a_report_to_the_dashboards(api: Api) -> None:
    """A session that is reported to its end is in every answer, once, and is its viewer's."""
    recording_id, rung = _on_show(api)
    now = round(1000 * time.time())
    transfer = {"rendition": rung, "bytes": 250_000, "d": 2000, "ttfb_ms": 40, "bl": 4000}
    events = [
        {"kind": "join", "device": "tablet", "at_ms": now - 30_000},
        {"kind": "start", "startup_ms": 700, "at_ms": now - 29_000},
        *(
            {
                **transfer,
                "kind": "segment",
                "index": n,
                "duration_ms": 500,
                "wt": 2000 * n,
                "at_ms": now - 28_000 + 2000 * n,
            }
            for n in range(1, 5)
        ),
        {**transfer, "kind": "segment", "index": 5, "duration_ms": 6000, "wt": 8000, "at_ms": now - 9000},
        {"kind": "stall", "stall_ms": 3000, "wt": 8000, "at_ms": now - 8900},
        {"kind": "end", "reason": "left", "wt": 12_000, "seen": [[0, 4000]], "at_ms": now},
    ]
    body = {"events": [event | {"seq": n} for n, event in enumerate(events)]}
    for _ in range(2):
        path = f"/v1/recordings/{recording_id}/sessions/{SES}/events"
        assert api.call("POST", path, body, user="bob").status_code == 200

    overview = api.call("GET", "/v1/analytics/overview").json_body
    today = overview["days"][-1]
    assert (today["sessions"], today["views"], today["viewers"], today["watch_s"]) == (1, 1, 1, 12.0)
    assert (today["stalls"], today["startup_ms"], today["rebuffer_ratio"]) == (1, 700.0, 0.2)
    board = api.call("GET", path_of(recording_id)).json_body
    assert (board["all_time"]["sessions"], board["devices"][0]["name"], board["retention"][0]) == (1, "tablet", 1.0)
    (listed,) = api.call("GET", path_of(recording_id, "/sessions")).json_body["sessions"]
    assert (listed["user"], listed["watch_s"], listed["stalls"], listed["completion"]) == ("bob", 12.0, 1, 1.0)
    one = api.call("GET", path_of(recording_id, f"/sessions/{SES}")).json_body
    assert [moment["kind"] for moment in one["timeline"]] == [event["kind"] for event in events]
    assert [reason["code"] for reason in one["why"]] == ["throughput_fell"]
    (person,) = api.call("GET", path_of(recording_id, "/attendance")).json_body["people"]
    assert (person["user"], person["watch_s"], person["completion"]) == ("bob", 12.0, 1.0)


def _on_show(api: Api) -> tuple[str, str]:
    """Return a public recording of four seconds that can be played, and one of its renditions."""
    recording_id = api.uploaded()
    assert api.call("PATCH", f"/v1/recordings/{recording_id}", {"visibility": "public"}).status_code == 200
    recording = container.recordings().update(recording_id, status=RecordingStatus.READY, duration_s=4.0)
    assert recording is not None
    job = container.jobs().get(recording.job_id)
    assert job is not None
    uris = [playlist_key(recording_id, job.plan.source_version, one.id, job.id) for one in job.plan.streams]
    body = "\n".join(["#EXTM3U", *(f"/{uri}" for uri in uris)]).encode()
    container.media_objects().put_bytes(
        master_key(recording_id), body, content_type="application/vnd.apple.mpegurl", cache_control="no-cache"
    )
    return recording_id, job.plan.video[1].id


def _live(api: Api) -> str:
    made = api.call("POST", "/v1/recordings", {"title": "Talk", "live": True}).json_body
    recording_id = str(made["recording"]["id"])
    assert api.call("POST", f"/v1/recordings/{recording_id}/stream/start-live", {}).status_code == 201
    return recording_id
