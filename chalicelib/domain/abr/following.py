"""Following a session through its reports: what of a batch is new, what it changes, and what to advise then."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.manager import AdaptiveBitrateManager
from chalicelib.domain.abr.metrics import Outcome, Refusal, bounded, number
from chalicelib.domain.abr.reports import EventKind, clock_ms, is_transfer, segment_metrics

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from chalicelib.domain.abr.levels import ABRConfig
    from chalicelib.domain.abr.link import Prior
    from chalicelib.domain.abr.reports import Event

NOT_ENCODED = "not-encoded"
"""Why what is still to be encoded may not be played."""


@dataclass(slots=True)
class Followed:
    """A session between two reports. `last` is the highest sequence number seen, -1 before the first."""

    manager: AdaptiveBitrateManager
    last: int = -1
    begun_ms: float | None = None
    """The player's clock at its first event that told it."""
    given: float = 0.0
    """What it has added to its network's history, in sessions."""

    def state(self) -> dict[str, Any]:
        """Return it as plain JSON values."""
        return {"last": self.last, "begun_ms": self.begun_ms, "given": self.given, "engine": self.manager.state()}

    @classmethod
    def resume(cls, config: ABRConfig, state: Mapping[str, Any], prior: Prior | None = None) -> Followed:
        """Go on from what `state` returned; from an empty one, begin with what is known of the network."""
        if "engine" not in state:
            return cls(AdaptiveBitrateManager(config, prior=prior))
        return cls(
            AdaptiveBitrateManager.resume(config, state["engine"], prior=prior),
            int(bounded(state.get("last"), -1, 2**31) or 0),
            number(state.get("begun_ms")),
            bounded(state.get("given"), 0, 1e6) or 0.0,
        )


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch. `transfers` are those that tell of the link, in kbit/s."""

    accepted: int = 0
    ignored: int = 0
    """Known already: not newer than the newest seen before."""
    refused: tuple[tuple[int, str], ...] = ()
    """Accepted, but not believed: (sequence, reason)."""
    transfers: tuple[float, ...] = ()


def follow(session: Followed, events: Sequence[Event]) -> Taken:
    """Take the events of a batch (in order of sequence) that are new; the same batch again changes nothing."""
    new = [event for event in events if event.sequence > session.last]
    refused: list[tuple[int, str]] = []
    transfers: list[float] = []
    for event in new:
        session.last = event.sequence
        if session.begun_ms is None:
            session.begun_ms = clock_ms(event)
        if event.kind is EventKind.JOIN:
            session.manager.set_device(device_of(event.data))
        elif is_transfer(event):
            profile = session.manager.config.profile
            result = session.manager.record_segment_metrics(segment_metrics(event, profile, session.begun_ms or 0.0))
            if isinstance(result, Refusal):
                refused.append((event.sequence, result.reason.value))
            elif result.kbps is not None and result.outcome is Outcome.COMPLETE:
                transfers.append(result.kbps)
    return Taken(len(new), len(events) - len(new), tuple(refused), tuple(transfers))


def device_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """Return a device as the engine reads it, from what players and queries call its screen."""
    screen = {"screen_width": data.get("width"), "screen_height": data.get("height"), "pixel_ratio": data.get("dpr")}
    return {**data, **screen}
