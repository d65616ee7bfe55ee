"""Which rights are used: a line for each when it is first used, in the file that the environment names."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from headwater.local.policies import Right

VARIABLE = "HEADWATER_LOCAL_USED_RIGHTS"
_seen: set[tuple[str, Right]] = set()


def note(role: str, right: Right) -> None:
    """Write down [role, sid, action, resource] once, where somebody wants to know."""
    name = os.environ.get(VARIABLE)
    if name and (role, right) not in _seen:
        _seen.add((role, right))
        # Short lines are appended whole, whoever else writes to the file
        with Path(name).open("a", encoding="utf-8") as file:
            file.write(f"{json.dumps([role, right.sid, right.action, right.resource])}\n")
