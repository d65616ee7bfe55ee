"""What a session remembers between two segments, and how it travels: plain JSON of bounded size, versioned."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, cast

from chalicelib.domain.abr.conditions import NetworkConditionDetector
from chalicelib.domain.abr.device import DeviceCapabilities
from chalicelib.domain.abr.link import LinkState, start
from chalicelib.domain.abr.metrics import Seen, bounded, number
from chalicelib.domain.abr.tracker import SegmentQualityTracker

if TYPE_CHECKING:
    from collections.abc import Mapping

    from chalicelib.domain.abr.levels import ABRConfig
    from chalicelib.domain.abr.link import Prior

STATE_VERSION = 1
MAX_CAPS = 8
_LOG_KBPS = (-3.0, 20.0)
"""From 50 bit/s to 480 Gbit/s: what a link's level can be."""


class Start(StrEnum):
    """How a session began here."""

    COLD = "cold"
    RESUMED = "resumed"
    LADDER_CHANGED = "ladder-changed"
    """Resumed on another ladder: what is known of network, device and shared levels is kept."""
    STATE_TOO_NEW = "state-too-new"
    """Cold: another version wrote the state."""
    STATE_MALFORMED = "state-malformed"
    """Cold: it is not a state at all."""


@dataclass(slots=True)
class SessionState:
    """One session's memory. Mutable; O(levels), whatever the session's length."""

    link: LinkState
    network: NetworkConditionDetector
    tracker: SegmentQualityTracker
    seen: Seen = field(default_factory=Seen)
    buffer_s: float | None = None
    last_level: int | None = None
    up_streak: int = 0
    refused: int = 0
    device: DeviceCapabilities = field(default_factory=DeviceCapabilities)
    caps: dict[str, int] = field(default_factory=dict)
    """Ceilings in kbit/s by who set them."""
    sizes_bytes: tuple[int, ...] | None = None
    """Of the next segment."""

    @classmethod
    def cold(cls, config: ABRConfig, prior: Prior | None = None) -> SessionState:
        """Return what is known before the first segment."""
        return cls(start(prior), NetworkConditionDetector(), SegmentQualityTracker(config))

    def to_dict(self, config: ABRConfig) -> dict[str, Any]:
        """Return plain JSON values."""
        seen = self.seen
        return {
            "v": STATE_VERSION,
            "ladder": [list(config.profile.kbps), config.segment_s, config.max_buffer_s],
            "link": self.link.to_json(),
            "network": self.network.to_dict(),
            "tracker": self.tracker.to_dict(),
            "seen": [seen.index, seen.t_ms, seen.complete, seen.doubted_ms],
            "buffer_s": self.buffer_s,
            "last_kbps": None if self.last_level is None else config.profile[self.last_level].kbps,
            "up_streak": self.up_streak,
            "refused": self.refused,
            "device": self.device.to_dict(),
            "caps": dict(self.caps),
            "sizes_bytes": None if self.sizes_bytes is None else list(self.sizes_bytes),
        }


def restore(config: ABRConfig, data: object, prior: Prior | None = None) -> tuple[SessionState, Start]:
    """Read what `to_dict` wrote, maybe elsewhere, maybe for another ladder. Never raises: nonsense starts cold."""
    if not isinstance(data, dict):
        return SessionState.cold(config, prior), Start.STATE_MALFORMED
    if data.get("v") != STATE_VERSION:
        newer = (number(data.get("v")) or 0) > STATE_VERSION
        return SessionState.cold(config, prior), Start.STATE_TOO_NEW if newer else Start.STATE_MALFORMED
    link = _link(data.get("link"))
    if link is None:
        return SessionState.cold(config, prior), Start.STATE_MALFORMED
    same = data.get("ladder") == [list(config.profile.kbps), config.segment_s, config.max_buffer_s]
    state = SessionState(
        link=link,
        network=NetworkConditionDetector.from_dict(_mapping(data.get("network"))),
        tracker=SegmentQualityTracker.from_dict(config, _mapping(data.get("tracker"))),
        seen=_seen(data.get("seen")),
        buffer_s=bounded(data.get("buffer_s"), 0, config.max_buffer_s + config.segment_s),
        last_level=config.profile.index_of(data.get("last_kbps")),
        up_streak=int(bounded(data.get("up_streak"), 0, 1000) or 0),
        refused=int(bounded(data.get("refused"), 0, 1e9) or 0),
        device=DeviceCapabilities.from_dict(_mapping(data.get("device"))),
        caps=_caps(data.get("caps")),
        sizes_bytes=_sizes(data.get("sizes_bytes"), len(config.profile)) if same else None,
    )
    return state, Start.RESUMED if same else Start.LADDER_CHANGED


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _link(value: object) -> LinkState | None:
    """Read a link's state; None for anything that no link can be in."""
    try:
        link = LinkState.from_json(cast("Any", value))
        plain = link.to_json()
    except (TypeError, ValueError, KeyError, IndexError, AttributeError, OverflowError):
        return None
    values = plain.values() if isinstance(plain, dict) else plain
    sane = _LOG_KBPS[0] <= min(link.level, link.slow) and max(link.level, link.slow) <= _LOG_KBPS[1]
    return link if all(_plain(part) for part in values) and sane and 0 <= link.volatility <= _LOG_KBPS[1] else None


def _plain(value: object) -> bool:
    if isinstance(value, list | tuple):
        return all(_plain(part) for part in value)
    return value is None or isinstance(value, str | bool) or bounded(value, -1e9, 1e9) == value


def _seen(value: object) -> Seen:
    if not isinstance(value, list) or len(value) != 4:  # noqa: PLR2004  as written above
        return Seen()
    index, t_ms, complete, doubted_ms = value
    whole = bounded(index, 0, 1e7)
    return Seen(None if whole is None else int(whole), number(t_ms), complete is not False, number(doubted_ms))


def _caps(value: object) -> dict[str, int]:
    known: dict[str, int] = {}
    for name, kbps in list(_mapping(value).items())[:MAX_CAPS]:
        rate = bounded(kbps, 0, 1e6)
        if isinstance(name, str) and rate is not None:
            known[name[:32]] = int(rate)
    return known


def _sizes(value: object, levels: int) -> tuple[int, ...] | None:
    if not isinstance(value, list) or len(value) != levels:
        return None
    sizes = [bounded(size, 1, 1e9) for size in value]
    return None if None in sizes else tuple(int(size or 0) for size in sizes)
