"""Every cell of the table of access, asked of the whole stack: gateway, authorizer, CDN, sockets and buckets."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, urlsplit

import aiohttp
import httpx
import pytest
from support.access import Cast, Hall, Shown
from support.loops import run_aside

from chalicelib.domain.access_matrix import DOORS, PUBLIC, ROUTES, Answer, Rule, Who, answer

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.stack import Stack

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(900)]
BODIES: dict[tuple[str, str], object] = {
    ("POST", "/v1/recordings"): {"title": "x", "filename": "x", "size_bytes": 1, "content_type": "video/mp4"},
    ("POST", "/v1/live/{stream_id}/uploads"): {"epoch": 1, "names": ["0.m4s"]},
    ("POST", "/v1/webhooks"): {"url": "http://127.0.0.1:9/nobody", "events": ["live.ended"]},
    ("PUT", "/v1/recordings/{recording_id}/captions/{language}"): b"WEBVTT\n\n00:01.000 --> 00:02.000\nHello\n",
}
"""Good ones where a bad one would be refused before anybody asks who sent it."""


@pytest.fixture(scope="module")
def hall(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hall]:
    """Everything the cells are about."""
    with httpx.Client(base_url=stack.url, timeout=60) as http:
        hall = Hall(stack, Cast(stack), http)
        yield hall.build(tmp_path_factory.mktemp("hall"))
        hall.tidy()


def target(hall: Hall, method: str, path: str) -> tuple[str, str]:
    """Return the recording that a route is asked of, and the address."""
    recording = hall.bare
    if "/stream/" in path and "master" not in path:
        recording = hall.over if path.endswith("stop-live") else hall.live
    elif ROUTES[method, path] in {Rule.WATCH, Rule.FOLLOW}:
        recording = hall.playing
    elif (method, path) == ("DELETE", "/v1/recordings/{recording_id}"):
        recording = hall.bare_recording()
    names = {
        "recording_id": recording,
        "stream_id": hall.stream,
        "webhook_id": hall.webhook,
        "delivery_id": hall.delivery,
        "subject": hall.cast.owner,
        "session": hall.session or "ses_0123456789abcdefghij",
    }
    others = dict.fromkeys(("queue", "rendition", "room", "connection_id"), "none") | {"language": "en"}
    return recording, f"/api{path.format(**names, **others)}"


def test_every_route_answers_every_caller_as_the_table_says(hall: Hall) -> None:
    """Nothing but what is listed, in either direction."""
    hall.renew()
    wrong: dict[str, str] = {}
    # What takes away what other cells are about comes last.
    routes = sorted(ROUTES, key=lambda route: route[0] == "DELETE" and "/stream/" not in route[1])
    for method, path in routes:
        for who in Who:
            if (method, path, who) == ("DELETE", "/v1/webhooks/{webhook_id}", Who.FORMER):
                hall.webhook = hall.hook()
            recording, url = target(hall, method, path)
            got, said = hall.ask(method, url, hall.shows(who, recording), BODIES.get((method, path)))
            expected = answer(ROUTES[method, path], who)
            if got is not expected:
                wrong[f"{method} {path} as {who}"] = f"{said}, not {expected}"
    assert wrong == {}
    print(f"{len(ROUTES) * len(Who)} cells of {len(ROUTES)} routes")  # noqa: T201  a figure for docs/security.md


def test_a_public_recording_is_open_for_watching_and_for_nothing_else(hall: Hall) -> None:
    """Whoever comes watches, unless with a bad token; the owner's routes stay the owner's."""
    hall.renew(public=True)
    wrong: dict[str, str] = {}
    strangers = (Who.OTHER, Who.VIEWER, Who.LINK, Who.ANONYMOUS)
    for (method, path), rule in ROUTES.items():
        if "{recording_id}" not in path:
            continue
        for who in Who if rule in PUBLIC else strangers:
            recording, url = target(hall, method, path)
            got, said = hall.ask(method, url, hall.shows(who, recording), BODIES.get((method, path)))
            if got is not (expected := answer(rule, who, public=True)):
                wrong[f"{method} {path} as {who}"] = f"{said}, not {expected}"
    assert wrong == {}


@pytest.mark.parametrize("public", [False, True])
def test_every_other_way_in_answers_as_the_table_says(hall: Hall, *, public: bool) -> None:
    """To the CDN and the socket each caller brings what the API gave: cookies, a ticket."""
    hall.renew(public=public)
    wrong: dict[str, str] = {}
    for who in Who:
        heard = _socket(hall, who)
        for (method, path), rule in DOORS.items():
            got = heard[path] if method == "WS" else _knock(hall, who, method, path)
            if got is not (expected := answer(rule, who, public=public)):
                wrong[f"{method} {path} as {who}"] = f"{got}, not {expected}"
    assert wrong == {}


def _knock(hall: Hall, who: Who, method: str, path: str) -> Answer:
    """Try a way in that is not the API's."""
    shown = hall.shows(who, hall.playing)
    headers, url, body = dict(shown.headers), "", b""
    if path.startswith("/ws"):
        url = "/ws/@connections/none"
    elif path.startswith("/media"):
        url = f"/media/{hall.playing}/none"
        master = f"/api/v1/recordings/{hall.playing}/stream/master.m3u8"
        got = hall.http.get(master, headers=shown.headers, params=shown.query)
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in got.cookies.items())
        hall.http.cookies.clear()
    elif path.startswith("/ingest"):
        url = hall.ingest if who is Who.ENCODER else hall.ingest.replace(hall.key, "sk_wrong")
        url, body = f"{url}live.m3u8" if url.endswith("/") else f"{url}/live.m3u8", b"#EXTM3U\n"
    else:
        url = f"/headwater-local-source/sources/{hall.playing}/original"
    answer_ = hall.http.request(method, url, headers=headers, content=body or None)
    assert answer_.status_code < 500, answer_.text
    if answer_.status_code in {401, 403}:
        return Answer.FORBIDDEN
    return Answer.ABSENT if "stream_not_found" in answer_.text else Answer.YES


def _socket(hall: Hall, who: Who) -> dict[str, Answer]:
    """Connect with the ticket that the API gives, or with what the caller has; say all there is to say."""
    shown = hall.shows(who, hall.live)
    got = hall.http.get(f"/api/v1/recordings/{hall.live}/stream/live", headers=shown.headers, params=shown.query)
    url = got.json()["websocket_url"] if got.status_code == 200 else f"{hall.stack.url.replace('http', 'ws', 1)}/ws"
    let_in = run_aside(_converse(url, shown))
    return dict.fromkeys(("$connect", *_ANSWERED), Answer.YES if let_in else Answer.FORBIDDEN)


_ANSWERED = {"subscribe": "welcome", "ping": "pong", "report": "stats"}


async def _converse(url: str, shown: Shown) -> bool:
    """Return whether a socket was opened; then each message is answered."""
    query = None if "?" in url else shown.query
    async with aiohttp.ClientSession() as session, asyncio.timeout(200):
        try:
            ws = await session.ws_connect(url, headers=shown.headers, params=query)
        except aiohttp.WSServerHandshakeError as refused:
            return {403: False}[refused.status]
        async with ws:
            for action, answered in _ANSWERED.items():
                await ws.send_str(json.dumps({"type": action}))
                while (said := json.loads((await ws.receive()).data)["type"]) != answered:
                    assert said in {"stats", "segment", "status"}, said
        return True


def test_a_ticket_and_cookies_open_one_thing(hall: Hall, stack: Stack) -> None:
    """A ticket connects once; cookies of one recording open no other's media, and no path that climbs out of it."""
    hall.renew()
    seat = hall.mine("GET", f"/recordings/{hall.live}/stream/live").json()
    forged = seat["websocket_url"][:-4] + "AAAA"
    urls = [forged, seat["websocket_url"], seat["websocket_url"]]
    assert [run_aside(_converse(url, Shown())) for url in urls] == [False, True, False]
    got = hall.mine("GET", f"/recordings/{hall.playing}/stream/master.m3u8")
    cookies = {"Cookie": "; ".join(f"{name}={value}" for name, value in got.cookies.items())}
    hall.http.cookies.clear()
    rung = next(line for line in got.text.splitlines() if line.startswith("/media/"))
    assert hall.http.get(rung, headers=cookies).status_code == 200
    elsewhere = rung.replace(hall.playing, hall.live)
    climbing = [f"/media/{hall.playing}/../{hall.live}/x", f"/media/{hall.playing}/%2e%2e/{hall.live}/x"]
    for path in (elsewhere, f"/media/{hall.playing}", f"/media/{hall.playing}x/y", *climbing):
        raw = httpx.Request("GET", stack.url, headers=cookies, extensions={"target": path.encode()})
        assert hall.http.send(raw).status_code == 403, path


def test_no_secret_that_was_shown_or_kept_is_in_a_log(hall: Hall, stack: Stack) -> None:
    """Tokens, links, cookies, keys, signatures: no log and no error holds any that was handed out above."""
    hall.renew()
    for (method, path), rule in ROUTES.items():
        # Whatever ran before, errors of every kind are there: refusals, and what is refused behind the door.
        for who in (Who.OTHER, Who.EXPIRED, Who.LINK, Who.PLAYER, Who.ENCODER, Who.OWNER):
            if method != "DELETE" and rule is not Rule.OPEN:
                recording, url = target(hall, method, path)
                hall.ask(method, url, hall.shows(who, recording), {"secret": hall.key})
    kept = [path.read_text() for path in next(stack.data.rglob("issuer.pem")).parent.iterdir() if path.is_file()]
    secrets = {text.strip().splitlines()[min(1, text.count("\n") - 1) if "BEGIN" in text else 0] for text in kept}
    for recording in (hall.playing, hall.live):
        for who in Who:
            shown = hall.shows(who, recording)
            bearer = shown.headers.get("Authorization", "").removeprefix("Bearer ")
            secrets |= {bearer, *bearer.split(".")[2:], *shown.query.values()} - {hall.session}
    hook = hall.mine("POST", "/webhooks", BODIES["POST", "/v1/webhooks"]).json()
    hall.mine("POST", f"/webhooks/{hook['webhook']['id']}/test")
    upload = hall.mine("GET", f"/recordings/{hall.bare_recording()}/upload").json()
    signature = dict(parse_qsl(urlsplit(upload["parts"][0]["url"]).query))["X-Amz-Signature"]
    cookies = hall.mine("GET", f"/recordings/{hall.playing}/stream/master.m3u8").cookies
    hall.http.cookies.clear()
    secrets |= {hall.key, hook["secret"], signature, cookies["CloudFront-Signature"]}
    seat = hall.mine("GET", f"/recordings/{hall.live}/stream/live").json()["websocket_url"]
    run_aside(_converse(seat, Shown()))
    secrets.add(seat.partition("token=")[2])
    logs = {path.name: path.read_text("utf-8", "replace") for path in (stack.data / "logs").iterdir()}
    logs["the stack itself"] = "".join(stack.output)
    logs["errors"] = "\n".join(hall.refusals)
    assert len(hall.refusals) > 100
    assert any(hall.playing in text for text in logs.values())
    long_enough = {secret for secret in secrets if len(secret) >= 16}
    assert len(long_enough) > 20
    assert {(name, secret[:6]) for name, text in logs.items() for secret in long_enough if secret in text} == set()
