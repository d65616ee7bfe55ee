"""A live stream as stored, its encoders' epochs, and which of them is on the air."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

TARGET_S = 2
"""EXT-X-TARGETDURATION unless the start says otherwise: what encoders are asked to cut (LIVE §2)."""
DVR_WINDOW_S = 900
"""Apple's SHOULD (A8.12)."""
SILENCE_S = 300
"""An encoder may be away for so long before its stream is closed."""
SILENT_TARGETS = 2
"""Target durations without a segment after which an encoder counts as gone, and a backup takes over."""

GRACE_S = 1
"""Seconds that a segment may be late beyond that before anybody is told."""


class StreamStatus(StrEnum):
    """A live stream's life, in the specification's words."""

    ACTIVE = "active"
    PAUSED = "paused"
    STOPPED = "stopped"


class Input(StrEnum):
    """Which of a stream's two ways in."""

    PRIMARY = "primary"
    BACKUP = "backup"


class Container(StrEnum):
    """How an encoder wraps its segments."""

    FMP4 = "fmp4"
    MPEGTS = "mpegts"


@dataclass(frozen=True, slots=True)
class Epoch:
    """One unbroken run of one encoder, claimed before its first segment. Its number fences off earlier ones."""

    number: int
    input: Input
    container: Container
    claimed_at: float
    """Unix seconds."""
    first_pdt: float | None = None
    """Unix seconds at which the first frame of its first segment was captured, where the encoder knows."""


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of the programme that one epoch delivers: from its segment `first` on. Runs are numbered from 0."""

    epoch: int
    first: int


@dataclass(frozen=True, slots=True)
class LiveStream:
    """A live stream as stored. Times are Unix seconds. `version` counts writes, for conditions."""

    id: str
    room_id: str
    owner: str
    recording_id: str
    status: StreamStatus
    started_at: float
    key_sha: str = ""
    """SHA-256 of the stream key, hex; the key itself is shown once and stored nowhere."""
    target_s: int = TARGET_S
    dvr_window_s: int = DVR_WINDOW_S
    silence_s: int = SILENCE_S
    profiles: tuple[str, ...] = ()
    """Names of the rungs asked for; empty for the default ladder."""
    epochs: tuple[Epoch, ...] = ()
    """Ascending by number."""
    runs: tuple[Run, ...] = ()
    stopped_at: float | None = None
    """When no more was taken; the room is free from then on."""
    finished_at: float | None = None
    """When the recording was complete."""
    version: int = 0

    @property
    def last_epoch(self) -> int:
        """Highest number claimed, 0 before the first."""
        return self.epochs[-1].number if self.epochs else 0

    def epoch(self, number: int) -> Epoch | None:
        """Return one that was claimed."""
        return next((epoch for epoch in self.epochs if epoch.number == number), None)

    @property
    def on_air(self) -> Epoch | None:
        """The epoch whose segments make the programme now."""
        return self.epoch(self.runs[-1].epoch) if self.runs else None

    def run_of(self, epoch: int, n: int) -> int | None:
        """Which run segment `n` of an epoch belongs to; None for one that was never on the air."""
        found = [i for i, run in enumerate(self.runs) if run.epoch == epoch and run.first <= n]
        return found[-1] if found else None

    def is_superseded(self, epoch: int) -> bool:
        """True when the same input has a newer epoch: whoever still writes under this one is a zombie."""
        mine = self.epoch(epoch)
        return mine is None or any(other.input is mine.input and other.number > epoch for other in self.epochs)

    def is_fenced_off(self, epoch: int, landed_at: float) -> bool:
        """True for what landed (Unix seconds) under an epoch after a newer one had been claimed on its input."""
        mine = self.epoch(epoch)
        newer = (e for e in self.epochs if mine is not None and e.input is mine.input and e.number > epoch)
        return any(one.claimed_at < landed_at for one in newer)

    def claimed(self, epoch: Epoch, *, silent: bool) -> LiveStream:
        """Add an epoch. It goes on the air at once when nothing is, when its input was, or when what is is `silent`."""
        claimed = replace(self, epochs=(*self.epochs, epoch), version=self.version + 1)
        on_air = self.on_air
        if on_air is None or on_air.input is epoch.input or silent:
            return replace(claimed, runs=(*self.runs, Run(epoch.number, 0)))
        return claimed

    def promoted(self, epoch: int, n: int) -> LiveStream:
        """Put an epoch on the air from its segment `n` on."""
        return replace(self, runs=(*self.runs, Run(epoch, n)), version=self.version + 1)

    def to_dict(self) -> dict[str, Any]:
        """Return the epochs and runs as plain JSON values."""
        epochs = [[e.number, e.input.value, e.container.value, e.claimed_at, e.first_pdt] for e in self.epochs]
        return {"epochs": epochs, "runs": [[run.epoch, run.first] for run in self.runs]}

    @staticmethod
    def read_course(data: dict[str, Any]) -> tuple[tuple[Epoch, ...], tuple[Run, ...]]:
        """Read what `to_dict` wrote."""
        epochs = tuple(Epoch(n, Input(i), Container(c), float(at), pdt) for n, i, c, at, pdt in data["epochs"])
        return epochs, tuple(Run(epoch, first) for epoch, first in data["runs"])


def shown_status(stream: LiveStream, last_segment_at: float | None, now: float) -> StreamStatus:
    """Return what a stream is now: paused while nothing comes, whatever was stored of it last."""
    if stream.status is StreamStatus.STOPPED:
        return StreamStatus.STOPPED
    quiet_s = now - max(stream.started_at, last_segment_at or 0.0)
    return StreamStatus.PAUSED if quiet_s > SILENT_TARGETS * stream.target_s + GRACE_S else StreamStatus.ACTIVE


def is_silent(last_segment_at: float | None, target_s: int, now: float) -> bool:
    """True when the encoder on the air has been quiet so long that another may take over."""
    return last_segment_at is None or now - last_segment_at > SILENT_TARGETS * target_s
