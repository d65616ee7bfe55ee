"""From upload to picture and from an encoder to a viewer, out of the deployment package alone.

Every function runs in its cell: packed code and layers, Lambda's Python, the deployed policies and settings.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import time
import uuid
from http import HTTPStatus
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

import aiohttp
import m3u8
import pytest
from support import hls
from support.bare_encoder import encode, ended
from support.loops import run_aside
from support.pipeline import FFMPEG
from support.stack import ROOT, Stack, settled

from headwater.local import declarations

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    import httpx

    from headwater.local.packaged import Package

# Packing, unpacking and Lambda's Python come first, and may have to be fetched
pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1200)]
WITHIN_S = 360
SECONDS, RATE = 4, 25


@pytest.fixture(scope="module")
def stack(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The embedded cloud with the package's functions in cells."""
    data = tmp_path_factory.mktemp("packaged") / "data"
    stack = Stack(data, options=("--packaged", str(package.root)), ready_within_s=WITHIN_S)
    stack.start()
    yield stack
    stack.stop(within_s=30)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of a test picture with a tone."""
    target = tmp_path_factory.mktemp("clip") / "clip.mp4"
    command = [FFMPEG, "-v", "error", "-f", "lavfi", "-i", f"testsrc2=size=640x360:rate={RATE}:duration={SECONDS}"]
    command += ["-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={SECONDS}"]
    command += [
        "-c:v",
        "libx264",
        "-preset",
        "ultrafast",
        "-pix_fmt",
        "yuv420p",
        "-c:a",
        "aac",
        "-ac",
        "2",
        str(target),
    ]
    subprocess.run(command, check=True, timeout=120)
    return target


@pytest.fixture
def encoders() -> Iterator[list[subprocess.Popen[bytes]]]:
    """Encoders that end with the test."""
    yield from ended([])


def fetched(stack: Stack, api: httpx.Client, uri: str) -> tuple[m3u8.M3U8, bytes]:
    """Return a media playlist and everything that it lists, put together."""
    text = api.get(f"{stack.url}{uri}").raise_for_status().text
    playlist, folder = m3u8.loads(text), PurePosixPath(uri).parent
    bodies = {uri: text.encode()}
    names = {segment.uri for segment in playlist.segments}
    names |= {segment.init_section.uri for segment in playlist.segments if segment.init_section is not None}
    for name in names:
        bodies[str(folder / name)] = api.get(f"{stack.url}{folder / name}").raise_for_status().content
    return playlist, hls.joined(bodies, uri)


def rungs(master: m3u8.M3U8) -> list[str]:
    """Addresses of the variants that have a picture: one is sound alone."""
    return [one.uri for one in master.playlists if one.stream_info.resolution]


def wait_for(what: Callable[[], Any]) -> Any:
    """Ask again until the answer is true."""
    deadline = time.monotonic() + WITHIN_S
    while not (found := what()):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return found


def test_upload_encode_play(stack: Stack, clip: Path) -> None:
    """Every rung and the sound that the playlists promise decode to all that was uploaded."""
    recording = stack.upload(clip, "--title", f"Packaged {uuid.uuid4()}")
    done = stack.wait_for(recording["id"], settled, within_s=WITHIN_S)
    assert done["recording_status"] == "ready"
    with stack.api() as api:
        master = m3u8.loads(api.get(f"/recordings/{recording['id']}/stream/master.m3u8").raise_for_status().text)
        assert rungs(master)
        for uri in rungs(master):
            playlist, media = fetched(stack, api, uri)
            assert (playlist.is_endlist, len(hls.luma(media))) == (True, SECONDS * RATE), uri
        (sound,) = [one for one in master.media if one.type == "AUDIO"]
        playlist, media = fetched(stack, api, sound.uri)
        assert hls.samples(media) / 48_000 == pytest.approx(SECONDS, abs=0.1)


def test_go_live_watch_stop(stack: Stack, encoders: list[subprocess.Popen[bytes]]) -> None:
    """What an encoder pushes is announced over the socket, decodes, and is a recording once the stream is stopped."""
    with stack.api() as api:
        body = {"title": f"Packaged live {uuid.uuid4()}", "live": True}
        recording = api.post("/recordings", json=body).raise_for_status().json()["recording"]
        url = f"/recordings/{recording['id']}"
        wishes = {"target_s": 1, "profiles": ["rescue"]}
        started = api.post(f"{url}/stream/start-live", json=wishes).raise_for_status().json()
        encoders.append(encode(started["ingest"]["primary"]["url"]))
        wait_for(lambda: api.get(f"{url}/stream/master.m3u8").status_code == 200)
        assert hls.luma(b"".join(run_aside(watch(api, url))))
        stack.wait_for(recording["id"], settled, within_s=WITHIN_S)
        shown = api.get(url).json()
        assert (shown["status"], shown["height"]) == ("ready", 360)
        master = m3u8.loads(api.get(f"{url}/stream/master.m3u8").text)
        folder = api.base_url.join(str(PurePosixPath(rungs(master)[0]).parent) + "/")
        playlist = m3u8.loads(api.get(api.base_url.join(rungs(master)[0])).raise_for_status().text)
        first = playlist.segments[0]
        names = first.init_section.uri, first.uri
        media = b"".join(api.get(folder.join(name)).raise_for_status().content for name in names)
        assert (playlist.is_endlist, len(hls.luma(media))) == (True, round(first.duration * RATE))


async def watch(api: httpx.Client, url: str) -> list[bytes]:
    """Subscribe, fetch what is announced first, stop the stream and hear of its end; returns what was fetched."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(WITHIN_S), await seated(session, api, url) as ws:
        await ws.send_json({"type": "subscribe", "quality": "auto", "after": None})
        assert (await said(ws, "welcome"))["protocol"] == "headwater.live.v1"
        (entry, *_) = (await said(ws, "segment"))["entries"]
        media = await asyncio.to_thread(announced, api, url, entry)
        stopped = await asyncio.to_thread(api.delete, f"{url}/stream/stop-live")
        assert stopped.status_code == 200, stopped.text
        assert (await said(ws, "ended"))["recording"] == url.rpartition("/")[2]
    return media


async def seated(session: aiohttp.ClientSession, api: httpx.Client, url: str) -> aiohttp.ClientWebSocketResponse:
    """Connect as a player does: with a new seat where a function was too slow to let it in."""
    while True:
        seat = (await asyncio.to_thread(api.get, f"{url}/stream/live")).raise_for_status().json()
        try:
            return await session.ws_connect(seat["websocket_url"])
        except aiohttp.WSServerHandshakeError as refused:
            if refused.status < HTTPStatus.INTERNAL_SERVER_ERROR:
                raise


def announced(api: httpx.Client, url: str, entry: dict[str, Any]) -> list[bytes]:
    """Fetch the first piece and the segment that an announcement names, of the lowest rung."""
    master = m3u8.loads(api.get(f"{url}/stream/master.m3u8").raise_for_status().text)
    folder = api.base_url.join(str(PurePosixPath(rungs(master)[0]).parent) + "/")
    return [api.get(folder.join(entry[name])).raise_for_status().content for name in ("init", "name")]


async def said(ws: aiohttp.ClientWebSocketResponse, kind: str) -> dict[str, Any]:
    """Wait for the next message of a kind."""
    while True:
        message = await ws.receive()
        assert message.type is aiohttp.WSMsgType.TEXT, message
        found: dict[str, Any] = json.loads(message.data)
        if found["type"] == kind:
            return found


def test_the_package_declares_what_the_source_does(package: Package) -> None:
    """Functions with their limits, routes, queues and schedules: nothing is lost or turned round on the way."""
    found, expected = package.declarations, declarations.load(ROOT, "prod")
    assert {name: (one.handler, one.memory_mb, one.timeout_s) for name, one in found.functions.items()} == {
        name: (one.handler, one.memory_mb, one.timeout_s) for name, one in expected.functions.items()
    }
    assert set(found.routes) == set(expected.routes)
    assert (found.authorizers, found.compress_from) == (expected.authorizers, expected.compress_from)
    assert found.schedules == expected.schedules
    renamed = {(one.queue.replace("-prod-", f"-{package.stage}-"), one.function) for one in expected.subscriptions}
    assert {(one.queue, one.function) for one in found.subscriptions} == renamed
