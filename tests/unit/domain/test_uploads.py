"""Cutting files into parts, and the numbers people write."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.uploads import MAX_PARTS, MIB, PartPlan, format_numbers, parse_numbers, part_size
from chalicelib.errors import BadRequest

GIB = 1024 * MIB


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        (0, 8 * MIB),
        (1, 8 * MIB),
        (64 * GIB, 8 * MIB),
        (80_000 * MIB, 8 * MIB),
        (80_000 * MIB + 1, 9 * MIB),
        (5 * 1024 * GIB, 525 * MIB),
    ],
)
def test_part_sizes(size: int, expected: int) -> None:
    """Eight MiB until ten thousand of them do not reach."""
    assert expected == part_size(size)


@given(st.integers(0, 50 * 1024 * GIB))
def test_parts_add_up_to_the_file(size: int) -> None:
    """Within S3's limits, and not a byte more or less."""
    plan = PartPlan(size, part_size(size))
    assert 1 <= plan.count <= MAX_PARTS
    assert size == (plan.count - 1) * plan.part_size_bytes + plan.size_of(plan.count)
    assert 0 <= plan.size_of(plan.count) <= plan.part_size_bytes


def test_an_empty_file_is_one_empty_part() -> None:
    """S3 has no multipart upload of no parts."""
    plan = PartPlan(0, 8 * MIB)
    assert (plan.count, plan.size_of(1)) == (1, 0)
    assert plan.missing({}) == [1]
    assert plan.missing({1: 0}) == []


def test_parts_of_the_wrong_size_are_missing() -> None:
    """A cut-off PUT counts as none."""
    plan = PartPlan(20 * MIB, 8 * MIB)
    assert plan.missing({1: 8 * MIB, 2: 5, 3: 4 * MIB, 9: 1}) == [2]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("1", [1]), ("1-3,7", [1, 2, 3, 7]), ("7, 1-2 ,2", [1, 2, 7]), ("0010", [10])],
)
def test_numbers(text: str, numbers: list[int]) -> None:
    """Ranges and single numbers, in any order."""
    assert numbers == parse_numbers(text, 10)


@pytest.mark.parametrize("text", ["", ",", "0", "11", "3-1", "-1", "1-", "a", "1-2-3", "1;2", "٣", "1\n2", "999999"])
def test_numbers_nobody_meant(text: str) -> None:
    """Anything else is refused whole."""
    with pytest.raises(BadRequest, match="invalid_request"):
        parse_numbers(text, 10)


def test_too_many_numbers() -> None:
    """Signing thousands of addresses would not fit the time of one request."""
    assert len(parse_numbers("1-500", 10_000)) == 500
    with pytest.raises(BadRequest, match="at most 500"):
        parse_numbers("1-400,1000-1100", 10_000)


@given(st.sets(st.integers(1, 10_000), min_size=1, max_size=400))
def test_numbers_round_trip(numbers: set[int]) -> None:
    """What a refusal names can be asked for as it stands."""
    assert sorted(numbers) == parse_numbers(format_numbers(sorted(numbers)), 10_000)
