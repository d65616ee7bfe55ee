"""The trained table: exact at its nodes, straight between them, refused when it is not what it says."""

from __future__ import annotations

import json
import sys
from array import array
from base64 import b64encode
from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.abr_tables import number_of, table_file

from chalicelib.domain.abr import tables
from chalicelib.domain.abr.table import Axis, parse

TABLE = parse(table_file())


def looked_up(far: int, volatility: float, slow: float, offset: float, rung: int, seconds: float) -> float:
    """The value interpolated over everything but the rung."""
    node, way = TABLE.buffer_position(seconds)
    at, total = rung * TABLE.buffer.count + node, 0.0
    for cell, weight in TABLE.corners(far, volatility, slow, offset):
        low, high = TABLE.values[cell + at], TABLE.values[cell + at + 1]
        total += weight * (low + (high - low) * way)
    return total


@given(st.integers(0, 1), st.integers(0, 1), st.integers(0, 5), st.integers(0, 2), st.integers(0, 2), st.integers(0, 3))
def test_interpolation_is_exact_at_the_nodes(
    far: int, volatility: int, slow: int, offset: int, rung: int, buffer: int
) -> None:
    """Every node's own value, the last ones of each axis too."""
    found = looked_up(far, 0.5 * volatility, 4.0 + slow, offset - 1.0, rung, (1.0 + buffer) ** 2 - 1)
    assert found == number_of((far, volatility, slow, offset, rung, buffer))


@given(st.floats(-1, 3), st.floats(0, 20), st.floats(-9, 9), st.floats(0, 1e4))
def test_interpolation_stays_between_the_values(volatility: float, slow: float, offset: float, seconds: float) -> None:
    """Weights add up to one, and what is beyond an end is the end."""
    corners = TABLE.corners(1, volatility, slow, offset)
    assert sum(weight for _, weight in corners) == pytest.approx(1)
    assert all(weight >= 0 for _, weight in corners)
    low, high = number_of((1, 0, 0, 0, 2, 0)), number_of((1, 1, 5, 2, 2, 3))
    assert low - 1e-6 <= looked_up(1, volatility, slow, offset, 2, seconds) <= high + 1e-6


def test_half_of_the_way_is_the_mean() -> None:
    """Along one axis, and along all of them."""
    low, high = number_of((0, 0, 2, 1, 0, 0)), number_of((0, 0, 3, 1, 0, 0))
    assert looked_up(0, 0.0, 6.5, 0.0, 0, 0.0) == pytest.approx((low + high) / 2)
    middle = looked_up(0, 0.25, 6.5, 0.5, 1, 1.25)
    assert middle == pytest.approx((number_of((0, 0, 2, 1, 1, 0)) + number_of((0, 1, 3, 2, 1, 1))) / 2)


def test_an_axis_ends_at_its_ends() -> None:
    """The node below is never the last one: there is always a next."""
    axis = Axis(1.0, 0.5, 4)
    assert [axis.position(x) for x in (-9, 1.0, 1.25, 2.5, 99)] == [(0, 0), (0, 0), (0, 0.5), (2, 1), (2, 1)]


def test_errors_go_by_distance_volatility_and_offset() -> None:
    """An edge belongs to what is above it."""
    of = TABLE.errors.of
    assert of(0, 0.19, 0) == (-0.1, 0.0, 0.1)
    assert of(0, 0.2, 0) == (-0.8, 0.0, 0.4)
    assert of(1, 0.2, 9) == (-1.0, -0.1, 0.5)


def test_bytes_are_little_endian_everywhere(monkeypatch: pytest.MonkeyPatch) -> None:
    """On the other kind of machine they are swapped."""
    monkeypatch.setattr(sys, "byteorder", "big")
    swapped = array("h", TABLE.values)
    swapped.byteswap()
    assert parse(table_file()).values == swapped


def without(name: str) -> str:
    """A file that lacks something."""
    data = json.loads(table_file())
    del data[name]
    return json.dumps(data)


SOME = json.loads(table_file())


@pytest.mark.parametrize(
    "text",
    [
        "", "nothing", "7", "[]", "null", "{}", table_file(version=2), table_file(version=None),
        *map(without, sorted(SOME)),
        table_file(values="*"), table_file(values="AAA="), table_file(values=b64encode(bytes(20)).decode()),
        table_file(kbps=[500, 1000]), table_file(kbps=None), table_file(segment_s="two"), table_file(grid={}),
        table_file(errors={}), table_file(errors={**SOME["errors"], "weights": [0.5, 0.5]}),
        table_file(errors={**SOME["errors"], "values": []}), table_file(errors={**SOME["errors"], "offset_edges": [0]}),
        table_file(grid={**SOME["grid"], "slow": {"first": 4, "step": 0, "count": 6}}),
        table_file(grid={**SOME["grid"], "slow": {"first": 4, "step": 1, "count": 1}}),
    ],
)  # fmt: skip
def test_what_is_no_table_is_refused(text: str) -> None:
    """With a ValueError, whatever is wrong."""
    with pytest.raises(ValueError):  # noqa: PT011 - JSON's, base64's and our own
        parse(text)


@pytest.mark.parametrize("kind", tables.TABLES, ids=[kind.name for kind in tables.TABLES])
def test_every_shipped_table_is_what_its_name_says(kind: tables.Kind) -> None:
    """Ladder, segment and buffer; its errors are quantiles with weights; its worth is not all the same."""
    table = tables.load(kind.name)
    assert (table.kbps, table.segment_s, table.max_buffer_s) == kind[1:]
    assert sum(table.errors.weights) == pytest.approx(1)
    rows = [row for kinds in table.errors.values for by_offset in kinds for row in by_offset]
    assert all(list(row) == sorted(row) for row in rows)
    assert max(table.values) - min(table.values) > 60_000
    assert table.buffer_position(kind.max_buffer_s - kind.segment_s)[1] == pytest.approx(1, abs=1e-3)


def test_every_shipped_file_is_named() -> None:
    """None lies around that nobody reads."""
    lying = {path.name for path in files(tables).iterdir() if path.name.endswith(".json")}
    assert lying == {f"{kind.name}.json" for kind in tables.TABLES}


@pytest.mark.parametrize(
    ("asked", "name"),
    [
        *((kind[1:], kind.name) for kind in tables.TABLES),
        (((300, 800, 2500), 2, 50), "vod"), (((500, 1000, 2000, 4000), 6, 20), "vod4"),
        (((250, 500, 1000, 2000, 4000), 2, 10), "live"), (((600, 4500), 3, 10), "live4"),
    ],
)  # fmt: skip
def test_the_nearest_table_serves(asked: tuple[Any, ...], name: str) -> None:
    """The buffer counts first, then the segment, then the ladder."""
    assert tables.nearest(*asked) is tables.load(name)


def test_there_is_no_other_table() -> None:
    """An unknown name is an error, not a default."""
    with pytest.raises(FileNotFoundError):
        tables.load("unknown")
