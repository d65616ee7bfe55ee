"""What is kept of a session between two reports: its facts, and what of them the sums have heard."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.metrics import bounded
from chalicelib.domain.analytics import marks
from chalicelib.domain.analytics.session import SessionFacts
from chalicelib.domain.analytics.summing import Context, Share, due, share_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

BURST, EACH_S = 60.0, 1.0
"""Reports that may come at once, and seconds that each costs in the long run."""
QUIET_S = 900.0
"""A session that says nothing for so long has been left."""
OVER_S = 60.0
"""And of one that is over nothing more is expected: only what came late waits to be added."""
_STEP_S = 600.0
"""When to look after a session moves in steps, so that not every report changes an index."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How many reports are left at a moment (Unix seconds)."""

    left: float = BURST
    at: float = 0.0

    def after(self, now: float) -> Pace | None:
        """Return what is left after one more report; None when it is one too many."""
        left = min(BURST, self.left + max(0.0, now - self.at) / EACH_S)
        return Pace(left - 1, now) if left >= 1 else None


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """A session in analytics' eyes."""

    facts: SessionFacts = field(default_factory=SessionFacts)
    share: Share = field(default_factory=Share)
    """What the sums have heard."""
    told_at: float = 0.0
    """When they did (Unix seconds)."""
    opened_at: float = 0.0
    """When the first report came."""
    country: str = ""
    name: str = ""
    """The viewer's name by their token; the browser's own name counts while it is empty."""
    closed: bool = False
    erased: bool = False
    """Its viewer wants to be forgotten: nothing more is taken."""
    pace: Pace = field(default_factory=Pace)

    def after(self, readings: Iterable[Mapping[str, Any]]) -> SessionRecord:
        """Return it with more events, which open it again if it was closed."""
        return replace(self, facts=self.facts.after(readings), closed=False)

    def noting(self, sequences: Iterable[int]) -> SessionRecord:
        """Return it with events of which no more is kept than that they came."""
        told = self.facts.told
        for sequence in sequences:
            told = marks.with_range(told, sequence, sequence)
        return replace(self, facts=replace(self.facts, told=told))

    def forgotten(self) -> SessionRecord:
        """Return it without anything but the numbers of its events, and never more."""
        facts = SessionFacts(told=self.facts.told)
        return SessionRecord(facts, opened_at=self.opened_at, told_at=self.told_at, erased=True, pace=self.pace)

    @property
    def viewer(self) -> str:
        """Who it is, under a name that says nothing; empty for nobody in particular."""
        return self.name or (self.facts.viewer[1] if self.facts.viewer else "")

    def context(self, duration_s: float) -> Context:
        """Return what is known beside the events."""
        return Context(duration_s, self.viewer, self.country, self.closed)

    def told(self, duration_s: float, now: float) -> SessionRecord:
        """Return it as it is once the sums have heard everything."""
        return replace(self, share=share_of(self.facts, self.context(duration_s)), told_at=now)

    def is_due(self, before: SessionRecord, now: float) -> bool:
        """True when the sums should hear of it now; of one that gets a name at once, so that it can be found by it."""
        named = self.name != before.name
        return named or due(self.facts, before.facts, since_s=now - (self.told_at or self.opened_at))

    def sweep_at(self, now: float, duration_s: float) -> float | None:
        """Return when to look after it if it says no more; None when it is over and the sums have heard all."""
        over = self.facts.over or self.closed
        if self.erased or (over and self.share == share_of(self.facts, self.context(duration_s))):
            return None
        quiet_s, step_s = (OVER_S, OVER_S) if over else (QUIET_S, _STEP_S)
        return -(-(now + quiet_s) // step_s) * step_s

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain = {name: getattr(self, name) for name in ("told_at", "opened_at", "country", "name", "closed", "erased")}
        pace = [self.pace.left, self.pace.at]
        return plain | {"facts": self.facts.to_dict(), "share": self.share.to_dict(), "pace": pace}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], *, now: float) -> SessionRecord:
        """Read what `to_dict` wrote; from nothing, begin now."""
        if not data:
            return cls(opened_at=now)
        left, at = data.get("pace", (BURST, 0.0))
        return cls(
            SessionFacts.from_dict(data.get("facts", {})),
            Share.from_dict(data.get("share", {})),
            bounded(data.get("told_at"), 0, 1e12) or 0.0,
            bounded(data.get("opened_at"), 0, 1e12) or now,
            str(data.get("country", "")),
            str(data.get("name", "")),
            data.get("closed") is True,
            data.get("erased") is True,
            Pace(left, at),
        )
