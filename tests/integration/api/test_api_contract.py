"""Real answers of the handlers against the schemas that openapi.json gives for them."""

from __future__ import annotations

import json
import socket
import time
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

import pytest
from jsonschema import Draft202012Validator
from referencing import Registry, Resource
from support.live import HIGH, LOW, SOUND, segment

from chalicelib import analytics_container, container
from chalicelib.adapters import clients
from chalicelib.domain.analytics.measures import Measures
from chalicelib.domain.cost import Bill, Request
from chalicelib.domain.job import Rendition
from chalicelib.domain.keys import playlist_key
from chalicelib.domain.live.health import Refusal
from chalicelib.domain.live.keys import window_key
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.recording import RecordingStatus
from chalicelib.services.analytics_ports import ViewerSession

if TYPE_CHECKING:
    from chalice.test import HTTPResponse
    from conftest import Api

BODY = {"title": "a", "filename": "a", "size_bytes": 3, "content_type": "a/b", "room_id": "r"}
ID = "/v1/recordings/{recording_id}"


@dataclass
class Contract:
    """Calls routes and holds each answer against the document the API itself serves."""

    api: Api
    document: dict[str, Any]

    def call(self, method: str, route: str, expected: int, body: object = None, **options: Any) -> HTTPResponse:
        """Call `route` (as the document writes it); the answer must be `expected` and as described."""
        recording_id = options.pop("recording_id", "")
        query = options.pop("query", {})
        path = route.replace("{recording_id}", recording_id)
        for name in (
            "language",
            "queue",
            "session",
            "stream_id",
            "connection_id",
            "room",
            "subject",
            "webhook_id",
            "delivery_id",
        ):
            path = path.replace(f"{{{name}}}", options.pop(name, ""))
        path += f"?{urlencode(query)}" if query else ""
        answer = self.api.call(method, path, body, **options)
        assert answer.status_code == expected, answer.body
        described = self.document["paths"][route][method.lower()]["responses"][str(expected)]
        if "$ref" in described:
            described = self.document["components"]["responses"][described["$ref"].rsplit("/", 1)[1]]
        if "content" not in described:
            assert answer.body == b""
            return answer
        media_type = answer.headers["Content-Type"]
        content = described["content"][media_type]
        found = json.loads(answer.body) if media_type.endswith("json") else answer.body.decode()
        self.validator(content["schema"]).validate(found)
        return answer

    def validator(self, schema: dict[str, Any]) -> Draft202012Validator:
        """Return a validator that resolves the document's own references."""
        uri = "urn:openapi"
        resource = Resource.from_contents(
            {"$schema": "https://json-schema.org/draft/2020-12/schema", "components": self.document["components"]}
        )
        registry: Registry[Any] = Registry().with_resource(uri, resource)
        text = json.dumps(schema).replace('"#/', f'"{uri}#/')
        return Draft202012Validator(
            json.loads(text), registry=registry, format_checker=Draft202012Validator.FORMAT_CHECKER
        )


def put_on_show(recording_id: str) -> None:
    """Let the recording have the playlist that its job would give it."""
    recording = container.recordings().update(recording_id, status=RecordingStatus.READY)
    assert recording is not None
    job = container.jobs().get(recording.job_id)
    assert job is not None
    uris = [playlist_key(recording_id, job.plan.source_version, r.id, job.id) for r in job.plan.streams]
    body = "\n".join(["#EXTM3U", *(f"/{uri}" for uri in uris)]).encode()
    container.media_objects().put_bytes(
        f"media/{recording_id}/master.m3u8", body, content_type="a/b", cache_control="no-cache"
    )


def show_live(recording_id: str, stream_id: str) -> None:
    """Let a stream have one segment of sound and two rungs, refused another, and be on show."""
    rungs = (Rendition(LOW, "video", "360p", 250, 640, 360), Rendition(HIGH, "video", "720p", 500, 1280, 720))
    refusal = Refusal(1_800_000_000.0, "1.m4s", "segment_too_long", "Too long.")
    state = LiveState(stream_id, recording_id, renditions=(Rendition(SOUND, "audio", "Audio", 128), *rungs))
    state = state.accept(segment(0, stream_id=stream_id), 0.0).refused(refusal)
    container.source_objects().put_bytes(
        window_key(stream_id), json.dumps(state.to_dict()).encode(), content_type="a/b", cache_control="no-store"
    )


@pytest.fixture
def contract(api: Api) -> Contract:
    """The contract as the API serves it."""
    return Contract(api, api.call("GET", "/openapi.json", user=None).json_body)


def test_answers_are_as_described(contract: Contract) -> None:
    """One recording's whole life, and every kind of refusal on the way."""
    call = contract.call
    recording_id = call("POST", "/v1/recordings", 201, BODY).json_body["recording"]["id"]
    mine = {"recording_id": recording_id}
    call("POST", "/v1/recordings", 400, {})
    call("POST", "/v1/recordings", 403, BODY, role="viewer")
    call("POST", "/v1/recordings", 413, BODY | {"size_bytes": 1 << 50})
    call("GET", f"{ID}/transcode/progress", 200, **mine)
    call("GET", f"{ID}/transcode/chunks", 200, **mine)
    call("POST", f"{ID}/transcode/quality", 409, **mine)
    call("POST", f"{ID}/upload/complete", 409, **mine)
    contract.api.put_parts(recording_id, b"abc")
    call("GET", f"{ID}/upload", 200, **mine)
    call("GET", f"{ID}/upload", 400, **mine, query={"parts": "x"})
    call("POST", f"{ID}/upload/complete", 200, **mine)
    call("GET", f"{ID}/upload", 409, **mine)
    call("PATCH", ID, 200, {"title": "b"}, **mine)
    call("PATCH", ID, 400, {"owner": "b"}, **mine)
    call("DELETE", ID, 204, **mine)
    call("DELETE", ID, 404, **mine)


def test_answers_about_playing_are_as_described(contract: Contract) -> None:
    """With a job and its renditions, playable and errored."""
    call, recording_id = contract.call, contract.api.uploaded()
    mine = {"recording_id": recording_id}
    call("POST", f"{ID}/transcode/quality", 200, **mine)
    call("POST", f"{ID}/transcode/quality", 202, {"profiles": ["low"]}, **mine)
    call("POST", f"{ID}/transcode/retry", 409, **mine)
    call("DELETE", f"{ID}/transcode", 204, **mine)
    call("POST", f"{ID}/transcode/retry", 202, **mine)
    call("DELETE", f"{ID}/transcode", 403, role="viewer", **mine)
    call("GET", f"{ID}/transcode/progress", 200, **mine)
    call("GET", f"{ID}/transcode/chunks", 200, **mine)
    call("GET", f"{ID}/transcode/chunks", 404, user="berta", **mine)
    call("GET", f"{ID}/transcode/progress", 401, user=None, **mine)
    call("GET", f"{ID}/stream/master.m3u8", 409, **mine)
    call("GET", f"{ID}/stream/master.m3u8", 401, user=None, query={"grant": "v1.1.x"}, **mine)
    container.media_objects().put_bytes(
        f"media/{recording_id}/master.m3u8", b"#EXTM3U\n", content_type="a/b", cache_control="no-cache"
    )
    call("GET", f"{ID}/stream/master.m3u8", 200, **mine)
    call("GET", ID, 200, **mine)
    container.recordings().update(
        recording_id, status=RecordingStatus.ERRORED, error_code="encode_failed", error_detail="It failed."
    )
    call("GET", ID, 200, **mine)
    call("GET", f"{ID}/transcode/progress", 200, **mine)
    call("GET", "/v1/recordings", 200)
    call("GET", "/v1/recordings", 400, query={"limit": "x"})
    call("GET", "/v1/recordings", 403, query={"owner": "berta"})


def test_answers_about_webhooks_are_as_described(contract: Contract, monkeypatch: pytest.MonkeyPatch) -> None:
    """Made, tried out, failing and removed, and every refusal."""
    look_up = socket.getaddrinfo

    def offline(host: str, *rest: Any, **more: Any) -> Any:
        if host.endswith(".invalid"):
            raise socket.gaierror
        return look_up(host, *rest, **more)

    monkeypatch.setattr(socket, "getaddrinfo", offline)
    call, all_, one = contract.call, "/v1/webhooks", "/v1/webhooks/{webhook_id}"
    body = {"url": "https://127.0.0.1:1/h", "events": ["*"]}
    call("POST", all_, 400, body)
    call("POST", all_, 400, body | {"events": ["sunrise"]})
    call("POST", all_, 403, body | {"url": "https://a.invalid/"}, role="viewer")
    made = call("POST", all_, 201, body | {"url": "https://a.invalid/h"}).json_body["webhook"]
    mine = {"webhook_id": made["id"]}
    call("GET", all_, 200)
    call("GET", one, 200, **mine)
    call("GET", one, 404, **mine, user="berta")
    call("PATCH", one, 200, {"events": ["live.ended", "live.ended"], "description": " For the  wiki "}, **mine)
    call("PATCH", one, 400, {"enabled": "no"}, **mine)
    call("POST", f"{one}/rotate", 200, **mine)
    sent = call("POST", f"{one}/test", 202, **mine).json_body["delivery"]
    delivery = {"delivery_id": sent["id"], **mine}
    call("POST", f"{one}/deliveries/{{delivery_id}}/redeliver", 409, **delivery)
    contract.api.tell()
    call("GET", one, 200, **mine)
    log = call("GET", f"{one}/deliveries", 200, **mine).json_body["deliveries"]
    assert [attempt["error"] for attempt in log[0]["attempts"]][:1] == ["name_not_found"]
    call("GET", f"{one}/deliveries", 400, query={"cursor": "x"}, **mine)
    call("PATCH", one, 200, {"enabled": False}, **mine)
    call("POST", f"{one}/test", 409, **mine)
    call("DELETE", one, 204, **mine)
    call("DELETE", one, 404, **mine)


def test_answers_about_captions_are_as_described(contract: Contract) -> None:
    """Put, listed, read, removed, refused."""
    call, recording_id = contract.call, contract.api.create()["recording"]["id"]
    mine, one = {"recording_id": recording_id}, f"{ID}/captions/{{language}}"
    srt = b"1\n00:00:01,000 --> 00:00:02,000\nHello\n"
    call("PUT", one, 201, srt, language="en", **mine)
    call("PUT", one, 200, srt, language="en", query={"default": "1"}, **mine)
    call("PUT", one, 400, b"no", language="en", **mine)
    call("PUT", one, 413, srt * 100_000, language="en", **mine)
    call("PUT", one, 404, srt, language="en", user="berta", **mine)
    call("GET", f"{ID}/captions", 200, **mine)
    call("GET", one, 200, language="en", **mine)
    call("GET", one, 401, language="en", user=None, **mine)
    call("DELETE", one, 204, language="en", **mine)
    call("DELETE", one, 404, language="en", **mine)


def test_answers_about_quality_are_as_described(contract: Contract) -> None:
    """Recommended, explained, reported, refused."""
    call, recording_id = contract.call, contract.api.uploaded()
    mine, ask, session = {"recording_id": recording_id}, f"{ID}/quality/recommended", "ses_0123456789abcdefghij"
    report = {**mine, "session": session}
    events = f"{ID}/sessions/{{session}}/events"
    call("GET", ask, 409, **mine)
    put_on_show(recording_id)
    call("GET", ask, 200, **mine)
    fast = {"bandwidth_kbps": "3000", "level": "0", "save_data": "1", "explain": "1"}
    assert call("GET", ask, 200, **mine, query=fast).json_body["explain"]
    segment = {"kind": "segment", "seq": 1, "br": 500, "d": 2000, "mtp": 4000, "bl": 2000, "at_ms": 1e12}
    join = {"kind": "join", "seq": 2, "width": 320, "height": 180}
    body = {"events": [segment, segment | {"seq": 3, "bytes": -1}, join]}
    contract.validator({"$ref": "#/components/schemas/Events"}).validate({"events": [segment, join]})
    assert call("POST", events, 200, body, **report).json_body["refused"]
    past = call("GET", ask, 200, **mine, query={"session": session}).json_body
    assert past["basis"] == "session"
    more = {"events": [segment | {"seq": n, "index": n, "at_ms": 1e12 + n} for n in range(4, 24)]}
    call("POST", events, 200, more, **report)
    assert call("GET", ask, 200, **mine).json_body["prior"]
    call("GET", ask, 400, **mine, query={"level": "x"})
    call("GET", ask, 401, user=None, **mine)
    call("GET", ask, 404, user="berta", **mine)
    call("POST", events, 400, {}, **report)
    call("POST", events, 401, body, **report, query={"token": "x"})
    call("POST", events, 404, body, **mine, session="short")
    call("POST", events, 413, b" " * 20_000, **report)


def test_answers_about_live_are_as_described(contract: Contract) -> None:
    """A stream's whole life, for its owner, its viewers and its encoder, and what each may not."""
    call, stream = contract.call, f"{ID}/stream"
    made = call("POST", "/v1/recordings", 201, {"title": "Live", "live": True}).json_body
    recording_id = made["recording"]["id"]
    here: dict[str, Any] = {"recording_id": recording_id}
    call("POST", "/v1/recordings", 400, {"title": "Live", "live": True, "filename": "a.mp4"})
    call("GET", f"{stream}/live", 404, **here)
    call("DELETE", f"{stream}/stop-live", 404, **here)
    call("POST", f"{stream}/start-live", 400, {"target_s": 7}, **here)
    call("POST", f"{stream}/start-live", 403, role="viewer", **here)
    started = call("POST", f"{stream}/start-live", 201, {"profiles": ["low"]}, **here).json_body
    call("POST", f"{stream}/start-live", 409, **here)
    call("GET", f"{stream}/live", 200, **here)
    call("GET", f"{stream}/live", 401, user=None, **here)
    call("GET", f"{stream}/live/stats", 200, **here)
    call("DELETE", f"{stream}/live/viewers/{{connection_id}}", 404, connection_id="L0SM9cOFvHcCIhw=", **here)

    key = {"headers": {"X-Stream-Key": started["ingest"]["key"]}, "user": None}
    feed: dict[str, Any] = {"stream_id": started["stream"]["id"], **key}
    live = "/v1/live/{stream_id}"
    call("GET", live, 200, **feed)
    call("GET", live, 404, stream_id="live_x", user=None)
    call("POST", f"{live}/epochs", 400, {"input": "third"}, **feed)
    call("POST", f"{live}/epochs", 201, {"first_pdt": 1_800_000_000.5}, **feed)
    call("POST", f"{live}/uploads", 200, {"epoch": 1, "names": ["init.mp4", "0.m4s"]}, **feed)
    call("POST", f"{live}/uploads", 400, {"epoch": 1, "names": ["../0.m4s"]}, **feed)
    call("POST", f"{live}/uploads", 409, {"epoch": 2, "names": ["0.m4s"]}, **feed)
    show_live(recording_id, started["stream"]["id"])
    call("GET", live, 200, **feed)
    call("GET", f"{stream}/live/stats", 200, **here)
    call("GET", f"{stream}/master.m3u8", 200, **here)
    call("GET", f"{ID}/transcode/progress", 200, **here)
    call("GET", f"{ID}/quality/recommended", 200, **here)
    call("GET", ID, 200, **here)
    call("DELETE", f"{stream}/stop-live", 200, **here)
    call("POST", f"{live}/epochs", 409, **feed)
    call("GET", f"{stream}/live", 200, **here)


def test_answers_about_money_are_as_described(contract: Contract) -> None:
    """A receipt with everything in it, and a limit."""
    call, recording_id = contract.call, contract.api.uploaded()
    mine = {"recording_id": recording_id}
    job = call("POST", f"{ID}/transcode/quality", 202, {"profiles": ["low"], "max_cost_usd": 0.1}, **mine).json_body
    requests = dict.fromkeys(Request, 7)
    container.ledger().record(Bill("b", job["id"], "on_encode", 3538, 1234, requests=requests, stored_bytes=5))
    assert call("GET", f"{ID}/transcode/progress", 200, **mine).json_body["cost"]["usd"] > "0"
    call("POST", f"{ID}/transcode/quality", 400, {"max_cost_usd": -1}, **mine)
    call("POST", f"{ID}/transcode/retry", 400, {"max_cost_usd": -1}, **mine)


def test_answers_about_dead_letters_are_as_described(contract: Contract) -> None:
    """For an administrator, and for everybody else."""
    call, admin = contract.call, {"user": "root", "role": "admin"}
    url = contract.api.queue_urls["encode"] + "-dead"
    clients.sqs().send_message(QueueUrl=url, MessageBody="x", MessageGroupId="g")
    requeue = "/v1/dead-letters/{queue}/requeue"
    assert call("GET", "/v1/dead-letters", 200, **admin).json_body["queues"]
    call("GET", "/v1/dead-letters", 403)
    assert call("GET", "/v1/diagnosis", 200, **admin).json_body["parts"]
    call("GET", "/v1/diagnosis", 403)
    call("POST", requeue, 200, queue="encode", **admin)
    call("POST", requeue, 404, queue="none", **admin)
    call("POST", requeue, 403, queue="encode")


def test_answers_about_analytics_are_as_described(contract: Contract) -> None:
    """With nothing watched, and with a session that has everything; sheets, and who may not."""
    call, recording_id = contract.call, contract.api.create(room_id="hall")["recording"]["id"]
    mine, session = {"recording_id": recording_id}, "ses_0123456789abcdefghij"
    here = f"{ID}/analytics"
    call("GET", "/v1/analytics/overview", 200)
    call("GET", here, 200, **mine)
    call("GET", f"{here}/attendance", 200, **mine)
    day = datetime.now(UTC).date().isoformat()
    sums = Measures(sessions=1, views=1, viewers=1, watch_ms=9, seen={"0": 1}, slots={"0": 9}, rungs={"720p 1000k": 9})
    rollups = analytics_container.rollups()
    rollups.write_settled("o#anna", day, sums)
    rollups.write_settled(f"r#{recording_id}", day, replace(sums, by={"device/tv/sessions": 1}))
    rollups.write_total(recording_id, "anna", sums)
    now = time.time()
    watched = ViewerSession(recording_id, session, now - 9, owner="anna", room_id="hall", user_id="bob", viewer="v")
    whole = {"session_end": now, "startup_ms": 5, "qoe": 1.5, "good": True, "device": "tv", "bitrate_selected": 900}
    analytics_container.sessions().put(replace(watched, **whole))
    analytics_container.sessions().put(replace(watched, session=f"{session}2", live=True))
    events = [{"kind": "stall", "seq": 1, "at_ms": round(now * 1000) - 5000, "stall_ms": 300, "bl": 10, "pt": 900}]
    analytics_container.timelines().add(recording_id, session, events, now=now)
    call("POST", "/v1/recordings", 201, {"title": "Live", "live": True})
    assert call("GET", "/v1/analytics/overview", 200, query={"from": day}).json_body["most_watched"]
    assert call("GET", here, 200, **mine, query={"from": day, "to": day}).json_body["slots"]
    assert len(call("GET", f"{here}/sessions", 200, **mine).json_body["sessions"]) == 2
    assert call("GET", f"{here}/sessions/{{session}}", 200, session=session, **mine).json_body["why"]
    assert call("GET", f"{here}/attendance", 200, **mine).json_body["people"]
    call("GET", f"{here}/attendance", 200, **mine, query={"format": "csv"})
    assert call("GET", "/v1/rooms/{room}/attendance", 200, room="hall").json_body["people"]
    call("GET", "/v1/analytics/live", 200)
    call("GET", "/v1/analytics/overview", 400, query={"from": "x"})
    call("GET", "/v1/analytics/overview", 403, role="viewer")
    call("GET", f"{here}/sessions", 400, **mine, query={"cursor": "x"})
    call("GET", f"{here}/sessions/{{session}}", 404, session="none", **mine)
    call("GET", here, 404, user="berta", **mine)
    call("DELETE", "/v1/users/{subject}/data", 403, subject="bob")
    erased = call("DELETE", "/v1/users/{subject}/data", 200, subject="bob", user="bob", role="viewer").json_body
    assert erased == {"erased_sessions": 2, "pending": False}


@pytest.mark.parametrize("prefix", ["", "/v1"])
def test_the_open_routes(contract: Contract, prefix: str) -> None:
    """They need no token."""
    assert contract.call("GET", f"{prefix}/health", 200, user=None).json_body["version"]
    assert contract.document == contract.call("GET", f"{prefix}/openapi.json", 200, user=None).json_body
