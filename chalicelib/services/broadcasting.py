"""One shard of a stream's viewers is told what the queue says, each in the rendition it asked for."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import TYPE_CHECKING

from chalicelib.domain.live.calls import Call
from chalicelib.domain.live.keys import live_rendition_prefix
from chalicelib.domain.live.protocol import AUTO, Ended, Segment, Status, in_frames

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.live.calls import Delivery, Pace
    from chalicelib.domain.live.messages import AnnounceMessage
    from chalicelib.services.live_viewers import ConnectionPool
    from chalicelib.services.ports import Clock
    from chalicelib.services.viewer_ports import Connections, Sockets

log = logging.getLogger(__name__)

WITHIN_S = 10.0
"""What telling a shard may take: its next announcement waits for it. Who is not reached resumes by itself."""
GONE_AT_ONCE = 25
"""Connections counted out in one go: the rest is found again at the next announcement."""

KEPT = 64
"""Shards whose viewers a process remembers."""
COUNT_OUT_S = 10.0
"""What counting out may take at a stream's end; who is left then is counted out by their own goodbye."""


class Broadcaster:
    """Delivers announcements."""

    def __init__(
        self,
        connections: Connections,
        pool: ConnectionPool,
        sockets: Sockets,
        clock: Clock,
        *,
        public_url: str,
        pace: Pace,
    ) -> None:
        """`public_url` has no trailing slash; `pace` is what all shards of a stream may do together."""
        self._connections = connections
        self._pool = pool
        self._sockets = sockets
        self._clock = clock
        self._public_url = public_url
        self._pace = pace
        self._kept: dict[tuple[str, int], tuple[int, dict[str, list[str]]]] = {}

    def tell(self, messages: Sequence[AnnounceMessage]) -> Delivery:
        """Deliver messages of one shard, oldest first: entries of several go out as one."""
        message = joined(messages)
        counts = self._connections.counts(message.stream_id)
        audience = self._audience(message.stream_id, message.shard, counts.versions.get(message.shard, 0))
        now = self._clock.now()
        calls = []
        for quality, connection_ids in audience.items():
            texts = tuple(text.encode() for text in self._texts(message, quality, now))
            calls += [Call(connection_id, texts, close=message.ended) for connection_id in connection_ids]
        # The others are told at the same time: together they must not use up what the account may do in a second.
        pace = self._pace.shared(max(1, len(counts.occupied)))
        delivery = self._sockets.deliver(calls, within_s=WITHIN_S, pace=pace)
        self._count_out(delivery.gone[:GONE_AT_ONCE])
        if message.ended:
            # Their goodbyes may be lost, and nobody is left to find out.
            self._count_out([call.connection_id for call in calls])
        told = {"sent": delivery.sent, "gone": len(delivery.gone), "slow": len(delivery.slow)}
        log.info("told a shard", extra={"stream_id": message.stream_id, "shard": message.shard, **told})
        return delivery

    def _audience(self, stream_id: str, shard: int, version: int) -> dict[str, list[str]]:
        """Read who is to be told, or take what was read last: as long as nobody came or went it is the same.

        The version was read before: whoever changes the audience from then on changes it as well.
        """
        known, audience = self._kept.pop((stream_id, shard), (-1, {}))
        if known != version:
            audience = self._connections.audience(stream_id, shard)
        while len(self._kept) >= KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[stream_id, shard] = version, audience
        return audience

    def _count_out(self, connection_ids: Sequence[str]) -> None:
        until = self._clock.now() + COUNT_OUT_S
        for connection_id in connection_ids:
            if self._clock.now() < until:
                self._pool.leave(connection_id)

    def _texts(self, message: AnnounceMessage, quality: str, now: float) -> list[str]:
        texts = []
        if message.entries:
            url = None if quality == AUTO else f"/{live_rendition_prefix(message.recording_id, quality)}"
            segment = Segment(message.stream_id, message.first, message.dsn, quality, url, (), now)
            texts = in_frames(segment, message.entries)
        if message.status:
            texts.append(Status(message.status).dumps())
        if message.ended:
            texts.append(ended(message.recording_id, self._public_url).dumps())
        return texts


def joined(messages: Sequence[AnnounceMessage]) -> AnnounceMessage:
    """Return what several messages of a shard, oldest first, say together: entries no longer listed left out."""
    last = messages[-1]
    listed = [message for message in messages if message.entries]
    first = max((message.first for message in listed), default=0)
    dsn = max((message.dsn for message in listed), default=0)
    entries = {entry["msn"]: entry for message in listed for entry in message.entries if entry["msn"] >= first}
    return replace(
        last,
        first=first,
        dsn=dsn,
        entries=tuple(entries[msn] for msn in sorted(entries)),
        status=next((message.status for message in reversed(messages) if message.status), ""),
        ended=any(message.ended for message in messages),
    )


def ended(recording_id: str, public_url: str) -> Ended:
    """Return the last message of a stream."""
    return Ended(
        recording=recording_id,
        master_url=f"{public_url}/api/v1/recordings/{recording_id}/stream/master.m3u8",
        playback_url=f"{public_url}/watch/{recording_id}",
    )
