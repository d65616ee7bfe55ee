"""One viewer's adaptive session: takes what the player measured, says what to fetch next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.cleaning import clean
from chalicelib.domain.abr.device import DeviceCapabilities
from chalicelib.domain.abr.levels import ABRConfig
from chalicelib.domain.abr.link import observe
from chalicelib.domain.abr.metrics import Cleaned, Outcome, Refusal, bounded, number
from chalicelib.domain.abr.policy import Policy, Transfer
from chalicelib.domain.abr.selector import QualitySelector
from chalicelib.domain.abr.situations import barred_now, situation, usual_bytes
from chalicelib.domain.abr.state import MAX_CAPS, SessionState, Start, restore

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.abr.conditions import NetworkCondition
    from chalicelib.domain.abr.levels import BitrateLevel
    from chalicelib.domain.abr.link import Prior
    from chalicelib.domain.abr.metrics import SegmentMetrics
    from chalicelib.domain.abr.policy import Prediction
    from chalicelib.domain.abr.selector import Choice, Decider, Situation

_MAX_SEGMENT_BYTES = 1_000_000_000


@dataclass(frozen=True, slots=True)
class SegmentRequest:
    """What to fetch next, and when."""

    index: int
    level: BitrateLevel
    size_bytes: int
    expected_s: float
    """How long it will take at the predicted median, first byte included."""
    wait_s: float
    """How long the player plays before there is room in its buffer."""


class AdaptiveBitrateManager:
    """Adapts one session. Deterministic; takes anything a player may report without raising.

    `policy`: what decides, the trained one for this configuration unless given. `prior`: what is known of the network
    from earlier sessions. A session goes on elsewhere through `state()` and `resume()`.
    """

    def __init__(
        self, config: ABRConfig | None = None, *, policy: Decider | None = None, prior: Prior | None = None
    ) -> None:
        self.config = config or ABRConfig()
        decider = policy or Policy.for_config(self.config.profile.kbps, self.config.segment_s, self.config.max_buffer_s)
        self.selector = QualitySelector(self.config, decider)
        self.start = Start.COLD
        self._state = SessionState.cold(self.config, prior)

    @classmethod
    def resume(
        cls, config: ABRConfig, state: object, *, policy: Decider | None = None, prior: Prior | None = None
    ) -> AdaptiveBitrateManager:
        """Go on from what `state()` returned. What cannot be read starts cold; `start` says which it was."""
        manager = cls(config, policy=policy, prior=prior)
        manager._state, manager.start = restore(config, state, prior)
        return manager

    def state(self) -> dict[str, Any]:
        """Return everything remembered as plain JSON: a few KB, however long the session."""
        return self._state.to_dict(self.config)

    # What the player tells.

    def record_segment_metrics(self, metrics: SegmentMetrics, now_ms: float | None = None) -> Cleaned | Refusal:
        """Learn from one transfer; return what was believed, or why nothing was. `now_ms`: the session's age by us."""
        state = self._state
        result = clean(metrics, state.seen, self.config, now_ms)
        if isinstance(result, Refusal):
            state.seen, state.refused = result.seen, min(state.refused + 1, 1_000_000)
            return result
        state.seen = state.seen.after(result)
        if result.kbps is not None:
            state.link = observe(state.link, result.kbps, result.body_s, result.ttfb_s or 0.0)
        state.network.observe(result, self.predict() if state.link.samples else None)
        state.tracker.record(result)
        self._follow(result)
        return result

    def _follow(self, transfer: Cleaned) -> None:
        """Keep up with buffer and last level; without a reported buffer it is reckoned from the times."""
        state, segment_s = self._state, self.config.segment_s
        arrived = transfer.outcome is Outcome.COMPLETE
        left = max((state.buffer_s or 0.0) - transfer.duration_s, 0.0)
        reckoned = min(left + segment_s * arrived, self.config.max_buffer_s)
        state.buffer_s = reckoned if transfer.buffer_after_s is None else transfer.buffer_after_s
        if arrived:
            state.last_level, state.sizes_bytes = transfer.level, None
            if self.config.up_hold > 1:
                state.up_streak = min(state.up_streak + 1, 1000) if self.selector.wants_up(self._situation()) else 0

    def set_buffer_level(self, seconds: float) -> None:
        """Take the seconds of video in the buffer now; what is no number is left out."""
        known = bounded(seconds, 0, self.config.max_buffer_s + self.config.segment_s)
        self._state.buffer_s = self._state.buffer_s if known is None else known

    def set_last_level(self, index: int) -> None:
        """Take what plays now from whoever knows it without having reported it; what is no level is left out."""
        if bounded(index, 0, self.config.profile.top) == index:
            self._state.last_level = index

    def set_latency(self, milliseconds: float) -> None:
        """Take the time to a first byte from whoever measured it elsewhere; what is no number is left out."""
        known = bounded(milliseconds, 0, 600_000)
        if known is not None:
            self._state.network.stats = replace(self._state.network.stats, latency_s=known / 1000)

    def set_next_segment_sizes(self, sizes_bytes: Sequence[float]) -> None:
        """Take the next segment's bytes at each level, lowest first; what makes no sense is taken at its ceiling."""
        usual = usual_bytes(self.config)
        if len(sizes_bytes) != len(usual):
            self._state.sizes_bytes = None
            return
        given = (number(size) for size in sizes_bytes)
        fit = (size if size is not None and 1 <= size <= _MAX_SEGMENT_BYTES else None for size in given)
        self._state.sizes_bytes = tuple(usual[i] if size is None else int(size) for i, size in enumerate(fit))

    def set_device(self, device: DeviceCapabilities | Mapping[str, Any]) -> None:
        """Take what the device can do, as capabilities or as whatever a player sent."""
        known = device if isinstance(device, DeviceCapabilities) else DeviceCapabilities.from_dict(device)
        self._state.device = known

    def set_cap(self, name: str, kbps: float | None) -> None:
        """Play nothing above `kbps`, for a reason of the caller's own (`not-encoded`, `viewer`); None lifts it."""
        rate = bounded(kbps, 0, 1_000_000)
        self._state.caps.pop(name[:32], None)
        if rate is not None and len(self._state.caps) < MAX_CAPS:
            self._state.caps[name[:32]] = int(rate)

    # What the player asks.

    def select_quality(self, bandwidth_kbps: float | None = None) -> BitrateLevel:
        """Return the next segment's level; with a bandwidth, as if that had just been measured. Changes nothing."""
        return self.recommend(bandwidth_kbps).level

    def recommend(self, bandwidth_kbps: float | None = None) -> Choice:
        """Return the next segment's level with its reason, runner-up, prediction and inputs. Changes nothing."""
        return self.selector.choose(self._situation(_bandwidth(bandwidth_kbps)))

    def should_upscale(self) -> bool:
        """True when the next segment should be of a higher level than the last; False before the first."""
        last = self._state.last_level
        return last is not None and self.select_quality().index > last

    def should_downscale(self) -> bool:
        """True when the next segment should be of a lower level than the last; False before the first."""
        last = self._state.last_level
        return last is not None and self.select_quality().index < last

    def get_available_bitrates(self) -> list[int]:
        """Return what may be played now in kbit/s, ascending: without what device, caps and experience rule out."""
        return [self.config.profile[i].kbps for i in self.selector.allowed(barred_now(self.config, self._state))]

    def predict_optimal_bitrate(self) -> int:
        """Return the highest kbit/s that may be played and, at the predicted median, arrives as fast as it plays."""
        now = self._situation()
        return self.config.profile[self.selector.sustained(now, self.selector.allowed(now.barred))].kbps

    def predict(self) -> Prediction:
        """Return the distribution of the next transfer's bandwidth in kbit/s."""
        return self.selector.policy.predict(self._state.link)

    def network(self) -> NetworkCondition:
        """Return the network's class, its confidence and its figures."""
        return self._state.network.condition(self.predict() if self._state.link.samples else None)

    def next_segment(self) -> SegmentRequest:
        """Return what to fetch next, how large it is, how long it should take, and how long to wait before."""
        now, state = self._situation(), self._state
        level = self.selector.choose(now).level
        index = 0 if state.seen.index is None else state.seen.index + state.seen.complete
        bits = now.sizes_bits[level.index]
        took = now.rtt_s + bits / (max(self.predict().p50, 1e-3) * 1000)
        room = (state.buffer_s or 0.0) + self.config.segment_s - self.config.max_buffer_s
        return SegmentRequest(index, level, round(bits / 8), took, max(room, 0.0))

    def should_abandon(
        self, level: int, got_bytes: float, elapsed_ms: float, *, ttfb_ms: float = 0.0, size_bytes: float | None = None
    ) -> BitrateLevel | None:
        """Return the lower level to fetch instead of the download in flight, or None to let it finish.

        The buffer is the one now; `size_bytes` is taken from the next segment's sizes when it is not given.
        """
        now = self._situation()
        place = bounded(level, 0, self.config.profile.top)
        got, elapsed, first = number(got_bytes), number(elapsed_ms), bounded(ttfb_ms, 0, 600_000) or 0.0
        if place is None or got is None or elapsed is None or got < 0 or elapsed <= first:
            return None
        size = bounded(size_bytes, 1, _MAX_SEGMENT_BYTES)
        bits = now.sizes_bits[int(place)] if size is None else 8 * size
        return self.selector.lower(
            now, Transfer(int(place), bits, min(8.0 * int(got), bits), min(elapsed, 600_000.0) / 1000, first / 1000)
        )

    def explain(self, bandwidth_kbps: float | None = None) -> dict[str, Any]:
        """Return a recommendation as plain JSON, with the network's figures and how the session began."""
        shown = self.recommend(bandwidth_kbps).to_dict()
        return shown | {"network": self.network().to_dict(), "start": str(self.start), "refused": self._state.refused}

    def _situation(self, bandwidth_kbps: float | None = None) -> Situation:
        return situation(self.config, self._state, self.network().name, bandwidth_kbps)


def _bandwidth(kbps: float | None) -> float | None:
    """Return a bandwidth that can be believed, or None."""
    known = number(kbps)
    return None if known is None or known <= 0 else min(max(known, 1.0), 1e7)
