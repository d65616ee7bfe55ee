"""The agent: one thread records, one sends, one asks how the stream is; this one shows it and ends them in order."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, Self

from headwater.client.errors import ClientError
from headwater.push.feeder import Feeder
from headwater.push.progress import Note, Progress, Snapshot
from headwater.push.sender import Sender

if TYPE_CHECKING:
    from headwater.push.commands import Encoding
    from headwater.push.inputs import Input
    from headwater.push.link import Link
    from headwater.push.spool import Spool

TICK_S = 1.0
LOOK_S = 0.1
"""How long Ctrl-C may wait."""
HEALTH_S = 3.0
FEEDER_WITHIN_S = 12.0


class Watcher(Protocol):
    """Is shown how the push goes."""

    def say(self, note: Note) -> None:
        """Tell the person a sentence."""

    def show(self, snapshot: Snapshot) -> None:
        """Show the state, about each second."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How it ended: by Ctrl-C or not, what went wrong, and what is left in the spool."""

    interrupted: bool
    failure: ClientError | None
    sent: int
    left: int
    left_s: float


class Agent:
    """Pushes one input to one stream."""

    def __init__(self, spool: Spool, link: Link, watcher: Watcher, *, drain_s: float) -> None:
        """Deliver the spool over `link`; at the end for at most `drain_s` seconds more."""
        self._spool = spool
        self._link = link
        self._watcher = watcher
        self._drain_s = drain_s
        self._progress = Progress(link.input_name)
        self._sender = Sender(spool, link, self._progress)
        self._done = threading.Event()

    def run(self, source: Input, *, ffmpeg: str, encoding: Encoding, key: str) -> Outcome:
        """Push until Ctrl-C, or until the input or the stream is over."""
        feeder = Feeder(source, self._spool, self._progress, ffmpeg=ffmpeg, encoding=encoding, key=key)
        if left_over := self._spool.left_over:
            self._progress.note("left_over", f"Sending first what an earlier run left: {left_over} segments.")
        health = threading.Thread(target=self._watch_health, name="health", daemon=True)
        with Interrupts() as interrupts:
            for thread in (feeder, self._sender, health):
                thread.start()
            while feeder.is_alive() and self._sender.is_alive() and not interrupts.count:
                self._tick(interrupts)
                feeder.look()
            interrupted = interrupts.count > 0
            self._finish(feeder, interrupts)
        self._done.set()
        self._sender.stop()
        self._tell()
        left, left_s, _ = self._spool.waiting()
        failure = self._sender.failure or feeder.failure
        return Outcome(interrupted, failure, self._progress.sent, left, left_s)

    def _finish(self, feeder: Feeder, interrupts: Interrupts) -> None:
        """End the encoder, then let the sender deliver what is left; one Ctrl-C more ends it at once."""
        heard = interrupts.count
        feeder.stop()
        until = time.monotonic() + FEEDER_WITHIN_S
        while feeder.is_alive() and time.monotonic() < until and interrupts.count == heard:
            feeder.join(LOOK_S)
        until = time.monotonic() + self._drain_s
        while self._spool.waiting()[0] and self._sender.is_alive() and time.monotonic() < until:
            if interrupts.count > heard:
                return
            self._tick(interrupts)

    def _tick(self, interrupts: Interrupts) -> None:
        """Show the state, then wait for about a second, or for an interrupt."""
        self._tell()
        heard, until = interrupts.count, time.monotonic() + TICK_S
        while interrupts.count == heard and time.monotonic() < until and self._sender.is_alive():
            time.sleep(LOOK_S)

    def _tell(self) -> None:
        for note in self._progress.notes():
            self._watcher.say(note)
        self._watcher.show(self._progress.snapshot(self._spool.waiting(), time.time(), self._spool.oldest_end()))

    def _watch_health(self) -> None:
        while not self._done.wait(HEALTH_S):
            with suppress(ClientError):  # the sender says what is wrong with the line
                server = self._link.health()
                self._progress.heard(server)
                self._sender.hear(server)


class Interrupts:
    """Counts Ctrl-C and an init system's SIGTERM. An exception could come in the middle of a line that is printed."""

    def __init__(self) -> None:
        """Entering begins to count."""
        self.count = 0

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._count) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *error: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _count(self, *_: object) -> None:
        self.count += 1
