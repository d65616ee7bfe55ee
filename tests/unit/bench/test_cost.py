"""What the docs say of cost is what the product's own prices come to."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench import bench_cost

TEXT = (Path(__file__).parents[3] / "docs" / "operations.md").read_text("utf-8").splitlines()


@pytest.mark.parametrize(("name", "lines"), bench_cost.tables().items())
def test_the_documented_table_is_the_benchs(name: str, lines: list[bench_cost.Line]) -> None:
    """Row by row: a price or a formula that changes has to be told there."""
    assert [row for row in bench_cost.table(name, lines) if row not in TEXT] == []


def test_more_memory_costs_more() -> None:
    """The lines add up, and encoding is what an hour's processor time costs."""
    (encoding, *_) = bench_cost.vod()
    assert encoding.usd == pytest.approx(1000 * 6000 * 3538 / 1024 * 0.0000166667, rel=1e-3)
