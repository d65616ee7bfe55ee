"""What of a recording can be chosen among now: the rungs of the multivariant playlist that is on show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.domain.abr.levels import BitrateProfile
from chalicelib.domain.keys import master_key, playlists_in
from chalicelib.domain.recording import RecordingStatus
from chalicelib.errors import Conflict

if TYPE_CHECKING:
    from chalicelib.domain.recording import Recording
    from chalicelib.services.live_states import LiveStates
    from chalicelib.services.ports import Clock, Jobs, Objects

FRESH_S = 10.0
"""A rung joins once in an encoding: for so long nobody misses it, and a busy recording is not read at every report."""
_KEPT = 256


@dataclass(frozen=True, slots=True)
class Ladder:
    """Every rung the job plans, so that indexes stay the same while it encodes; those up to `top` can be played."""

    profile: BitrateProfile
    top: int
    segment_s: float
    live: bool = False
    """True while a stream is on: there is no more to fetch than its last seconds."""


class Ladders:
    """Reads ladders, each once in ten seconds however often it is asked."""

    def __init__(self, jobs: Jobs, media: Objects, states: LiveStates, clock: Clock) -> None:
        """Read playlists from `media`, plans from `jobs`, and of live streams `states`."""
        self._jobs = jobs
        self._media = media
        self._states = states
        self._clock = clock
        self._kept: dict[str, tuple[float, Ladder]] = {}

    def of(self, recording: Recording) -> Ladder:
        """Return what can be played; raises Conflict: recording_errored, not_playable_yet, no_picture."""
        if recording.status is RecordingStatus.ERRORED:
            raise Conflict("recording_errored", recording.error_detail or "This recording could not be encoded.")
        now = self._clock.now()
        at, kept = self._kept.get(recording.id, (0.0, None))
        if kept is not None and now - at < FRESH_S:
            return kept
        ladder = self._read_live(recording) if recording.is_live else self._read(recording)
        self._kept.pop(recording.id, None)
        while len(self._kept) >= _KEPT:
            del self._kept[next(iter(self._kept))]
        self._kept[recording.id] = (now, ladder)
        return ladder

    def _read_live(self, recording: Recording) -> Ladder:
        state = self._states.of(recording.stream_id)
        if state is None or not state.playable:
            raise Conflict("not_playable_yet", "The stream has not begun yet; try again in a moment.")
        if not state.video:
            raise _no_picture()
        profile = BitrateProfile.from_renditions(state.renditions)
        live = recording.status is RecordingStatus.LIVE
        return Ladder(profile, profile.top, float(state.window.target_s), live=live)

    def _read(self, recording: Recording) -> Ladder:
        shown = playlists_in((self._media.get(master_key(recording.id)) or b"").decode())
        # While another job works on a new ladder the old one stays on show: the playlist says whose it is.
        job = self._jobs.get(next(iter(shown.values()))) if shown else None
        if job is None:
            raise Conflict("not_playable_yet", "The first seconds are still being encoded; try again in a moment.")
        if not job.plan.video:
            raise _no_picture()
        profile = BitrateProfile.from_renditions(job.plan.renditions)
        hidden = (level.index for level in profile.levels if level.id not in shown)
        top = min(hidden, default=len(profile)) - 1
        return Ladder(profile, max(top, 0), float(job.plan.segment_s))


def _no_picture() -> Conflict:
    return Conflict("no_picture", "This recording is sound alone: there is nothing to choose among.")
