"""Which rights have been seen in use: reads what stacks wrote down, and keeps it for the test of the policies.

`HEADWATER_LOCAL_USED_RIGHTS=used.jsonl make e2e`, then `.venv/bin/python tests/support/used_rights.py used.jsonl`.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

KEPT = Path(__file__).parents[1] / "unit" / "declarations" / "used_rights.json"
LOCAL, ANY = "headwater-local", "headwater-STAGE"


def kept() -> set[str]:
    """Return all that is kept: `function statement action resource`, each once."""
    return set(json.loads(KEPT.read_text("utf-8")))


def line(function: str, statement: str, action: str, resource: str) -> str:
    """Return a right as it is kept."""
    return " ".join((function, statement, action, resource.replace(LOCAL, ANY)))


def main() -> None:
    """Add what the files named on the command line say."""
    seen = kept() if KEPT.exists() else set()
    for name in sys.argv[1:]:
        for entry in map(json.loads, Path(name).read_text("utf-8").splitlines()):
            role, *right = entry
            seen.add(line(role.removeprefix(f"{LOCAL}-"), *right))
    KEPT.write_text(json.dumps(sorted(seen), indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
