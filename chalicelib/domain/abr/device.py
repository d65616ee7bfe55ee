"""What a device can show: which levels of the ladder are of use to it, and why not the others."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from chalicelib.domain.abr.metrics import bounded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from chalicelib.domain.abr.levels import BitrateLevel, BitrateProfile


class CapReason(StrEnum):
    """Why a level is not offered."""

    SCREEN = "screen"
    """A lower level already fills the screen."""
    CODEC = "codec"
    """The device cannot decode it at all."""
    NOT_SMOOTH = "not-smooth"
    """It says that it would drop frames."""
    NOT_EFFICIENT = "not-efficient"
    """It would drain a battery that is being saved."""
    WEAK_DEVICE = "weak-device"
    """Little memory or few cores, and nothing said about decoding."""
    DATA_SAVER = "data-saver"
    EFFECTIVE_TYPE = "effective-type"
    """What the browser says of its connection, until something has been measured."""


SAVER_KBPS = 1000
"""What data saver allows: the specification's Normal, as in the player."""
_TYPE_KBPS = {"slow-2g": 250, "2g": 250, "3g": 1000}
_WEAK_CORES, _WEAK_GB = 2, 1.0
_WEAK_PIXELS = 1280 * 720 * 30


@dataclass(frozen=True, slots=True)
class Decoding:
    """MediaCapabilities' answer for one level; None is not asked."""

    supported: bool = True
    smooth: bool | None = None
    power_efficient: bool | None = None


@dataclass(frozen=True, slots=True)
class DeviceCapabilities:
    """What a player says of its device. Everything may be unknown; `from_dict` makes sense of anything."""

    screen_width: float = 0.0
    """CSS pixels, of the screen or of the player if that is smaller; 0 is not known."""
    screen_height: float = 0.0
    pixel_ratio: float = 1.0
    decoding: Mapping[int, Decoding] = field(default_factory=dict)
    """By the level's kbit/s."""
    codecs: frozenset[str] = frozenset()
    """Families it plays (`avc1`, `hvc1`, `av01`); empty is not known."""
    save_data: bool = False
    save_power: bool = False
    effective_type: str = ""
    """Of the Network Information API."""
    cores: int = 0
    memory_gb: float = 0.0

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> DeviceCapabilities:
        """Take what makes sense and leave the rest as unknown; numbers are clamped. Never raises."""
        effective = data.get("effective_type")
        return cls(
            screen_width=bounded(data.get("screen_width"), 0, 16384) or 0.0,
            screen_height=bounded(data.get("screen_height"), 0, 16384) or 0.0,
            pixel_ratio=bounded(data.get("pixel_ratio"), 0.25, 8) or 1.0,
            decoding=_decoding(data.get("decoding")),
            codecs=_families(data.get("codecs")),
            save_data=data.get("save_data") is True,
            save_power=data.get("save_power") is True,
            effective_type=effective if isinstance(effective, str) and effective in {*_TYPE_KBPS, "4g"} else "",
            cores=int(bounded(data.get("cores"), 0, 1024) or 0),
            memory_gb=bounded(data.get("memory_gb"), 0, 4096) or 0.0,
        )

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain = {name: getattr(self, name) for name in self.__slots__}
        answers = {str(k): [d.supported, d.smooth, d.power_efficient] for k, d in sorted(self.decoding.items())}
        return plain | {"codecs": sorted(self.codecs), "decoding": answers}

    def limits(self, profile: BitrateProfile, *, measured: bool = False) -> Limits:
        """Say which levels are of use. `measured`: bandwidth is known, so the browser's guess no longer counts.

        The lowest level that can be decoded is always left.
        """
        barred: dict[int, CapReason] = {}
        for level in profile.levels:
            reason = self._bars(level, profile, measured=measured)
            if reason is not None:
                barred[level.index] = reason
        if len(barred) == len(profile):
            barred.pop(min((i for i, why in barred.items() if why is not CapReason.CODEC), default=0))
        return Limits(barred)

    def _bars(self, level: BitrateLevel, profile: BitrateProfile, *, measured: bool) -> CapReason | None:
        answer = self.decoding.get(level.kbps, Decoding())
        expected = _TYPE_KBPS.get(self.effective_type)
        checks = (
            (not answer.supported or not self._plays(level), CapReason.CODEC),
            (answer.smooth is False, CapReason.NOT_SMOOTH),
            (self.save_data and level.kbps > SAVER_KBPS, CapReason.DATA_SAVER),
            (self._too_large(level, profile), CapReason.SCREEN),
            (self.save_power and answer.power_efficient is False, CapReason.NOT_EFFICIENT),
            (answer.smooth is None and self._weak() and level.pixel_rate > _WEAK_PIXELS, CapReason.WEAK_DEVICE),
            (not measured and expected is not None and level.kbps > expected, CapReason.EFFECTIVE_TYPE),
        )
        return next((reason for barred, reason in checks if barred), None)

    def _plays(self, level: BitrateLevel) -> bool:
        wanted = _families(level.codecs.split(",")) - _SOUND
        return not self.codecs or wanted <= self.codecs

    def _weak(self) -> bool:
        return 0 < self.cores <= _WEAK_CORES or 0 < self.memory_gb <= _WEAK_GB

    def _too_large(self, level: BitrateLevel, profile: BitrateProfile) -> bool:
        """True when a smaller picture already fills the screen, whichever way it is held."""
        screen = sorted((self.screen_width * self.pixel_ratio, self.screen_height * self.pixel_ratio))
        if not screen[0]:
            return False
        smaller = (other for other in profile.levels if 0 < other.width * other.height < level.width * level.height)
        return any(_fills(other, screen) for other in smaller)


@dataclass(frozen=True, slots=True)
class Limits:
    """Levels a device has no use for, by index, each with its reason."""

    barred: Mapping[int, CapReason] = field(default_factory=dict)

    def reason_above(self, index: int) -> CapReason | None:
        """Why the level after this one is not offered, or None when it is."""
        return self.barred.get(index + 1)


def _fills(level: BitrateLevel, screen: list[float]) -> bool:
    short, long = sorted((level.width, level.height))
    return short >= screen[0] or long >= screen[1]


_SOUND = frozenset({"mp4a", "opus", "ac-3", "ec-3", "flac"})
_MAX_ENTRIES = 32


def _families(listed: object) -> frozenset[str]:
    """Reduce codec strings to their families: `avc1.64001f` is `avc1`, and `avc3` with it."""
    if not isinstance(listed, list | tuple | set | frozenset):
        return frozenset()
    texts: Iterable[object] = list(listed)[:_MAX_ENTRIES]
    names = (text.strip().split(".")[0].lower()[:8] for text in texts if isinstance(text, str))
    same = {"avc3": "avc1", "hev1": "hvc1"}
    return frozenset(same.get(name, name) for name in names if name)


def _decoding(listed: object) -> dict[int, Decoding]:
    """Read `{kbps: {supported, smooth, power_efficient}}`, or the triples that `to_dict` writes."""
    if not isinstance(listed, dict):
        return {}
    known: dict[int, Decoding] = {}
    for key, answer in list(listed.items())[:_MAX_ENTRIES]:
        rate = str(key)
        if rate.isascii() and rate.isdigit() and len(rate) <= 7:  # noqa: PLR2004  no level has more digits
            known[int(rate)] = _answer(answer)
    return known


def _answer(answer: object) -> Decoding:
    if isinstance(answer, dict):
        answer = [answer.get(name) for name in ("supported", "smooth", "power_efficient")]
    if not isinstance(answer, list) or len(answer) != 3:  # noqa: PLR2004
        return Decoding()
    supported, smooth, efficient = (value if isinstance(value, bool) else None for value in answer)
    return Decoding(supported is not False, smooth, efficient)
