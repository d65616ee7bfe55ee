"""Every code a recording can end with, or a live segment be refused with, is explained in docs/api.md."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
INTERNAL = {"message_malformed", "message_misplaced", "message_too_new", "poster_failed", "stills_failed"}
"""Logged, never shown: about queue messages, and about what a recording plays without."""


def sources(*, live: bool) -> str:
    """All code about streams that are on, or all other."""
    paths = sorted((ROOT / "chalicelib").rglob("*.py"))
    return "".join(path.read_text() for path in paths if ("live" in str(path.relative_to(ROOT / "chalicelib"))) == live)


def explained(heading: str) -> set[str]:
    """Return the codes in the guide's table under a heading."""
    text = (ROOT / "docs/api.md").read_text().split(f"# {heading}\n")[1]
    table = re.split(r"\n##+ ", text)[0]
    rows = [row for row in table.splitlines() if row.startswith("| `")]
    return {code for row in rows for code in re.findall(r"`([a-z_]+)`", row.split("|")[1])}


def test_the_guide_explains_why_segments_are_refused() -> None:
    """Codes in the source and codes in the table are the same."""
    source = sources(live=True)
    raised = set(re.findall(r'Permanent\(\s*"([a-z_]+)"', source))
    raised |= set(re.findall(r'^_?[A-Z_]+ = "((?:not|segment|init|audio)_[a-z_]+)"', source, re.MULTILINE))
    assert explained("When a segment is refused") == raised - INTERNAL


def test_the_guide_explains_each_code() -> None:
    """Codes in the source and codes in the table are the same."""
    source = sources(live=False)
    raised = set(re.findall(r'Permanent\(\s*"([a-z_]+)"', source))
    raised |= set(re.findall(r'"(source_[a-z_]+)"', source)) - {"source_version", "source_key", "source_refused"}
    raised |= set(re.findall(r'error_code="([a-z_]+)"', source))
    raised |= set(re.findall(r'^(?:JOB|COST)_[A-Z_]+ = "([a-z_]+)"', source, re.MULTILINE))
    raised -= INTERNAL | {"source_not_uploaded", "source_preparing", "source_unreachable"}
    assert explained("When a recording cannot be played") == raised
