"""A live stream's cloud in one process: the real packager, publisher and finisher, over in-memory ports."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.adapters.ffmpeg import FfmpegEncoder
from chalicelib.domain.ladder import EncodingProfile
from chalicelib.domain.live.keys import epoch_prefix, live_playlist_key, live_rendition_prefix
from chalicelib.domain.live.messages import FinishMessage, IngestMessage, StillsMessage, TickMessage, parse_live_message
from chalicelib.domain.live.stream import Container, Epoch, Input, LiveStream, StreamStatus
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Permanent, Transient
from chalicelib.services.live_admission import Admission
from chalicelib.services.live_finish import LiveFinisher
from chalicelib.services.live_publishing import LivePublisher
from chalicelib.services.live_segments import LivePackager
from chalicelib.services.live_states import LiveStates
from chalicelib.services.live_stills import StillsMaker
from support.fakes import FakeClock, FakeHold, FakeObjects, FakeQueue, FakeRecordings
from support.live import STREAM_ID
from support.live_fakes import FakeSegments, FakeStreams
from support.media import RECORDING_ID, recording
from support.pipeline import FFMPEG
from support.stand_in import Died

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from chalicelib.domain.live.entry import Entry
    from chalicelib.domain.live.state import LiveState
    from chalicelib.services.ports import Encoder

SMALL = (EncodingProfile("low", 160, 90, 60, 24), EncodingProfile("high", 320, 180, 400, 30))
TARGET_S = 2


@dataclass
class Listener:
    """An Announcer that remembers: entries by name, statuses, and whether the end was told."""

    entries: list[str] = field(default_factory=list)
    statuses: list[StreamStatus] = field(default_factory=list)
    ended: int = 0

    def announce_entries(self, state: LiveState, entries: Sequence[Entry]) -> None:
        """Remember names."""
        assert state.stream_id == STREAM_ID
        self.entries += [entry.name for entry in entries]

    def announce_status(self, stream: LiveStream, status: StreamStatus) -> None:
        """Remember it."""
        assert stream.id == STREAM_ID
        self.statuses.append(status)

    def announce_ended(self, stream: LiveStream) -> None:
        """Count."""
        assert stream.id == STREAM_ID
        self.ended += 1


@dataclass
class Studio:
    """One stream. `send` objects, then `work` until no message is left (`wait` lets time pass for delayed ones)."""

    scratch: Path
    encoder: Encoder = field(default_factory=lambda: FfmpegEncoder(FFMPEG))
    profiles: tuple[EncodingProfile, ...] = SMALL
    target_s: int = TARGET_S
    clock: FakeClock = field(default_factory=FakeClock)
    streams: FakeStreams = field(default_factory=FakeStreams)
    segments: FakeSegments = field(default_factory=FakeSegments)
    source: FakeObjects = field(default_factory=FakeObjects)
    media: FakeObjects = field(default_factory=FakeObjects)
    queue: FakeQueue = field(default_factory=FakeQueue)
    lifecycle_queue: FakeQueue = field(default_factory=FakeQueue)
    listener: Listener = field(default_factory=Listener)
    dropped: list[Permanent] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.source.time = self.media.time = self.clock.now
        self.recordings = FakeRecordings(self.clock)
        self.recordings.create(recording(status=RecordingStatus.LIVE, source_version="", stream_id=STREAM_ID))
        now = self.clock.now()
        self.streams.start(
            LiveStream(STREAM_ID, RECORDING_ID, "ann", RECORDING_ID, StreamStatus.ACTIVE, now, target_s=self.target_s)
        )
        self.publisher = LivePublisher(self.source, self.media, self.queue, self.listener, self.clock)
        admission = Admission(self.streams, self.source, self.queue, self.publisher, self.listener)
        self.packager = LivePackager(
            admission,
            self.publisher,
            self.segments,
            self.source,
            self.media,
            self.encoder,
            self.clock,
            self.profiles,
            str(self.scratch),
        )
        self.finisher = LiveFinisher(
            self.streams,
            self.segments,
            self.recordings,
            self.source,
            self.media,
            self.publisher,
            self.listener,
            self.queue,
            self.lifecycle_queue,
            self.clock,
        )

        self.stills = StillsMaker(
            self.streams,
            self.segments,
            LiveStates(self.source),
            self.recordings,
            self.media,
            self.encoder,
            self.queue,
            self.clock,
            str(self.scratch),
        )

    @property
    def stream(self) -> LiveStream:
        """The stream's row."""
        return self.streams.rows[STREAM_ID]

    @property
    def state(self) -> LiveState:
        """The stream's state."""
        return self.publisher.state(self.stream)

    def claim(
        self, container: Container = Container.FMP4, *, backup: bool = False, silent: bool = False, **more: Any
    ) -> int:
        """Claim the next epoch; returns its number."""
        number = self.stream.last_epoch + 1
        input_ = Input.BACKUP if backup else Input.PRIMARY
        epoch = Epoch(number, input_, container, self.clock.now(), **more)
        self.clock.time += 0.01
        assert self.streams.replace(self.stream.claimed(epoch, silent=silent))
        return number

    def send(self, epoch: int, name: str, body: bytes) -> str:
        """Put an object; its event waits in the queue. Returns its key."""
        key = epoch_prefix(STREAM_ID, epoch) + name
        self.source.put_bytes(key, body, content_type="video/mp4", cache_control="none")
        self.queue.send([IngestMessage(key, self.clock.now()).dumps()], group=STREAM_ID)
        return key

    def step(self, *, last_try: bool = False) -> None:
        """Do the next message's work."""
        body, _, _ = self.queue.messages.popleft()
        self.handle(body, last_try=last_try)

    def handle(self, body: str, *, last_try: bool = False) -> None:
        """Do what one message says."""
        message = parse_live_message(body)
        if isinstance(message, IngestMessage):
            self.packager.ingest(message.key, message.at, FakeHold(), remaining_s=60, last_try=last_try)
        elif isinstance(message, TickMessage):
            self.finisher.tick(message)
        elif isinstance(message, FinishMessage):
            self.finisher.finish(message)
        elif isinstance(message, StillsMessage):
            try:
                self.stills.handle(message, FakeHold(), remaining_s=60)
            except Permanent as error:  # the entry point logs it: a recording plays without
                self.dropped.append(error)

    def work(self) -> None:
        """Do all work; delayed messages take their time. What should come again does, at most eight times."""
        tries: dict[str, int] = {}
        while self.queue.messages:
            body, group, delay = self.queue.messages.popleft()
            self.clock.time += delay
            tries[body] = tries.get(body, 0) + 1
            try:
                self.handle(body, last_try=tries[body] >= 8)
            except Transient:
                self.queue.messages.append((body, group, 1))

    def work_through_deaths(self) -> int:
        """Deliver messages until they are acknowledged, as the queue does. Returns how often a worker died."""
        deaths = 0
        for _ in range(200):
            if not self.queue.messages:
                return deaths
            body, group, delay = self.queue.messages.popleft()
            self.clock.time += delay
            try:
                self.handle(body)
            except (Died, Transient) as end:
                deaths += isinstance(end, Died)
                self.queue.messages.append((body, group, 5))
        raise AssertionError("The messages never end.")

    def stop(self) -> None:
        """Stop the stream and have its recording made."""
        self.streams.stop(STREAM_ID, now=self.clock.now())
        self.queue.send([FinishMessage(STREAM_ID).dumps()], group=STREAM_ID)

    def playlist(self, rendition_id: str) -> str:
        """A rendition's sliding playlist as it is now."""
        return self.media.bodies[live_playlist_key(RECORDING_ID, rendition_id)].decode()

    def joined(self, rendition_id: str, *, playlist: str = "") -> bytes:
        """A rendition as a player would put it together, its first init segment once."""
        folder = live_rendition_prefix(RECORDING_ID, rendition_id)
        text = playlist or self.playlist(rendition_id)
        init = re.findall(r'EXT-X-MAP:URI="([^"]+)"', text)[0]
        names = [line for line in text.splitlines() if not line.startswith("#")]
        return b"".join(self.media.bodies[folder + name] for name in (init, *names))

    def pause(self) -> None:
        """Mark the stream as the schedule does when nothing comes."""
        paused = replace(self.stream, status=StreamStatus.PAUSED, version=self.stream.version + 1)
        assert self.streams.replace(paused)
