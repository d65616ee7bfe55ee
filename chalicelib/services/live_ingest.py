"""What encoders may do with a stream's key: claim an epoch, have uploads signed, PUT, and see how it goes."""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.live.keys import INIT, epoch_prefix, is_stream_id
from chalicelib.domain.live.push import Push, Pushed, is_playlist, pushed_as
from chalicelib.domain.live.stream import Epoch, LiveStream, StreamStatus, is_silent
from chalicelib.errors import BadRequest, Conflict, Transient
from chalicelib.services.livestream import key_sha, stream_not_found

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.live.stream import Container, Input
    from chalicelib.services.live_ports import Pushes, Streams
    from chalicelib.services.live_states import LiveStates
    from chalicelib.services.ports import Clock

URL_TTL_S = 600
"""A segment is sent at once; one that waited in a spool asks again."""
MAX_EPOCHS = 1000
"""Of one stream: an encoder that restarts more often than that is broken, and two on one input never agree."""
_RACES = 8
_NAME = re.compile(rf"{re.escape(INIT)}|(?:0|[1-9][0-9]{{0,11}})\.(?:m4s|mp4|ts)")


class PutUrls(Protocol):
    """Signs uploads."""

    def write_url(self, key: str, *, ttl_s: int) -> str:
        """Presign a PUT of an object at the endpoint that encoders reach."""


@dataclass(frozen=True, slots=True)
class SignedPuts:
    """Where an epoch's objects go, by name, until `expires_at` (Unix seconds)."""

    urls: dict[str, str]
    expires_at: float


@dataclass(frozen=True, slots=True)
class LiveIngest:
    """All calls take the stream's id and key; NotFound("stream_not_found") for a pair that does not fit."""

    streams: Streams
    pushes: Pushes
    states: LiveStates
    puts: PutUrls
    clock: Clock

    def open(self, stream_id: str, key: str) -> LiveStream:
        """Return the stream that a key opens, on or over."""
        stream = self.streams.get(stream_id) if is_stream_id(stream_id) else None
        return _opened(stream, key)

    def claim(
        self, stream_id: str, key: str, input_: Input, container: Container, first_pdt: float | None
    ) -> tuple[LiveStream, Epoch]:
        """Fence off who wrote on this input before, and return the stream with the new epoch.

        A claim whose answer was lost is made again: the one before it stays empty. Raises Conflict: stream_stopped,
        epochs_exhausted; Transient("stream_contended").
        """
        for _ in range(_RACES):
            stream = _on(self.open(stream_id, key))
            epoch = Epoch(stream.last_epoch + 1, input_, container, self.clock.now(), first_pdt)
            claimed = self._claimed(stream, epoch)
            if self.streams.replace(claimed):
                return claimed, epoch
        raise _contended()

    def sign(self, stream_id: str, key: str, number: int, names: Sequence[str]) -> SignedPuts:
        """Sign uploads of `init.mp4`, `0.m4s`... into an epoch.

        Raises BadRequest("ingest_bad_name"), Conflict: stream_stopped, epoch_superseded.
        """
        stream = _on(self.open(stream_id, key))
        if stream.is_superseded(number):
            raise _superseded()
        strange = next((name for name in names if not _NAME.fullmatch(name)), None)
        if strange is not None:
            raise _bad_name()
        prefix = epoch_prefix(stream.id, number)
        urls = {name: self.puts.write_url(prefix + name, ttl_s=URL_TTL_S) for name in names}
        return SignedPuts(urls, self.clock.now() + URL_TTL_S)

    def route(self, stream_id: str, key: str, input_: Input, filename: str) -> str | None:
        """Return the key of what an encoder that only PUTs sends now; None for a playlist, which nobody needs.

        Raises BadRequest("ingest_bad_name"), Conflict: stream_stopped, epoch_superseded, epochs_exhausted;
        Transient("stream_contended").
        """
        for _ in range(_RACES):
            found = self.pushes.read_push(stream_id, input_) if is_stream_id(stream_id) else None
            stream = _on(_opened(found and found[0], key))
            if is_playlist(filename):
                return None
            pushed = pushed_as(filename)
            if pushed is None:
                raise _bad_name()
            placed = self._place(stream, input_, found[1] if found else Push(), pushed)
            if placed is not None:
                return placed
        raise _contended()

    def _place(self, stream: LiveStream, input_: Input, push: Push, pushed: Pushed) -> str | None:
        """Note an object under its epoch, or under a new one; None when somebody was faster."""
        now = self.clock.now()
        current, superseded = stream.epoch(push.epoch), stream.is_superseded(push.epoch)
        other = current is not None and current.container is not pushed.container
        begins = other or push.begins_epoch(pushed, now) or (superseded and push.is_away(now))
        if begins:
            epoch = Epoch(stream.last_epoch + 1, input_, pushed.container, now)
            stream, after = self._claimed(stream, epoch), Push(epoch.number).seen(pushed, now)
        else:
            after = push.seen(pushed, now)
        if not self.pushes.swap_push(stream, input_, push, after):
            return None
        if superseded and not begins:
            raise _superseded()
        return epoch_prefix(stream.id, after.epoch) + pushed.name

    def _claimed(self, stream: LiveStream, epoch: Epoch) -> LiveStream:
        if len(stream.epochs) >= MAX_EPOCHS:
            raise Conflict("epochs_exhausted", "The encoders of this stream have restarted too often: start another.")
        return stream.claimed(epoch, silent=self._is_silent(stream, epoch.claimed_at))

    def _is_silent(self, stream: LiveStream, now: float) -> bool:
        """True when the encoder on the air has gone; one that has just claimed its epoch has not."""
        on_air = stream.on_air
        if on_air is None:
            return True
        state = self.states.of(stream.id)
        last = (state.health.last_segment_at if state else None) or 0.0
        return is_silent(max(last, on_air.claimed_at), stream.target_s, now)


def _opened(stream: LiveStream | None, key: str) -> LiveStream:
    # Compared also when there is no stream, so that the time does not tell.
    stored = stream.key_sha if stream else ""
    fits = hmac.compare_digest(stored, key_sha(key))
    if stream is None or not fits:
        raise stream_not_found()
    return stream


def _on(stream: LiveStream) -> LiveStream:
    if stream.status is StreamStatus.STOPPED:
        raise Conflict("stream_stopped", "This stream is over: it takes no more.")
    return stream


def _superseded() -> Conflict:
    return Conflict("epoch_superseded", "A newer epoch has been claimed on this input: claim another to go on.")


def _bad_name() -> BadRequest:
    return BadRequest("ingest_bad_name", "Objects are called init.mp4, or by their number and .m4s, .mp4 or .ts.")


def _contended() -> Transient:
    return Transient("stream_contended", "Others write to this stream at this moment: try again.")
