"""Advice on what to fetch: from what a player measured, from its session's reports, or from its network's past."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.following import NOT_ENCODED, Followed, device_of
from chalicelib.domain.abr.levels import ABRConfig
from chalicelib.domain.abr.link import Prior
from chalicelib.domain.sessions import session_not_found
from chalicelib.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.abr.levels import BitrateLevel
    from chalicelib.domain.abr.manager import AdaptiveBitrateManager
    from chalicelib.domain.networks import NetworkPast
    from chalicelib.services.ladders import Ladder, Ladders
    from chalicelib.services.pasts import NetworkPasts
    from chalicelib.services.ports import Clock
    from chalicelib.services.reports import PlayerSessions
    from chalicelib.services.viewers import Viewer

MAX_BUFFER_S = 60.0
"""What our player keeps of a recording."""
LIVE_BUFFER_S = 12.0
"""What our player keeps of a stream that is on."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What a query says was measured; None is not known."""

    bandwidth_kbps: float | None = None
    buffer_s: float | None = None
    rtt_ms: float | None = None
    level: int | None = None
    """Index of the rung that plays now."""
    device: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Advice:
    """A rung to fetch next. `basis` is what it rests on: `session`, `measured`, `network` or `default`."""

    level: BitrateLevel
    rule: str
    reason: str
    start: bool
    """True while nothing has played: the rung to begin with."""
    cap: BitrateLevel | None
    """The highest rung of use, when that is not the ladder's highest."""
    cap_reason: str
    basis: str
    samples: int
    """Transfers that it rests on."""
    past: NetworkPast | None = None
    explanation: Mapping[str, Any] = field(default_factory=dict)


def config_of(ladder: Ladder) -> ABRConfig:
    """Return the configuration our player plays a recording, or a stream that is on, with."""
    if ladder.live:
        buffer_s = max(LIVE_BUFFER_S, ladder.segment_s)
        return ABRConfig(ladder.profile, segment_s=ladder.segment_s, max_buffer_s=buffer_s, live=True)
    return ABRConfig(ladder.profile, segment_s=ladder.segment_s, max_buffer_s=max(MAX_BUFFER_S, ladder.segment_s))


def advise(manager: AdaptiveBitrateManager, ladder: Ladder, basis: str, bandwidth_kbps: float | None = None) -> Advice:
    """Ask the engine; what is not encoded yet is not advised."""
    shown = ladder.top < ladder.profile.top
    manager.set_cap(NOT_ENCODED, ladder.profile[ladder.top].kbps if shown else None)
    choice = manager.recommend(bandwidth_kbps)
    profile, highest = ladder.profile, choice.inputs["allowed_kbps"][-1]
    cap = None if highest == profile[profile.top].kbps else profile.at_most(highest)
    barred = choice.inputs["barred"].get(str(profile[cap.index + 1].kbps), "") if cap else ""
    start, samples = choice.inputs["last_kbps"] is None, choice.inputs["samples"]
    return Advice(choice.level, str(choice.rule), str(choice.reason), start, cap, str(barred), basis, samples)


class QualityAdvisor:
    """Recommends rungs. Reads, never writes: asking costs nothing and can be repeated."""

    def __init__(self, ladders: Ladders, pasts: NetworkPasts, sessions: PlayerSessions, clock: Clock) -> None:
        """Take what can be played, how networks were, and what sessions reported."""
        self._ladders = ladders
        self._pasts = pasts
        self._sessions = sessions
        self._clock = clock

    def recommend(self, viewer: Viewer, session: str | None, measured: Measured, *, explain: bool = False) -> Advice:
        """Return what to fetch next, or to begin with.

        Raises Conflict while there is nothing to choose among, NotFound for a session of somebody else's or that nobody
        has heard of, BadRequest for a level the ladder does not have.
        """
        ladder = self._ladders.of(viewer.recording)
        if measured.level is not None and measured.level > ladder.profile.top:
            raise BadRequest("invalid_request", f"level must be at most {ladder.profile.top}, the ladder's highest.")
        manager, basis, past = self._manager(viewer, session, ladder, asked=measured.bandwidth_kbps is not None)
        _tell(manager, measured)
        advice = advise(manager, ladder, basis, measured.bandwidth_kbps)
        explanation = manager.explain(measured.bandwidth_kbps) if explain else {}
        return _with(advice, past, explanation)

    def _manager(
        self, viewer: Viewer, session: str | None, ladder: Ladder, *, asked: bool
    ) -> tuple[AdaptiveBitrateManager, str, NetworkPast | None]:
        config = config_of(ladder)
        stored = self._sessions.load(viewer.recording.id, session, now=self._clock.now()) if session else None
        if stored is not None:
            viewer.check(stored)
            return Followed.resume(config, stored.state).manager, "session", None
        if session and not viewer.proved:
            raise session_not_found()
        past = None if asked else self._pasts.of(viewer.address)
        basis = "measured" if asked else "network" if past else "default"
        return Followed.resume(config, {}, prior_of(past)).manager, basis, past


def prior_of(past: NetworkPast | None) -> Prior | None:
    """Return a network's past as the engine takes it: as coarse as players get it, so that both begin alike."""
    if past is None:
        return None
    coarse = past.coarse()
    return Prior(coarse.mean_log_kbps, coarse.weight)


def _tell(manager: AdaptiveBitrateManager, measured: Measured) -> None:
    """Hand on what a query says beside the bandwidth."""
    if measured.device:
        manager.set_device(device_of(measured.device))
    if measured.buffer_s is not None:
        manager.set_buffer_level(measured.buffer_s)
    if measured.rtt_ms is not None:
        manager.set_latency(measured.rtt_ms)
    if measured.level is not None:
        manager.set_last_level(measured.level)


def _with(advice: Advice, past: NetworkPast | None, explanation: Mapping[str, Any]) -> Advice:
    return replace(advice, past=past and past.coarse(), explanation=explanation)
