"""Input that nobody honest sends, the same for the same seed."""

from __future__ import annotations

import json
import random
from typing import TYPE_CHECKING, Any

from chalicelib.domain.rates import Kind

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

UNLIMITED = json.dumps({kind.value: [0, 1] for kind in Kind})
"""HEADWATER_RATES of a stack that answers whatever it is asked, however often."""
WORDS = (
    "",
    "\x00",
    "\u202e",
    "a" * 5000,
    "../..",
    "<b>",
    "nan",
    "1e999",
    "ses_0123456789abcdefghij",
    "auto",
    "\ud83d\ude00",
)
NUMBERS = (0, -1, 1, 2**31 - 1, 2**31, 2**53, 2**63, -(2**63), 10**30, 0.5, -0.0, 1e308, -1e308, 5e-324)
RAW = (
    "",
    " ",
    "{",
    "[]",
    "null",
    "NaN",
    '{"type":"ping"} x',
    '{"type":Infinity}',
    "\ufeff{}",
    "[" * 3000,
    '{"a":' * 800 + "1" + "}" * 800,
    '"' + "\\u0000" * 300 + '"',
    '{"type":"ping","type":"none"}',
)
"""Texts that are no JSON, or only just."""


def value(rng: random.Random, depth: int = 3) -> Any:
    """Return any JSON value."""
    kind = rng.randrange(7 if depth else 5)
    if kind == 0:
        return rng.choice((None, True, False))
    if kind in {1, 2}:
        return rng.choice(NUMBERS)
    if kind in {3, 4}:
        return rng.choice(WORDS)
    items = [value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return items if kind == 5 else {rng.choice(WORDS) or "x": item for item in items}


def bent(rng: random.Random, honest: Mapping[str, Any]) -> dict[str, Any]:
    """Return an honest object with some of its values replaced, some gone, and perhaps one more."""
    made = {name: value(rng) if rng.random() < 0.3 else held for name, held in honest.items() if rng.random() > 0.1}
    return made | ({rng.choice(WORDS): value(rng)} if rng.random() < 0.2 else {})


def messages(seed: int, count: int, honest: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Yield texts: bent objects, any values, and what is no JSON."""
    rng = random.Random(seed)  # noqa: S311  has to be the same again
    for _ in range(count):
        chance = rng.random()
        if chance < 0.15:
            yield rng.choice(RAW)
        elif chance < 0.3:
            yield json.dumps(value(rng))
        else:
            yield json.dumps(bent(rng, rng.choice(honest)))
