"""The trained tables, one file each: `TABLES` names them by ladder, segment seconds and buffer seconds."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, NamedTuple

from chalicelib.domain.abr.table import parse

if TYPE_CHECKING:
    from chalicelib.domain.abr.table import Table


class Kind(NamedTuple):
    """What a table was made for."""

    name: str
    kbps: tuple[int, ...]
    segment_s: float
    max_buffer_s: float


_DEFAULT, _FROM_500 = (250, 500, 1000, 2000, 4000), (500, 1000, 2000, 4000)
TABLES = (
    Kind("vod", _DEFAULT, 2, 60),
    Kind("live", _DEFAULT, 2, 12),
    Kind("vod4", _FROM_500, 4, 30),
    Kind("vod2", _FROM_500, 2, 30),
    Kind("live4", _FROM_500, 4, 12),
    Kind("live2", _FROM_500, 2, 12),
)
"""The product's own two, and those of the configurations that rules are compared in."""


def nearest(kbps: tuple[int, ...], segment_s: float, max_buffer_s: float) -> Table:
    """Return the table whose buffer, then segment, then ladder is the most alike; ratios count."""

    def distance(kind: Kind) -> tuple[float, float, float, str]:
        ladder = _ratio(kind.kbps[0], kbps[0]) + _ratio(kind.kbps[-1], kbps[-1])
        return _ratio(kind.max_buffer_s, max_buffer_s), _ratio(kind.segment_s, segment_s), ladder, kind.name

    return load(min(TABLES, key=distance).name)


@cache
def load(name: str) -> Table:
    """Read a table; FileNotFoundError when there is none of that name."""
    return parse(files(__package__).joinpath(f"{name}.json").read_bytes())


def _ratio(a: float, b: float) -> float:
    """Return how many times the larger is of the smaller."""
    return max(a, b) / min(a, b)
