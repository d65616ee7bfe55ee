"""What a check found: a sentence about how things are, and one about what to do."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable


class State(StrEnum):
    """How good it is."""

    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `check` is its stable name; `do` is empty where nothing is to be done."""

    check: str
    state: State
    says: str
    do: str = ""

    def to_dict(self) -> dict[str, str]:
        """Return plain JSON values."""
        return {name: str(value) for name, value in asdict(self).items()}


def good(check: str, says: str) -> Finding:
    """It is as it should be."""
    return Finding(check, State.OK, says)


def odd(check: str, says: str, do: str) -> Finding:
    """It works, and somebody should look at it."""
    return Finding(check, State.WARNING, says, do)


def bad(check: str, says: str, do: str) -> Finding:
    """It does not work."""
    return Finding(check, State.FAILED, says, do)


def left_out(check: str, says: str, do: str) -> Finding:
    """It could not be looked at, which says nothing about it."""
    return Finding(check, State.SKIPPED, says, do)


def summary(findings: Iterable[Finding]) -> dict[str, Any]:
    """Return everything for a script; `healthy` is False once one thing failed."""
    found = list(findings)
    counts = {state.value: sum(one.state is state for one in found) for state in State}
    return {"healthy": not counts[State.FAILED.value], "counts": counts, "findings": [one.to_dict() for one in found]}
