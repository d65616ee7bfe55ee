"""What is on show of a live stream: its state, its multivariant playlist, its rungs and how far it is."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.documents import played, rendition_document
from chalicelib.domain.job import JobStatus
from chalicelib.domain.keys import master_key
from chalicelib.domain.live.keys import window_key
from chalicelib.domain.live.master import live_master
from chalicelib.domain.live.state import LiveState
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict
from chalicelib.services.captioning import with_captions

if TYPE_CHECKING:
    from chalicelib.domain.job import Rendition
    from chalicelib.domain.recording import Recording
    from chalicelib.services.playback import MasterPlaylists
    from chalicelib.services.ports import Objects

_STATUSES = {RecordingStatus.LIVE: JobStatus.IN_PROGRESS, RecordingStatus.READY: JobStatus.COMPLETED}


@dataclass(frozen=True, slots=True)
class LiveStates:
    """Reads streams' states, which the packagers write."""

    source: Objects

    def of(self, stream_id: str) -> LiveState | None:
        """Return a stream's state; None before its first segment."""
        body = self.source.get(window_key(stream_id)) if stream_id else None
        return None if body is None else LiveState.from_dict(json.loads(body))


@dataclass(frozen=True, slots=True)
class LiveMasters:
    """Implements playback's MasterPlaylists for live recordings, and hands the others on."""

    states: LiveStates
    media: Objects
    uploads: MasterPlaylists

    def generate_master_playlist(self, recording: Recording, *, planned: bool) -> str:
        """Return the playlist of the stream while it is on, of the recording it became afterwards.

        Raises Conflict: not_playable_yet, recording_errored.
        """
        if not recording.is_live or recording.status is RecordingStatus.ERRORED:
            return self.uploads.generate_master_playlist(recording, planned=planned)
        text = self._finished(recording) or self._on(recording)
        if not text:
            raise Conflict("not_playable_yet", "The stream has not begun yet; try again in a moment.")
        return text

    def _finished(self, recording: Recording) -> str:
        if recording.status is not RecordingStatus.READY:
            return ""
        text = (self.media.get(master_key(recording.id)) or b"").decode()
        return with_captions(self.media, recording, text)

    def _on(self, recording: Recording) -> str:
        state = self.states.of(recording.stream_id)
        return "" if state is None else live_master(state)


def live_progress(recording: Recording, state: LiveState | None) -> dict[str, Any]:
    """Return what the progress document of a live recording says otherwise than one without a job."""
    ready = recording.status is RecordingStatus.READY
    shown = {"status": _STATUSES.get(recording.status, JobStatus.PENDING).value, "percent": 100.0 if ready else 0.0}
    if state is None:
        return shown
    seconds = recording.duration_s if ready else float(sum(entry.duration_s for entry in state.window.entries))
    renditions = [_rendition(rendition, seconds, ready=ready) for rendition in played(state.renditions)]
    playable = ready or (recording.status is RecordingStatus.LIVE and state.playable)
    return shown | {"playable": playable, "segment_s": float(state.window.target_s), "renditions": renditions}


def _rendition(rendition: Rendition, available_s: float, *, ready: bool) -> dict[str, Any]:
    return rendition_document(rendition) | {
        "percent": 100.0 if ready else 0.0,
        "fps": 0.0,
        "speed": 0.0 if ready else 1.0,
        "available_s": round(available_s, 3),
        "chunks_done": 0,
        "chunks_total": 0,
        "vmaf": None,
        "status": (JobStatus.COMPLETED if ready else JobStatus.IN_PROGRESS).value,
    }
