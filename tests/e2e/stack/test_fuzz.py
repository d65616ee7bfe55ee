"""The contract and the socket, asked what nobody honest asks: no answer is a server error, and everybody lives on."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from support.fuzzing import UNLIMITED, messages
from support.loops import run_aside
from support.stack import ROOT, Stack, someone

from chalicelib.domain.live.incoming import Ping, parse
from chalicelib.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]

SCHEMATHESIS = Path(sys.executable).with_name("schemathesis")
CHECKS = "not_a_server_error,status_code_conformance,response_schema_conformance"
HONEST = (
    {"type": "subscribe", "quality": "auto", "after": None},
    {"type": "report", "latency_s": 3.5, "buffer_s": 2.0, "rendition": None, "stalls": 0, "bandwidth_kbps": 4000},
    {"type": "ping"},
)
SEED, CASES, FLOOD = 8, 120, 1000


@pytest.fixture(scope="module")
def endless(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """A cloud without rates: who is refused for coming too often finds nothing else."""
    stack = Stack(tmp_path_factory.mktemp("endless") / "data")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HEADWATER_RATES", UNLIMITED)
        stack.start()
    yield stack
    assert stack.stop() == 0, "".join(stack.output)


def test_the_contract_holds_for_whatever_is_asked(endless: Stack, tmp_path: Path) -> None:
    """Schemathesis reads openapi.json: every status and body is as it says, none is a 5xx. Cases never vary."""
    stack, user = endless, someone("fuzz")
    command = [
        *(str(SCHEMATHESIS), "run", str(ROOT / "chalicelib/openapi.json"), "--url", f"{stack.url}/api"),
        *("-H", f"Authorization: Bearer {stack.token(user)}", "--checks", CHECKS),
        *("--phases", "coverage,fuzzing,stateful", "-n", "2", "--seed", "1", "--generation-deterministic"),
        *("--request-timeout", "60", "--continue-on-failure", "--warnings", "off", "--no-color"),
    ]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=840, check=False)
    with stack.api(user) as api:
        _tidy(api)
    cases = next((line.strip() for line in done.stdout.splitlines() if " generated, " in line), "")
    print(cases)  # noqa: T201  a figure for docs/security.md
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


def _tidy(api: httpx.Client) -> None:
    """Take away what would go on working: webhooks, and streams that are on."""
    for hook in api.get("/webhooks").json()["webhooks"]:
        api.delete(f"/webhooks/{hook['id']}")
    for recording in api.get("/recordings", params={"status": "live", "limit": 100}).json()["recordings"]:
        api.delete(f"/recordings/{recording['id']}/stream/stop-live")


def test_the_socket_takes_whatever_is_said(endless: Stack) -> None:
    """Bent messages, no JSON, bytes, too long ones: each is answered, and the viewer is counted out."""
    with endless.api(someone("sock")) as api:
        made = api.post("/recordings", json={"title": "Fuzzed", "live": True}).raise_for_status().json()["recording"]
        url = f"/recordings/{made['id']}/stream"
        api.post(f"{url}/start-live", json={"profiles": ["rescue"]}).raise_for_status()
        try:
            run_aside(_talk(_seat(api, url)))
            assert run_aside(_shout(_seat(api, url))) == aiohttp.WSCloseCode.MESSAGE_TOO_BIG
            deadline = time.monotonic() + 120
            while (left := _left(api, url)) and time.monotonic() < deadline:
                time.sleep(0.2)
            assert left == 0
        finally:
            api.delete(f"{url}/stop-live")
            api.delete(f"/recordings/{made['id']}")


async def _talk(seat: str) -> None:
    """Say everything, with a question behind each: what comes before its answer is as the protocol has it."""
    known = {"welcome", "segment", "advice", "stats", "status", "ended", "error"}
    async with aiohttp.ClientSession() as session, asyncio.timeout(600), session.ws_connect(seat) as ws:
        for text in messages(SEED, CASES, HONEST):
            # A lone surrogate cannot be sent at all.
            data = text.encode("utf-8", "replace").decode()
            await ws.send_str(data)
            heard = await _answers(ws, pongs=_is_ping(data))
            assert heard or _is_ping(data), data
            assert {answer["type"] for answer in heard} <= known, (data, heard)
        await ws.send_bytes(b"\xff\x00" * 50)
        assert _codes(await _answers(ws)) == ["message_malformed"]
        await ws.send_str(json.dumps({"type": "ping", "pad": "x" * 5000}))
        assert _codes(await _answers(ws)) == ["message_too_large"]


def test_a_viewer_who_floods_is_told_and_closed(stack: Stack) -> None:
    """As it comes; somebody else on the same stream does not hear of it, and the one who flooded may come back."""
    with stack.api(someone("flood")) as api:
        made = api.post("/recordings", json={"title": "Flooded", "live": True}).raise_for_status().json()["recording"]
        url = f"/recordings/{made['id']}/stream"
        api.post(f"{url}/start-live", json={"profiles": ["rescue"]}).raise_for_status()
        try:
            assert run_aside(_flood(_seat(api, url), _seat(api, url))) == ["too_many_messages"]
            assert run_aside(_flood(_seat(api, url), None)) == []
        finally:
            api.delete(f"{url}/stop-live")
            api.delete(f"/recordings/{made['id']}")


async def _flood(seat: str, another: str | None) -> list[str]:
    """Say too much, beside somebody who says little; returns what was refused. With nobody beside, say little, too."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(300), session.ws_connect(seat) as ws:
        if another is None:
            return _codes(await _answers(ws))
        async with session.ws_connect(another) as calm:
            for _ in range(FLOOD):
                if ws.closed:
                    break
                await ws.send_str('{"type":"ping"}')
            heard = [json.loads(message.data) async for message in ws]
            assert _codes(await _answers(calm)) == []
        return sorted(set(_codes(heard)))


async def _answers(ws: aiohttp.ClientWebSocketResponse, *, pongs: bool = False) -> list[dict[str, Any]]:
    """Ask for a sign of life; returns what was answered before it, without the pong of a ping."""
    await ws.send_str('{"type":"ping"}')
    heard: list[dict[str, Any]] = []
    due = 2 if pongs else 1
    while due:
        answer = json.loads((await ws.receive()).data)
        if answer["type"] == "pong":
            due -= 1
        else:
            heard.append(answer)
    return heard


def _is_ping(text: str) -> bool:
    """True for what the server takes as a ping."""
    try:
        return isinstance(parse(text), Ping)
    except BadRequest:
        return False


async def _shout(seat: str) -> int | None:
    """Send a frame that no gateway takes; returns how the connection ended."""
    async with aiohttp.ClientSession() as session, asyncio.timeout(200), session.ws_connect(seat) as ws:
        await ws.send_str("x" * 40_000)
        while (await ws.receive()).type not in {aiohttp.WSMsgType.CLOSE, aiohttp.WSMsgType.CLOSED}:
            pass
        return ws.close_code


def _codes(heard: list[dict[str, Any]]) -> list[str]:
    """Return the refusals; what is announced to everybody may come in between."""
    return [answer["code"] for answer in heard if answer["type"] == "error"]


def _seat(api: httpx.Client, url: str) -> str:
    """Return an address that opens one connection within a minute."""
    return str(api.get(f"{url}/live").json()["websocket_url"])


def _left(api: httpx.Client, url: str) -> int:
    """Return how many are still counted as viewers."""
    return int(api.get(f"{url}/live/stats").json()["viewers"]["now"])
