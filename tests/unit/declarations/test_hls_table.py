"""docs/hls.md against the tests it names."""

from __future__ import annotations

import re
from pathlib import Path

import app

ROOT = Path(app.__file__).parent
TABLE = (ROOT / "docs/hls.md").read_text("utf-8")
LEFT = ["S peak ≤ 200 % of average (A1.30)", "S an I-frame a second (A6.2)", "M TLS ≥ 1.2"]
"""Two recommendations with an ADR, and what only a deployment can keep."""


def rows() -> list[list[str]]:
    """Cells of every rule."""
    lines = [line for line in TABLE.splitlines() if line.startswith("| ") and not line.startswith("| Rule")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_every_rule_names_a_test_that_exists() -> None:
    """A rule without one is no promise; those left on purpose are these and no more."""
    written = set()
    for path in (ROOT / "tests").rglob("test_*.py"):
        written |= set(re.findall(r"^(?:async )?def (test_\w+)", path.read_text("utf-8"), re.MULTILINE))
    for rule, _, tests in rows():
        named = re.findall(r"`(test_\w+)`", tests)
        assert bool(named) != (rule in LEFT), rule
        assert set(named) <= written, rule


def test_every_decision_it_names_exists() -> None:
    """Links to ADRs lead somewhere."""
    named = set(re.findall(r"\((adr/[\w-]+\.md)\)", TABLE))
    assert named
    assert [link for link in sorted(named) if not (ROOT / "docs" / link).is_file()] == []
