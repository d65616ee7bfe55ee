"""Poster and thumbnails of a finished stream. They are extras: whatever goes wrong here, the recording plays."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from chalicelib.domain.jpeg import jpeg_size
from chalicelib.domain.keys import address
from chalicelib.domain.live.entry import fits
from chalicelib.domain.live.keys import init_name, live_rendition_prefix, part_name
from chalicelib.domain.live.stills import (
    poster_commands,
    poster_stretch,
    sprite_command,
    sprites,
    stills_prefix,
    thumbnail_track,
    tiles,
)
from chalicelib.domain.poster import POSTER_TYPE
from chalicelib.domain.recording import RecordingStatus
from chalicelib.domain.storyboard import MIME, SPRITE_TYPE
from chalicelib.errors import Permanent, Transient
from chalicelib.services.live_publishing import WRITERS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.job import Rendition
    from chalicelib.domain.live.messages import StillsMessage
    from chalicelib.domain.live.packaged import PackagedSegment
    from chalicelib.domain.live.state import LiveState
    from chalicelib.domain.live.stills import Tile
    from chalicelib.services.live_ports import LiveSegments, Streams
    from chalicelib.services.live_states import LiveStates
    from chalicelib.services.ports import Clock, Encoder, MessageHold, Objects, Queue, Recordings

_FOR_GOOD = "public, max-age=31536000, immutable"
_HOLD_S = 90
_ENOUGH_S = 20
"""Seconds of the function's time with which another sprite is not begun."""


@dataclass(frozen=True, slots=True)
class StillsMaker:
    """Carries out stills messages. What does not fit into one call's time is left to the next message."""

    streams: Streams
    segments: LiveSegments
    states: LiveStates
    recordings: Recordings
    media: Objects
    encoder: Encoder
    queue: Queue
    clock: Clock
    scratch: str

    def handle(self, message: StillsMessage, hold: MessageHold, *, remaining_s: float) -> None:
        """Make what is missing of a stream's stills; raises Permanent when a picture cannot be made."""
        stream = self.streams.get(message.stream_id)
        state = self.states.of(message.stream_id)
        if stream is None or state is None or not state.video:
            return
        segments = [s for s in self.segments.of_stream(stream.id) if fits(s, stream.target_s)]
        recording = self.recordings.get(stream.recording_id)
        if not segments or recording is None or recording.status is not RecordingStatus.READY:
            return
        work = _Stills(self, state, hold, self.clock.now() + remaining_s)
        if not recording.poster:
            work.poster(segments)
        if not recording.storyboard and not work.storyboard(segments):
            self.queue.send([message.dumps()], group=stream.id)


@dataclass(frozen=True, slots=True)
class _Stills:
    """One call's work."""

    maker: StillsMaker
    state: LiveState
    hold: MessageHold
    deadline: float

    def poster(self, segments: Sequence[PackagedSegment]) -> None:
        """Make and name the poster, of the highest rung."""
        rung, stretch = self.state.video[-1], poster_stretch(segments)
        key = f"{stills_prefix(self.state.recording_id)}poster-{address({'of': stretch[0].stem}, 8)}.jpg"
        with TemporaryDirectory(dir=self.maker.scratch) as folder:
            source, path = Path(folder) / "stretch.mp4", Path(folder) / "poster.jpg"
            source.write_bytes(self._init(rung, stretch[0]) + b"".join(self._bodies(rung, stretch)))
            self._first_that_works(poster_commands(rung, str(source), str(path)), path)
            self.maker.media.put_file(key, path, content_type=POSTER_TYPE, cache_control=_FOR_GOOD)
        self._name(poster=key)

    def storyboard(self, segments: Sequence[PackagedSegment]) -> bool:
        """Make the sprites that are missing, then the track; False when time has run out."""
        rung, media = self.state.video[0], self.maker.media
        prefix, groups = stills_prefix(self.state.recording_id), sprites(tiles(segments))
        names = [f"sprite-{address({'of': [tile.segment.stem for tile in group]}, 12)}.jpg" for group in groups]
        for group, name in zip(groups, names, strict=True):
            if media.head(prefix + name) is not None:
                continue
            if self.deadline - self.maker.clock.now() < _ENOUGH_S:
                return False
            self._sprite(rung, group, prefix + name)
        key = f"{prefix}storyboard-{address({'of': names}, 8)}.vtt"
        track = thumbnail_track(rung, groups, names).encode()
        media.put_bytes(key, track, content_type=MIME, cache_control=_FOR_GOOD)
        self._name(storyboard=key)
        return True

    def _sprite(self, rung: Rendition, group: Sequence[Tile], key: str) -> None:
        chosen = [tile.segment for tile in group]
        with TemporaryDirectory(dir=self.maker.scratch) as folder:
            paths = [Path(folder) / f"{index}.mp4" for index in range(len(chosen))]
            for path, segment, body in zip(paths, chosen, self._bodies(rung, chosen, parts=1), strict=True):
                path.write_bytes(self._init(rung, segment) + body)
            path = Path(folder) / "sprite.jpg"
            self._first_that_works([sprite_command(rung, [str(one) for one in paths], str(path))], path)
            self.maker.media.put_file(key, path, content_type=SPRITE_TYPE, cache_control=_FOR_GOOD)

    def _first_that_works(self, commands: Sequence[Sequence[str]], path: Path) -> None:
        said = ""
        for command in commands:
            self.hold.keep(_HOLD_S)
            timeout_s = max(1.0, self.deadline - self.maker.clock.now() - 1)
            try:
                self.maker.encoder.run_to_file(command, timeout_s=timeout_s, beat=lambda *_: True)
                jpeg_size(path.read_bytes())
            except (Transient, Permanent, FileNotFoundError) as error:
                said = str(error)
            else:
                return
        raise Permanent("stills_failed", f"No picture of {self.state.stream_id}: {said}")

    def _init(self, rung: Rendition, segment: PackagedSegment) -> bytes:
        return self._read(live_rendition_prefix(self.state.recording_id, rung.id) + init_name(segment.init_stem))

    def _bodies(self, rung: Rendition, segments: Sequence[PackagedSegment], parts: int = 0) -> list[bytes]:
        """The segments' bodies in order; of each only the first `parts`, 0 for all."""
        folder = live_rendition_prefix(self.state.recording_id, rung.id)
        keys = [
            [folder + part_name(segment.stem, part) for part in range(parts or len(segment.video.pieces))]
            for segment in segments
        ]
        with ThreadPoolExecutor(WRITERS) as readers:
            return [b"".join(readers.map(self._read, some)) for some in keys]

    def _read(self, key: str) -> bytes:
        body = self.maker.media.get(key)
        if body is None:
            raise Permanent("stills_failed", f"The object {key} has gone.")
        return body

    def _name(self, **keys: Any) -> None:
        named = self.maker.recordings.update(self.state.recording_id, expect=[RecordingStatus.READY], **keys)
        if named is None:
            self.maker.media.delete(keys.values())  # deleted meanwhile
