"""Every code a recording can end with is explained in docs/api.md."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
INTERNAL = {"message_malformed", "message_misplaced", "message_too_new", "poster_failed"}
"""Logged, never shown: about queue messages, and about what a recording plays without."""


def test_the_guide_explains_each_code() -> None:
    """Codes in the source and codes in the table are the same."""
    source = "".join(path.read_text() for path in sorted((ROOT / "chalicelib").rglob("*.py")))
    raised = set(re.findall(r'Permanent\(\s*"([a-z_]+)"', source))
    raised |= set(re.findall(r'"(source_[a-z_]+)"', source)) - {"source_version", "source_key", "source_refused"}
    raised |= set(re.findall(r'error_code="([a-z_]+)"', source))
    raised |= set(re.findall(r'^(?:JOB|COST)_[A-Z_]+ = "([a-z_]+)"', source, re.MULTILINE))
    raised -= INTERNAL | {"source_not_uploaded", "source_preparing", "source_unreachable"}
    table = (ROOT / "docs/api.md").read_text().split("## When a recording cannot be played")[1].split("\n## ")[0]
    explained = {
        code
        for row in table.splitlines()
        if row.startswith("| `")
        for code in re.findall(r"`([a-z_]+)`", row.split("|")[1])
    }
    assert explained == raised
