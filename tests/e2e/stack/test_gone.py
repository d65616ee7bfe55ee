"""Deleted means gone: all that a stack keeps is looked through, and every address that was served is asked again.

What may stay is listed in docs/security.md, "What is deleted".
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin

import aiohttp
import httpx
import pytest
from support.bare_encoder import encode, ended
from support.loops import run_aside
from support.remains import kept, names_of, send_final, speaking_of
from support.stack import ROOT, settled, someone
from support.waiting import eventually

from chalicelib.domain.messages import DeleteMessage

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from support.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
CLIP = ROOT / "headwater" / "doctor" / "clip.mp4"
CAPTIONS = b"WEBVTT\n\n00:00.000 --> 00:01.000\nA line that nobody should find\n" + b"NOTE filler\n\n" * 60
LIFECYCLE = "message headwater-local-lifecycle "
TOLD = "row headwater-local-webhook_deliveries "


@pytest.fixture
def encoders() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Encoders that end with the test."""
    yield from ended([])


def cookies_of(stack: Stack, api: httpx.Client, recording_id: str) -> tuple[str, dict[str, str]]:
    """Return the multivariant playlist and what opens its media."""
    got = api.get(f"/recordings/{recording_id}/stream/master.m3u8").raise_for_status()
    jar = {"Cookie": "; ".join(f"{name}={value}" for name, value in got.cookies.items())}
    api.cookies.clear()
    assert stack.url
    return got.text, jar


def played(stack: Stack, api: httpx.Client, recording_id: str) -> tuple[dict[str, str], dict[str, str]]:
    """Fetch everything that a player would; returns what was served (address to ETag) and the cookies."""
    master, jar = cookies_of(stack, api, recording_id)
    shown = api.get(f"/recordings/{recording_id}").json()
    waiting = [line for line in master.splitlines() if line.startswith("/media/")]
    waiting += [part.split('"')[1] for part in master.split("URI=")[1:]]
    waiting += [url for url in (shown["poster_url"], shown["storyboard_url"]) if url]
    served: dict[str, str] = {}
    while waiting:
        path = waiting.pop()
        url = path.partition("#")[0]
        if url in served:
            continue
        answer = httpx.get(f"{stack.url}{url}", headers=jar, timeout=60)
        assert answer.status_code == 200, (url, answer.text[:200])
        served[url] = answer.headers["ETag"]
        if url.endswith((".m3u8", ".vtt")):
            inside = [line for line in answer.text.splitlines() if line and not line.startswith("#")]
            inside += [part.split('"')[1] for part in answer.text.split("URI=")[1:]]
            known = (".m3u8", ".mp4", ".m4s", ".jpg", ".vtt")
            waiting += [urljoin(url, name) for name in inside if name.partition("#")[0].endswith(known)]
    return served, jar


def watched(stack: Stack, api: httpx.Client, recording_id: str, user: str | None) -> str:
    """Report a session, by a person or by nobody in particular; returns its id."""
    ticket = api.get(f"/recordings/{recording_id}/quality/recommended").raise_for_status().json()["session"]
    at = round(1000 * time.time()) - 5000
    events: list[dict[str, Any]] = [
        {"kind": "join", "seq": 0, "at_ms": at, "vid": "0a1b2c3d4e5f60718293", "device": "tv", "live": False},
        {"kind": "start", "seq": 1, "at_ms": at + 500, "startup_ms": 500, "wt": 0},
        {"kind": "segment", "seq": 2, "at_ms": at + 900, "br": 250, "d": 2000, "bytes": 62_000, "duration_ms": 300},
        {"kind": "stall", "seq": 3, "at_ms": at + 2000, "stall_ms": 300, "wt": 900, "seen": [[0, 900]]},
        {"kind": "end", "seq": 4, "at_ms": at + 3000, "wt": 1900, "seen": [[900, 1900]], "reason": "ended"},
    ]
    headers = {"Authorization": f"Bearer {stack.token(user)}"} if user else {}
    url = f"{stack.url}{ticket['events_url']}"
    httpx.post(url, json={"events": events}, headers=headers, timeout=60).raise_for_status()
    return str(ticket["id"])


def delete(api: httpx.Client, recording_id: str) -> None:
    """Delete twice at once: one is let through, and whoever comes later finds nothing."""
    with ThreadPoolExecutor(2) as pool:
        answers = [one.status_code for one in pool.map(api.delete, [f"/recordings/{recording_id}"] * 2)]
    assert 204 in answers
    assert set(answers) <= {204, 404}
    assert api.get(f"/recordings/{recording_id}").status_code == 404


def finish(stack: Stack, recording_id: str) -> None:
    """Wait for the first pass, then have the second at once instead of in a quarter of an hour."""
    row = f"row headwater-local-recordings {recording_id}"

    def only_the_row() -> bool:
        left = [place for place in speaking_of(kept(stack), [recording_id]) if place.startswith(("object", "upload"))]
        waiting = [text for place, text in kept(stack).items() if place.startswith(LIFECYCLE) and recording_id in text]
        return left == [] and any('"final":true' in text for text in waiting)

    eventually(only_the_row)
    assert any(place.startswith("row headwater-local-recordings") for place in speaking_of(kept(stack), [recording_id]))
    send_final(stack, DeleteMessage(recording_id, final=True).dumps())
    eventually(lambda: row not in kept(stack) and not _row_of(stack, recording_id))


def _row_of(stack: Stack, recording_id: str) -> list[str]:
    return [
        place
        for place in speaking_of(kept(stack), [recording_id])
        if place.startswith("row headwater-local-recordings ")
    ]


def left(stack: Stack, names: set[str]) -> dict[str, set[str]]:
    """Return what speaks of something that was deleted, but for what docs/security.md lists.

    The message of the second pass waits out its quarter of an hour, and finds nothing; the owner's log of webhooks
    keeps what was sent for some days.
    """
    found = speaking_of(kept(stack), names)
    return {place: said for place, said in found.items() if not place.startswith((LIFECYCLE, TOLD))}


def gone_from_the_edge(stack: Stack, served: dict[str, str], jar: dict[str, str]) -> None:
    """With cookies that are still good: neither the bytes, nor a part of them, nor that they are as they were."""
    for url, etag in served.items():
        address = f"{stack.url}{url}"
        asked = (
            httpx.get(address, headers=jar, timeout=60),
            httpx.head(address, headers=jar, timeout=60),
            httpx.get(address, headers={**jar, "If-None-Match": etag}, timeout=60),
            httpx.get(address, headers={**jar, "Range": "bytes=0-9"}, timeout=60),
        )
        assert [answer.status_code for answer in asked] == [404] * 4, url


def test_a_deleted_recording_leaves_nothing(stack: Stack) -> None:
    """One that has had everything a recording can have, down to copies at the edge and the sums of its viewers."""
    ann, bob = someone("ann"), someone("bob")
    recording_id = str(stack.upload(CLIP, "--title", "Confidential minutes", user=ann)["id"])
    with stack.api(ann) as api:
        hook = {"url": "http://127.0.0.1:9/nobody", "events": ["*"]}
        hook_id = api.post("/webhooks", json=hook).raise_for_status().json()["webhook"]["id"]
        one = f"/recordings/{recording_id}"
        api.put(f"{one}/captions/en", content=CAPTIONS).raise_for_status()
        eventually(lambda: settled(stack.progress(recording_id, ann)))
        assert api.patch(one, json={"visibility": "public", "room_id": "hall"}).json()["status"] == "ready"
        api.post(f"{one}/transcode/vmaf").raise_for_status()
        rungs = api.get(f"{one}/download").json()["renditions"]
        eventually(lambda: api.post(f"{one}/download/{rungs[0]['download']}").status_code == 200)
        eventually(lambda: any(rung["vmaf"] for rung in stack.progress(recording_id, ann)["renditions"]))
        again = api.post(f"{one}/transcode/quality", json={"profiles": ["rescue"]}).raise_for_status()
        eventually(lambda: settled(stack.progress(recording_id, ann)))
        eventually(lambda: api.get(one).json()["poster_url"])
        sessions = {watched(stack, api, recording_id, bob), watched(stack, api, recording_id, None)}
        eventually(lambda: api.get(f"{one}/analytics").json()["all_time"]["views"] == 2)
        served, jar = played(stack, api, recording_id)

        before = kept(stack)
        names = names_of(before, recording_id)
        assert {again.json()["id"], *sessions} <= names
        tables = {place.split()[1] for place in speaking_of(before, names) if place.startswith("row ")}
        kinds = {"recordings", "transcoding_jobs", "encode_tasks", "job_bills", "player_sessions", "session_events"}
        assert {f"headwater-local-{kind}" for kind in (*kinds, "viewer_analytics", "analytics_rollups")} <= tables
        buckets = {place.split("/")[0] for place in speaking_of(before, names) if place.startswith("object ")}
        assert buckets == {"object headwater-local-source", "object headwater-local-media"}
        assert any(url.endswith(".vtt") for url in served)
        assert any(url.endswith(".mp4") for url in served)

        delete(api, recording_id)
        finish(stack, recording_id)
        assert left(stack, names) == {}
        gone_from_the_edge(stack, served, jar)
        assert api.get("/recordings").json()["recordings"] == []
        assert recording_id not in json.dumps(api.get("/analytics/overview").json())
        assert api.get("/rooms/hall/attendance").json()["people"] == []
        api.delete(f"/webhooks/{hook_id}")


def test_an_upload_that_is_under_way_leaves_nothing(stack: Stack) -> None:
    """Parts that have arrived go with it; a part that comes later is refused."""
    with stack.api(someone("ann")) as api:
        size = 9 * 2**20
        body = {"title": "Half", "filename": "a.mp4", "size_bytes": size, "content_type": "video/mp4"}
        made = api.post("/recordings", json=body).raise_for_status().json()
        recording_id, parts = made["recording"]["id"], made["upload"]["parts"]
        httpx.put(parts[0]["url"], content=b"x" * parts[0]["size_bytes"], timeout=60).raise_for_status()
        names = names_of(kept(stack), recording_id)
        assert [place for place in speaking_of(kept(stack), names) if place.startswith("part ")]
        delete(api, recording_id)
        finish(stack, recording_id)
        late = httpx.put(parts[1]["url"], content=b"x" * parts[1]["size_bytes"], timeout=60)
        assert late.status_code == 404
        assert left(stack, names) == {}


def test_a_stream_that_is_on_leaves_nothing(stack: Stack, encoders: list[subprocess.Popen[bytes]]) -> None:
    """While its encoder sends and somebody watches: the viewer is told that it is over, and the encoder is refused."""
    with stack.api(someone("ann")) as api:
        made = api.post("/recordings", json={"title": "Live", "live": True}).raise_for_status().json()["recording"]
        one = f"/recordings/{made['id']}"
        started = api.post(f"{one}/stream/start-live", json={"target_s": 1, "profiles": ["rescue"]}).json()
        encoders.append(encode(started["ingest"]["primary"]["url"]))
        eventually(lambda: api.get(f"{one}/stream/master.m3u8").status_code == 200)
        seat = api.get(f"{one}/stream/live").json()["websocket_url"]
        served, jar = played(stack, api, made["id"])
        names = names_of(kept(stack), made["id"]) | {started["stream"]["id"]}
        assert run_aside(_over(seat, lambda: delete(api, made["id"]))) is True
        names |= names_of(kept(stack), made["id"])
        finish(stack, made["id"])
        encoders[0].kill()
        encoders[0].wait(10)
        # What was on its way when it went is looked at and thrown away.
        eventually(lambda: not any(place.startswith("message headwater-local-live ") for place in left(stack, names)))
        eventually(lambda: left(stack, names) == {}, within_s=60)
        gone_from_the_edge(stack, served, jar)


async def _over(seat: str, delete_it: Any) -> bool:
    """Watch, have it deleted, and return whether the viewer was told."""
    async with aiohttp.ClientSession() as session, session.ws_connect(seat) as ws:
        await ws.send_str('{"type":"subscribe"}')
        while json.loads((await ws.receive(timeout=60)).data)["type"] != "welcome":
            pass
        delete_it()
        while (message := await ws.receive(timeout=120)).type is aiohttp.WSMsgType.TEXT:
            if json.loads(message.data)["type"] == "ended":
                return True
        return False
