"""Live streams looked through when nothing moves any more: what was sent is in the recording, once."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import TYPE_CHECKING

from chalicelib.domain.live.keys import (
    init_name,
    live_prefix,
    live_rendition_prefix,
    part_name,
    recording_playlist_key,
    window_key,
)
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.live.stream import Input, StreamStatus
from chalicelib.domain.recording import RecordingStatus
from simulation.playlists import END

if TYPE_CHECKING:
    from chalicelib.domain.live.packaged import PackagedSegment
    from chalicelib.domain.recording import Recording
    from simulation.broadcast import Broadcast
    from simulation.world import World

LAST_TRY = 8
"""So often a segment is tried before it is refused: as many faults may have hit it."""


def close(world: World, broadcasts: list[Broadcast]) -> None:
    """Look through every stream and what is left of it."""
    for broadcast in broadcasts:
        if broadcast.recording_id:
            _end_of(world, broadcast)
    stores = world.stores
    for stream in stores.streams.rows.values():
        if stream.recording_id not in stores.recordings.rows:
            world.defects.append(f"{stream.id} is left of a recording that was deleted")
        elif stream.status is not StreamStatus.STOPPED or stream.finished_at is None:
            world.defects.append(f"{stream.id} never ended: {stream.status}")
    known = {window_key(stream_id) for stream_id in stores.streams.rows}
    left = [key for key in stores.source.bodies if key.startswith(("ingest/", "windows/")) and key not in known]
    left += [stream_id for stream_id, *_ in stores.segments.rows if stream_id not in stores.streams.rows]
    if left:
        world.defects.append(f"left of streams that are over: {left[:5]}")
    _viewers(world)


def _end_of(world: World, broadcast: Broadcast) -> None:
    stores = world.stores
    recording = stores.recordings.rows.get(broadcast.recording_id)
    if broadcast.deleted or recording is None:
        if recording is not None:
            world.defects.append(f"{recording.id} is still there: {recording.status}")
        return
    if broadcast.started is None:
        return
    stream_id = broadcast.started.stream.id
    segments = [segment for key, segment in sorted(stores.segments.rows.items()) if key[0] == stream_id]
    status = RecordingStatus.READY if segments else RecordingStatus.WAITING
    if recording.status is not status:
        said = ", ".join(broadcast.asked)
        world.defects.append(f"{recording.id} ended {recording.status} with {len(segments)} segments ({said})")
    if recording.status is RecordingStatus.READY:
        _recording(world, recording, segments)
    _lost(world, broadcast, stream_id, segments)


def _recording(world: World, recording: Recording, segments: list[PackagedSegment]) -> None:
    """Every segment that has a row stands in every rendition's playlist, once."""
    stores = world.stores
    for rendition in segments[0].renditions:
        text = stores.media.bodies.get(recording_playlist_key(recording.id, rendition.rendition_id), b"").decode()
        names = Counter(line for line in text.splitlines() if line and not line.startswith("#"))
        wanted = Counter(part_name(s.stem, part) for s in segments for part in range(len(s.video.pieces)))
        if not text.endswith(END) or names != wanted:
            lost, more = list(wanted - names)[:3], list(names - wanted)[:3]
            world.defects.append(f"{recording.id} {rendition.rendition_id}: lacks {lost}, has too much {more}")
    named = {recording.poster, recording.storyboard}
    for segment in segments:
        for rendition in segment.renditions:
            folder = live_rendition_prefix(recording.id, rendition.rendition_id)
            named |= {folder + init_name(segment.init_stem)}
            named |= {folder + part_name(segment.stem, part) for part in range(len(rendition.pieces))}
    for key in stores.media.bodies:
        if key.startswith(live_prefix(recording.id)) and key not in named and re.search(r"\.(m4s|mp4)$", key):
            world.defects.append(f"orphan: {key}")


def _lost(world: World, broadcast: Broadcast, stream_id: str, segments: list[PackagedSegment]) -> None:
    """What the only encoder sent in time was taken, or refused with a reason, as its owner can read."""
    if any(input_ is Input.BACKUP for _, _, input_ in broadcast.claims):
        return  # of two encoders one is heard; which, the packager's own tests say
    body = world.stores.source.bodies.get(window_key(stream_id))
    state = LiveState.from_dict(json.loads(body)) if body else None
    refused = Counter(state.health.refused) if state else Counter()
    taken = {segment.source_key for segment in segments}
    stream = world.stores.streams.rows[stream_id]
    lost = 0
    for sent in broadcast.sent:
        newer = [at for at, epoch, _ in broadcast.claims if epoch > sent.epoch]
        unsure_s = 2 * world.hub.weather.skew_s + 1
        late = stream.stopped_at is not None and sent.at > stream.stopped_at
        if sent.key not in taken and not late and not any(at <= sent.at + unsure_s for at in newer):
            lost += 1
    if lost > sum(refused.values()) or (lost and len(world.hub.faults) < LAST_TRY):
        world.defects.append(f"{stream_id} lost {lost} segments; {dict(refused)} were refused")


def _viewers(world: World) -> None:
    """Counters are what happened."""
    connections = world.connections
    for stream_id in {*connections.joined, *connections.left}:
        counts = connections.counts(stream_id)
        if counts.joined - counts.left != counts.viewers:
            world.defects.append(f"{stream_id} counts {counts}")
        if counts.viewers > counts.joined or counts.highest > counts.joined:
            world.defects.append(f"{stream_id} counts {counts}")
