"""A live stream's state, compared and swapped, and the playlists that follow from it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from math import ceil
from typing import TYPE_CHECKING

from chalicelib.domain.live.keys import epoch_prefix, live_playlist_key, parse_ingested, window_key
from chalicelib.domain.live.messages import TickMessage
from chalicelib.domain.live.playlists import media_playlist
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.playlist import MIME
from chalicelib.errors import Transient

if TYPE_CHECKING:
    from collections.abc import Callable

    from chalicelib.domain.job import Rendition
    from chalicelib.domain.live.packaged import PackagedSegment
    from chalicelib.domain.live.stream import LiveStream
    from chalicelib.services.live_ports import Announcer
    from chalicelib.services.ports import Clock, Objects, Queue

ENDED = "public, max-age=60"
WRITERS = 8
_RACES = 12
_COUNTED_FROM = 8
"""Encoders count from 0, or from anything at all: a first number beyond this is not waited for."""


@dataclass(frozen=True, slots=True)
class LivePublisher:
    """Moves a stream's window on and shows it. Every method may run twice, late and concurrently."""

    source: Objects
    media: Objects
    queue: Queue
    announcer: Announcer
    clock: Clock

    def state(self, stream: LiveStream) -> LiveState:
        """Return the state as it is, or as it begins."""
        return self._read(stream)[0]

    def change(self, stream: LiveStream, step: Callable[[LiveState], LiveState]) -> tuple[LiveState, LiveState]:
        """Swap the state for what `step` makes of it, again while others are faster; returns it before and after.

        Raises Transient("state_contended").
        """
        first = None
        for _ in range(_RACES):
            before, etag = self._read(stream)
            first = first or before
            after = step(before)
            if after is before or self._swap(after, etag):
                return first, after
        raise Transient("state_contended", "Too many workers changed one stream at once.")

    def accept(self, stream: LiveStream, segment: PackagedSegment) -> LiveState:
        """List a packaged segment as soon as it may be, and tell. Again for one that is listed: tells again."""
        first = stream.runs[segment.run].first

        def step(state: LiveState) -> LiveState:
            begins = state.window.run < segment.run and segment.n - first > _COUNTED_FROM
            return state.accept(segment, self.clock.now(), self._first_sent(segment) if begins else first)

        before, after = self.change(stream, step)
        self.show(after)
        added = [entry for entry in after.added_since(before.window.edge) if entry.msn > before.window.edge]
        known = [e for e in after.window.entries if (e.run, e.n) == (segment.run, segment.n) and not e.gap]
        self.announcer.announce_entries(after, added or known)
        self._wait(stream, after)
        return after

    def _first_sent(self, segment: PackagedSegment) -> int:
        """The lowest number of a segment's epoch that waits to be packaged, or the segment's own."""
        sent = map(parse_ingested, self.source.list_keys(epoch_prefix(segment.stream_id, segment.epoch)))
        return min((one.n for one in sent if one and one.n is not None), default=segment.n)

    def tick(self, stream: LiveStream) -> None:
        """Give up on what has been missing for too long."""
        before, after = self.change(stream, lambda state: state.tick(self.clock.now()))
        self.show(after)
        self.announcer.announce_entries(after, after.added_since(before.window.edge))
        self._wait(stream, after)

    def end(self, stream: LiveStream) -> LiveState:
        """List all that waits, and end the playlists."""
        before, after = self.change(stream, lambda state: state.end(self.clock.now()))
        self.show(after)
        self.announcer.announce_entries(after, after.added_since(before.window.edge))
        return after

    def show(self, state: LiveState) -> None:
        """Write the playlist of every rendition, unless a newer one is there."""
        if not state.playable:
            return
        texts = {kind: media_playlist(state.window, kind) for kind in ("video", "audio")}
        with ThreadPoolExecutor(WRITERS) as writers:
            for _ in writers.map(partial(self._show, state, texts), state.renditions):
                pass

    def _show(self, state: LiveState, texts: dict[str, str], rendition: Rendition) -> None:
        key = live_playlist_key(state.recording_id, rendition.id)
        for _ in range(_RACES):
            current = self.media.head(key)
            if current is not None and int(current.metadata.get("state", "0")) >= state.version:
                return
            if self.media.replace(
                key,
                texts[rendition.kind].encode(),
                content_type=MIME,
                cache_control=ENDED if state.window.ended else _sliding(state.window.target_s),
                metadata={"state": str(state.version)},
                expect_etag=current.etag if current else None,
            ):
                return
        raise Transient("publish_contended", "Too many workers wrote one playlist at once.")

    def _wait(self, stream: LiveStream, state: LiveState) -> None:
        """Have the window looked at when what it waits for has been missing for too long."""
        deadline = state.window.deadline
        if deadline is not None and not state.window.ended:
            delay = max(1, ceil(deadline - self.clock.now()))
            self.queue.send([TickMessage(stream.id).dumps()], group=stream.id, delay_s=delay)

    def _read(self, stream: LiveStream) -> tuple[LiveState, str | None]:
        """Return the state with an ETag that is not newer than it: a swap may fail for nothing, never go wrong."""
        key = window_key(stream.id)
        head = self.source.head(key)
        body = self.source.get(key) if head else None
        if head is None or body is None:
            return LiveState.begin(stream), None
        return LiveState.from_dict(json.loads(body)), head.etag

    def _swap(self, state: LiveState, etag: str | None) -> bool:
        return self.source.replace(
            window_key(state.stream_id),
            json.dumps(state.to_dict(), separators=(",", ":")).encode(),
            content_type="application/json",
            cache_control="no-store",
            metadata={},
            expect_etag=etag,
        )


def _sliding(target_s: int) -> str:
    """Caches keep a live playlist for half a target duration at most, as HLS.md has it, and for whole seconds."""
    return f"public, max-age={min(1, target_s // 2)}"
