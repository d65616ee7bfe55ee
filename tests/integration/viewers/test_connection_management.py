"""Connection management: who is counted, whatever happens to them; tokens, quality, and coming back without a gap."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from chalicelib import container, live_container
from chalicelib.domain.live.calls import Call
from chalicelib.domain.live.viewers import LIFETIME_S, ConnectTicket, ViewerConnection
from headwater.local.sockets import SocketLimits

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.hall import Hall, Watcher

RUNG, HIGH = "v-640x360-250k-0", "v-1280x720-500k-0"


def abort(watcher: Watcher) -> None:
    """End a client as kill -9 does: its socket breaks without a word."""
    writer = watcher.ws._writer
    assert writer is not None
    assert writer.transport is not None
    writer.transport.abort()


def test_counts_stay_exact_after_kills(hall: Callable[..., Any]) -> None:
    """Half of them break off, half of the rest say goodbye: the gateway's word of it leaves exactly the others."""

    async def scenario() -> tuple[Any, Any]:
        async with hall() as stage:
            await asyncio.to_thread(stage.publish)
            watchers = await stage.fill(12) + await stage.fill(12, RUNG)
            full = await stage.counts()
            for one in watchers[::2]:
                abort(one)
            await asyncio.gather(*(one.ws.close() for one in watchers[1::4]))
            return full, await stage.settle(lambda counts: counts.left == 18)

    full, rest = asyncio.run(scenario())
    assert (full.viewers, full.by_quality) == (24, {"auto": 12, RUNG: 12})
    assert (rest.viewers, rest.highest, rest.joined, rest.left) == (6, 24, 24, 18)
    assert rest.by_quality == {"auto": 3, RUNG: 3}


def test_whoever_left_unheard_is_found_by_the_next_announcement(hall: Callable[..., Any]) -> None:
    """A connection that the gateway does not know is 410, and is counted out once."""

    async def scenario() -> Any:
        async with hall() as stage:
            watcher = await stage.watch()
            await asyncio.to_thread(_ghost, stage, "ghost=", container.clock().now())
            before = await stage.counts()
            await asyncio.to_thread(stage.publish)
            await watcher.until(lambda one: one.msns == [0])
            return before.viewers, await stage.settle(lambda counts: counts.viewers == 1)

    before, after = asyncio.run(scenario())
    assert (before, after.viewers, after.left, after.by_quality) == (2, 1, 1, {"auto": 1})


def test_stale_connections_are_swept(hall: Callable[..., Any]) -> None:
    """Older than any connection can be, or unknown to the gateway; sweeping again finds nothing."""

    async def scenario() -> tuple[Any, ...]:
        async with hall() as stage:
            await stage.watch()
            now = container.clock().now()
            await asyncio.to_thread(_ghost, stage, "unknown=", now)
            await asyncio.to_thread(_ghost, stage, "old=", now - LIFETIME_S - 121)
            pool = live_container.viewers()
            swept = [await asyncio.to_thread(pool.sweep, stage.stream.id) for _ in range(2)]
            return swept, (await stage.counts()).viewers, stage.gateway.open

    assert asyncio.run(scenario()) == ([2, 0], 1, 1)


def test_idle_and_old_connections_end_and_are_counted_out(hall: Callable[..., Any]) -> None:
    """The gateway's limits, scaled: the idle one goes, the one that is spoken to stays until it is too old."""

    async def scenario() -> tuple[Any, ...]:
        async with hall(SocketLimits(idle_s=3.0, lifetime_s=9.0)) as stage:
            idle, busy = await asyncio.gather(stage.watch(), stage.enter())
            first = await _ping_until(busy, idle)
            await stage.settle(lambda counts: counts.left == 1)
            last = await busy.closed()
            counts = await stage.settle(lambda counts: counts.left == 2)
            return first, last, counts.viewers

    assert asyncio.run(scenario()) == (1001, 1001, 0)


async def _ping_until(busy: Watcher, idle: Watcher) -> int | None:
    """Keep one connection busy until the other has ended; returns how that ended."""
    ended = asyncio.create_task(idle.closed())
    while not ended.done():
        await busy.say(type="ping")
        await asyncio.wait({ended}, timeout=0.5)
    return ended.result()


def test_a_token_opens_one_connection(hall: Callable[..., Any]) -> None:
    """Not a second one, however soon; nor does a late one, a forged one or none."""

    async def scenario() -> tuple[list[int], int]:
        async with hall() as stage:
            token = await asyncio.to_thread(stage.ticket)
            results = await asyncio.gather(*(stage.enter(token) for _ in range(4)), return_exceptions=True)
            refused = [one.status for one in results if isinstance(one, aiohttp.WSServerHandshakeError)]
            late = ConnectTicket(stage.stream.id, stage.stream.recording_id, "", "late", 1)
            tokens = live_container.viewers()._tokens
            for wrong in ("", "x", token[:-1], await asyncio.to_thread(tokens.issue, late)):
                with pytest.raises(aiohttp.WSServerHandshakeError) as error:
                    await stage.enter(wrong)
                refused.append(error.value.status)
            return refused, (await stage.counts()).joined

    assert asyncio.run(scenario()) == ([403] * 7, 1)


def test_announcements_name_the_subscribed_rendition(hall: Callable[..., Any]) -> None:
    """From the subscription on, and after it changes; a rendition there is none of changes nothing."""

    async def scenario() -> tuple[Any, ...]:
        async with hall() as stage:
            await asyncio.to_thread(stage.publish)
            watcher = await stage.watch(RUNG)
            await asyncio.to_thread(stage.publish)
            await watcher.until(lambda one: one.msns == [1])
            await watcher.say(type="subscribe", quality="v-none")
            await watcher.until(lambda one: one.of("error"))
            await watcher.say(type="subscribe", quality=HIGH, after=1)
            await watcher.until(lambda one: len(one.of("welcome")) == 2)
            await asyncio.to_thread(stage.publish)
            await watcher.until(lambda one: one.msns == [1, 2])
            return watcher, (await stage.counts()).by_quality, stage.stream.recording_id

    watcher, by_quality, recording_id = asyncio.run(scenario())
    segments = watcher.of("segment")
    names = [message["entries"][-1]["name"] for message in segments]
    folder = f"/media/{recording_id}/live"
    assert [(message["rendition"], message["url"]) for message in segments] == [
        (RUNG, f"{folder}/{RUNG}/{names[0]}"), (HIGH, f"{folder}/{HIGH}/{names[1]}"),
    ]  # fmt: skip
    assert by_quality == {HIGH: 1}
    assert [message["code"] for message in watcher.of("error")] == ["quality_unknown"]
    assert [quality["id"] for quality in watcher.of("welcome")[0]["qualities"]] == [RUNG, HIGH]


def test_coming_back_leaves_no_gap(hall: Callable[..., Any]) -> None:
    """What was published meanwhile follows the welcome at once; what is too old, or never was, is a reset."""

    async def scenario() -> tuple[Any, ...]:
        async with hall() as stage:
            await asyncio.to_thread(stage.publish, 2)
            first = await stage.watch(after=1)
            await asyncio.to_thread(stage.publish)
            await first.until(lambda one: one.msns == [2])
            abort(first)
            await stage.settle(lambda counts: counts.left == 1)
            await asyncio.to_thread(stage.publish, 3)
            second = await stage.watch(after=2)
            await asyncio.to_thread(stage.publish)
            await second.until(lambda one: len(one.msns) == 4)
            strange = await stage.watch(after=400)
            return second, strange

    second, strange = asyncio.run(scenario())
    (welcome,) = second.of("welcome")
    assert (welcome["edge"], welcome["first"], welcome["resume"]) == (5, 0, "ok")
    assert second.msns == [3, 4, 5, 6]
    assert [message["resume"] for message in strange.of("welcome")] == ["reset"]
    assert strange.msns == []


def test_a_viewer_can_be_disconnected(hall: Callable[..., Any]) -> None:
    """Once, and only from its own stream; the others stay."""

    async def scenario() -> tuple[Any, ...]:
        async with hall() as stage:
            one, other = await asyncio.gather(stage.watch(), stage.watch())
            name = one.of("welcome")[0]["connection"]
            distributor = live_container.audience()
            done = [
                await asyncio.to_thread(distributor.disconnect_viewer, stream_id, name)
                for stream_id in ("live_other", stage.stream.id, stage.stream.id)
            ]
            code = await one.closed()
            left = await stage.settle(lambda counts: counts.left == 1)
            number = await asyncio.to_thread(distributor.get_active_viewer_count, stage.stream.id)
            return done, code, left.viewers, number, other.ws.closed

    assert asyncio.run(scenario()) == ([False, True, False], 1000, 1, 1, False)


def test_the_end_is_told_and_closes(hall: Callable[..., Any]) -> None:
    """Status, end, goodbye; everybody is counted out; who comes later is told the same."""

    async def scenario() -> tuple[Any, ...]:
        async with hall() as stage:
            watchers = await asyncio.gather(*(stage.watch() for _ in range(5)))
            announcer = live_container.announcer()
            await asyncio.to_thread(announcer.announce_ended, stage.stream)
            codes = [await one.closed() for one in watchers]
            counts = await stage.settle(lambda counts: counts.viewers == 0)
            return watchers, codes, counts, stage.stream.recording_id

    watchers, codes, counts, recording_id = asyncio.run(scenario())
    assert codes == [1000] * 5
    (ended,) = watchers[0].of("ended")
    assert ended["recording"] == recording_id
    assert ended["playback_url"].endswith(f"/watch/{recording_id}")
    assert (counts.left, counts.by_quality) == (5, {})


def test_reports_become_latency_and_advice(hall: Callable[..., Any]) -> None:
    """A report is answered with who watches and what to play, and shows in the stream's statistics."""

    async def scenario() -> tuple[Any, ...]:
        async with hall() as stage:
            await asyncio.to_thread(stage.publish)
            watchers = await asyncio.gather(*(stage.watch() for _ in range(3)))
            for one, latency in zip(watchers, (3.0, 4.0, 8.0), strict=True):
                await one.say(type="report", latency_s=latency, buffer_s=4, rendition=RUNG, bandwidth_kbps=300)
                await one.until(lambda w: w.of("advice"))
            await watchers[0].say(type="nonsense")
            await watchers[0].say(type="ping")
            await watchers[0].until(lambda w: w.of("pong"))
            distributor = live_container.audience()
            stats = await asyncio.to_thread(distributor.get_live_stats, stage.stream.id)
            return watchers[0], stats

    watcher, stats = asyncio.run(scenario())
    assert stats["latency"] == {"p50_s": 4.0, "p95_s": 7.6, "samples": 3}
    assert (stats["viewers"]["now"], stats["viewers"]["peak"], stats["viewers"]["joined"]) == (3, 3, 3)
    assert [message["recommended"] for message in watcher.of("advice")] == [RUNG]
    assert watcher.of("stats")[-1]["viewers"] == 3
    assert [message["code"] for message in watcher.of("error")] == ["message_unknown"]


def test_nobody_watching_costs_nothing(hall: Callable[..., Any]) -> None:
    """No message, no invocation."""

    async def scenario() -> list[str]:
        async with hall() as stage:
            for _ in range(3):
                await asyncio.to_thread(stage.publish)
            watcher = await stage.watch()
            await asyncio.to_thread(stage.publish)
            await watcher.until(lambda one: one.msns == [3])
            return [name for name in stage.handlers.calls if name == "on_broadcast"]

    assert asyncio.run(scenario()) == ["on_broadcast"]


def test_a_viewer_that_does_not_read_delays_nobody(hall: Callable[..., Any]) -> None:
    """The others get everything while it is cut off, and it is counted out."""

    async def scenario() -> tuple[Any, ...]:
        async with hall(SocketLimits(unsent=64 * 1024)) as stage:
            watchers = await asyncio.gather(*(stage.watch() for _ in range(3)))
            slow = await _deaf(stage)
            sockets, filler = live_container.sockets(), (b"x" * 30_000,)
            for _ in range(200):
                delivery = await asyncio.to_thread(sockets.deliver, [Call(slow, filler)], within_s=5.0)
                if delivery.gone:
                    break
            for _ in range(4):
                await asyncio.to_thread(stage.publish)
            await asyncio.gather(*(one.until(lambda w: len(w.msns) == 4) for one in watchers))
            counts = await stage.settle(lambda counts: counts.left == 1)
            return [one.msns for one in watchers], counts.viewers

    assert asyncio.run(scenario()) == ([[0, 1, 2, 3]] * 3, 3)


async def _deaf(stage: Hall) -> str:
    """Connect a client that subscribes and never reads; returns its connection id."""
    token = await asyncio.to_thread(stage.ticket)
    port = int(stage.url.rpartition(":")[2])
    reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=512)
    known = set(stage.gateway._sockets)
    writer.write(
        f"GET /ws?token={token} HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n".encode()
    )
    assert b" 101 " in await reader.readline()
    (name,) = set(stage.gateway._sockets) - known
    stage.deaf = writer  # type: ignore[attr-defined]  # kept open until the test is over
    return str(name)


def _ghost(stage: Hall, name: str, connected_at: float) -> None:
    """Store a connection that no gateway holds."""
    stream = stage.stream
    connection = ViewerConnection(name, stream.id, stream.recording_id, 0, 0, connected_at, connected_at)
    table = live_container.connections()
    assert table.join(connection, f"nonce-{name}", connected_at + 120)
    table.subscribe(name, "auto", now=connected_at)
