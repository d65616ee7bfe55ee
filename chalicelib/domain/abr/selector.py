"""Which level is next: the policy's choice among what may be played, held back where going up could hurt."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Protocol

from chalicelib.domain.abr.policy import View

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.abr.levels import ABRConfig, BitrateLevel
    from chalicelib.domain.abr.link import LinkState
    from chalicelib.domain.abr.policy import Decision, Prediction, Transfer


class Decider(Protocol):
    """What `policy.Policy` does; tests bring their own."""

    def choose(self, link: LinkState, view: View) -> Decision:
        """Return the best level for the next segment."""

    def should_abandon(self, link: LinkState, view: View, transfer: Transfer) -> int | None:
        """Return the lower level to fetch instead of what is in flight, or None."""

    def predict(self, link: LinkState) -> Prediction:
        """Return the distribution of the next transfer's bandwidth."""


class Rule(StrEnum):
    """What had the last word."""

    POLICY = "policy"
    CAP = "cap"
    """The policy would have gone higher, or elsewhere, than may be played."""
    LOW_BUFFER = "low-buffer"
    STALL_RISK = "stall-risk"
    """Going up would stall if the network does as badly as one time in ten."""
    HOLD = "hold"
    """Going up has not looked right for long enough."""
    OFFLINE = "offline"
    SUSTAINED = "sustained"
    """A bandwidth alone was asked about: the highest level it carries for long."""


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything a choice depends on."""

    link: LinkState
    buffer_s: float
    last_level: int | None
    sizes_bits: tuple[float, ...]
    """Of the next segment, one for each level."""
    rtt_s: float
    barred: Mapping[int, str] = field(default_factory=dict)
    """Levels that may not be played now, by index, with the reason."""
    up_streak: int = 0
    """Segments in a row after which the policy wanted to go up."""
    offline: bool = False
    settled: bool = False
    """True when nobody knows the buffer: no spending of it."""


@dataclass(frozen=True, slots=True)
class Choice:
    """A level, and what somebody asking why would want to know."""

    level: BitrateLevel
    rule: Rule
    reason: str
    """A stable word: the policy's own, or what the rule or the cap is called."""
    runner_up: BitrateLevel | None
    prediction: Prediction
    inputs: Mapping[str, Any]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values: what `?explain=1` shows."""
        spread = {name: round(getattr(self.prediction, name), 1) for name in ("p10", "p50", "p90")}
        return {
            "level": _shown(self.level),
            "rule": str(self.rule),
            "reason": self.reason,
            "runner_up": None if self.runner_up is None else _shown(self.runner_up),
            "prediction_kbps": spread,
            "inputs": dict(self.inputs),
        }


def _shown(level: BitrateLevel) -> dict[str, Any]:
    return {"index": level.index, "kbps": level.kbps, "id": level.id, "quality": str(level.quality)}


@dataclass(frozen=True, slots=True)
class QualitySelector:
    """Chooses levels. Pure: the same situation gives the same choice."""

    config: ABRConfig
    policy: Decider

    def choose(self, now: Situation) -> Choice:
        """Return the next segment's level. What may not be played is never chosen, unless nothing else is left."""
        allowed = self.allowed(now.barred)
        decision = self.policy.choose(now.link, self._view(now, allowed[-1]))
        level, rule, reason = self._sustained(now) if now.settled else self._held(now, allowed, decision)
        if rule is Rule.POLICY and now.barred:
            level, rule, reason = self._capped(now, allowed, decision)
        return Choice(
            self.config.profile[level], rule, reason, self._runner_up(level, decision),
            self.policy.predict(now.link), self._inputs(now, allowed),
        )  # fmt: skip

    def allowed(self, barred: Mapping[int, str]) -> tuple[int, ...]:
        """Return the indices that may be played, ascending; the lowest when none may."""
        return tuple(i for i in range(len(self.config.profile)) if i not in barred) or (0,)

    def wants_up(self, now: Situation) -> bool:
        """True when the policy alone would go up from the last level."""
        top = self.allowed(now.barred)[-1]
        return now.last_level is not None and self.policy.choose(now.link, self._view(now, top)).level > now.last_level

    def lower(self, now: Situation, transfer: Transfer) -> BitrateLevel | None:
        """Return the level to fetch instead of the transfer in flight, or None to go on."""
        below = [i for i in self.allowed(now.barred) if i < transfer.level]
        if not below:
            return None
        level = self.policy.should_abandon(now.link, self._view(now, below[-1]), transfer)
        return None if level is None else self.config.profile[_nearest_below(level, below)]

    def _view(self, now: Situation, top: int) -> View:
        return View(
            buffer_s=now.buffer_s, last_level=now.last_level, sizes_bits=now.sizes_bits, top=top, rtt_s=now.rtt_s
        )

    def _held(self, now: Situation, allowed: tuple[int, ...], decision: Decision) -> tuple[int, Rule, str]:
        """Apply what comes before the policy: no network, a low buffer, a risk of stalling, a wish that is too new."""
        wanted = _nearest_below(decision.level, allowed)
        level, rule = wanted, Rule.POLICY
        if now.offline:
            level, rule = allowed[0], Rule.OFFLINE
        elif now.last_level is not None and now.buffer_s < self.config.low_buffer_s:
            level, rule = min(wanted, now.last_level, self.sustained(now, allowed)), Rule.LOW_BUFFER
        elif now.last_level is not None and wanted > now.last_level:
            level, rule = self._upwards(now, allowed, now.last_level, wanted)
        if level == wanted:
            return wanted, Rule.POLICY, decision.reason
        return _nearest_below(level, allowed), rule, rule

    def _upwards(self, now: Situation, allowed: tuple[int, ...], last: int, wanted: int) -> tuple[int, Rule]:
        """Go up as far as it cannot hurt, once it has looked right for long enough."""
        if now.up_streak < self.config.up_hold - 1:
            return last, Rule.HOLD
        return max((i for i in allowed if last < i <= wanted and self._fits(now, i)), default=last), Rule.STALL_RISK

    def _fits(self, now: Situation, level: int) -> bool:
        """True when the segment would be here before the buffer runs out, should the network do badly."""
        slow = max(self.policy.predict(now.link).p10, 1e-3) * 1000
        took = now.rtt_s + now.sizes_bits[level] / slow
        return self.config.up_margin * took <= now.buffer_s or not self.config.up_margin

    def sustained(self, now: Situation, allowed: tuple[int, ...]) -> int:
        """Return the highest level that arrives, at the median, as fast as it plays."""
        usual = max(self.policy.predict(now.link).p50, 1e-3) * 1000
        fit = (i for i in allowed if now.rtt_s + now.sizes_bits[i] / usual <= self.config.segment_s)
        return max(fit, default=allowed[0])

    def _sustained(self, now: Situation) -> tuple[int, Rule, str]:
        """Choose what a bandwidth carries for long, and tell when that may not be played."""
        level = self.sustained(now, self.allowed(now.barred))
        free = self.sustained(now, self.allowed({}))
        if free in now.barred:
            return level, Rule.CAP, now.barred[free]
        return level, Rule.SUSTAINED, Rule.SUSTAINED

    def _capped(self, now: Situation, allowed: tuple[int, ...], decision: Decision) -> tuple[int, Rule, str]:
        """Tell whether the policy, left alone, would have chosen something that may not be played."""
        level = _nearest_below(decision.level, allowed)
        free = self.policy.choose(now.link, self._view(now, self.config.profile.top)).level
        if free in now.barred and free > level:
            return level, Rule.CAP, now.barred[free]
        if decision.level in now.barred:
            return level, Rule.CAP, now.barred[decision.level]
        return level, Rule.POLICY, decision.reason

    def _runner_up(self, level: int, decision: Decision) -> BitrateLevel | None:
        other = decision.runner_up if decision.level == level else decision.level
        return None if other is None else self.config.profile[other]

    def _inputs(self, now: Situation, allowed: tuple[int, ...]) -> dict[str, Any]:
        kbps = self.config.profile.kbps
        return {
            "buffer_s": round(now.buffer_s, 3),
            "last_kbps": None if now.last_level is None else kbps[now.last_level],
            "next_sizes_bytes": [round(bits / 8) for bits in now.sizes_bits],
            "latency_ms": round(now.rtt_s * 1000, 1),
            "allowed_kbps": [kbps[i] for i in allowed],
            "barred": {str(kbps[i]): str(why) for i, why in sorted(now.barred.items())},
            "samples": now.link.samples,
        }


def _nearest_below(level: int, allowed: tuple[int, ...] | list[int]) -> int:
    """Return the highest allowed level that is not above this one, or the lowest allowed."""
    return max((i for i in allowed if i <= level), default=allowed[0])
