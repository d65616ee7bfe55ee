"""What a viewer says over its socket, and what it is answered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.live.calls import Call
from chalicelib.domain.live.incoming import Report, Subscribe, parse
from chalicelib.domain.live.keys import live_rendition_prefix
from chalicelib.domain.live.playlists import entry_json
from chalicelib.domain.live.protocol import AUTO, Error, Pong, Quality, Segment, Stats, Welcome, in_frames
from chalicelib.domain.live.stream import StreamStatus, shown_status
from chalicelib.domain.rates import Kind
from chalicelib.errors import BadRequest, TooMany
from chalicelib.services.broadcasting import ended
from chalicelib.services.live_advice import advise_live

if TYPE_CHECKING:
    from chalicelib.domain.live.state import LiveState
    from chalicelib.domain.live.stream import LiveStream
    from chalicelib.domain.live.viewers import ViewerConnection
    from chalicelib.services.limiting import RateLimiter
    from chalicelib.services.live_ports import Streams
    from chalicelib.services.live_states import LiveStates
    from chalicelib.services.live_viewers import ConnectionPool
    from chalicelib.services.ports import Clock
    from chalicelib.services.viewer_ports import Sockets

WITHIN_S = 5.0


class LiveConversation:
    """Answers one message after the other; answers go out through the connection, as announcements do."""

    def __init__(  # noqa: PLR0913  a conversation is about all that is known of a stream
        self,
        pool: ConnectionPool,
        streams: Streams,
        states: LiveStates,
        sockets: Sockets,
        clock: Clock,
        *,
        public_url: str,
        limiter: RateLimiter | None = None,
    ) -> None:
        """`public_url` has no trailing slash; whoever says more than `limiter` allows is closed."""
        self._limiter = limiter
        self._pool = pool
        self._streams = streams
        self._states = states
        self._sockets = sockets
        self._clock = clock
        self._public_url = public_url

    def hear(self, connection_id: str, text: str) -> list[str]:
        """Take a message; returns what was answered. A connection that was counted out is closed: it begins anew.

        So is one that floods us, before anything is read: another place takes another ticket, which is counted, too.
        """
        try:
            if self._limiter is not None:
                self._limiter.count(Kind.SAY, connection_id)
        except TooMany as error:
            return self._close(connection_id, Error("too_many_messages", error.detail))
        connection = self._pool.get(connection_id)
        if connection is None:
            self._sockets.deliver([Call(connection_id, close=True)], within_s=WITHIN_S)
            return []
        over = False
        try:
            answers, over = self._answers(connection, text)
        except BadRequest as error:
            answers = [Error(error.code, error.detail).dumps()]
        call = Call(connection_id, tuple(answer.encode() for answer in answers), close=over)
        if connection_id in self._sockets.deliver([call], within_s=WITHIN_S).gone:
            self._pool.leave(connection_id)
        return answers

    def _close(self, connection_id: str, why: Error) -> list[str]:
        self._sockets.deliver([Call(connection_id, (why.dumps().encode(),), close=True)], within_s=WITHIN_S)
        self._pool.leave(connection_id)
        return [why.dumps()]

    def _answers(self, connection: ViewerConnection, text: str) -> tuple[list[str], bool]:
        """Return the answers to a message, and whether the connection is over with them."""
        message = parse(text)
        if isinstance(message, Subscribe):
            return self._subscribe(connection, message)
        if isinstance(message, Report):
            return self._report(connection, message), False
        return [Pong().dumps()], False

    def _subscribe(self, connection: ViewerConnection, message: Subscribe) -> tuple[list[str], bool]:
        # First of all: what is published after this is announced to it, what was before is in the state.
        known = self._states.of(connection.stream_id) if message.quality != AUTO else None
        if known is not None and message.quality not in {rendition.id for rendition in known.video}:
            raise BadRequest("quality_unknown", f"This stream has no rendition {message.quality}.")
        if known is None and message.quality != AUTO:
            raise BadRequest("quality_unknown", "This stream has no renditions yet: subscribe to auto.")
        self._pool.subscribe(connection.id, message.quality)
        stream, state = self._streams.get(connection.stream_id), self._states.of(connection.stream_id)
        over = stream is None or stream.finished_at is not None
        welcome = self._welcome(connection, message, stream, state)
        answers = [welcome.dumps(), *self._missed(connection, message, state), self._stats(connection)]
        if over:
            answers.append(ended(connection.recording_id, self._public_url).dumps())
        return answers, over

    def _welcome(
        self, connection: ViewerConnection, message: Subscribe, stream: LiveStream | None, state: LiveState | None
    ) -> Welcome:
        status = StreamStatus.STOPPED
        if stream is not None:
            status = shown_status(stream, state.health.last_segment_at if state else None, self._clock.now())
        resumes = message.after is None or state is None or state.window.window_at(message.after) is not None
        rungs = state.video if state else ()
        return Welcome(
            connection=connection.id,
            stream=connection.stream_id,
            status=status.value,
            target_s=state.window.target_s if state else stream.target_s if stream else 0,
            qualities=tuple(Quality(r.id, r.name, r.bitrate_kbps, r.width, r.height) for r in rungs),
            edge=state.window.edge if state else -1,
            first=state.window.media_sequence if state else 0,
            resume="ok" if resumes else "reset",
        )

    def _missed(self, connection: ViewerConnection, message: Subscribe, state: LiveState | None) -> list[str]:
        """Return what was published since the player's last segment."""
        if state is None or message.after is None:
            return []
        url = None
        if message.quality != AUTO:
            url = f"/{live_rendition_prefix(connection.recording_id, message.quality)}"
        window, now = state.window, self._clock.now()
        segment = Segment(
            connection.stream_id, window.media_sequence, window.discontinuity_sequence, message.quality, url, (), now
        )
        return in_frames(segment, [entry_json(entry) for entry in window.window_at(message.after) or ()])

    def _report(self, connection: ViewerConnection, report: Report) -> list[str]:
        self._pool.heard(connection, report.latency_s)
        state = self._states.of(connection.stream_id)
        advice = advise_live(state, report) if state else None
        return [self._stats(connection), *([advice.dumps()] if advice else [])]

    def _stats(self, connection: ViewerConnection) -> str:
        counts = self._pool.counts(connection.stream_id)
        return Stats(counts.viewers, counts.highest, counts.by_quality).dumps()
