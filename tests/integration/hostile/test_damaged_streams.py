"""Seeded damage to streams and sound: a chunk or a code, nothing else, and nothing left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.hostile import broken_by, seeds

if TYPE_CHECKING:
    from pathlib import Path

SEEDS = seeds(films=False)
HANDFUL = 10


@pytest.mark.parametrize("first", range(0, len(SEEDS), HANDFUL))
def test_damage_ends_with_a_chunk_or_a_code(tmp_path: Path, first: int) -> None:
    """Never with a hang or a stranger's exception; `make faults` tries thousands more."""
    assert broken_by(tmp_path, SEEDS[first : first + HANDFUL]) == []
