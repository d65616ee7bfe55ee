"""What to fetch next, and what players report, over HTTP: who may, what comes twice, and what is no report at all."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chalicelib import analytics_container, config, container
from chalicelib.adapters import clients
from chalicelib.domain.keys import master_key, playlist_key
from chalicelib.domain.recording import RecordingStatus
from chalicelib.domain.sessions import make_session_token
from chalicelib.entrypoints.quality_api import MAX_REPORT_BYTES

if TYPE_CHECKING:
    from chalice.test import HTTPResponse
    from conftest import Api

KEY = bytes.fromhex("ab" * 32)


@dataclass
class Room:
    """One recording on show, and whoever watches it."""

    api: Api
    recording_id: str
    rungs: list[str]

    @property
    def path(self) -> str:
        """Where it is."""
        return f"/v1/recordings/{self.recording_id}"

    def ask(self, user: str | None = "anna", **query: Any) -> HTTPResponse:
        """Ask for a recommendation."""
        return self.api.call("GET", f"{self.path}/quality/recommended", user=user, **query)

    def report(self, session: str, *events: dict[str, Any], user: str | None = "anna", **query: Any) -> HTTPResponse:
        """Report events."""
        body = {"events": list(events)}
        return self.api.call("POST", f"{self.path}/sessions/{session}/events", body, user=user, **query)

    def segment(self, seq: int, kbps: float = 3000.0, **more: Any) -> dict[str, Any]:
        """One segment of the second rung."""
        size = 125_000
        times = {"at_ms": 1_800_000_000_000 + 2000 * seq, "ttfb_ms": 40, "duration_ms": 40 + 8 * size / kbps}
        return {"kind": "segment", "seq": seq, "index": seq, "rendition": self.rungs[1], "bytes": size, **times, **more}


SES = "ses_0123456789abcdefghij"


@pytest.fixture
def room(api: Api) -> Room:
    """A private recording of Anna's, ready."""
    recording_id = api.uploaded()
    recording = container.recordings().update(recording_id, status=RecordingStatus.READY)
    assert recording is not None
    job = container.jobs().get(recording.job_id)
    assert job is not None
    uris = [playlist_key(recording_id, job.plan.source_version, r.id, job.id) for r in job.plan.streams]
    body = "\n".join(["#EXTM3U", *(f"/{uri}" for uri in uris)]).encode()
    container.media_objects().put_bytes(
        master_key(recording_id), body, content_type="application/vnd.apple.mpegurl", cache_control="no-cache"
    )
    return Room(api, recording_id, [rung.id for rung in job.plan.video])


def code(answer: HTTPResponse) -> tuple[int, str]:
    """Return status and problem code."""
    return answer.status_code, (answer.json_body or {}).get("code", "")


def another_lambda() -> None:
    """Forget everything this process knows: only the tables stay."""
    container.reset()
    analytics_container.reset()


def stored_items(table: str) -> list[dict[str, Any]]:
    """Read a whole table."""
    items: list[dict[str, Any]] = clients.client("dynamodb").scan(TableName=f"headwater-local-{table}")["Items"]
    return items


def test_the_start(room: Room) -> None:
    """A rung of the ladder, why, and a session to report under; nobody in between keeps it."""
    answer = room.ask()
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "private, no-store"
    body = answer.json_body
    assert body["recommended"]["id"] in room.rungs
    assert (body["start"], body["basis"], body["prior"], body["cap"]) == (True, "default", None, None)
    assert "explain" not in body
    ticket = body["session"]
    url = urlsplit(ticket["events_url"])
    assert url.path == f"/api{room.path}/sessions/{ticket['id']}/events"
    assert parse_qs(url.query)["token"] == [ticket["token"]]
    assert stored_items("player_sessions") == []


def test_a_session_from_start_to_advice(room: Room) -> None:
    """As a page that leaves sends it: a beacon of plain text, under the token alone."""
    ticket = room.ask().json_body["session"]
    events = [
        {"kind": "join", "seq": 0, "width": 320, "height": 180, "dpr": 1},
        *(room.segment(n, kbps=20_000.0) for n in range(1, 7)),
        {"kind": "end", "seq": 7},
    ]
    body = json.dumps({"events": events}).encode()
    path = ticket["events_url"].removeprefix("/api")
    answer = room.api.call("POST", path, body, user=None, headers={"Content-Type": "text/plain;charset=UTF-8"})
    assert answer.status_code == 200
    told = answer.json_body
    assert (told["accepted"], told["ignored"], told["refused"], told["last_seq"]) == (8, 0, [], 7)
    assert (told["cap"]["id"], told["cap"]["reason"]) == (room.rungs[0], "screen")
    assert told["recommended"]["id"] == room.rungs[0]
    again = room.ask(None, session=ticket["id"], token=ticket["token"]).json_body
    assert (again["basis"], again["start"], again["recommended"]) == ("session", False, told["recommended"])
    assert again["session"]["id"] == ticket["id"]


def test_measurements_and_their_explanation(room: Room) -> None:
    """Inputs, prediction, rule and runner-up, for whoever asks why."""
    body = room.ask(bandwidth_kbps="3000", buffer_s="25", rtt_ms="45", level="1", explain="1").json_body
    assert (body["basis"], body["start"]) == ("measured", False)
    explain = body["explain"]
    assert explain["inputs"]["buffer_s"] == 25.0
    assert explain["inputs"]["latency_ms"] == 45.0
    assert explain["inputs"]["last_kbps"] == 500
    assert 0 < explain["prediction_kbps"]["p10"] < explain["prediction_kbps"]["p90"]
    assert explain["level"]["id"] == body["recommended"]["id"]
    assert "runner_up" in explain
    assert explain["rule"] == body["rule"]
    small = room.ask(bandwidth_kbps="30000", buffer_s="25", width="320", height="180", save_data="1").json_body
    assert (small["cap"]["reason"], small["recommended"]["id"]) == ("screen", room.rungs[0])


GARBAGE = {
    "bandwidth_kbps": ["0", "-5", "nan", "inf", "1e999", "fast"],
    "buffer_s": ["-1", "NaN"],
    "rtt_ms": ["-0.1"],
    "level": ["-1", "1.5", "16"],
    "width": ["-1"],
    "height": ["tall"],
    "dpr": ["0"],
    "save_data": ["perhaps"],
    "effective_type": ["6g"],
    "explain": ["2"],
    "session": ["x" * 65],
    "token": ["t" * 257],
}


def test_garbage_in_the_query_is_told_by_its_name(room: Room) -> None:
    """400, with the field."""
    for name, values in GARBAGE.items():
        for value in values:
            answer = room.ask(**{name: value})
            assert code(answer) == (400, "invalid_request"), (name, value)
            assert [error["field"] for error in answer.json_body["errors"]] == [name]


def test_what_is_too_much_is_clamped(room: Room) -> None:
    """Numbers that are numbers are taken, as far as they make sense; a level above the ladder is told."""
    huge = room.ask(bandwidth_kbps="1e300", buffer_s="1e300", rtt_ms="1e300", width="1e9", height="1e9", dpr="1e9")
    assert huge.status_code == 200
    above = room.ask(level="9")
    assert code(above) == (400, "invalid_request")
    assert above.json_body["detail"].startswith("level ")


def test_the_same_report_twice_and_an_older_one_later(room: Room) -> None:
    """Nothing changes, down to the tables."""
    events = [room.segment(n) for n in range(1, 5)]
    first = room.report(SES, *events).json_body
    before = stored_items("player_sessions"), stored_items("network_history")
    for again in (events, events[:2], events[::-1]):
        another_lambda()
        answer = room.report(SES, *again).json_body
        assert (answer["accepted"], answer["ignored"]) == (0, len(again))
        assert answer["recommended"] == first["recommended"]
    assert (stored_items("player_sessions"), stored_items("network_history")) == before


def test_another_lambda_decides_alike(room: Room) -> None:
    """A session that moves from one to the next with every batch is the same as one that stays."""
    other = SES[:-1] + "x"
    speeds = [4000.0, 900.0, 350.0, 350.0, 700.0, 6000.0, 6000.0, 6000.0]
    for begin in range(0, len(speeds), 2):
        events = [room.segment(1 + n, speeds[n], bl=1000 * (2 + n)) for n in (begin, begin + 1)]
        stays = room.report(SES, *events).json_body
        another_lambda()
        moves = room.report(other, *events).json_body
        assert moves == stays


def test_reports_at_once(room: Room) -> None:
    """Every one is taken, or told to come again; what was told to be known is known."""
    room.report(SES, room.segment(1))
    batches = [[room.segment(n)] for n in range(2, 6)]
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda events: room.report(SES, *events), batches))
    assert {answer.status_code for answer in answers} <= {200, 503}
    for answer in answers:
        if answer.status_code == 503:
            assert (answer.json_body["code"], answer.headers["Retry-After"]) == ("session_contended", "2")
    known = room.report(SES, room.segment(1)).json_body["last_seq"]
    assert known == max(a.json_body["last_seq"] for a in answers if a.status_code == 200)
    (item,) = stored_items("player_sessions")
    written = sum(a.json_body["accepted"] for a in answers if a.status_code == 200)
    assert int(item["version"]["N"]) == 1 + written


def test_whose_session(room: Room) -> None:
    """Another viewer, another recording, a forged or expired token: each is refused, and nothing is written."""
    room.api.call("PATCH", room.path, {"visibility": "public"})
    room.report(SES, room.segment(1))
    before = stored_items("player_sessions")
    token = make_session_token(KEY, room.recording_id, SES, 4_000_000_000)
    expired = make_session_token(KEY, room.recording_id, SES, 1000)
    foreign = make_session_token(KEY, "rec_00000000000000000000", SES, 4_000_000_000)
    for user in ("berta", None):
        assert code(room.report(SES, room.segment(2), user=user)) == (404, "session_not_found")
        assert code(room.ask(user, session=SES)) == (404, "session_not_found")
    for bad in (foreign, token[:-1], "x", "s1.9999999999.x"):
        assert code(room.report(SES, room.segment(2), user=None, token=bad)) == (401, "session_token_invalid")
    assert code(room.report(SES, room.segment(2), user=None, token=expired)) == (401, "session_token_expired")
    assert code(room.report("short", room.segment(2))) == (404, "session_not_found")
    assert code(room.ask(session="short")) == (404, "session_not_found")
    assert stored_items("player_sessions") == before
    assert room.report(SES, room.segment(2), user=None, token=token).status_code == 200


def test_who_may(room: Room) -> None:
    """As playback: owner, link, token of the session, anybody when it is public; nobody else."""
    link = room.api.call("GET", room.path).json_body["master_url"]
    grant = parse_qs(urlsplit(link).query)["grant"][0]
    token = make_session_token(KEY, room.recording_id, SES, 4_000_000_000)
    events = [room.segment(1)]

    def both(user: str | None, session: str = SES, **query: str) -> set[tuple[int, str]]:
        return {code(room.ask(user, **query)), code(room.report(session, *events, user=user, **query))}

    assert both(None) == {(401, "unauthorized")}
    assert both("berta") == {(404, "recording_not_found")}
    assert both(None, grant="v1.9999999999.x") == {(401, "grant_invalid")}
    assert both("anna") == {(200, "")}
    assert both(None, "g" * 20, grant=grant) == {(200, "")}
    assert both("berta", "b" * 20, grant=grant) == {(200, "")}
    assert room.ask(None, session=SES, token=token).status_code == 200
    room.api.call("DELETE", room.path)
    assert code(room.ask(None, session=SES, token=token)) == (404, "recording_not_found")
    assert code(room.report(SES, *events, user=None, token=token)) == (404, "recording_not_found")


def test_nothing_to_choose_among_yet(api: Api) -> None:
    """Players are told when to come back; a broken recording says so."""
    recording_id = api.uploaded()
    path = f"/v1/recordings/{recording_id}"
    calls = [
        ("GET", f"{path}/quality/recommended", None),
        ("POST", f"{path}/sessions/{SES}/events", {"events": [{"kind": "join", "seq": 0}]}),
    ]
    for method, route, body in calls:
        early = api.call(method, route, body)
        assert code(early) == (409, "not_playable_yet")
        assert early.headers["Retry-After"] == "1"
    container.recordings().update(recording_id, status=RecordingStatus.ERRORED, error_detail="No video.")
    for method, route, body in calls:
        assert code(api.call(method, route, body)) == (409, "recording_errored")


NO_REPORTS = (
    b"",
    b"{",
    b"\xff\xfe",
    b"null",
    b"[]",
    b'{"events": []}',
    b'{"events": [NaN]}',
    b'{"events": [{"kind": "dance", "seq": 1}]}',
    b'{"events": [{"kind": "stall"}]}',
    b'{"events": ' + b"[" * 5000,
    b'{"events": [{"kind": "stall", "seq": ' + b"9" * 5000 + b"}]}",
    json.dumps({"events": [{"kind": "stall", "seq": n} for n in range(51)]}).encode(),
)


def test_what_is_no_report(room: Room) -> None:
    """400 with a sentence, whatever it is; nothing is written."""
    path = f"{room.path}/sessions/{SES}/events"
    for body in NO_REPORTS:
        answer = room.api.call("POST", path, body, headers={"Content-Type": "text/plain"})
        assert code(answer) == (400, "invalid_request"), body[:40]
        assert answer.json_body["detail"]
    assert stored_items("player_sessions") == []


def test_reports_are_small(room: Room) -> None:
    """To the byte: 16 KiB are taken, one more is not."""
    text = json.dumps({"events": [room.segment(1)]})
    for size, status in ((MAX_REPORT_BYTES, 200), (MAX_REPORT_BYTES + 1, 413)):
        answer = room.api.call("POST", f"{room.path}/sessions/{SES}/events", text.ljust(size).encode())
        assert answer.status_code == status


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@given(document=JSON_VALUES | st.fixed_dictionaries({"events": st.lists(JSON_VALUES, min_size=1, max_size=3)}))
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_json_is_answered(room: Room, document: Any) -> None:
    """Never with a 500."""
    body = json.dumps(document).encode()
    answer = room.api.call("POST", f"{room.path}/sessions/{SES}/events", body)
    assert answer.status_code in {200, 400}


def test_the_networks_past_helps_the_next_viewer(room: Room) -> None:
    """What one session measured is what the next one starts from; no address is kept."""
    for number in range(3):
        session = f"ses_{number:020d}"
        assert room.report(session, *(room.segment(n, kbps=180.0) for n in range(1, 31))).status_code == 200
    another_lambda()
    body = room.ask().json_body
    assert (body["basis"], body["prior"]) == ("network", {"mean_log_kbps": 5.2, "weight": 3.0})
    kept = json.dumps(stored_items("network_history") + stored_items("player_sessions"), default=str)
    assert "127.0.0" not in kept


def test_the_cdns_word_for_the_viewer(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Counts with the key that only it has: then the past is another network's."""
    secrets = clients.client("secretsmanager")
    secrets.create_secret(Name="headwater-local-edge-key", SecretString="edge\n")
    monkeypatch.setenv("HEADWATER_EDGE_SECRET", "headwater-local-edge-key")

    config.settings.cache_clear()
    container.reset()
    forwarded = {"CloudFront-Viewer-Address": "198.51.100.7:4711"}
    path = f"{room.path}/sessions/{SES}/events"
    body = {"events": [room.segment(n) for n in range(1, 16)]}
    sent = room.api.call("POST", path, body, headers=forwarded | {"X-Headwater-Edge": "edge"})
    assert sent.status_code == 200
    pasts = {address: container.network_pasts().of(address) for address in ("198.51.100.200", "127.0.0.1")}
    assert pasts["127.0.0.1"] is None
    assert pasts["198.51.100.200"] is not None
    forged = room.api.call("GET", f"{room.path}/quality/recommended", headers=forwarded | {"X-Headwater-Edge": "no"})
    assert forged.json_body["basis"] == "default"
