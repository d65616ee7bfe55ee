"""What a function weighs, unpacked with its layers, against what Lambda takes. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

LIMIT = 250 * 1024 * 1024
"""Bytes: code and layers of one function, unpacked."""
SHARE = 0.95
"""Of the limit: what is left is for the next version of a library."""
_MIB = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Weight:
    """One function's bytes: its code, and each of its layers by name."""

    function: str
    code: int
    layers: tuple[tuple[str, int], ...]

    @property
    def total(self) -> int:
        """All of it."""
        return self.code + sum(size for _, size in self.layers)

    @property
    def fits(self) -> bool:
        """True up to the share of the limit that we allow ourselves."""
        return self.total <= LIMIT * SHARE


def weigh(functions: Mapping[str, tuple[str, ...]], code: int, layers: Mapping[str, int]) -> list[Weight]:
    """Return the weight of each function, the heaviest first; `functions` maps names to names of layers."""
    found = [Weight(name, code, tuple((layer, layers[layer]) for layer in used)) for name, used in functions.items()]
    return sorted(found, key=lambda weight: (-weight.total, weight.function))


def table(weights: list[Weight]) -> str:
    """Return the weights as people read them."""
    head = f"{'function':22}{'code':>9}  {'layers':36}{'together':>10}{'of 250 MB':>11}"
    rows = [head]
    for weight in weights:
        layers = " + ".join(f"{name} {size / _MIB:.1f}" for name, size in weight.layers)
        share = f"{weight.total / LIMIT:.0%}{'' if weight.fits else ' !'}"
        rows.append(f"{weight.function:22}{weight.code / _MIB:9.1f}  {layers:36}{weight.total / _MIB:10.1f}{share:>11}")
    return "\n".join(rows)


def too_heavy(weights: list[Weight]) -> list[str]:
    """Return a sentence for each function that has outgrown its share."""
    return [
        f"{weight.function} would take {weight.total / _MIB:.1f} MB unpacked: more than {SHARE:.0%} of Lambda's 250 MB."
        for weight in weights
        if not weight.fits
    ]
