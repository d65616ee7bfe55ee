"""Ranges of UTC days, and how much of them has passed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

from chalicelib.errors import BadRequest

MOST_DAYS = 400
"""Thirteen months: what is kept."""
DEFAULT_DAYS = 7
DAY_S = 86_400
SLOT_S = 300
SLOTS = DAY_S // SLOT_S
"""Slots of five minutes in a day, 0 to 287."""


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `first` to `last`, both included."""

    first: date
    last: date

    @property
    def count(self) -> int:
        """How many days there are."""
        return (self.last - self.first).days + 1

    @property
    def before(self) -> Period:
        """As many days right before."""
        return Period(self.first - timedelta(self.count), self.first - timedelta(1))

    @property
    def days(self) -> list[str]:
        """Every day in order, `2026-11-28`."""
        return [(self.first + timedelta(place)).isoformat() for place in range(self.count)]


def period(first: date | None, last: date | None, *, now: float) -> Period:
    """Return the days asked for: up to today, and a week, unless told otherwise; `now` in Unix seconds.

    Raises BadRequest("invalid_request").
    """
    last = last or datetime.fromtimestamp(now, UTC).date()
    try:
        first = first or last - timedelta(DEFAULT_DAYS - 1)
        asked = Period(first, last)
        begun = asked.before.first  # the days before are shown as well
    except OverflowError:
        begun = date.min
    if begun.year < 1970 or last.year > 9000:  # noqa: PLR2004  what the clocks of this world know
        raise BadRequest("invalid_request", "The days must lie between 1972 and 9000.")
    if asked.count < 1:
        raise BadRequest("invalid_request", "`from` must not come after `to`.")
    if asked.count > MOST_DAYS:
        raise BadRequest("invalid_request", f"At most {MOST_DAYS} days can be looked at together.")
    return asked


def begin_of(day: str) -> float:
    """Return the day's first moment in Unix seconds."""
    return datetime.combine(date.fromisoformat(day), time(), UTC).timestamp()


def elapsed_s(day: str, now: float) -> float:
    """Return how many seconds of a day have passed: all of yesterday's, none of tomorrow's."""
    return min(float(DAY_S), max(0.0, now - begin_of(day)))
