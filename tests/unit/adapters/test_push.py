"""Pushing to @connections: many at once over few lines, each connection on its own."""

from __future__ import annotations

import asyncio
import socket
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest
from botocore.credentials import ReadOnlyCredentials

from chalicelib.adapters.clock import SystemClock
from chalicelib.adapters.push import SocketPush
from chalicelib.domain.live.calls import Call, Pace

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

HELD = ReadOnlyCredentials("AKIAX", "secret", None)


@dataclass
class Gateway:
    """A bare HTTP server that answers as a test tells it to, and notes what it was asked."""

    answer: Callable[[str, str, int], int] = field(default=lambda _method, _name, _time: 200)
    """Status for a method, a connection and how often it asked; 0 never answers, -1 hangs up."""
    asked: list[tuple[str, str, bytes]] = field(default_factory=list)
    lines: int = 0
    port: int = 0
    hang_up_after: int = 1_000_000
    extra: str = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One line."""
        self.lines += 1
        for _ in range(self.hang_up_after):
            try:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
            except (asyncio.IncompleteReadError, ConnectionError):
                break
            method, path = head.split(" ")[:2]
            length = int(head.lower().partition("content-length: ")[2].partition("\r\n")[0])
            body = await reader.readexactly(length)
            name = path.rpartition("/")[2]
            status = self.answer(method, name, sum(1 for one in self.asked if one[1] == name))
            self.asked.append((method, name, body))
            if status == 0:
                await asyncio.sleep(60)
            if status < 0:
                break
            writer.write(f"HTTP/1.1 {status} X\r\n{self.extra}Content-Length: 2\r\n\r\n{{}}".encode())
        writer.close()


@pytest.fixture
def gateway() -> Iterator[Gateway]:
    """Run one in a thread of its own."""
    made, started, over = Gateway(), threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def run() -> None:
        async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
            made.port = server.sockets[0].getsockname()[1]
            started.set()
            await over.wait()
        for task in asyncio.all_tasks() - {asyncio.current_task()}:
            task.cancel()

    thread = threading.Thread(target=loop.run_until_complete, args=(run(),))
    thread.start()
    assert started.wait(60)
    yield made
    loop.call_soon_threadsafe(over.set)
    thread.join(60)
    loop.close()


@pytest.fixture
def push(gateway: Gateway) -> Iterator[Callable[..., SocketPush]]:
    """Make a pusher for it."""
    made: list[SocketPush] = []

    def make(**options: Any) -> SocketPush:
        endpoint = f"http://127.0.0.1:{gateway.port}/api"
        made.append(SocketPush(endpoint, lambda: HELD, "eu-central-1", SystemClock(), **options))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_everybody_gets_it_over_a_few_lines(gateway: Gateway, push: Callable[..., SocketPush]) -> None:
    """Each once; the lines serve the next delivery as well."""
    pusher = push(in_flight=5)
    calls = [Call(f"c{n}", (b"hello",)) for n in range(50)]
    for _ in range(2):
        delivery = pusher.deliver(calls, within_s=60)
        assert (delivery.sent, delivery.gone, delivery.slow) == (50, (), ())
    assert sorted(gateway.asked) == sorted(("POST", f"c{n}", b"hello") for n in range(50) for _ in range(2))
    assert gateway.lines <= 5


def test_a_pace_spreads_calls_and_loses_none(gateway: Gateway, push: Callable[..., SocketPush]) -> None:
    """What an account may do in a second is shared by many; a pace that the time does not allow for leaves the rest."""
    calls = [Call(f"c{n}", (b"hello",)) for n in range(30)]
    assert push().deliver(calls, within_s=60, pace=Pace(200, 5)).sent == 30
    delivery = push(in_flight=3).deliver(calls, within_s=3, pace=Pace(0.001, 4))
    assert (delivery.sent, len(delivery.slow), len(gateway.asked)) == (4, 26, 34)


def test_texts_of_a_connection_keep_their_order(gateway: Gateway, push: Callable[..., SocketPush]) -> None:
    """And its end comes last; a call without either asks whether it is there."""
    delivery = push().deliver([Call("a", (b"1", b"2", b"3"), close=True), Call("b")], within_s=60)
    of_a = [(method, body) for method, name, body in gateway.asked if name == "a"]
    assert of_a == [("POST", b"1"), ("POST", b"2"), ("POST", b"3"), ("DELETE", b"")]
    assert [one for one in gateway.asked if one[1] == "b"] == [("GET", "b", b"")]
    assert delivery.sent == 3


def test_who_is_gone_is_named(gateway: Gateway, push: Callable[..., SocketPush]) -> None:
    """At the first text; the others get theirs."""
    gateway.answer = lambda _method, name, _times: 410 if name == "b" else 200
    delivery = push().deliver([Call(name, (b"1", b"2")) for name in "abc"], within_s=60)
    assert (delivery.sent, delivery.gone, delivery.slow) == (4, ("b",), ())


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_gateway_is_asked_once_more(gateway: Gateway, push: Callable[..., SocketPush], status: int) -> None:
    """Not twice: a newer segment is on its way."""
    gateway.answer = lambda _method, name, times: status if name == "b" or not times else 200
    delivery = push().deliver([Call("a", (b"1",)), Call("b", (b"1",))], within_s=60)
    assert (delivery.sent, delivery.gone, delivery.slow) == (1, (), ("b",))
    assert len(gateway.asked) == 4


def test_a_refusal_is_not_tried_again(gateway: Gateway, push: Callable[..., SocketPush]) -> None:
    """What is wrong stays wrong."""
    gateway.answer = lambda *_: 403
    assert push().deliver([Call("a", (b"1",))], within_s=60).slow == ("a",)
    assert len(gateway.asked) == 1


def test_a_slow_connection_delays_nobody(gateway: Gateway, push: Callable[..., SocketPush]) -> None:
    """It costs one of the lines until the delivery's time is over, and not more than that."""
    gateway.answer = lambda _method, name, _times: 0 if name == "slow" else 200
    calls = [Call("slow", (b"1",)), *(Call(f"c{n}", (b"1",)) for n in range(40))]
    delivery = push(in_flight=4).deliver(calls, within_s=5)
    assert (delivery.sent, delivery.slow) == (40, ("slow",))


def test_what_there_is_no_time_for_is_given_up(gateway: Gateway, push: Callable[..., SocketPush]) -> None:
    """And named: nobody is forgotten."""
    gateway.answer = lambda *_: 0
    delivery = push(in_flight=2).deliver([Call(f"c{n}", (b"1",)) for n in range(5)], within_s=0.3)
    assert (delivery.sent, sorted(delivery.slow)) == (0, ["c0", "c1", "c2", "c3", "c4"])


def test_a_line_that_was_closed_while_it_lay_idle_is_replaced(
    gateway: Gateway, push: Callable[..., SocketPush]
) -> None:
    """As after a pause between two segments."""
    gateway.hang_up_after = 1
    pusher = push(in_flight=1)
    for n in range(4):
        assert pusher.deliver([Call(f"c{n}", (b"1",))], within_s=60).sent == 1
    assert gateway.lines >= 4


def test_a_gateway_that_announces_the_end_of_a_line_is_believed(
    gateway: Gateway, push: Callable[..., SocketPush]
) -> None:
    """The next request takes another line."""
    gateway.extra = "Connection: close\r\n"
    assert push(in_flight=1).deliver([Call("a", (b"1", b"2"))], within_s=60).sent == 2
    assert gateway.lines == 2


def test_a_gateway_that_hangs_up_or_is_away_loses_only_the_message(
    gateway: Gateway, push: Callable[..., SocketPush]
) -> None:
    """Nothing is raised: the viewers resume by themselves."""
    gateway.answer = lambda *_: -1
    assert push().deliver([Call("a", (b"1",))], within_s=60).slow == ("a",)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        port = taken.getsockname()[1]
    away = SocketPush(f"http://127.0.0.1:{port}/api", lambda: HELD, "eu-central-1", SystemClock())
    assert away.deliver([Call("a", (b"1",)), Call("b")], within_s=60).slow == ("a", "b")
    away.close()


def test_nobody_is_no_work(push: Callable[..., SocketPush]) -> None:
    """No loop, no line."""
    delivery = push().deliver([], within_s=1)
    assert (delivery.sent, delivery.gone, delivery.slow) == (0, (), ())
