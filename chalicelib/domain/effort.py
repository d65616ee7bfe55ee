"""How much work each unit of a job is, and how fast it goes, learned from what is done.

Effort is counted in CPU seconds, which a busy machine hardly changes; how long an effort takes just now is the pace.
"""

from __future__ import annotations

from collections import defaultdict
from statistics import median
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from chalicelib.domain.job import JobPlan, Rendition
    from chalicelib.domain.units import Part, Unit

SOURCE_SHARE = 0.15
"""Effort of decoding a source pixel to that of encoding one: four measured rungs fit it (ENCODING §5)."""
SOUND_PIXELS = 1_000_000.0
"""A second of sound is as much work as so many pixels: 45 times real time, at 50 million pixels a CPU second."""
RECENT = 16
"""Done units from which the present pace is read."""
MEMORY = 0.85
"""Weight of a chunk's say in its rendition's rate to that of the next: what comes is more like what was last."""
_ROUNDS = 6


class Effort:
    """Effort of a unit: decoding its chunk once, and for each rendition its rate times the chunk's difficulty.

    A chunk that is hard to encode in one rendition is so in the next; decoding takes about the same everywhere. A
    rendition that nobody has begun is scaled by its pixels.
    """

    def __init__(self, plan: JobPlan, units: Sequence[Unit]) -> None:
        video = plan.media.video
        self._source = SOURCE_SHARE * float(video.width * video.height * video.frame_rate) if video else 0.0
        known = [(unit, part, spent) for unit in units for part in unit.parts if (spent := _spent(unit, part))]
        self._decode = self._decoding(known)
        self._known = [(unit, part, self._encoding(unit, part, spent)) for unit, part, spent in known]
        self._difficulty: dict[int, float] = {}
        self._rate: dict[str, float] = {}
        for _ in range(_ROUNDS):
            self._fit()
        pictures = [(unit, part, spent) for unit, part, spent in self._known if not unit.sound]
        pixels = sum(_pixels(part.rendition) * self._hard_s(unit) for unit, part, _ in pictures)
        self._per_pixel = sum(spent for _, _, spent in pictures) / pixels if pixels else None
        ended = sorted(((span[1], index) for index, unit in enumerate(units) if (span := unit.span)), reverse=True)
        recent = [units[index] for _, index in ended[:RECENT]]
        self._outside_s = _median(unit.outside_s for unit in recent) or 0.0
        self._pace = _median(self._pace_of(unit) for unit in recent)

    def work(self, unit: Unit) -> float | None:
        """CPU seconds that what is open of it should need; None while nothing like it is known."""
        rates = [self._rate_of(part.rendition) for part in unit.parts if not part.done]
        if None in rates:
            return None
        decoding = 0.0 if unit.sound or not rates else self._decode * unit.media_s
        return decoding + sum(rate or 0.0 for rate in rates) * self._hard_s(unit)

    def expected_s(self, unit: Unit) -> float | None:
        """Seconds from lease to commit at the present pace; None while nothing is known."""
        work = self.work(unit)
        return None if work is None or self._pace is None else self._outside_s + work * self._pace

    def _rate_of(self, rendition: Rendition) -> float | None:
        rate = self._rate.get(rendition.id)
        if rate is None and self._per_pixel is not None:
            rate = self._per_pixel * _pixels(rendition)
        return rate

    def _decoding(self, known: Sequence[tuple[Unit, Part, float]]) -> float:
        """CPU seconds of decoding a media second: its usual share of what pictures took, at most half of any."""
        pictures = [(unit, part, spent) for unit, part, spent in known if not unit.sound]
        decoded = sum(self._source * _share(unit, part) * unit.media_s for unit, part, _ in pictures)
        encoded = sum(_pixels(part.rendition) * unit.media_s for unit, part, _ in pictures)
        if not decoded + encoded:
            return 0.0
        usual = self._source * sum(spent for _, _, spent in pictures) / (decoded + encoded)
        return min(usual, *(spent / 2 / (_share(unit, part) * unit.media_s) for unit, part, spent in pictures))

    def _encoding(self, unit: Unit, part: Part, spent: float) -> float:
        """What was spent on a share without its part of the decoding, of which the rows say nothing."""
        return spent if unit.sound else spent - self._decode * _share(unit, part) * unit.media_s

    def _fit(self) -> None:
        """One round of fitting rates to difficulties, then difficulties to rates."""
        rates, difficulties = _Ratios(), _Ratios()
        last = {
            part.rendition.id: unit.chunk for unit, part, _ in sorted(self._known, key=lambda known: known[0].chunk)
        }
        for unit, part, spent in self._known:
            weight = MEMORY ** (last[part.rendition.id] - unit.chunk)
            rates.add(part.rendition.id, weight * spent, weight * self._hard_s(unit))
        self._rate = rates.all()
        for unit, part, spent in self._known:
            if not unit.sound:
                # Each rendition has one vote: sums would hear the largest only, and settle far too slowly.
                difficulties.add(unit.chunk, spent / (self._rate[part.rendition.id] * unit.media_s), 1.0)
        self._difficulty = difficulties.all()

    def _hard_s(self, unit: Unit) -> float:
        """Media seconds, each weighed by how hard its chunk is."""
        return unit.media_s * (1.0 if unit.sound else self._difficulty.get(unit.chunk, 1.0))

    def _pace_of(self, unit: Unit) -> float | None:
        """Wall seconds for a second of effort; sound, on one thread and mostly waiting, says nothing of pictures."""
        spent = sum(_spent(unit, part) for part in unit.parts)
        took_s = unit.took_s
        return max(0.0, took_s - self._outside_s) / spent if took_s and spent and not unit.sound else None


class _Ratios:
    """Sums of what was spent over sums of what it was spent on, by name."""

    def __init__(self) -> None:
        self._spent: dict[Any, float] = defaultdict(float)
        self._on: dict[Any, float] = defaultdict(float)

    def add(self, name: object, spent: float, on: float) -> None:
        self._spent[name] += spent
        self._on[name] += on

    def all(self) -> dict[Any, float]:
        return {name: spent / self._on[name] for name, spent in self._spent.items()}


def _pixels(rendition: Rendition) -> float:
    """Pixels of a second."""
    return SOUND_PIXELS if rendition.kind == "audio" else rendition.pixels


def _share(unit: Unit, part: Part) -> float:
    """How much of its unit's CPU time a row was given: by pixels, as workers do."""
    return _pixels(part.rendition) / sum(_pixels(each.rendition) for each in unit.parts)


def _spent(unit: Unit, part: Part) -> float:
    """Effort of a done share; where no CPU time was noted, its part of the time it took. 0 when unknown.

    Thumbnails beside a rung take too little to be told apart.
    """
    beside = part.rendition.kind == "storyboard" and len(unit.parts) > 1
    if not part.done or unit.media_s <= 0 or beside:
        return 0.0
    return part.cpu_s or (unit.took_s or 0.0) / len(unit.parts)


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return median(known) if known else None
