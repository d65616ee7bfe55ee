"""What can be played: levels, their profile, and the configuration of one adaptive session."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from itertools import pairwise
from math import isfinite, log
from typing import TYPE_CHECKING

from chalicelib.domain.ladder import DEFAULT_PROFILES, MAX_LEVELS, RESCUE_PROFILE
from chalicelib.errors import BadRequest

if TYPE_CHECKING:
    from collections.abc import Iterable

    from chalicelib.domain.job import Rendition

_MAX_KBPS = 1_000_000


class StreamQuality(StrEnum):
    """A level in the specification's words, lowest first."""

    RESCUE = "rescue"
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    VERY_HIGH = "very-high"

    @classmethod
    def of(cls, kbps: float) -> StreamQuality:
        """Name a bitrate in kbit/s after the rung of the default ladder it is nearest to, in ratio."""
        return min(_NAMED, key=lambda quality: abs(log(max(kbps, 1)) - log(_NAMED[quality])))


_NAMED = {StreamQuality(p.name): p.bitrate_kbps for p in (RESCUE_PROFILE, *DEFAULT_PROFILES)}


def _refuse(detail: str) -> BadRequest:
    return BadRequest("abr_config_invalid", detail)


@dataclass(frozen=True, slots=True)
class BitrateLevel:
    """One rung as a player sees it: its place from the bottom, its ceiling in kbit/s, and what decoding it takes."""

    index: int
    kbps: int
    id: str = ""
    """The rendition's id; empty when the level is known by its bitrate only."""
    width: int = 0
    """Pixels; 0 when not known, as are height and frame rate."""
    height: int = 0
    frame_rate: float = 0.0
    codecs: str = ""
    """RFC 6381, as in the playlist; empty when not known."""

    @property
    def quality(self) -> StreamQuality:
        """The specification's name for this bitrate."""
        return StreamQuality.of(self.kbps)

    @property
    def name(self) -> str:
        """For people: `720p 1000k`, or the bitrate alone."""
        return f"{min(self.width, self.height)}p {self.kbps}k" if self.width and self.height else f"{self.kbps}k"

    @property
    def pixel_rate(self) -> float:
        """Pixels to decode in a second; 0 when not known."""
        return self.width * self.height * self.frame_rate


@dataclass(frozen=True, slots=True)
class BitrateProfile:
    """The levels of one recording, from the lowest up, each above the one before.

    Raises BadRequest `abr_config_invalid` for anything else.
    """

    levels: tuple[BitrateLevel, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.levels) <= MAX_LEVELS:
            raise _refuse(f"A profile has 1 to {MAX_LEVELS} levels, not {len(self.levels)}.")
        if any(level.index != place for place, level in enumerate(self.levels)):
            raise _refuse("Levels are numbered from 0, in their order.")
        if not all(_whole(level.kbps) and 1 <= level.kbps <= _MAX_KBPS for level in self.levels):
            raise _refuse(f"A level's bitrate is a whole number of kbit/s from 1 to {_MAX_KBPS}.")
        if any(low.kbps >= high.kbps for low, high in pairwise(self.levels)):
            raise _refuse("Each level's bitrate is above the one before it.")

    def __len__(self) -> int:
        return len(self.levels)

    def __getitem__(self, index: int) -> BitrateLevel:
        return self.levels[index]

    @property
    def kbps(self) -> tuple[int, ...]:
        """Bitrates in kbit/s, ascending: what a policy table is made for."""
        return tuple(level.kbps for level in self.levels)

    @property
    def top(self) -> int:
        """Index of the highest level."""
        return len(self.levels) - 1

    def at_most(self, kbps: float) -> BitrateLevel:
        """Return the highest level whose bitrate does not exceed `kbps`, the lowest when none does."""
        return max((level for level in self.levels if level.kbps <= kbps), default=self.levels[0], key=_by_index)

    def index_of(self, kbps: object) -> int | None:
        """Return the index of the level with exactly this bitrate, or None."""
        return next((level.index for level in self.levels if level.kbps == kbps), None)

    @classmethod
    def from_kbps(cls, *kbps: int) -> BitrateProfile:
        """Make levels of which only the bitrates are known, in any order."""
        return cls(tuple(BitrateLevel(place, rate) for place, rate in enumerate(sorted(kbps))))

    @classmethod
    def from_renditions(cls, renditions: Iterable[Rendition]) -> BitrateProfile:
        """Take the video among a plan's renditions; of two with one bitrate the larger picture is kept."""
        video = sorted((r for r in renditions if r.kind == "video"), key=lambda r: (r.bitrate_kbps, r.width * r.height))
        by_rate = {r.bitrate_kbps: r for r in video}
        return cls(
            tuple(
                BitrateLevel(place, r.bitrate_kbps, r.id, r.width, r.height, float(r.frame_rate))
                for place, r in enumerate(by_rate.values())
            )
        )

    @classmethod
    def default(cls, *, rescue: bool = True) -> BitrateProfile:
        """Return the product's default ladder, with or without its 250 kbit/s rung."""
        profiles = ((RESCUE_PROFILE,) if rescue else ()) + DEFAULT_PROFILES
        return cls(
            tuple(
                BitrateLevel(place, p.bitrate_kbps, p.name, p.width, p.height, float(p.frame_rate))
                for place, p in enumerate(profiles)
            )
        )


def _by_index(level: BitrateLevel) -> int:
    return level.index


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _within(value: object, low: float, high: float) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value) and low <= value <= high


@dataclass(frozen=True, slots=True)
class ABRConfig:
    """What one session adapts within. Durations in seconds. Raises BadRequest `abr_config_invalid`."""

    profile: BitrateProfile = field(default_factory=BitrateProfile.default)
    segment_s: float = 2.0
    max_buffer_s: float = 60.0
    """What the player stops fetching at: 60 for a recording, 12 for a live stream."""
    live: bool = False
    up_hold: int = 1
    """Segments in a row after which going up must look right; 1 goes up at once."""
    low_buffer_segments: float = 0.5
    """Nothing goes up while the buffer holds less than this many segments."""
    up_margin: float = 1.0
    """Going up must not stall even at the pessimistic tenth of the prediction, times this; 0 trusts the policy."""
    dropped_share: float = 0.15
    """Share of a segment's frames that may be dropped before the level counts as not smooth."""

    def __post_init__(self) -> None:
        for name, low, high in _LIMITS:
            if not _within(getattr(self, name), low, high):
                raise _refuse(f"{name} is a number from {low:g} to {high:g}, not {getattr(self, name)!r}.")
        if not _whole(self.up_hold):
            raise _refuse("up_hold is a whole number of segments.")
        if self.max_buffer_s < self.segment_s:
            raise _refuse("max_buffer_s holds at least one segment.")

    @property
    def low_buffer_s(self) -> float:
        """Seconds of buffer below which nothing goes up."""
        return self.low_buffer_segments * self.segment_s

    @classmethod
    def for_recording(cls, profile: BitrateProfile | None = None) -> ABRConfig:
        """Return the product's own configuration: 2 s segments, 60 s of buffer."""
        return cls(profile or BitrateProfile.default())

    @classmethod
    def for_live(cls, profile: BitrateProfile | None = None) -> ABRConfig:
        """Return the product's live configuration: 2 s segments, 12 s of buffer."""
        return cls(profile or BitrateProfile.default(), max_buffer_s=12.0, live=True)


_LIMITS = (
    ("segment_s", 0.1, 60),
    ("max_buffer_s", 0.1, 3600),
    ("up_hold", 1, 100),
    ("low_buffer_segments", 0, 100),
    ("up_margin", 0, 10),
    ("dropped_share", 0, 1),
)
