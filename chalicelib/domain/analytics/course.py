"""The course of one session: what its player reported, in the order in which it happened, in one vocabulary."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.metrics import number

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

MOST_MOMENTS = 5000
"""About three hours of segments of two seconds; more points than any screen has pixels."""
_TRANSFERS = frozenset({"segment", "abandon"})
_TEXT_CHARS = 80


@dataclass(frozen=True, slots=True)
class Moment:
    """One event. `at_ms` is from the session's start: of what lasts, a transfer or a stall, when it was over."""

    at_ms: int
    kind: str
    throughput_kbps: float | None = None
    buffer_s: float | None = None
    kbps: float | None = None
    """Bitrate of the rung that was fetched or is seen."""
    rung: str = ""
    stall_ms: float | None = None
    reason: str = ""
    pt_s: float | None = None
    """Place in the recording."""
    code: str = ""
    ttfb_ms: float | None = None
    duration_ms: float | None = None
    outcome: str = ""

    @property
    def is_transfer(self) -> bool:
        """True for what was fetched, to its end or not."""
        return self.kind in _TRANSFERS

    @property
    def begun_ms(self) -> float:
        """When a transfer was asked for, or the picture stood still; of anything else when it happened."""
        lasted = self.duration_ms if self.is_transfer else self.stall_ms if self.kind == "stall" else 0.0
        return self.at_ms - (lasted or 0.0)


def course(events: Iterable[Mapping[str, Any]], begun: float) -> list[Moment]:
    """Return events as `Timelines` keeps them in order of time; `begun` is the session's start in Unix seconds.

    Odd values are left out.
    """
    found = [moment for event in events if (moment := _moment(event, begun * 1000)) is not None]
    return sorted(found, key=lambda moment: moment.at_ms)


def _moment(event: Mapping[str, Any], begun_ms: float) -> Moment | None:
    at_ms, kind = number(event.get("at_ms")), event.get("kind")
    if at_ms is None or not isinstance(kind, str):
        return None
    return Moment(
        at_ms=max(0, round(at_ms - begun_ms)),
        kind=kind[:_TEXT_CHARS],
        throughput_kbps=_positive(event.get("throughput_kbps")),
        buffer_s=_seconds(event.get("bl")),
        kbps=_positive(event.get("kbps")),
        rung=_text(event.get("rung")),
        stall_ms=_positive(event.get("stall_ms")),
        reason=_text(event.get("reason")),
        pt_s=_seconds(event.get("pt")),
        code=_text(event.get("code")),
        ttfb_ms=_amount(event.get("ttfb_ms")),
        duration_ms=_amount(event.get("duration_ms")),
        outcome=_text(event.get("outcome")),
    )


def _positive(value: object) -> float | None:
    plain = number(value)
    return plain if plain is not None and plain > 0 else None


def _amount(value: object) -> float | None:
    plain = number(value)
    return plain if plain is not None and plain >= 0 else None


def _seconds(milliseconds: object) -> float | None:
    plain = _amount(milliseconds)
    return None if plain is None else round(plain / 1000, 3)


def _text(value: object) -> str:
    plain = value if isinstance(value, str) else str(value) if isinstance(value, int) else ""
    return "".join(letter for letter in plain if letter.isprintable())[:_TEXT_CHARS]
