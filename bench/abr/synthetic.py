"""Made-up traces, for tests and for people without recorded ones: seeded, the same on every machine.

Each is a session level with slow drift, fast noise around it and, on mobile links, outages. They look like the recorded
classes from afar; they prove nothing about real networks.
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass

from .traces import Row, Trace


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of links: logarithms are natural, of kbit/s; chances are per second."""

    median_kbps: float
    between: float
    """Standard deviation of the sessions' log level."""
    drift: float
    """Standard deviation of the level's log around the session's."""
    noise: float
    outage: float
    latency_ms: float


KINDS = {
    "3g": Kind(900, 0.45, 0.45, 0.35, 0.01, 100),
    "4g": Kind(6500, 1.1, 0.4, 0.3, 0.003, 30),
    "wifi_slow": Kind(2600, 0.9, 0.35, 0.25, 0.001, 20),
}
MEMORY = 0.95
"""Of the drift from one second to the next: it forgets in about 20 s."""


def make(kind: str, number: int, *, seconds: int = 400, seed: int = 0) -> Trace:
    """One trace of a class, of one-second steps."""
    law, dice = KINDS[kind], random.Random(f"{seed}/{kind}/{number}")  # noqa: S311 - repeatable, not secret
    level, drift, dark = math.log(law.median_kbps) + dice.gauss(0, law.between), dice.gauss(0, law.drift), 0
    rows: list[Row] = []
    for _ in range(seconds):
        drift = MEMORY * drift + math.sqrt(1 - MEMORY**2) * dice.gauss(0, law.drift)
        kbps = round(math.exp(level + drift + dice.gauss(0, law.noise)))
        if not dark and dice.random() < law.outage:
            dark = dice.randint(2, 10)
        rows.append((1000, kbps // 20 if dark else kbps, law.latency_ms))
        dark = max(dark - 1, 0)
    return Trace(rows, id=f"{kind}_{number:02}", kind=kind, group=f"{kind}/{number // 2}")


def generate(each: int, *, seconds: int = 400, seed: int = 0) -> list[Trace]:
    """So many traces of every class; two neighbours are a group."""
    return [make(kind, number, seconds=seconds, seed=seed) for kind in KINDS for number in range(each)]
