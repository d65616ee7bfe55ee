"""The WebSocket API over real sockets: its events, its rules, and @connections."""

from __future__ import annotations

import asyncio
import json
import threading
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
import boto3
import pytest
from botocore.exceptions import ClientError

from headwater.local.listener import listen, serving, url_of
from headwater.local.sockets import SocketLimits
from headwater.local.targets import parse_target
from headwater.local.websocket import WebSocketGateway

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from aiohttp import web

    from headwater.local.keys import LocalKeys

WITHIN_S = 60.0


class Door:
    """Functions that let everybody in unless told otherwise, and note what they are told."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Any]] = []
        self.answer: Any = {"statusCode": 200}
        self.news = asyncio.Event()

    async def invoke(self, name: str, event: object) -> Any:
        """Take an event."""
        self.events.append((name, event))
        self.news.set()
        return type("Outcome", (), {"payload": json.dumps(self.answer).encode(), "error": None, "timed_out": False})

    def of(self, kind: str) -> list[Any]:
        """Return the events of one kind."""
        return [event for _, event in self.events if event["requestContext"]["eventType"] == kind]

    async def until(self, kind: str, count: int = 1) -> Any:
        """Wait for the n-th event of a kind."""
        async with asyncio.timeout(WITHIN_S):
            while len(self.of(kind)) < count:
                self.news.clear()
                await self.news.wait()
        return self.of(kind)[count - 1]


class House:
    """A running gateway with its door, and ways to it."""

    def __init__(self, url: str, gateway: WebSocketGateway, door: Door, session: aiohttp.ClientSession) -> None:
        self.url = url
        self.gateway = gateway
        self.door = door
        self.session = session

    async def enter(self, query: str = "token=x", **options: Any) -> tuple[aiohttp.ClientWebSocketResponse, str]:
        """Connect; returns the socket and its connection id."""
        before = len(self.door.of("CONNECT"))
        ws = await self.session.ws_connect(f"{self.url}/ws?{query}", **options)
        return ws, str(self.door.of("CONNECT")[before]["requestContext"]["connectionId"])


@pytest.fixture
def house(keys: LocalKeys) -> Callable[..., Any]:
    """Run a gateway for the length of an `async with`."""

    @asynccontextmanager
    async def run(**limits: Any) -> AsyncIterator[House]:
        listener = listen(0)
        door = Door()
        gateway = WebSocketGateway(door, keys.aws, SocketLimits(**limits))

        async def handle(request: web.BaseRequest) -> web.StreamResponse:
            return await gateway.handle(request, parse_target(request.raw_path))

        async with serving(listener, handle), aiohttp.ClientSession() as session:
            yield House(url_of(listener), gateway, door, session)
            await gateway.stop()

    return run


@pytest.fixture
def manager(keys: LocalKeys) -> Callable[[str], Any]:
    """Make boto3's own client of @connections, signed as functions sign."""

    def make(url: str, secret: str = "") -> Any:
        return boto3.client(
            "apigatewaymanagementapi",
            endpoint_url=f"{url}/ws",
            region_name=keys.aws.region,
            aws_access_key_id=keys.aws.access_key_id,
            aws_secret_access_key=secret or keys.aws.secret_access_key,
        )

    return make


async def code_of(ws: aiohttp.ClientWebSocketResponse) -> int | None:
    """Read to the end; returns the close code."""
    async with asyncio.timeout(WITHIN_S):
        async for _ in ws:
            pass
    return ws.close_code


async def refused(call: Callable[..., Any], **arguments: Any) -> str:
    """Call in a thread; returns the error's code."""
    with pytest.raises(ClientError) as error:
        await asyncio.to_thread(call, **arguments)
    return str(error.value.response["Error"]["Code"])


def test_a_conversation_becomes_events(house: Callable[..., Any]) -> None:
    """Connect, messages in order, disconnect: shaped as API Gateway shapes them."""

    async def scenario() -> Door:
        async with house() as home:
            ws, _ = await home.enter("token=a%2Bb&x=1&x=2")
            await ws.send_str("one")
            await ws.send_bytes(b"two")
            await home.door.until("MESSAGE", 2)
            await ws.close(code=1000, message=b"bye")
            await home.door.until("DISCONNECT")
            return home.door  # type: ignore[no-any-return]

    door = asyncio.run(scenario())
    assert [name for name, _ in door.events] == [
        "websocket_connect", "websocket_message", "websocket_message", "websocket_disconnect",
    ]  # fmt: skip
    (connect,), messages, (disconnect,) = door.of("CONNECT"), door.of("MESSAGE"), door.of("DISCONNECT")
    assert connect["queryStringParameters"] == {"token": "a+b", "x": "2"}
    assert connect["multiValueQueryStringParameters"] == {"token": ["a+b"], "x": ["1", "2"]}
    assert "Sec-WebSocket-Key" in connect["headers"]
    assert [(m["body"], m["isBase64Encoded"]) for m in messages] == [("one", False), ("dHdv", True)]
    contexts = [event["requestContext"] for _, event in door.events]
    assert [context["routeKey"] for context in contexts] == ["$connect", "$default", "$default", "$disconnect"]
    assert len({context["connectionId"] for context in contexts}) == 1
    assert {(context["apiId"], context["stage"], context["messageDirection"]) for context in contexts} == {
        ("localws", "api", "IN")
    }
    assert disconnect["requestContext"]["disconnectStatusCode"] == 1000


def test_who_is_refused_gets_the_functions_status(house: Callable[..., Any]) -> None:
    """And nobody hears of a disconnect; without an upgrade there is nothing to see."""

    async def scenario() -> tuple[list[int], int, list[str]]:
        async with house() as home:
            statuses = []
            for answer in ({"statusCode": 403}, {"statusCode": 500}, "nonsense"):
                home.door.answer = answer
                with pytest.raises(aiohttp.WSServerHandshakeError) as error:
                    await home.enter()
                statuses.append(error.value.status)
            async with home.session.get(f"{home.url}/ws") as plain:
                return statuses, plain.status, [name for name, _ in home.door.events]

    assert asyncio.run(scenario()) == ([403, 500, 502], 426, ["websocket_connect"] * 3)


def test_connections_can_be_written_to_asked_and_ended(house: Callable[..., Any], manager: Callable[..., Any]) -> None:
    """By boto3, as by any function; afterwards they are gone, as is any that never was."""

    async def scenario() -> tuple[Any, ...]:
        async with house() as home:
            ws, name = await home.enter()
            client = manager(home.url)
            await asyncio.to_thread(client.post_to_connection, ConnectionId=name, Data="hällo".encode())
            heard = await ws.receive_str(timeout=WITHIN_S)
            found = await asyncio.to_thread(client.get_connection, ConnectionId=name)
            await asyncio.to_thread(client.delete_connection, ConnectionId=name)
            closed = await code_of(ws)
            await home.door.until("DISCONNECT")
            calls = (client.post_to_connection, client.get_connection, client.delete_connection)
            gone = [
                await refused(call, ConnectionId=one, **({"Data": b"x"} if call is calls[0] else {}))
                for one in (name, "never=")
                for call in calls
            ]
            return heard, found["Identity"]["SourceIp"], closed, gone

    assert asyncio.run(scenario()) == ("hällo", "127.0.0.1", 1000, ["GoneException"] * 6)


def test_only_the_stacks_functions_may(house: Callable[..., Any], manager: Callable[..., Any]) -> None:
    """Another secret, or none, opens nothing; too much is too much."""

    async def scenario() -> tuple[Any, ...]:
        async with house(message=1000) as home:
            _, name = await home.enter()
            foreign = await refused(manager(home.url, "other").post_to_connection, ConnectionId=name, Data=b"x")
            async with home.session.post(f"{home.url}/ws/@connections/{name}", data=b"x") as bare:
                unsigned = bare.status
            client = manager(home.url)
            await asyncio.to_thread(client.post_to_connection, ConnectionId=name, Data=b"x" * 1000)
            large = await refused(client.post_to_connection, ConnectionId=name, Data=b"x" * 1001)
            return foreign, unsigned, large

    assert asyncio.run(scenario()) == ("ForbiddenException", 403, "PayloadTooLargeException")


@pytest.mark.parametrize(("limits", "code"), [({"idle_s": 0.3}, 1001), ({"lifetime_s": 0.3, "idle_s": 60}, 1001)])
def test_silence_and_age_end_a_connection(house: Callable[..., Any], limits: dict[str, float], code: int) -> None:
    """API Gateway's ten minutes and two hours, scaled; the function hears of it."""

    async def scenario() -> tuple[int | None, int]:
        async with house(**limits) as home:
            ws, _ = await home.enter()
            closed = await code_of(ws)
            left = await home.door.until("DISCONNECT")
            return closed, left["requestContext"]["disconnectStatusCode"]

    assert asyncio.run(scenario()) == (code, code)


def test_what_is_said_or_heard_keeps_a_connection(house: Callable[..., Any], manager: Callable[..., Any]) -> None:
    """Either way, and pings: twice the idle limit goes by, and between two of them only a sixth of it."""

    async def scenario() -> tuple[bool, int]:
        async with house(idle_s=3.0) as home:
            ws, name = await home.enter()
            client = manager(home.url)
            for turn in range(12):
                if turn % 3 == 0:
                    await ws.send_str("x")
                elif turn % 3 == 1:
                    await ws.ping()
                else:
                    await asyncio.to_thread(client.post_to_connection, ConnectionId=name, Data=b"x")
                await asyncio.sleep(0.5)
            return ws.closed, home.gateway.open

    assert asyncio.run(scenario()) == (False, 1)


def test_a_frame_or_message_over_the_limit_ends_it(house: Callable[..., Any]) -> None:
    """1009 for each; up to the limits all arrives, a message of several frames as one."""

    async def scenario() -> tuple[Any, ...]:
        async with house() as home:
            ws, _ = await home.enter()
            await ws.send_str("x" * 32 * 1024)
            whole = await home.door.until("MESSAGE")
            await ws.send_str("x" * (32 * 1024 + 1))
            frame = await code_of(ws)
            other, _ = await home.enter()
            writer = other._writer  # the client has no call for fragments
            assert writer is not None
            for number in range(5):
                first, last = (0x01 if number == 0 else 0x00), (0x80 if number == 4 else 0x00)
                data = b"x" * 30 * 1024
                writer.transport.write(
                    bytes([first | last, 0x80 | 126]) + len(data).to_bytes(2, "big") + b"\0" * 4 + data
                )
            message = await code_of(other)
            return len(whole["body"]), frame, message, len(home.door.of("MESSAGE"))

    assert asyncio.run(scenario()) == (32 * 1024, 1009, 1009, 1)


def test_a_client_that_does_not_read_is_cut_off(house: Callable[..., Any], manager: Callable[..., Any]) -> None:
    """Without delaying who posts, or anybody else; its end is told as any other."""

    async def scenario() -> tuple[Any, ...]:
        async with house(unsent=256 * 1024) as home:
            ws, _ = await home.enter()
            reader, writer = await asyncio.open_connection("127.0.0.1", int(home.url.rpartition(":")[2]), limit=1024)
            writer.write(
                b"GET /ws?token=slow HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            )
            assert b" 101 " in await reader.readline()
            slow = (await home.door.until("CONNECT", 2))["requestContext"]["connectionId"]
            fast = home.door.of("CONNECT")[0]["requestContext"]["connectionId"]
            client = manager(home.url)
            outcome = ""
            for _ in range(400):
                await asyncio.to_thread(client.post_to_connection, ConnectionId=fast, Data=b"x")
                assert await ws.receive_str(timeout=WITHIN_S) == "x"
                try:
                    await asyncio.to_thread(client.post_to_connection, ConnectionId=slow, Data=b"x" * 32 * 1024)
                except ClientError as error:
                    outcome = str(error.response["Error"]["Code"])
                    break
            left = await home.door.until("DISCONNECT")
            writer.close()
            return outcome, left["requestContext"]["connectionId"] == slow, home.gateway.open

    assert asyncio.run(scenario()) == ("GoneException", True, 1)


def test_a_client_that_is_killed_is_heard_of(house: Callable[..., Any]) -> None:
    """Its socket breaks without a word: 1006."""

    async def scenario() -> tuple[int, int]:
        async with house() as home:
            ws, _ = await home.enter()
            assert ws._writer is not None
            assert ws._writer.transport is not None
            ws._writer.transport.abort()
            left = await home.door.until("DISCONNECT")
            return left["requestContext"]["disconnectStatusCode"], home.gateway.open

    assert asyncio.run(scenario()) == (1006, 0)


@contextmanager
def connected(url: str, path: str) -> Iterator[list[int]]:
    """Try a handshake from a loop of its own; yields the status."""
    statuses: list[int] = []

    async def attempt() -> None:
        async with aiohttp.ClientSession() as session:
            try:
                async with session.ws_connect(f"{url}{path}"):
                    statuses.append(101)
            except aiohttp.WSServerHandshakeError as error:
                statuses.append(error.status)

    thread = threading.Thread(target=lambda: asyncio.run(attempt()))
    thread.start()
    thread.join(WITHIN_S)
    yield statuses


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/ws?token=x", 101),
        ("/api/v1/recordings/rec_1/stream/live?token=x", 101),
        ("/api/v1/recordings/rec_1/stream/other?token=x", 404),
        ("/media/ws", 403),
    ],
)
def test_the_origin_knows_where_sockets_are(front: Any, path: str, status: int) -> None:
    """At the WebSocket API's own address and at the route of the specification; nowhere else."""
    outcome: Any = type(front.functions).invoke.__globals__["Outcome"]
    front.functions.answers = dict.fromkeys(
        ("websocket_connect", "websocket_disconnect"), lambda _: outcome(b'{"statusCode": 200}')
    )
    with connected(front.url, path) as statuses:
        assert statuses == [status]
