"""How a file is cut into the parts of a resumable multipart upload."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chalicelib.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MIB = 1024 * 1024
MIN_PART_BYTES = 8 * MIB
MAX_PARTS = 10_000
"""S3's limit."""
MAX_NUMBERS = 500
"""Part numbers in one request: what is signed in well under a second."""
_RANGE = re.compile(r"([0-9]{1,5})(?:-([0-9]{1,5}))?")


@dataclass(frozen=True, slots=True)
class PartPlan:
    """Parts 1..`count` of `part_size_bytes`, the last one shorter; an empty file is one empty part."""

    size_bytes: int
    part_size_bytes: int

    @property
    def count(self) -> int:
        """Number of parts, at least one."""
        return max(1, _divide_up(self.size_bytes, self.part_size_bytes))

    def size_of(self, number: int) -> int:
        """Bytes of part `number` (from 1)."""
        return min(self.part_size_bytes, self.size_bytes - (number - 1) * self.part_size_bytes)

    def missing(self, stored: Mapping[int, int]) -> list[int]:
        """Numbers that are absent from `stored` (number → bytes) or have the wrong size there."""
        return [n for n in range(1, self.count + 1) if stored.get(n) != self.size_of(n)]


def part_size(size_bytes: int) -> int:
    """Return the part size in bytes: 8 MiB, or the whole MiB that keep a large file within 10000 parts."""
    return max(MIN_PART_BYTES, _divide_up(size_bytes, MAX_PARTS * MIB) * MIB)


def _divide_up(a: int, b: int) -> int:
    return -(-a // b)


def parse_numbers(text: str, count: int) -> list[int]:
    """Read `1-50,60` as sorted part numbers within 1..`count`; raises BadRequest("invalid_request")."""
    numbers: set[int] = set()
    for item in text.split(","):
        match = _RANGE.fullmatch(item.strip())
        if match is None:
            raise BadRequest("invalid_request", "parts is a list of part numbers and ranges, such as 1-50,60.")
        first, last = int(match[1]), int(match[2] or match[1])
        if not 1 <= first <= last <= count:
            raise BadRequest("invalid_request", f"This upload has parts 1 to {count}.")
        numbers.update(range(first, last + 1))
        if len(numbers) > MAX_NUMBERS:
            raise BadRequest("invalid_request", f"Ask for at most {MAX_NUMBERS} parts at once.")
    return sorted(numbers)


def format_numbers(numbers: Iterable[int]) -> str:
    """Inverse of `parse_numbers`: sorted numbers as `1-50,60`."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][1] == number - 1:
            runs[-1][1] = number
        else:
            runs.append([number, number])
    return ",".join(str(a) if a == b else f"{a}-{b}" for a, b in runs)
