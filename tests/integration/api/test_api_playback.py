"""Transcoding and watching over HTTP: tokens, links, public recordings, cookies."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15

from chalicelib import container
from chalicelib.domain.recording import RecordingStatus

if TYPE_CHECKING:
    from conftest import Api

WATCHED = ("transcode/progress", "stream/master.m3u8")


def publish(api: Api) -> str:
    """Upload a recording and give it a playlist; returns its path."""
    recording_id = api.uploaded()
    container.recordings().update(recording_id, status=RecordingStatus.READY)
    container.media_objects().put_bytes(
        f"media/{recording_id}/master.m3u8",
        b"#EXTM3U\n",
        content_type="application/vnd.apple.mpegurl",
        cache_control="no-cache",
    )
    return f"/v1/recordings/{recording_id}"


def grant_of(api: Api, path: str) -> str:
    """Take the grant from the owner's link."""
    link = api.call("GET", path).json_body["master_url"]
    return parse_qs(urlsplit(link).query)["grant"][0]


def test_start_and_follow_a_job(api: Api) -> None:
    """The upload started one; the same request finds it, another one makes another."""
    path = f"/v1/recordings/{api.uploaded()}"
    same = api.call("POST", f"{path}/transcode/quality")
    assert (same.status_code, same.json_body["status"]) == (200, "in-progress")
    assert {rendition["kind"] for rendition in same.json_body["renditions"]} == {"audio", "video"}
    own = {"profiles": ["low", {"name": "t", "width": 320, "height": 180, "bitrate_kbps": 100, "frame_rate": 15}]}
    first, second = (api.call("POST", f"{path}/transcode/quality", own) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 200)
    assert first.json_body["id"] == second.json_body["id"] != same.json_body["id"]
    progress = api.call("GET", f"{path}/transcode/progress").json_body
    assert (progress["job_id"], progress["playable"]) == (first.json_body["id"], False)
    assert api.messages("encode")


def test_no_job_before_the_upload(api: Api) -> None:
    """409, and viewers of their own old recordings may not either."""
    path = f"/v1/recordings/{api.create()['recording']['id']}/transcode/quality"
    early = api.call("POST", path)
    assert (early.status_code, early.json_body["code"]) == (409, "source_not_uploaded")
    assert api.call("POST", path, role="viewer").json_body["code"] == "forbidden_role"
    bad = api.call("POST", path, {"profiles": ["ultra"]})
    assert (bad.status_code, bad.json_body["errors"][0]["field"]) == (400, "profiles.0")


def test_master_playlist_sets_cookies(api: Api) -> None:
    """Three of them, for this recording's media only, signed with the CDN's key."""
    path = publish(api)
    answer = api.call("GET", f"{path}/stream/master.m3u8")
    assert (answer.status_code, answer.body) == (200, b"#EXTM3U\n")
    assert answer.headers["Content-Type"] == "application/vnd.apple.mpegurl"
    scope = f"Path=/media/{path.rsplit('/', 1)[1]}/; Max-Age=86400; HttpOnly; SameSite=Lax"
    cookies = {}
    for cookie in answer.headers["Set-Cookie"]:
        pair, _, attributes = cookie.partition("; ")
        assert attributes == scope
        name, _, cookies[name] = pair.partition("=")
    assert cookies["CloudFront-Key-Pair-Id"] == "K1"
    policy, signature = (
        base64.b64decode(cookies[name].translate(str.maketrans("-_~", "+=/")))
        for name in ("CloudFront-Policy", "CloudFront-Signature")
    )
    api.key.public_key().verify(signature, policy, PKCS1v15(), hashes.SHA1())  # noqa: S303  as CloudFront does
    (statement,) = json.loads(policy)["Statement"]
    assert statement["Resource"] == f"http://127.0.0.1:8787/media/{path.rsplit('/', 1)[1]}/*"


def test_cookies_reach_embedded_players_over_https(api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a page of another site they are sent only so, and each such site has its own; plain http has no such way."""
    path = publish(api)
    playback = container.playback()
    issue = playback.open
    monkeypatch.setattr(playback, "open", lambda *asked, **how: replace(issue(*asked, **how), secure=True))
    cookies = api.call("GET", f"{path}/stream/master.m3u8").headers["Set-Cookie"]
    assert all(cookie.endswith("; HttpOnly; SameSite=None; Secure; Partitioned") for cookie in cookies)


def test_the_picture_of_a_job(api: Api) -> None:
    """Every piece of every rung and of the sound waits; for its owner and nobody else."""
    recording_id = api.uploaded()
    path = f"/v1/recordings/{recording_id}/transcode/chunks"
    found = api.call("GET", path).json_body
    assert (found["status"], found["segment_s"]) == ("in-progress", 2.0)
    assert [chunk["start_s"] for chunk in found["chunks"]][:2] == [0.0, 2.0]
    assert {row["kind"] for row in found["renditions"]} == {"audio", "video"}
    assert {row["chunks"] for row in found["renditions"]} == {"." * len(found["chunks"])}
    assert api.call("GET", path, user="berta").json_body["code"] == "recording_not_found"
    assert api.call("GET", path, user=None).status_code == 401
    empty = api.call("GET", f"/v1/recordings/{api.create()['recording']['id']}/transcode/chunks").json_body
    assert empty == {"job_id": None, "status": "pending", "segment_s": None, "chunks": [], "renditions": []}


def test_not_playable_yet(api: Api) -> None:
    """Players are told when to come back; a broken recording says so instead."""
    path = f"/v1/recordings/{api.uploaded()}"
    early = api.call("GET", f"{path}/stream/master.m3u8")
    assert (early.status_code, early.json_body["code"]) == (409, "not_playable_yet")
    assert early.headers["Retry-After"] == "1"
    assert "Set-Cookie" not in early.headers
    container.recordings().update(
        path.rsplit("/", 1)[1], status=RecordingStatus.ERRORED, error_code="source_not_media", error_detail="No video."
    )
    broken = api.call("GET", f"{path}/stream/master.m3u8")
    assert (broken.status_code, broken.json_body["code"], broken.json_body["detail"]) == (
        409,
        "recording_errored",
        "No video.",
    )
    assert api.call("GET", path).json_body["error"] == {"code": "source_not_media", "detail": "No video."}


@pytest.mark.parametrize("route", WATCHED)
def test_who_watches_a_private_recording(api: Api, route: str) -> None:
    """Owner, admin, whoever holds a link; nobody else, and each gets the right refusal."""
    path = publish(api)
    grant, watched = grant_of(api, path), f"{path}/{route}"
    other = grant_of(api, f"/v1/recordings/{api.create()['recording']['id']}")
    expired = container.playback()._grants.issue(path.rsplit("/", 1)[1], 1000)

    def answer(user: str | None, role: str = "viewer", **query: str) -> tuple[int, str]:
        got = api.call("GET", watched, user=user, role=role, **query)
        return got.status_code, (got.json_body or {}).get("code", "")

    assert answer("anna") == (200, "")
    assert answer("root", "admin") == (200, "")
    assert answer(None, grant=grant) == (200, "")
    assert answer("berta", grant=grant) == (200, "")
    assert answer("berta", "publisher") == (404, "recording_not_found")
    assert answer(None) == (401, "unauthorized")
    assert answer(None, grant=expired) == (401, "grant_expired")
    for forged in (other, grant[:-1], "x", "v1.9999999999.x"):
        assert answer(None, grant=forged) == (401, "grant_invalid")
    assert answer(None, grant="g" * 300) == (400, "invalid_request")


@pytest.mark.parametrize("route", WATCHED)
def test_a_public_recording_needs_nothing(api: Api, route: str) -> None:
    """But a bad token is still a bad token."""
    path = publish(api)
    api.call("PATCH", path, {"visibility": "public"})
    watched = f"{path}/{route}"
    assert api.call("GET", watched, user=None).status_code == 200
    assert api.call("GET", watched, user="berta").status_code == 200
    for token in (
        "Bearer x.y.z",
        f"Bearer {api.token('anna', exp=1)}",
        f"Bearer {api.token('anna', aud='x')}",
        "Basic eA==",
    ):
        bad = api.call("GET", watched, user=None, headers={"Authorization": token})
        assert (bad.status_code, bad.json_body["code"]) == (401, "unauthorized")
        assert bad.headers["WWW-Authenticate"].startswith("Bearer")
    assert api.call("GET", path, user="berta").status_code == 404


def test_planned_rungs(api: Api) -> None:
    """Our own player may ask for what is still to come; nonsense is refused."""
    path = publish(api)
    assert api.call("GET", f"{path}/stream/master.m3u8", planned="0").status_code == 200
    odd = api.call("GET", f"{path}/stream/master.m3u8", planned="maybe")
    assert (odd.status_code, odd.json_body["errors"][0]["field"]) == (400, "planned")
