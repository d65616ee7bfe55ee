"""Encoders that know only how to PUT: which epoch belongs to what they send, told from names and times alone."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.domain.live.keys import INIT, segment_number
from chalicelib.domain.live.stream import Container

RESTART_SILENCE_S = 3.0
"""After so long a number that was there before is a restarted encoder's; sooner it came late."""
RESTART_STEP = 8
"""Numbers so far back are a restarted encoder's at any time: no encoder has more in flight."""
_PLAYLISTS = (".m3u8", ".m3u8.tmp")
_INIT = re.compile(r"init[^/]*\.mp4")


@dataclass(frozen=True, slots=True)
class Pushed:
    """An object on its way in: an init segment (`n` is None) or segment `n`."""

    n: int | None
    container: Container

    @property
    def name(self) -> str:
        """Its file name as `keys.parse_ingested` reads it."""
        return INIT if self.n is None else f"{self.n}.{'m4s' if self.container is Container.FMP4 else 'ts'}"


@dataclass(frozen=True, slots=True)
class Push:
    """How far the encoder on one input is. `epoch` 0: it has sent nothing yet; `seen_at` is in Unix seconds."""

    epoch: int = 0
    has_init: bool = False
    highest: int = -1
    seen_at: float = 0.0

    def begins_epoch(self, pushed: Pushed, now: float) -> bool:
        """True when what comes is the first of another run: a new encoder's, or of one that was started again.

        An init segment that was overtaken by its first segment belongs to that one's epoch.
        """
        if self.epoch == 0:
            return True
        if pushed.n is None:
            return self.highest >= 0 and self.has_init
        back = self.highest - pushed.n
        return back >= 0 and (back > RESTART_STEP or self.is_away(now))

    def is_away(self, now: float) -> bool:
        """True when nothing has come for so long that the encoder may be another one."""
        return now - self.seen_at > RESTART_SILENCE_S

    def seen(self, pushed: Pushed, now: float) -> Push:
        """Return the state after an object of this epoch."""
        if pushed.n is None:
            return replace(self, has_init=True, seen_at=now)
        return replace(self, highest=max(self.highest, pushed.n), seen_at=now)

    def to_list(self) -> list[Any]:
        """Return plain JSON values."""
        return [self.epoch, self.has_init, self.highest, self.seen_at]

    @classmethod
    def from_list(cls, values: list[Any]) -> Push:
        """Read what `to_list` wrote."""
        epoch, has_init, highest, seen_at = values
        return cls(int(epoch), bool(has_init), int(highest), float(seen_at))


def is_playlist(filename: str) -> bool:
    """True for what an encoder thinks is its playlist: we write our own."""
    return filename.endswith(_PLAYLISTS)


def pushed_as(filename: str) -> Pushed | None:
    """Return what a name that an encoder chose stands for; None for what is no part of a stream."""
    if _INIT.fullmatch(filename):
        return Pushed(None, Container.FMP4)
    found = segment_number(filename)
    return None if found is None else Pushed(*found)
