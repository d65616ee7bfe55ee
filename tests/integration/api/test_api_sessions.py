"""From a player's reports to sums, over HTTP and DynamoDB: what comes again, who asks to go, what is too much."""

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

import pytest

from chalicelib import analytics_container, config, container
from chalicelib.adapters import clients
from chalicelib.adapters.tables.rollup_rows import RollupItem
from chalicelib.domain.analytics import record
from chalicelib.domain.keys import master_key, playlist_key
from chalicelib.domain.messages import DeleteMessage
from chalicelib.domain.recording import RecordingStatus, Visibility

if TYPE_CHECKING:
    from chalice.test import HTTPResponse
    from conftest import Api

SES = "ses_0123456789abcdefghij"
VIEWER = "0a1b2c3d4e5f60718293"


@pytest.fixture
def shown(api: Api) -> str:
    """A public recording of Anna's, a minute long and ready; returns its id."""
    recording_id = str(api.uploaded())
    changes: dict[str, Any] = {"visibility": Visibility.PUBLIC, "duration_s": 60.0, "room_id": "hall"}
    recording = container.recordings().update(recording_id, status=RecordingStatus.READY, **changes)
    assert recording is not None
    job = container.jobs().get(recording.job_id)
    assert job is not None
    uris = [playlist_key(recording_id, job.plan.source_version, r.id, job.id) for r in job.plan.streams]
    body = "\n".join(["#EXTM3U", *(f"/{uri}" for uri in uris)]).encode()
    container.media_objects().put_bytes(
        master_key(recording_id), body, content_type="application/vnd.apple.mpegurl", cache_control="no-cache"
    )
    return recording_id


def report(api: Api, recording_id: str, *events: dict[str, Any], session: str = SES, **sent: Any) -> HTTPResponse:
    """Report, anonymously unless told otherwise."""
    path = f"/v1/recordings/{recording_id}/sessions/{session}/events"
    return api.call("POST", path, {"events": list(events)}, **{"user": None} | sent)


def watched() -> list[dict[str, Any]]:
    """Half of the recording, with a stall."""
    at = round(1000 * time.time()) - 40_000
    rung = {"br": 1000, "d": 15_000, "bytes": 1_875_000, "duration_ms": 2000, "ttfb_ms": 30}
    return [
        {"kind": "join", "seq": 0, "at_ms": at, "vid": VIEWER, "device": "phone", "live": False},
        {"kind": "start", "seq": 1, "at_ms": at + 700, "startup_ms": 700, "wt": 0},
        {"kind": "segment", "seq": 2, "at_ms": at + 900, "index": 0, **rung, "wt": 100},
        {"kind": "segment", "seq": 3, "at_ms": at + 9000, "index": 1, **rung, "wt": 8000, "seen": [[0, 8000]]},
        {"kind": "stall", "seq": 4, "at_ms": at + 20_000, "stall_ms": 900, "wt": 18_000, "seen": [[8000, 18_000]]},
        {"kind": "end", "seq": 5, "at_ms": at + 32_000, "wt": 30_000, "seen": [[18_000, 30_000]], "reason": "left"},
    ]


def test_a_session_becomes_sums_once(api: Api, shown: str) -> None:
    """In pieces, in the wrong order and again; row, events and sums say the same."""
    events = watched()
    for some in (events[2:4], events[:2], events[3:], events):
        assert report(api, shown, *some).status_code == 200
    total = analytics_container.rollups().recording_total(shown)
    counts = (total.sessions, total.views, total.viewers, total.watch_ms, total.stalls, total.stall_ms, total.judged)
    assert counts == (1, 1, 1, 30_000, 1, 900, 1)
    assert (total.picture_ms, total.kbit, total.startup_classes) == (30_000, 30_000, {"750": 1})
    assert total.by["device/phone/sessions"] == 1
    assert sorted(map(int, total.seen)) == list(range(50))
    (row,), cursor = analytics_container.sessions().of_recording(shown, limit=9)
    assert cursor is None
    assert (row.bitrate_selected, row.buffer_events, row.completion, row.good) == (1000, 1, 0.5, False)
    assert row.session_end == pytest.approx(row.session_start + 32)
    assert analytics_container.sessions().of_room("anna", "hall", limit=9)[0] == [row]
    timeline = analytics_container.timelines().events(shown, SES)
    assert [(event["seq"], event["kind"]) for event in timeline] == [(e["seq"], e["kind"]) for e in events]
    assert timeline[2]["throughput_kbps"] == 7614
    stored = json.dumps(_everything(), default=str)
    assert VIEWER not in stored
    assert "127.0.0" not in stored


def _everything() -> list[Any]:
    kinds = ("player_sessions", "viewer_analytics", "session_events", "analytics_rollups")
    return [clients.client("dynamodb").scan(TableName=f"headwater-local-{kind}")["Items"] for kind in kinds]


def test_too_many_reports(api: Api, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer says when to come again; then what waited is taken."""
    monkeypatch.setattr(record, "BURST", 2.0)
    monkeypatch.setattr(record, "EACH_S", 1e9)
    answers = [report(api, shown, {"kind": "seek", "seq": seq}) for seq in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 429]
    assert answers[2].json_body["code"] == "too_many_reports"
    assert int(answers[2].headers["Retry-After"]) >= 1
    monkeypatch.setattr(record, "EACH_S", 1e-9)
    assert report(api, shown, {"kind": "seek", "seq": 2}).json_body["accepted"] == 1


def test_the_country_is_the_cdns_word(api: Api, shown: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the key that only it has; anybody may send the header."""
    clients.client("secretsmanager").create_secret(Name="headwater-local-edge-key", SecretString="edge")
    monkeypatch.setenv("HEADWATER_EDGE_SECRET", "headwater-local-edge-key")
    config.settings.cache_clear()
    container.reset()
    forged = {"CloudFront-Viewer-Country": "FR"}
    true = {"CloudFront-Viewer-Country": "de", "X-Headwater-Edge": "edge"}
    for session, headers in ((SES, forged), (f"{SES}2", true)):
        assert report(api, shown, *watched(), session=session, headers=headers).status_code == 200
    found = {row.session: row.country for row in analytics_container.sessions().of_recording(shown, limit=9)[0]}
    assert found == {SES: "", f"{SES}2": "DE"}


def test_a_person_can_be_forgotten(api: Api, shown: str) -> None:
    """By themselves and administrators; the sums stay."""
    assert report(api, shown, *watched(), user="berta", role="viewer").status_code == 200
    assert report(api, shown, *watched(), session=f"{SES}2").status_code == 200
    before = analytics_container.rollups().recording_total(shown)
    assert before.viewers == 2
    refused = api.call("DELETE", "/v1/users/berta/data", user="carl", role="viewer")
    assert (refused.status_code, refused.json_body["code"]) == (403, "forbidden_role")
    for user, role, erased in (("berta", "viewer", 1), ("root", "admin", 0)):
        answer = api.call("DELETE", "/v1/users/berta/data", user=user, role=role)
        assert (answer.status_code, answer.json_body) == (200, {"erased_sessions": erased, "pending": False})
    assert "berta" not in json.dumps(_everything(), default=str)
    assert analytics_container.rollups().recording_total(shown) == before
    assert analytics_container.timelines().events(shown, SES) == []
    assert len(analytics_container.timelines().events(shown, f"{SES}2")) == 6


def test_a_deleted_recording_takes_its_viewers_with_it(api: Api, shown: str) -> None:
    """What is left are sums that name neither."""
    for number in range(3):
        report(api, shown, *watched(), session=f"{SES}{number}", user="berta" if number else None, role="viewer")
    analytics_container.sweeps().settle()
    owner = analytics_container.rollups().owner_days("anna", "2000-01-01", "2999-12-31")
    assert api.call("DELETE", f"/v1/recordings/{shown}").status_code in {200, 202, 204}
    assert container.lifecycle().delete(DeleteMessage(shown))
    assert analytics_container.rollups().owner_days("anna", "2000-01-01", "2999-12-31") == owner
    sessions, rows, events, _ = _everything()
    assert (sessions, rows, events) == ([], [], [])
    assert [item.sum for item in RollupItem.scan() if shown in f"{item.sum}{item.part}"] == []
