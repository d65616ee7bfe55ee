"""Removing what dead attempts and replaced sources left, some time after a job or a stream has ended."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chalicelib.domain.keys import is_recording_id, media_prefix, source_prefix
from chalicelib.domain.leftovers import leftovers, replaced
from chalicelib.domain.live.keys import init_name, live_rendition_prefix, part_name
from chalicelib.domain.messages import TidyMessage
from chalicelib.domain.recording import RecordingStatus

if TYPE_CHECKING:
    from collections.abc import Iterator

    from chalicelib.domain.live.packaged import PackagedSegment
    from chalicelib.domain.recording import Recording
    from chalicelib.services.ports import Clock, Jobs, Objects, Queue, Recordings

LATER_S = 900
"""SQS's longest delay."""


class Packaged(Protocol):
    """The live_segments table, read."""

    def of_stream(self, stream_id: str) -> Iterator[PackagedSegment]:
        """All segments of a stream."""


def ask_to_tidy(queue: Queue, recording_id: str) -> None:
    """Have a recording's media looked through when whoever works on it now has ended."""
    queue.send([TidyMessage(recording_id).dumps()], group=recording_id, delay_s=LATER_S)


@dataclass(frozen=True, slots=True)
class Tidier:
    """Safe at any time and as often as one likes: only what is old enough goes."""

    recordings: Recordings
    jobs: Jobs
    segments: Packaged
    source: Objects
    media: Objects
    queue: Queue
    clock: Clock

    def tidy(self, message: TidyMessage) -> int:
        """Remove a recording's leftovers; returns how many. Comes back while some are too young to tell."""
        if not is_recording_id(message.recording_id):
            return 0
        recording = self.recordings.get(message.recording_id)
        if recording is None or recording.status is RecordingStatus.DELETING:
            return 0  # all of it goes
        # Listed before the rows are read: whatever was old then is named in them, or nowhere.
        listed = list(self.media.list_dated(media_prefix(recording.id)))
        made = leftovers(listed, frozenset(self._named(recording)), self.clock.now())
        self.media.delete(made.keys)
        beside = self.source.list_dated(source_prefix(recording.id))
        old = replaced(beside, recording.source_version, self.clock.now())
        self.source.delete(old.keys)
        if made.unsettled or old.unsettled:
            ask_to_tidy(self.queue, recording.id)
        return len(made.keys) + len(old.keys)

    def _named(self, recording: Recording) -> Iterator[str]:
        yield recording.poster
        yield recording.storyboard
        yield from (track.key for track in recording.captions)
        for job in self.jobs.by_recording(recording.id):
            yield from (task.result.key for task in self.jobs.tasks(job.id) if task.result)
        for segment in self.segments.of_stream(recording.stream_id) if recording.stream_id else ():
            for rendition in segment.renditions:
                folder = live_rendition_prefix(recording.id, rendition.rendition_id)
                yield folder + init_name(segment.init_stem)
                yield from (folder + part_name(segment.stem, part) for part in range(len(rendition.pieces)))
