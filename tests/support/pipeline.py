"""The whole transcoding pipeline in one process: real FFmpeg and PyAV, in-memory cloud."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from chalicelib.adapters.ffmpeg import FfmpegEncoder
from chalicelib.adapters.probe import PyAvProbe
from chalicelib.domain.cost import PriceTable
from chalicelib.domain.job import Priority
from chalicelib.domain.keys import source_key
from chalicelib.domain.messages import EncodeMessage, ExtractMessage, PosterMessage, PrepareMessage, parse_message
from chalicelib.errors import Permanent
from chalicelib.services.billing import Rates
from chalicelib.services.captions import CaptionShelf
from chalicelib.services.control import JobControl
from chalicelib.services.encoding import EncodeWorker, Limits
from chalicelib.services.extraction import CaptionExtractor
from chalicelib.services.fanout import TranscodingQueue
from chalicelib.services.preparing import PrepareWorker, Sources
from chalicelib.services.publishing import Publisher
from chalicelib.services.stills import PosterMaker
from chalicelib.services.transcoding import MultiBitrateTranscoder
from support.fakes import FakeClock, FakeHold, FakeJobs, FakeLedger, FakeObjects, FakeQueue, FakeRecordings
from support.media import RECORDING_ID, recording

if TYPE_CHECKING:
    from chalicelib.domain.job import Job
    from chalicelib.domain.recording import Recording
    from chalicelib.services.ports import Encoder, Probe

ROOT = Path(__file__).parents[2]
FFMPEG = str(ROOT / "build/layers/ffmpeg/bin/ffmpeg")
PYAV = str(ROOT / "build/layers/probe/python")


@dataclass
class Pipeline:
    """One recording's cloud. `upload` then `work` (or `step`) until nothing is left."""

    scratch: Path
    probe: Probe = field(default_factory=lambda: PyAvProbe(PYAV))
    encoder: Encoder = field(default_factory=lambda: FfmpegEncoder(FFMPEG))
    preset: str = "ultrafast"
    clock: FakeClock = field(default_factory=FakeClock)
    jobs: FakeJobs = field(default_factory=FakeJobs)
    source: FakeObjects = field(default_factory=FakeObjects)
    media: FakeObjects = field(default_factory=FakeObjects)
    queue: FakeQueue = field(default_factory=FakeQueue)
    urgent: FakeQueue = field(default_factory=FakeQueue)
    dropped: list[Permanent] = field(default_factory=list)
    ledger: FakeLedger = field(default_factory=FakeLedger)
    prices: PriceTable = field(default_factory=PriceTable)
    prepare_queue: FakeQueue = field(default_factory=FakeQueue)
    uploads_queue: FakeQueue = field(default_factory=FakeQueue)
    lifecycle_queue: FakeQueue = field(default_factory=FakeQueue)

    def __post_init__(self) -> None:
        self.recordings = FakeRecordings(self.clock)
        self.publisher = Publisher(self.recordings, self.jobs, self.media, self.lifecycle_queue, self.clock)
        queues = {Priority.NORMAL: self.queue, Priority.HIGH: self.urgent}
        sender = TranscodingQueue(self.jobs, queues, self.clock)
        hours = 12 * 3600
        sources = Sources(self.recordings, self.jobs, self.source, self.probe, self.prepare_queue, hours)
        self.preparer = PrepareWorker(
            self.recordings, self.source, self.encoder, self.uploads_queue, self.clock, str(self.scratch)
        )
        self.transcoder = MultiBitrateTranscoder(
            self.recordings,
            self.jobs,
            self.source,
            self.media,
            sender,
            sources,
            self.clock,
            max_duration_s=hours,
            rescue_rung=True,
        )
        self.control = JobControl(self.jobs, self.publisher, sender, self.clock)
        rates = Rates("on_encode", 3538, self.prices)
        self.gauges: dict[str, list[float]] = {}
        limits = Limits(lease_s=30, max_attempts=4, scratch=str(self.scratch), preset=self.preset, threads=2)
        self.worker = EncodeWorker(
            self.recordings,
            self.jobs,
            self.source,
            self.media,
            self.encoder,
            self.publisher,
            queues,
            self.ledger,
            self.clock,
            limits,
            rates,
            self._note,
        )
        self.posters = PosterMaker(
            self.recordings,
            self.jobs,
            self.source,
            self.media,
            self.encoder,
            self.ledger,
            self.lifecycle_queue,
            self.clock,
            rates,
            str(self.scratch),
        )

        shelf = CaptionShelf(self.recordings, self.media, self.publisher, self.clock)
        self.extractor = CaptionExtractor(
            self.jobs, self.source, shelf, self.encoder, self.clock, 12 * 3600, str(self.scratch)
        )

    def _note(self, name: str, value: float, /) -> None:
        self.gauges.setdefault(name, []).append(value)

    def upload(self, body: bytes) -> Job | None:
        """Put a source and deliver its event; prepare it when it needs that."""
        return self.land(body) or self.prepare()

    def land(self, body: bytes) -> Job | None:
        """Put a source and deliver its event."""
        self.recordings.create(recording(source_version=""))
        self.source.put_bytes(source_key(RECORDING_ID), body, content_type="video/mp4", cache_control="none")
        return self.event()

    def prepare(self, hold: FakeHold | None = None) -> Job | None:
        """Do the next message of the prepare queue, and what it asks of the uploads queue."""
        if not self.prepare_queue.messages:
            return None
        message = parse_message(self.prepare_queue.messages.popleft()[0])
        assert isinstance(message, PrepareMessage)
        self.preparer.handle(message, hold or FakeHold(), remaining_s=120)
        job = None
        while self.uploads_queue.messages:
            job = self.event()
            self.uploads_queue.messages.popleft()
        return job

    def event(self) -> Job | None:
        """Deliver the S3 event (again)."""
        return self.transcoder.start_from_upload(RECORDING_ID)

    def step(self, hold: FakeHold | None = None) -> None:
        """Do the next message's work."""
        message = parse_message(self.queue.messages.popleft()[0])
        if isinstance(message, ExtractMessage):
            self.extractor.handle(message, hold or FakeHold(), remaining_s=120)
            return
        if isinstance(message, PosterMessage):
            try:
                self.posters.handle(message, hold or FakeHold(), remaining_s=120)
            except Permanent as error:  # the entry point logs it: a recording plays without
                self.dropped.append(error)
            return
        assert isinstance(message, EncodeMessage)
        self.worker.handle(message, hold or FakeHold(), remaining_s=120)

    def work(self) -> None:
        """Do all work."""
        while self.queue.messages:
            self.step()

    @property
    def recording(self) -> Recording:
        """The recording as it is now."""
        row = self.recordings.get(RECORDING_ID)
        assert row is not None
        return row
