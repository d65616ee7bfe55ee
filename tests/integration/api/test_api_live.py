"""Live streams over HTTP, on moto's tables, buckets and queues."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest
from support.lambda_events import Context
from support.live import HIGH, LOW, SOUND, segment

from chalicelib import container, live_container
from chalicelib.domain.job import Rendition
from chalicelib.domain.keys import master_key
from chalicelib.domain.live.keys import live_playlist_key, window_key
from chalicelib.domain.live.messages import FinishMessage, parse_live_message
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.live.stream import StreamStatus
from chalicelib.domain.messages import DeleteMessage, parse_message
from chalicelib.domain.recording import RecordingStatus
from chalicelib.entrypoints.ingest_authorizer import ingest_authorizer

if TYPE_CHECKING:
    from chalice.test import HTTPResponse
    from conftest import Api

RUNGS = (Rendition(LOW, "video", "360p", 250, 640, 360), Rendition(HIGH, "video", "720p", 500, 1280, 720))


@dataclass
class Stage:
    """A private live recording of Anna's."""

    api: Api
    recording_id: str

    @property
    def path(self) -> str:
        """Of its stream."""
        return f"/v1/recordings/{self.recording_id}/stream"

    def start(self, **wishes: object) -> dict[str, Any]:
        """Begin a stream; returns the answer's body."""
        answer = self.api.call("POST", f"{self.path}/start-live", wishes or None)
        assert answer.status_code == 201, answer.body
        return dict(answer.json_body)

    def show(self, stream_id: str) -> LiveState:
        """Store the state that two packaged segments make."""
        sound = Rendition(SOUND, "audio", "Audio", 128)
        state = LiveState(stream_id, self.recording_id, renditions=(sound, *RUNGS))
        for n in range(2):
            state = state.accept(segment(n, stream_id=stream_id), 0.0)
        body = json.dumps(state.to_dict()).encode()
        container.source_objects().put_bytes(
            window_key(stream_id), body, content_type="application/json", cache_control="no-store"
        )
        return state

    def feed(self, started: dict[str, Any], method: str, path: str, body: object = None) -> HTTPResponse:
        """Call as the encoder."""
        key = {"X-Stream-Key": started["ingest"]["key"]}
        return self.api.call(method, f"/v1/live/{started['stream']['id']}{path}", body, user=None, headers=key)

    def put(self, url: str, name: str) -> dict[str, Any]:
        """Ask the gateway's authorizer about a bare PUT."""
        event = {"methodArn": "arn", "path": urlsplit(url).path + name, "httpMethod": "PUT"}
        answer: dict[str, Any] = ingest_authorizer(event, Context())
        return answer


@pytest.fixture
def stage(api: Api) -> Stage:
    """One that waits for its stream."""
    made = api.call("POST", "/v1/recordings", {"title": "Talk", "live": True, "room_id": "hall"})
    assert made.status_code == 201, made.body
    return Stage(api, made.json_body["recording"]["id"])


def code(answer: HTTPResponse) -> tuple[int, str]:
    """Return status and problem code."""
    return answer.status_code, (answer.json_body or {}).get("code", "")


def test_a_live_recording_waits(stage: Stage) -> None:
    """It has no file and no upload, is listed, and says of everything about files that it has none."""
    path = f"/v1/recordings/{stage.recording_id}"
    row = stage.api.call("GET", path).json_body
    assert (row["status"], row["live"], row["stream_id"], row["filename"]) == ("waiting", True, None, None)
    listed = stage.api.call("GET", "/v1/recordings", status="waiting").json_body["recordings"]
    assert [recording["id"] for recording in listed] == [stage.recording_id]
    for asked in ("GET upload", "POST upload/complete", "POST transcode/quality", "GET download"):
        method, route = asked.split()
        assert code(stage.api.call(method, f"{path}/{route}")) == (409, "recording_live"), route
    assert code(stage.api.call("GET", f"{path}/stream/master.m3u8")) == (409, "not_playable_yet")
    assert code(stage.api.call("GET", f"{path}/quality/recommended")) == (409, "not_playable_yet")
    progress = stage.api.call("GET", f"{path}/transcode/progress").json_body
    assert (progress["status"], progress["playable"], progress["renditions"]) == ("pending", False, [])
    assert code(stage.api.call("POST", f"{path}/transcode/retry")) == (409, "job_not_failed")


def test_a_stream_from_start_to_stop(stage: Stage) -> None:
    """Addresses and a key; the key opens what an encoder needs; the stop asks for the recording, again too."""
    started = stage.start(target_s=1, dvr_window_s=60, silence_s=10, profiles=["low", "high"])
    stream, ingest = started["stream"], started["ingest"]
    base = f"http://127.0.0.1:8787/ingest/{stream['id']}/{ingest['key']}/"
    assert (stream["status"], stream["room_id"], stream["profiles"]) == ("active", "hall", ["low", "high"])
    assert (ingest["primary"]["url"], ingest["backup"]["url"]) == (base, f"{base}backup/")
    assert (f"{base}live.m3u8" in ingest["ffmpeg"], "-hls_time 1 " in ingest["ffmpeg"]) == (True, True)
    assert code(stage.api.call("POST", f"{stage.path}/start-live")) == (409, "stream_active")
    stored = json.dumps(stage.api.call("GET", f"/v1/recordings/{stage.recording_id}").json_body)
    assert ingest["key"] not in stored

    claimed = stage.feed(started, "POST", "/epochs").json_body
    assert (claimed["epoch"], claimed["on_air"], claimed["target_s"]) == (1, True, 1)
    signed = stage.feed(started, "POST", "/uploads", {"epoch": 1, "names": ["init.mp4", "0.m4s"]}).json_body
    paths = [urlsplit(upload["url"]).path.partition("/ingest/")[2] for upload in signed["uploads"]]
    assert paths == [f"{stream['id']}/1/init.mp4", f"{stream['id']}/1/0.m4s"]
    stage.feed(started, "POST", "/epochs")
    late = stage.feed(started, "POST", "/uploads", {"epoch": 1, "names": ["1.m4s"]})
    assert code(late) == (409, "epoch_superseded")

    for _ in range(2):
        stopped = stage.api.call("DELETE", f"{stage.path}/stop-live").json_body["stream"]
        assert (stopped["status"], stopped["finished_at"]) == ("stopped", None)
    messages = [parse_live_message(body) for body in stage.api.messages("live")]
    assert messages == [FinishMessage(stream["id"])] * 2
    assert code(stage.feed(started, "POST", "/epochs")) == (409, "stream_stopped")
    assert stage.feed(started, "GET", "").json_body["status"] == "stopped"


def test_strangers(stage: Stage) -> None:
    """Somebody else's stream is no stream, and a wrong key opens nothing."""
    started = stage.start()
    asked = "POST start-live", "DELETE stop-live", "GET live", "GET live/stats", "DELETE live/viewers/x"
    for method, route in map(str.split, asked):
        answer = stage.api.call(method, f"{stage.path}/{route}", user="bob")
        assert code(answer) == (404, "recording_not_found"), route
    started["ingest"]["key"] = "sk_" + "0" * 40
    for method, route in [("GET", ""), ("POST", "/epochs")]:
        assert code(stage.feed(started, method, route)) == (404, "stream_not_found")
    keyless = stage.api.call("GET", f"/v1/live/{started['stream']['id']}", user=None)
    assert code(keyless) == (404, "stream_not_found")


def test_a_bare_encoder_finds_its_way(stage: Stage) -> None:
    """Into the bucket under its epoch; playlists nowhere; without the key, or after the end, not at all."""
    started = stage.start()
    stream_id, url = started["stream"]["id"], started["ingest"]["primary"]["url"]
    placed = [stage.put(url, name)["context"] for name in ("init.mp4", "live.m3u8", "s00000.m4s", "s00001.m4s")]
    assert placed == [
        {"bucket": "headwater-local-source", "key": f"ingest/{stream_id}/1/init.mp4"},
        {"discard": "true", "bucket": "headwater-local-source", "key": "discarded/playlist"},
        {"bucket": "headwater-local-source", "key": f"ingest/{stream_id}/1/0.m4s"},
        {"bucket": "headwater-local-source", "key": f"ingest/{stream_id}/1/1.m4s"},
    ]
    backup = stage.put(started["ingest"]["backup"]["url"], "s7.ts")
    assert backup["context"]["key"] == f"ingest/{stream_id}/2/7.ts"
    wrong = stage.put(url.replace("sk_", "sk_0"), "s00002.m4s")
    assert wrong["context"]["code"] == "stream_not_found"
    stage.api.call("DELETE", f"{stage.path}/stop-live")
    over = stage.put(url, "s00002.m4s")
    assert (over["policyDocument"]["Statement"][0]["Effect"], over["context"]["code"]) == ("Deny", "stream_stopped")


def test_watching_a_stream(stage: Stage) -> None:
    """The live playlist with cookies, a rung to begin with, a socket that opens once, and numbers for its owner."""
    started = stage.start()
    stream_id = started["stream"]["id"]
    stage.show(stream_id)
    master = stage.api.call("GET", f"{stage.path}/master.m3u8")
    text = master.body.decode()
    assert [f"/{live_playlist_key(stage.recording_id, name)}" in text for name in (LOW, HIGH, SOUND)] == [True] * 3
    assert any("CloudFront" in name for name in str(master.headers["Set-Cookie"]).split(";"))
    advice = stage.api.call("GET", f"/v1/recordings/{stage.recording_id}/quality/recommended").json_body
    assert advice["recommended"]["id"] in {LOW, HIGH}
    progress = stage.api.call("GET", f"/v1/recordings/{stage.recording_id}/transcode/progress").json_body
    shown = [progress[name] for name in ("recording_status", "status", "playable", "segment_s")]
    assert shown == ["live", "in-progress", True, 2.0]
    assert {rendition["id"] for rendition in progress["renditions"]} == {SOUND, LOW, HIGH}

    grant = urlsplit(started["playback_url"]).query.removeprefix("grant=")
    seat = stage.api.call("GET", f"{stage.path}/live", user=None, grant=grant).json_body
    assert (seat["protocol"], seat["websocket_url"].split("?")[0]) == ("headwater.live.v1", "ws://127.0.0.1:8787/ws")
    token = seat["websocket_url"].partition("token=")[2]
    assert live_container.viewers().join(token, "connection=").stream_id == stream_id
    theirs = stage.api.call("GET", f"{stage.path}/live/stats", user=None, grant=grant).json_body
    assert theirs == {"stream_id": stream_id, "status": "active", "viewers": {"now": 1}}
    own = stage.api.call("GET", f"{stage.path}/live/stats").json_body
    assert (own["viewers"]["peak"], own["ingest"]["segments"], own["on_air"]) == (1, 2, None)
    assert code(stage.api.call("DELETE", f"{stage.path}/live/viewers/other")) == (404, "viewer_not_found")


def test_the_recording_afterwards(stage: Stage) -> None:
    """Its own playlist, and the same rungs to choose among."""
    stream_id = stage.start()["stream"]["id"]
    stage.show(stream_id)
    stage.api.call("DELETE", f"{stage.path}/stop-live")
    container.recordings().update(stage.recording_id, status=RecordingStatus.READY, duration_s=4.0)
    text = "#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\n/media/x/recording.m3u8\n"
    container.media_objects().put_bytes(
        master_key(stage.recording_id), text.encode(), content_type="a/b", cache_control="none"
    )
    assert stage.api.call("GET", f"{stage.path}/master.m3u8").body.decode() == text
    progress = stage.api.call("GET", f"/v1/recordings/{stage.recording_id}/transcode/progress").json_body
    assert (progress["status"], progress["percent"], progress["playable"]) == ("completed", 100.0, True)
    assert stage.api.call("GET", f"/v1/recordings/{stage.recording_id}/quality/recommended").status_code == 200
    assert code(stage.api.call("POST", f"{stage.path}/start-live")) == (409, "recording_not_empty")
    seat = stage.api.call("GET", f"{stage.path}/live").json_body
    assert (seat["status"], seat["websocket_url"]) == ("stopped", None)


def test_an_upload_becomes_a_stream(api: Api) -> None:
    """As long as not one part of it has arrived."""
    empty, begun = (Stage(api, str(api.create()["recording"]["id"])) for _ in range(2))
    api.put_parts(begun.recording_id, b"abc")
    assert code(api.call("POST", f"{begun.path}/start-live")) == (409, "recording_not_empty")
    empty.start()
    assert code(api.call("GET", f"/v1/recordings/{empty.recording_id}/upload")) == (409, "recording_live")
    recording = container.recordings().get(empty.recording_id)
    assert recording is not None
    assert (recording.status, recording.upload_id, recording.size_bytes) == (RecordingStatus.LIVE, "", 0)
    assert container.transcoder().start_from_upload(empty.recording_id) is None


def test_the_end_of_everything(stage: Stage) -> None:
    """A deleted recording takes its stream, its objects and its rows with it."""
    stream_id = stage.start()["stream"]["id"]
    stage.show(stream_id)
    live_container.segments().put(segment(0, stream_id=stream_id))
    for key in (f"ingest/{stream_id}/1/0.m4s", f"ingest/{stream_id}/1/init.mp4"):
        container.source_objects().put_bytes(key, b"x", content_type="a/b", cache_control="none")
    container.media_objects().put_bytes(
        live_playlist_key(stage.recording_id, LOW), b"#EXTM3U", content_type="a/b", cache_control="none"
    )
    assert stage.api.call("DELETE", f"/v1/recordings/{stage.recording_id}").status_code == 204
    (message,) = [parse_message(body) for body in stage.api.messages("lifecycle")]
    assert isinstance(message, DeleteMessage)
    assert container.lifecycle().delete(message)
    stopped = live_container.streams().get(stream_id)
    assert stopped is not None
    assert (stopped.status, stopped.finished_at is None) == (StreamStatus.STOPPED, False)
    assert live_container.streams().active_by_room("hall") is None
    left = [*container.source_objects().list_keys(""), *container.media_objects().list_keys("")]
    assert (left, list(live_container.segments().of_stream(stream_id))) == ([], [])
    stage.api.tell()
    container.lifecycle().delete(DeleteMessage(stage.recording_id, final=True))
    assert live_container.streams().get(stream_id) is None
    assert container.recordings().get(stage.recording_id) is None
