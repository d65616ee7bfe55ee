"""The rung a live player should play, from one report over its socket: the same engine that answers REST."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.domain.abr.following import Followed
from chalicelib.domain.abr.levels import BitrateProfile
from chalicelib.domain.live.protocol import Advice
from chalicelib.services.ladders import Ladder
from chalicelib.services.quality import advise, config_of

if TYPE_CHECKING:
    from chalicelib.domain.live.incoming import Report
    from chalicelib.domain.live.state import LiveState


def advise_live(state: LiveState, report: Report) -> Advice | None:
    """Return what to play next; None where the report or the ladder leaves nothing to say.

    It rests on this report alone: a player that wants its whole session weighed reports to /sessions instead.
    """
    if report.bandwidth_kbps is None or not state.video:
        return None
    profile = BitrateProfile.from_renditions(state.renditions)
    ladder = Ladder(profile, profile.top, float(state.window.target_s), live=True)
    manager = Followed.resume(config_of(ladder), {}).manager
    if report.buffer_s is not None:
        manager.set_buffer_level(report.buffer_s)
    playing = next((level for level in profile.levels if level.id == report.rendition), None)
    if playing is not None:
        manager.set_last_level(playing.index)
    advice = advise(manager, ladder, "measured", report.bandwidth_kbps)
    return Advice(advice.level.id, advice.reason)
