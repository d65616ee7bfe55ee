"""Recordings over HTTP: create, upload, list, change, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from chalicelib import container
from chalicelib.adapters import clients
from chalicelib.domain.keys import media_prefix, source_key
from chalicelib.domain.messages import DeleteMessage, parse_message
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Api

MIB = 1024 * 1024
GONE = "/v1/recordings/rec_00000000000000000000"


def test_create_opens_an_upload(api: Api) -> None:
    """One call, and the first parts can be sent."""
    made = api.create(size=20 * MIB, title=" e\u0301t\n\x00é ", filename="../../x.mp4", room_id="r1")
    recording, upload = made["recording"], made["upload"]
    assert (recording["title"], recording["filename"], recording["room_id"]) == ("ét é", "x.mp4", "r1")
    assert (recording["status"], recording["owner"], recording["visibility"]) == ("uploading", "anna", "private")
    assert (upload["part_count"], upload["part_size_bytes"], upload["uploaded"]) == (3, 8 * MIB, [])
    assert [(p["part_number"], p["size_bytes"]) for p in upload["parts"]] == [(1, 8 * MIB), (2, 8 * MIB), (3, 4 * MIB)]
    signed = parse_qs(urlsplit(upload["parts"][2]["url"]).query)
    assert signed["partNumber"] == ["3"]
    assert "content-length" in signed["X-Amz-SignedHeaders"][0]


def test_upload_is_resumable(api: Api) -> None:
    """The server lists what S3 has; missing parts are named; the end is idempotent."""
    path = f"/v1/recordings/{api.create(size=20 * MIB)['recording']['id']}"
    recording_id = path.rsplit("/", 1)[1]
    api.put_parts(recording_id, b"a" * 8 * MIB)
    resumed = api.call("GET", f"{path}/upload").json_body
    assert [part["part_number"] for part in resumed["uploaded"]] == [1]
    assert [part["part_number"] for part in resumed["parts"]] == [2, 3]
    again = api.call("GET", f"{path}/upload", parts="1,3").json_body
    assert [part["part_number"] for part in again["parts"]] == [1, 3]
    early = api.call("POST", f"{path}/upload/complete")
    assert (early.status_code, early.json_body["code"]) == (409, "upload_incomplete")
    assert "2-3" in early.json_body["detail"]
    api.put_parts(recording_id, b"a" * 8 * MIB, b"b" * 8 * MIB, b"c" * 4 * MIB)
    for _ in range(2):
        done = api.call("POST", f"{path}/upload/complete")
        assert (done.status_code, done.json_body["recording"]["status"]) == (200, "processing")
    late = api.call("GET", f"{path}/upload")
    assert (late.status_code, late.json_body["code"]) == (409, "upload_finished")
    head = container.source_objects().head(source_key(recording_id))
    assert head is not None
    assert head.size == 20 * MIB


def test_an_empty_file_can_be_uploaded(api: Api) -> None:
    """It is refused by the probe later, with a sentence."""
    made = api.create(size=0)
    assert [part["size_bytes"] for part in made["upload"]["parts"]] == [0]
    api.put_parts(made["recording"]["id"], b"")
    assert api.call("POST", f"/v1/recordings/{made['recording']['id']}/upload/complete").status_code == 200


def test_list(api: Api) -> None:
    """Own recordings, filtered and paged; an admin may look at anybody's."""
    ids = [api.create(room_id=f"r{n % 2}")["recording"]["id"] for n in range(3)]
    api.create(user="berta")
    assert {r["id"] for r in api.call("GET", "/v1/recordings").json_body["recordings"]} == set(ids)
    in_room = api.call("GET", "/v1/recordings", room_id="r1", status="uploading").json_body
    assert [r["id"] for r in in_room["recordings"]] == [ids[1]]
    assert api.call("GET", "/v1/recordings", status="ready").json_body["recordings"] == []
    seen: list[str] = []
    cursor: dict[str, str] = {}
    for _ in range(4):
        page = api.call("GET", "/v1/recordings", limit="2", **cursor).json_body
        seen += [recording["id"] for recording in page["recordings"]]
        if page["next_cursor"] is None:
            break
        cursor = {"cursor": page["next_cursor"]}
    assert sorted(seen) == sorted(ids)
    assert len(api.call("GET", "/v1/recordings", role="admin", user="root", owner="anna").json_body["recordings"]) == 3
    refused = api.call("GET", "/v1/recordings", owner="berta")
    assert (refused.status_code, refused.json_body["code"]) == (403, "forbidden_role")


def test_change(api: Api) -> None:
    """What is named changes; null clears the room."""
    path = f"/v1/recordings/{api.create(room_id='r')['recording']['id']}"
    changed = api.call("PATCH", path, {"title": "New", "visibility": "public", "room_id": None}).json_body
    assert (changed["title"], changed["visibility"], changed["room_id"]) == ("New", "public", None)
    assert "grant" not in changed["playback_url"]
    assert changed == api.call("GET", path).json_body
    assert changed == api.call("PATCH", path, {}).json_body


def test_delete(api: Api) -> None:
    """Invisible at once, empty after the message, without a row after the second."""
    recording_id = api.uploaded()
    path = f"/v1/recordings/{recording_id}"
    clients.s3().put_object(Bucket="headwater-local-media", Key=f"{media_prefix(recording_id)}v/1.mp4", Body=b"x")
    deleted = api.call("DELETE", path)
    assert (deleted.status_code, deleted.body) == (204, b"")
    for method, rest in [("GET", ""), ("DELETE", ""), ("GET", "/stream/master.m3u8"), ("GET", "/transcode/progress")]:
        assert api.call(method, path + rest).status_code == 404
    assert api.call("GET", "/v1/recordings").json_body["recordings"] == []
    (body,) = api.messages("lifecycle")
    message = parse_message(body)
    assert message == DeleteMessage(recording_id)
    api.tell()
    for final in (False, True):
        event = api.client.events.generate_sqs_event([DeleteMessage(recording_id, final=final).dumps()])
        for record in event["Records"]:
            record["messageId"] = "m"
        assert api.client.lambda_.invoke("on_lifecycle", event).payload == {"batchItemFailures": []}
    assert container.recordings().get(recording_id) is None
    assert container.jobs().by_recording(recording_id) == []
    assert list(container.media_objects().list_keys(media_prefix(recording_id))) == []
    assert container.source_objects().head(source_key(recording_id)) is None


BAD_BODIES: list[tuple[object, str | None]] = [
    (b"{", None),
    (b"\xff\xfe", None),
    (b"[]", "body"),
    (b"", "title"),
    ({"title": "\x00", "filename": "a", "size_bytes": 1, "content_type": "video/mp4"}, "title"),
    ({"title": "\ud800", "filename": "a", "size_bytes": 1, "content_type": "video/mp4"}, "title"),
    ({"title": "a", "filename": "a", "size_bytes": "1", "content_type": "video/mp4"}, "size_bytes"),
    ({"title": "a", "filename": "a", "size_bytes": 1, "content_type": "x"}, "content_type"),
    ({"title": "a", "filename": "a", "size_bytes": 1, "content_type": "a/b", "owner": "berta"}, "owner"),
]


def test_bad_bodies(api: Api) -> None:
    """Always a 400 that says where."""
    for body, field in BAD_BODIES:
        answer = api.call("POST", "/v1/recordings", body)
        document = answer.json_body
        assert (answer.status_code, document["code"]) == (400, "invalid_request")
        assert field is None or field in {error["field"] for error in document["errors"]}


def test_the_content_type_header_is_not_held_against_anybody(api: Api) -> None:
    """A plain `curl -d` says it sends a form."""
    path = f"/v1/recordings/{api.create()['recording']['id']}"
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert api.call("PATCH", path, b'{"title": "New"}', headers=headers).json_body["title"] == "New"
    assert api.call("GET", path, headers={"Content-Type": "text/plain"}).status_code == 200


def test_limits(api: Api) -> None:
    """Too large a file, too large a body, a cursor that is not ours."""
    fields = {"title": "a", "filename": "a", "content_type": "a/b"}
    for size in (64 * 1024**3 + 1, 10**40):
        huge = api.call("POST", "/v1/recordings", {**fields, "size_bytes": size})
        assert (huge.status_code, huge.json_body["code"]) == (413, "upload_too_large")
    fat = api.call("POST", "/v1/recordings", {**fields, "title": "a" * 70_000, "size_bytes": 1})
    assert (fat.status_code, fat.json_body["code"]) == (413, "payload_too_large")
    lost = api.call("GET", "/v1/recordings", cursor="nonsense")
    assert (lost.status_code, lost.json_body["code"]) == (400, "bad_cursor")
    assert api.call("GET", "/v1/recordings", limit="0").json_body["code"] == "invalid_request"


ROUTES = [
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("GET", "/upload"),
    ("POST", "/upload/complete"),
    ("POST", "/transcode/quality"),
    ("GET", "/transcode/progress"),
    ("GET", "/stream/master.m3u8"),
]


def test_strangers_find_nothing(api: Api) -> None:
    """Somebody else's recording and none at all are the same answer, letter by letter."""
    hers = f"/v1/recordings/{api.create()['recording']['id']}"
    for method, rest in ROUTES:
        paths = [hers + rest, GONE + rest, f"/v1/recordings/x%00y{rest}"]
        answers = [api.call(method, path, user="berta") for path in paths]
        assert [answer.status_code for answer in answers] == [404, 404, 404]
        assert answers[0].json_body["code"] == "recording_not_found"
        assert answers[0].body == answers[1].body == answers[2].body


def test_viewers_do_not_create(api: Api) -> None:
    """403, because they are known."""
    body = {"title": "a", "filename": "a", "size_bytes": 1, "content_type": "a/b"}
    answer = api.call("POST", "/v1/recordings", body, role="viewer")
    assert (answer.status_code, answer.json_body["code"]) == (403, "forbidden_role")


def test_troubles_of_ours(api: Api, refuse: Callable[[str, Exception], None]) -> None:
    """A document either way, and no inside shown."""
    for error, status in ((Transient("aws_unavailable", "Busy."), 503), (KeyError("secret"), 500)):
        refuse("library", error)
        answer = api.call("GET", "/v1/recordings")
        assert answer.status_code == status
        assert answer.headers["Content-Type"] == "application/problem+json"
        assert b"secret" not in answer.body


def test_rows_survive_a_crash_between_the_writes(api: Api) -> None:
    """A row without an upload is repaired by whoever asks for it."""
    recording_id = api.create()["recording"]["id"]
    container.recordings().update(recording_id, upload_id="")
    assert len(api.call("GET", f"/v1/recordings/{recording_id}/upload").json_body["parts"]) == 1
    row = container.recordings().get(recording_id)
    assert row is not None
    assert row.upload_id
    assert row.status == RecordingStatus.UPLOADING
