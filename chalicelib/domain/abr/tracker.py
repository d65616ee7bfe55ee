"""How each level has done on this device: stalls, dropped frames, failures; what goes badly is left alone for a while.

Time is counted in segments, so that nothing depends on anybody's clock.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.metrics import Outcome, bounded

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.abr.levels import ABRConfig
    from chalicelib.domain.abr.metrics import Cleaned

_GAIN = 1 / 8
_ENOUGH_FRAMES = 12
"""Fewer say nothing: the tab was hidden, or playback had just begun."""
_IN_A_ROW = 2
"""One bad segment is an accident."""
_REST = 15
"""Segments a level is left alone after its first strike; doubled with each further one."""
_LONGEST_REST = 480
_FORGIVEN_AFTER = 30
"""Good segments at a level that take one strike away."""


class AvoidReason(StrEnum):
    """Why a level is left alone."""

    DROPPED_FRAMES = "dropped-frames"
    FAILING = "failing"


@dataclass(slots=True)
class RungQuality:
    """One level's record; the shares are decayed means over its own segments."""

    segments: int = 0
    stall_s: float = 0.0
    """Decayed mean of stalling for one segment, in seconds."""
    dropped_share: float = 0.0
    failure_share: float = 0.0
    rough: int = 0
    """Segments in a row that dropped too many frames."""
    failed: int = 0
    """Requests in a row that failed; a timeout is the network's fault, not the level's."""
    good: int = 0
    strikes: int = 0
    rests_until: int = 0
    """The tracker's count of segments at which the level may be tried again."""
    why: AvoidReason = AvoidReason.DROPPED_FRAMES

    def to_list(self) -> list[Any]:
        """Return plain JSON values, in the order of the fields."""
        return [getattr(self, name) for name in self.__slots__]

    @classmethod
    def from_list(cls, values: object) -> RungQuality:
        """Read what `to_list` wrote; anything else is a clean record."""
        if not isinstance(values, list) or len(values) != len(cls.__slots__):
            return cls()
        plain = [bounded(value, 0, 1e9) or 0.0 for value in values[:-1]]
        stall_s, dropped, failures = plain[1:4]
        segments, rough, failed, good, strikes, until = (int(plain[i]) for i in (0, 4, 5, 6, 7, 8))
        why = AvoidReason.FAILING if values[-1] == AvoidReason.FAILING else AvoidReason.DROPPED_FRAMES
        shares = min(stall_s, 600.0), min(dropped, 1.0), min(failures, 1.0)
        return cls(segments, *shares, rough, failed, good, strikes, until, why)


@dataclass(slots=True)
class SegmentQualityTracker:
    """Records per level; state is O(levels). Levels are kept by bitrate, so that a grown ladder finds its own again."""

    config: ABRConfig
    count: int = 0
    """Reports so far: the clock of everything here."""
    rungs: dict[int, RungQuality] = field(default_factory=dict)

    def record(self, transfer: Cleaned) -> None:
        """Take one transfer: frames count for the level on screen, everything else for the one fetched."""
        self.count += 1
        fetched = self._rung(transfer.level)
        fetched.segments += 1
        fetched.stall_s += _GAIN * (transfer.stall_s - fetched.stall_s)
        failed = transfer.outcome in {Outcome.FAILED, Outcome.TIMEOUT}
        fetched.failure_share += _GAIN * (failed - fetched.failure_share)
        fetched.failed = fetched.failed + (transfer.outcome is Outcome.FAILED) if failed else 0
        if fetched.failed >= _IN_A_ROW:
            self._strike(fetched, AvoidReason.FAILING)
        if transfer.total_frames >= _ENOUGH_FRAMES:
            self._frames(self._rung(transfer.played_level), transfer.dropped_frames / transfer.total_frames)

    def _frames(self, played: RungQuality, share: float) -> None:
        played.dropped_share += _GAIN * (share - played.dropped_share)
        if share >= self.config.dropped_share and share > 0:
            played.rough, played.good = played.rough + 1, 0
        else:
            played.rough, played.good = 0, played.good + 1
        if played.rough >= _IN_A_ROW:
            self._strike(played, AvoidReason.DROPPED_FRAMES)
        elif played.good >= _FORGIVEN_AFTER:
            played.good, played.strikes = 0, max(played.strikes - 1, 0)

    def _strike(self, rung: RungQuality, why: AvoidReason) -> None:
        rung.rough = rung.failed = 0
        if rung.rests_until > self.count:
            return  # what is still in the buffer of a level that rests already
        rung.strikes, rung.why = rung.strikes + 1, why
        rest = _LONGEST_REST if rung.strikes > 6 else _REST * 2 ** (rung.strikes - 1)  # noqa: PLR2004  2**6 is beyond
        rung.rests_until = self.count + min(rest, _LONGEST_REST)

    def _rung(self, level: int) -> RungQuality:
        return self.rungs.setdefault(self.config.profile[level].kbps, RungQuality())

    def quality(self, level: int) -> RungQuality:
        """Return a level's record, a clean one if it was never played."""
        return self.rungs.get(self.config.profile[level].kbps, RungQuality())

    def avoided(self) -> dict[int, AvoidReason]:
        """Return the levels to leave alone now, each with its reason; never the lowest.

        What a device cannot decode smoothly it will not decode at more pixels a second either.
        """
        profile = self.config.profile
        resting = {i: rung for i in range(1, len(profile)) if (rung := self.quality(i)).rests_until > self.count}
        found = {i: rung.why for i, rung in resting.items()}
        for heavy in (i for i, rung in resting.items() if rung.why is AvoidReason.DROPPED_FRAMES):
            for level in profile.levels[heavy + 1 :]:
                if not level.pixel_rate or level.pixel_rate >= profile[heavy].pixel_rate:
                    found.setdefault(level.index, AvoidReason.DROPPED_FRAMES)
        return found

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        return {"count": self.count, "rungs": {str(k): rung.to_list() for k, rung in sorted(self.rungs.items())}}

    @classmethod
    def from_dict(cls, config: ABRConfig, data: Mapping[str, Any]) -> SegmentQualityTracker:
        """Read what `to_dict` wrote; levels that the ladder no longer has are dropped, nonsense is a clean record."""
        count = int(bounded(data.get("count"), 0, 1e9) or 0)
        stored = data.get("rungs")
        known = stored if isinstance(stored, dict) else {}
        rungs = {kbps: RungQuality.from_list(known[str(kbps)]) for kbps in config.profile.kbps if str(kbps) in known}
        for rung in rungs.values():
            rung.rests_until = min(rung.rests_until, count + _LONGEST_REST)
        return cls(config, count, rungs)
