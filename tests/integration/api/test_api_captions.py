"""Captions over HTTP: uploaded in any of their formats, announced to players, read, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import m3u8
import pytest
from support.media import result

from chalicelib import container
from chalicelib.domain.keys import captions_prefix, chunk_key

if TYPE_CHECKING:
    from conftest import Api

SRT = b"\xef\xbb\xbf1\r\n00:00:01,000 --> 00:00:02,500\r\nHello <b>you</b> & <script>me</script>\r\n"
VTT = (
    b"WEBVTT\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n\n00:00:01.000 --> 00:00:02.500\nHello <b>you</b> &amp; me\n"
)


def make_playable(recording_id: str) -> None:
    """Commit and publish what a viewer needs to begin, as two workers would."""
    recording = container.recordings().get(recording_id)
    assert recording is not None
    job = container.jobs().get(recording.job_id)
    assert job is not None
    assert job.plan.audio is not None
    for rendition in (job.plan.audio, job.plan.video[0]):
        key = chunk_key(job.recording_id, job.plan.source_version, rendition.id, 0, "a")
        codec = "mp4a.40.2" if rendition.kind == "audio" else "avc1.64001F"
        assert container.jobs().commit(job.id, rendition.id, 0, attempt="a", result=result(key, codec=codec), now=1.0)
        container.publisher().chunk_committed(job.id, rendition.id, 0)


def subtitles(text: bytes) -> list[tuple[str, str, str]]:
    """Name, language and default of the tracks that a master lists."""
    return [(m.name, m.language, m.default) for m in m3u8.loads(text.decode()).media if m.type == "SUBTITLES"]


@pytest.mark.parametrize(
    "content_type", ["text/vtt", "application/x-subrip", "text/plain; charset=utf-8", "application/octet-stream", ""]
)
def test_any_declared_type_is_taken_for_what_it_is(api: Api, content_type: str) -> None:
    """201 with what was understood, 200 when it is replaced; read back as WebVTT with nothing harmful in it."""
    path = f"/v1/recordings/{api.create()['recording']['id']}/captions"
    answer = api.call("PUT", f"{path}/DE-at", SRT, headers={"Content-Type": content_type}, default="1")
    expected = {"language": "de-AT", "label": "Deutsch (AT)", "kind": "subtitles", "default": True}
    expected |= {"origin": "uploaded", "cues": 1}
    assert (answer.status_code, answer.json_body) == (201, expected), answer.body
    again = api.call("PUT", f"{path}/de-AT", SRT, label="Austrian", kind="captions")
    expected |= {"label": "Austrian", "kind": "captions", "default": False}
    assert (again.status_code, again.json_body) == (200, expected)
    assert api.call("GET", path).json_body == {"captions": [expected]}
    read = api.call("GET", f"{path}/de-AT")
    assert (read.status_code, read.headers["Content-Type"], read.body) == (200, "text/vtt", VTT)


def test_players_find_them(api: Api) -> None:
    """In the stored master and in the planned one; not any more after they were removed."""
    recording_id = api.uploaded()
    path = f"/v1/recordings/{recording_id}"
    assert api.call("PUT", f"{path}/captions/en", SRT).status_code == 201
    make_playable(recording_id)
    assert api.call("PUT", f"{path}/captions/de", SRT, default="1").status_code == 201
    for planned in "01":
        master = api.call("GET", f"{path}/stream/master.m3u8", planned=planned).body
        assert subtitles(master) == [("Deutsch", "de", "YES"), ("English", "en", "NO")]
    media = container.media_objects()
    playlists = [m.uri for m in m3u8.loads(master.decode()).media if m.type == "SUBTITLES"]
    segments = {m3u8.loads((media.get(uri[1:]) or b"").decode()).segments[0].uri for uri in playlists}
    assert [media.get(captions_prefix(recording_id) + name) for name in segments] == [VTT, VTT]
    for language in ("de", "en"):
        answer = api.call("DELETE", f"{path}/captions/{language}")
        assert (answer.status_code, answer.body) == (204, b"")
    assert subtitles(api.call("GET", f"{path}/stream/master.m3u8").body) == []
    assert list(media.list_keys(captions_prefix(recording_id))) == []
    gone = api.call("DELETE", f"{path}/captions/de")
    assert (gone.status_code, gone.json_body["code"]) == (404, "captions_not_found")


@pytest.mark.parametrize(
    ("language", "body", "status", "code", "says"),
    [
        ("en", b"", 400, "captions_empty", "no captions"),
        ("en", b"Dear all", 400, "captions_malformed", "Line 1"),
        ("en", b"1\n00:00:01,000 -> 00:00:02,000\nA\n\n00:1 --> 2\n", 400, "captions_malformed", "Line 5"),
        ("en", "1\n00:00:01,000 --> 00:00:02,000\nCafé".encode("latin-1"), 400, "captions_not_utf8", "Line 3"),
        ("en", b"a" * (2 * 1024 * 1024 + 1), 413, "captions_too_large", "2 MiB"),
        ("english", SRT, 400, "captions_bad_language", "one looks like"),
    ],
)
def test_what_is_refused(api: Api, language: str, body: bytes, status: int, code: str, says: str) -> None:
    """A code, and a sentence with the line to look at."""
    path = f"/v1/recordings/{api.create()['recording']['id']}/captions"
    answer = api.call("PUT", f"{path}/{language}", body, headers={"Content-Type": "application/octet-stream"})
    assert (answer.status_code, answer.json_body["code"]) == (status, code)
    assert says in answer.json_body["detail"]
    assert api.call("GET", path).json_body == {"captions": []}


def test_a_query_that_means_nothing(api: Api) -> None:
    """It is told by field."""
    path = f"/v1/recordings/{api.create()['recording']['id']}/captions/en"
    answer = api.call("PUT", path, SRT, kind="karaoke", default="maybe", label="x" * 61)
    assert answer.status_code == 400
    assert {error["field"] for error in answer.json_body["errors"]} == {"kind", "default", "label"}


def test_who_may(api: Api) -> None:
    """Change: the owner, also one who may not publish any more, and an admin. Read: whoever may watch."""
    recording_id = api.create()["recording"]["id"]
    path = f"/v1/recordings/{recording_id}/captions"
    assert api.call("PUT", f"{path}/en", SRT, user=None).status_code == 401
    assert api.call("PUT", f"{path}/en", SRT, user="berta").json_body["code"] == "recording_not_found"
    assert api.call("PUT", f"{path}/en", SRT, role="viewer").status_code == 201
    assert api.call("PUT", f"{path}/de", SRT, user="root", role="admin").status_code == 201
    for what in (path, f"{path}/en"):
        assert api.call("GET", what, user=None).status_code == 401
        assert api.call("GET", what, user="berta").status_code == 404
    grant = api.call("GET", f"/v1/recordings/{recording_id}").json_body["playback_url"].split("grant=")[1]
    assert api.call("GET", f"{path}/en", user=None, grant=grant).body == VTT
    api.call("PATCH", f"/v1/recordings/{recording_id}", {"visibility": "public"})
    assert len(api.call("GET", path, user=None).json_body["captions"]) == 2
    assert api.call("DELETE", f"{path}/en", user="berta").status_code == 404
    assert api.call("DELETE", f"{path}/en", user=None).status_code == 401
    assert api.call("DELETE", f"{path}/en").status_code == 204
    assert api.call("GET", f"{path}/en").json_body["code"] == "captions_not_found"
