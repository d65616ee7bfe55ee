"""What training learns from: moments of sessions on traces, and what each choice would have led to from there.

Sessions run side by side under a careless rule (the level times a factor of the session's own, and a throw of the dice
now and then), which shows links as any rule sees them. Each moment is then lived through on the same trace at other
speeds too, with less weight: at those which put its slow level on a node of the grid, so that nothing is blurred along
it and every speed has been seen in every pattern.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from chalicelib.domain.abr.link import FAST

from .links import Links, States

if TYPE_CHECKING:
    from collections.abc import Sequence

    from chalicelib.domain.abr.table import Axis

    from .links import Indices, Numbers
    from .simulator import Config
    from .traces import Trace

LIKENESS, UNLIKE = 0.5, 1.3
"""How far from its own speed (in its logarithm) a trace still counts: deviation of a Gaussian weight, and the end."""
OFFSETS = (0.0, 0.25, 0.5, 0.75)
"""Where sessions begin, as parts of the trace."""
GLANCES_S = (0.6, 1.5, 3.0)
"""When giving a download up is thought of, seconds after its request."""
FAR_S = 0.06
MOMENTS = 36
"""Of each session, spread over it; the first ones are all taken."""
FIRST = 6


@dataclass(frozen=True, slots=True)
class Way:
    """What followed: seconds until the segment was there, and the links then."""

    seconds: Numbers
    then: States


@dataclass(frozen=True, slots=True)
class Glance:
    """A download at `after_s`: bits so far, the link as it then looks, and what each level asked for then led to."""

    after_s: float
    got: Numbers
    seen: States
    ways: tuple[Way, ...]


@dataclass(frozen=True, slots=True)
class Surprise:
    """How transfers differed from the fast level: the links before, ln(bandwidth) minus it, and whose trace it was."""

    before: States
    error: Numbers
    trace: Indices


@dataclass(frozen=True, slots=True)
class Experience:
    """Moments before a choice, with their weights, and all that could follow; `factor` is the segments' size."""

    weight: Numbers
    before: States
    factor: Numbers
    ways: tuple[Way, ...]
    glances: tuple[Glance, ...]
    surprise: Surprise


@dataclass(frozen=True, slots=True)
class _Moments:
    """Links in use: whose trace, how fast it runs, when, and what is known of it."""

    links: Links
    trace: Indices
    speed: Numbers
    now: Numbers
    state: States

    def way(self, bits: Numbers, at: Numbers, before: States) -> Way:
        """Fetch from a moment on."""
        waited = self.links.latency(self.trace, at)
        begun = self.links.carried(self.trace, at + waited)
        end = self.links.moment(self.trace, begun + bits / self.speed)
        body = np.maximum(end - at - waited, 1e-4)
        return Way(end - self.now, before.observed(np.log(np.maximum(bits / body / 1000, 1.0))))

    def glance(self, after_s: float, bits: Sequence[Numbers]) -> Glance:
        """Look at a download, and at what each lower level would come to."""
        waited = self.links.latency(self.trace, self.now)
        at = self.now + after_s
        got = self.links.carried(self.trace, at) - self.links.carried(self.trace, self.now + waited)
        got = np.maximum(got, 0.0) * self.speed
        seen = self.state.glimpsed(got, np.maximum(after_s - waited, 0.0))
        return Glance(after_s, got, seen, tuple(self.way(lower, at, seen) for lower in bits[:-1]))

    def at_speed(self, slow: float) -> tuple[_Moments, Indices]:
        """Those whose trace may run so that the slow level is this, and which they are."""
        away = slow - self.state.slow
        rows = np.flatnonzero(np.abs(away) < UNLIKE)
        away, state = away[rows], self.state.take(rows)
        moved = States(state.level + away, state.slow + away, state.volatility, state.samples, state.far)
        return _Moments(self.links, self.trace[rows], np.exp(away), self.now[rows], moved), rows


def gather(traces: Sequence[Trace], config: Config, slow: Axis, seed: int = 1) -> Experience:
    """Run the sessions and live through their moments at every speed; the same traces give the same."""
    lived, factor, surprise = _sessions(Links(traces), config, seed)
    weights, befores, factors, ways, glances = [], [], [], [], []
    for node in range(slow.count):
        here, rows = lived.at_speed(slow.first + slow.step * node)
        sizes = factor[rows]
        bits = [kbps * 1000.0 * config.segment_s * sizes for kbps in config.ladder_kbps]
        weights.append(np.exp(-(np.log(here.speed) ** 2) / (2 * LIKENESS**2)))
        befores.append(here.state)
        factors.append(sizes)
        ways.append([here.way(level, here.now, here.state) for level in bits])
        glances.append([here.glance(after, bits) for after in GLANCES_S])
    return Experience(
        np.concatenate(weights), States.joined(befores), np.concatenate(factors),
        tuple(_joined_ways(level) for level in zip(*ways, strict=True)),
        tuple(_joined_glances(glance) for glance in zip(*glances, strict=True)), surprise,
    )  # fmt: skip


def _sessions(links: Links, config: Config, seed: int) -> tuple[_Moments, Numbers, Surprise]:
    """Moments of sessions at the traces' own speed, with the size of the segment to come, and all the surprises."""
    dice = np.random.default_rng(seed)
    trace = np.repeat(np.arange(len(links.period)), len(OFFSETS))
    count, top = len(trace), len(config.ladder_kbps) - 1
    now = np.tile(OFFSETS, len(links.period)) * links.period[trace]
    state = States.start((links.latency(trace, now) >= FAR_S).astype(np.intp))
    ladder, buffer, daring = np.array(config.ladder_kbps, float), np.zeros(count), dice.uniform(0.5, 1.3, count)
    every, kept, factors, surprises = max(1, config.segments // MOMENTS), [], [], []
    for index in range(config.segments):
        factor = np.minimum(np.exp(0.2 * dice.standard_normal(count) - 0.02), 1.6)
        chosen = np.clip(np.searchsorted(ladder, np.exp(state.level) * daring, side="right") - 1, 0, top)
        chosen = np.where(dice.random(count) < 0.1, dice.integers(0, top + 1, count), chosen)
        chosen = np.where((buffer < 2 * config.segment_s) | (index == 0), 0, chosen)
        here = _Moments(links, trace, np.ones(count), now, state)
        way = here.way(ladder[chosen] * 1000 * config.segment_s * factor, now, state)
        if index and (index % every == 0 or index < FIRST):
            kept.append(here)
            factors.append(factor)
        if index:
            error = (way.then.level - state.level) / FAST  # the fast level moves by that part of it
            surprises.append(Surprise(state, error, trace))
        buffer = np.maximum(buffer - way.seconds, 0.0) + config.segment_s
        wait = np.maximum(buffer + config.segment_s - config.max_buffer_s, 0.0)
        now, buffer, state = now + way.seconds + wait, buffer - wait, way.then
    lived = _Moments(
        links, np.concatenate([k.trace for k in kept]), np.concatenate([k.speed for k in kept]),
        np.concatenate([k.now for k in kept]), States.joined([k.state for k in kept]),
    )  # fmt: skip
    surprise = Surprise(
        States.joined([s.before for s in surprises]), np.concatenate([s.error for s in surprises]),
        np.concatenate([s.trace for s in surprises]),
    )  # fmt: skip
    return lived, np.concatenate(factors), surprise


def _joined_ways(ways: Sequence[Way]) -> Way:
    return Way(np.concatenate([way.seconds for way in ways]), States.joined([way.then for way in ways]))


def _joined_glances(glances: Sequence[Glance]) -> Glance:
    return Glance(
        glances[0].after_s, np.concatenate([glance.got for glance in glances]),
        States.joined([glance.seen for glance in glances]),
        tuple(_joined_ways(ways) for ways in zip(*(glance.ways for glance in glances), strict=True)),
    )  # fmt: skip
