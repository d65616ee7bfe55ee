"""docs/adaptive.md says what the engine does, in its own words."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from chalicelib.domain.abr import (
    AdaptiveBitrateManager,
    AvoidReason,
    CapReason,
    NetworkClass,
    RefusalReason,
    Rule,
    Start,
)

GUIDE = (Path(__file__).parents[4] / "docs/adaptive.md").read_text()


@pytest.mark.parametrize("words", [AvoidReason, CapReason, NetworkClass, RefusalReason, Rule, Start])
def test_every_stable_word_is_explained(words: type[str]) -> None:
    """Callers compare with them."""
    assert [word for word in words if f"`{word}`" not in GUIDE] == []  # type: ignore[attr-defined]


def test_every_method_is_explained() -> None:
    """By name."""
    public = [n for n, _ in inspect.getmembers(AdaptiveBitrateManager, callable) if not n.startswith("_")]
    assert [name for name in public if not re.search(rf"\b{name}\b", GUIDE)] == []


def test_the_example_runs() -> None:
    """As it stands; on 6 Mbit/s it ends at the top."""
    code = GUIDE.split("```python\n")[1].split("```")[0]
    names: dict[str, object] = {}
    exec(code, names)  # noqa: S102  our own guide
    session, elsewhere = names["session"], names["elsewhere"]
    assert isinstance(session, AdaptiveBitrateManager)
    assert isinstance(elsewhere, AdaptiveBitrateManager)
    assert session.select_quality().kbps == elsewhere.select_quality().kbps == 4000
