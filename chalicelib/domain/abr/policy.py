"""Which rung next, and whether to go on with one in flight: one step of look-ahead on a trained value function.

Stochastic dynamic programming over a learned model of the link. The objective is the linear quality of Yin et al.
(SIGCOMM 2015): Mbit/s per four seconds of content, minus 4.3 a second of standing still, minus each change in Mbit/s.
Its value function comes from `bench/abr/training.py`; here the next segment's real sizes are set against it.
`web/assets/abr/policy.js` is its twin, operation by operation.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.domain.abr.elementary import exp
from chalicelib.domain.abr.link import glimpse, observe
from chalicelib.domain.abr.tables import nearest

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.abr.link import LinkState
    from chalicelib.domain.abr.table import Table

STALL_PER_S = 4.3
PER_S = 0.25
"""Quality counts per four seconds of content."""
_UNSEEN = 2.5
"""Before the first transfer, errors are wider than between two transfers by about this."""
_CALM = 0.2
"""A transfer that should end within this part of the buffer is left alone."""
_SURE_S = 0.5
"""Length of an imagined transfer's body: any from 0.05 s on has full weight in `observe`."""


@dataclass(frozen=True, slots=True)
class View:
    """What the player is about to do: sizes are of the next segment, one a level; `top` is the highest allowed."""

    buffer_s: float
    last_level: int | None
    sizes_bits: Sequence[float]
    top: int
    rtt_s: float


@dataclass(frozen=True, slots=True)
class Transfer:
    """A download in flight; `ttfb_s` is 0 before the first byte."""

    level: int
    size_bits: float
    got_bits: float
    elapsed_s: float
    ttfb_s: float


@dataclass(frozen=True, slots=True)
class Prediction:
    """The next transfer's bandwidth in kbps: so low one time in ten, half of the times, nine times in ten."""

    p10: float
    p50: float
    p90: float


@dataclass(frozen=True, slots=True)
class Decision:
    """A level; `scores` are expected linear quality of each allowed one, `reason` a stable word."""

    level: int
    runner_up: int | None
    scores: tuple[float, ...]
    reason: str


@dataclass(frozen=True, slots=True)
class _Outcome:
    """One way the next transfer may go: probability, bits a second, and where the link is then."""

    weight: float
    bps: float
    corners: list[tuple[int, float]]


@dataclass(frozen=True, slots=True)
class Policy:
    """Decides for one ladder in kbps, lowest first. A table of another ladder serves by its bitrates."""

    kbps: tuple[int, ...]
    segment_s: float
    max_buffer_s: float
    table: Table
    _rungs: tuple[tuple[int, int, float], ...] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_rungs", tuple(_between(self.table.kbps, kbps) for kbps in self.kbps))

    @classmethod
    def for_config(cls, kbps: tuple[int, ...], segment_s: float, max_buffer_s: float) -> Policy:
        """Return the policy on the nearest table there is; ValueError for a ladder without a rung."""
        if not kbps:
            raise ValueError("a ladder has at least one rung")
        return _policy(tuple(kbps), float(segment_s), float(max_buffer_s))

    def choose(self, link: LinkState, view: View) -> Decision:
        """Return the level with the highest expected quality; the lower one of equals."""
        outcomes = self._outcomes(link, view.rtt_s)
        last, allowed = view.last_level, range(min(view.top, len(self.kbps) - 1) + 1)
        scores = tuple(
            self._gain(i, last) + self._future(outcomes, i, view.sizes_bits[i], view.rtt_s, view.buffer_s)
            for i in allowed
        )
        order = sorted(allowed, key=lambda i: (-scores[i], i))
        return Decision(order[0], order[1] if len(order) > 1 else None, scores, _reason(link, last, order))

    def should_abandon(self, link: LinkState, view: View, transfer: Transfer) -> int | None:
        """Return the lower level that is worth more than what is left of this one, None to go on.

        `view.last_level` is the level of the segment before; `view.buffer_s` what is left of the buffer by now.
        """
        level = min(transfer.level, len(self.kbps) - 1)
        body_s = transfer.elapsed_s - (transfer.ttfb_s or view.rtt_s)
        if level <= 0 or body_s <= 0:
            return None
        seen = glimpse(link, transfer.got_bits, body_s)
        left = max(transfer.size_bits - transfer.got_bits, 0.0)
        if left / (exp(seen.level) * 1000.0) <= _CALM * view.buffer_s:
            return None
        outcomes = self._outcomes(seen, view.rtt_s)
        best, best_score = (
            None,
            self._gain(level, view.last_level) + self._future(outcomes, level, left, 0.0, view.buffer_s),
        )
        for i in range(min(level - 1, view.top) + 1):
            score = self._gain(i, view.last_level) + self._future(
                outcomes, i, view.sizes_bits[i], view.rtt_s, view.buffer_s
            )
            if score > best_score:
                best, best_score = i, score
        return best

    def predict(self, link: LinkState) -> Prediction:
        """Return the distribution of the next transfer's bandwidth."""
        errors, weights = self._errors(link, link.rtt_s), self.table.errors.weights
        return Prediction(*(exp(link.level + _quantile(errors, weights, q)) for q in (0.1, 0.5, 0.9)))

    def _errors(self, link: LinkState, rtt_s: float) -> tuple[float, ...]:
        far = int((link.rtt_s or rtt_s) >= self.table.far_s)
        errors = self.table.errors.of(far, link.volatility, link.level - link.slow)
        return errors if link.samples else tuple(_UNSEEN * error for error in errors)

    def _outcomes(self, link: LinkState, rtt_s: float) -> list[_Outcome]:
        """Return how the next transfer may go."""
        table, found = self.table, []
        far = int((link.rtt_s or rtt_s) >= table.far_s)
        for weight, error in zip(table.errors.weights, self._errors(link, rtt_s), strict=True):
            kbps = exp(link.level + error)
            then = observe(link, kbps, _SURE_S)
            corners = table.corners(far, then.volatility, then.slow, then.level - then.slow)
            found.append(_Outcome(weight, kbps * 1000.0, corners))
        return found

    def _gain(self, level: int, last: int | None) -> float:
        """Return what a segment of this level adds at once."""
        mbps = self.kbps[level] / 1000.0
        change = abs(mbps - self.kbps[last] / 1000.0) if last is not None else 0.0
        return mbps * (self.segment_s * PER_S) - change

    def _future(self, outcomes: list[_Outcome], level: int, bits: float, rtt_s: float, buffer_s: float) -> float:
        """Return the expected rest: minus the standing still, plus the worth of where one is then."""
        table, total = self.table, 0.0
        below, above, part = self._rungs[level]
        count, room = table.buffer.count, self.max_buffer_s - self.segment_s
        for outcome in outcomes:
            seconds = rtt_s + bits / outcome.bps
            stall = max(seconds - buffer_s, 0.0)
            node, way = table.buffer_position(min(max(buffer_s - seconds, 0.0) + self.segment_s, room))
            worth = _worth(table.values, outcome.corners, below * count + node, way)
            if part > 0:
                worth = worth + (_worth(table.values, outcome.corners, above * count + node, way) - worth) * part
            total = total + outcome.weight * (worth * table.scale - STALL_PER_S * stall)
        return total


def _worth(values: Sequence[int], corners: list[tuple[int, float]], at: int, way: float) -> float:
    """Interpolate over the cells around a link's state and the two nodes of the buffer; in steps."""
    total = 0.0
    for cell, weight in corners:
        low = values[cell + at]
        total = total + weight * (low + (values[cell + at + 1] - low) * way)
    return total


def _between(ladder: tuple[int, ...], kbps: float) -> tuple[int, int, float]:
    """Return the table's rungs below and above a bitrate, and the part of the way between them."""
    if kbps <= ladder[0]:
        return 0, 0, 0.0
    for i in range(1, len(ladder)):
        if kbps <= ladder[i]:
            part = (kbps - ladder[i - 1]) / (ladder[i] - ladder[i - 1])
            return (i - 1, i, part) if part < 1 else (i, i, 0.0)
    top = len(ladder) - 1
    return top, top, 0.0


def _quantile(errors: Sequence[float], weights: Sequence[float], q: float) -> float:
    """Interpolate between the middles of the weighted quantiles."""
    below, middle = 0.0, weights[0] / 2.0
    if q <= middle:
        return errors[0]
    for i in range(1, len(weights)):
        below = below + weights[i - 1]
        after = below + weights[i] / 2.0
        if q <= after:
            return errors[i - 1] + (errors[i] - errors[i - 1]) * ((q - middle) / (after - middle))
        middle = after
    return errors[-1]


def _reason(link: LinkState, last: int | None, order: list[int]) -> str:
    if len(order) == 1:
        return "only-rung"
    if link.samples == 0 or last is None:
        return "start"
    if order[0] == last:
        return "steady"
    return "link-carries-more" if order[0] > last else "link-carries-less"


@lru_cache(maxsize=64)
def _policy(kbps: tuple[int, ...], segment_s: float, max_buffer_s: float) -> Policy:
    return Policy(kbps, segment_s, max_buffer_s, nearest(kbps, segment_s, max_buffer_s))
