"""The work on one segment: fetched, packaged, stored under names of its own, and its row written once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from chalicelib.domain.live.entry import fits
from chalicelib.domain.live.health import Refusal
from chalicelib.domain.live.keys import (
    INIT,
    epoch_prefix,
    init_name,
    live_rendition_prefix,
    part_name,
    segment_stem,
)
from chalicelib.domain.live.ladder import plan_live
from chalicelib.domain.live.packaged import PackagedSegment
from chalicelib.domain.live.packaging import PACKAGER_BUILD, PRESET
from chalicelib.domain.live.splitting import UNFIT
from chalicelib.domain.live.stream import Container
from chalicelib.errors import Permanent, Transient
from chalicelib.services.live_packaging import Bench
from chalicelib.services.live_publishing import WRITERS

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from chalicelib.domain.live.keys import Ingested
    from chalicelib.domain.live.splitting import Packed
    from chalicelib.domain.live.state import LiveState
    from chalicelib.domain.live.stream import LiveStream
    from chalicelib.services.live_packaging import Look
    from chalicelib.services.live_segments import LivePackager
    from chalicelib.services.ports import MessageHold

VIDEO_TYPE, SEGMENT_TYPE = "video/mp4", "video/iso.segment"
FOR_GOOD = "public, max-age=31536000, immutable"
INIT_MISSING = "init_missing"
_HOLD_S = 60
_KEEP_EVERY_S = 15
_ATTEMPT_CHARS = 6
_DROPPED_SOUND = "audio_dropped"


@dataclass(slots=True)
class SegmentWork:
    """One segment on its way."""

    packager: LivePackager
    stream: LiveStream
    run: int
    ingested: Ingested
    landed_at: float
    hold: MessageHold
    deadline: float
    kept_at: float = 0.0

    @property
    def n(self) -> int:
        """The segment's number."""
        assert self.ingested.n is not None  # noqa: S101  init segments are not packaged
        return self.ingested.n

    def package(self) -> PackagedSegment | None:
        """Make and store all renditions and the row, or find somebody else's; None when the object is gone."""
        self._beat(0, 0.0)
        body = self._body()
        if body is None:
            return None
        packager = self.packager
        with TemporaryDirectory(dir=packager.scratch) as folder:
            timeout_s = max(1.0, self.deadline - packager.clock.now())
            bench = Bench(
                packager.encoder, Path(folder), self.ingested.container, self._beat, timeout_s, packager.threads
            )
            look = bench.look(body)
            state = self._planned(look)
            packed = look.pack(state.renditions, self.stream.target_s)
            segment = self._segment(packed, state, len(body), bench.cpu_s)
        if not fits(segment, self.stream.target_s):
            raise Permanent(UNFIT, "Sound and picture of this segment differ too much in length.")
        return self._store(segment, packed)

    def _beat(self, _frames: int, _fps: float, /) -> bool:
        now = self.packager.clock.now()
        if now - self.kept_at >= _KEEP_EVERY_S:
            self.kept_at = now
            self.hold.keep(_HOLD_S)
        return True

    def _body(self) -> bytes | None:
        """The object, after its epoch's init segment where it needs one; raises Transient while that is missing."""
        source, ingested = self.packager.source, self.ingested
        init = b""
        if ingested.container is Container.FMP4:
            found = source.get(epoch_prefix(ingested.stream_id, ingested.epoch) + INIT)
            if found is None:
                raise Transient(INIT_MISSING, "The init segment (init.mp4) of this epoch has not come.")
            init = found
        body = source.get(ingested.key)
        return None if body is None else init + body

    def _planned(self, look: Look) -> LiveState:
        """The state with its renditions, planned now if this is the first segment."""
        publisher, stream = self.packager.publisher, self.stream
        state = publisher.state(stream)
        if not state.renditions:
            known = self.packager.profiles
            profiles = [profile for profile in known if profile.name in stream.profiles] or known
            encoder = {"build": PACKAGER_BUILD, "preset": PRESET}
            planned = plan_live(look.facts, profiles, encoder, target_s=stream.target_s)
            state = publisher.change(stream, lambda current: current.planned(planned))[1]
        if look.sound and state.audio is None and _DROPPED_SOUND not in state.health.refused:
            said = "The stream began without sound: what comes now of it is left out. Start another stream for it."
            refusal = Refusal(self.packager.clock.now(), str(self.n), _DROPPED_SOUND, said)
            state = publisher.change(stream, lambda current: current.refused(refusal))[1]
        return state

    def _segment(self, packed: Sequence[Packed], state: LiveState, size: int, cpu_s: float) -> PackagedSegment:
        stem = segment_stem(self.run, self.n, self.packager.clock.token()[:_ATTEMPT_CHARS])
        start_s = next(p.start_s for p in packed if p.facts.pieces[0].key_frame)
        segment = PackagedSegment(
            stream_id=self.stream.id,
            run=self.run,
            n=self.n,
            epoch=self.ingested.epoch,
            stem=stem,
            init_stem=stem,
            start_s=start_s,
            pdt=0.0,
            received_at=self.landed_at,
            source_key=self.ingested.key,
            source_size=size,
            renditions=tuple(p.facts for p in packed),
            cpu_s=round(cpu_s, 3),
        )
        cursor = state.window.cursor
        alike = cursor.run == self.run and cursor.fingerprint == segment.fingerprint
        init_stem = cursor.init.removesuffix(init_name("")) if alike else stem
        return replace(segment, init_stem=init_stem, pdt=self._captured_at(segment))

    def _captured_at(self, segment: PackagedSegment) -> float:
        """When its first frame was captured: counted from what the encoder said of its first, else from its arrival."""
        epoch = self.stream.epoch(self.ingested.epoch)
        run = self.stream.run_of(self.ingested.epoch, 0)
        if epoch is not None and epoch.first_pdt is not None and run is not None:
            first = segment if self.n == 0 else self.packager.segments.get(self.stream.id, run, 0)
            if first is not None:
                return epoch.first_pdt + float(segment.start_s - first.start_s)
        return self.landed_at - float(segment.duration_s)

    def _store(self, segment: PackagedSegment, packed: Sequence[Packed]) -> PackagedSegment:
        """Put all objects, then the row; whoever comes second removes what it put and goes on with the first's."""
        packager = self.packager
        objects = dict(self._objects(segment, packed))
        self._put(objects)
        if packager.segments.put(segment):
            return segment
        first = packager.segments.get(self.stream.id, self.run, self.n)
        if first is None:
            # Deleted meanwhile, row and all.
            packager.media.delete(objects)
            raise Transient("segment_gone", "The stream is being deleted.")
        if first.stem != segment.stem:
            packager.media.delete(objects)
        return first

    def _objects(self, segment: PackagedSegment, packed: Sequence[Packed]) -> Iterator[tuple[str, tuple[bytes, str]]]:
        for one in packed:
            folder = live_rendition_prefix(self.stream.recording_id, one.facts.rendition_id)
            if segment.init_stem == segment.stem:
                yield folder + init_name(segment.stem), (one.init, VIDEO_TYPE)
            for part, body in enumerate(one.pieces):
                yield folder + part_name(segment.stem, part), (body, SEGMENT_TYPE)

    def _put(self, objects: dict[str, tuple[bytes, str]]) -> None:
        def put(key: str) -> None:
            body, kind = objects[key]
            self.packager.media.put_bytes(key, body, content_type=kind, cache_control=FOR_GOOD)

        with ThreadPoolExecutor(WRITERS) as writers:
            for _ in writers.map(put, objects):
                pass
