"""A policy for tests that does what it is told."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chalicelib.domain.abr.policy import Decision, Prediction

if TYPE_CHECKING:
    from chalicelib.domain.abr.link import LinkState
    from chalicelib.domain.abr.policy import Transfer, View


@dataclass
class ObedientPolicy:
    """Chooses `level` or the highest allowed below it, predicts `spread` and remembers what it was shown."""

    level: int = 0
    spread: tuple[float, float, float] = (1000.0, 2000.0, 4000.0)
    lower: int | None = None
    views: list[View] = field(default_factory=list)

    def choose(self, link: LinkState, view: View) -> Decision:
        """Return the level asked for, within the view's top."""
        del link
        self.views.append(view)
        level = min(self.level, view.top)
        return Decision(level=level, runner_up=max(level - 1, 0) if view.top else None, scores=(), reason="told")

    def should_abandon(self, link: LinkState, view: View, transfer: Transfer) -> int | None:
        """Return `lower`, whatever is in flight."""
        del link, transfer
        self.views.append(view)
        return self.lower

    def predict(self, link: LinkState) -> Prediction:
        """Return the spread asked for."""
        del link
        return Prediction(*self.spread)
