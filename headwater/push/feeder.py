"""Records: from the input through FFmpeg and the cutter into the spool, again and again while the input lasts."""

from __future__ import annotations

import hmac
import subprocess
import threading
import time
from contextlib import ExitStack, suppress
from itertools import chain
from typing import TYPE_CHECKING

from headwater.client.errors import ClientError
from headwater.push import commands
from headwater.push.choosing import Choice, Chooser
from headwater.push.clock import CaptureClock
from headwater.push.ffmpeg import Child
from headwater.push.inputs import published_name
from headwater.push.recorder import Recorder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from headwater.push.commands import Encoding
    from headwater.push.inputs import Input
    from headwater.push.progress import Progress
    from headwater.push.spool import Spool

AGAIN_S = 1.0
LONGEST_WAIT_S = 15.0
PROBE_WITHIN_S = 30.0
SILENT_S = 10.0


class SourceFailed(ClientError):
    """The input cannot be read, or gives nothing that can be used."""


class Feeder(threading.Thread):
    """The thread that records. `failure` is why it ended by itself, None when its input was over."""

    def __init__(
        self, source: Input, spool: Spool, progress: Progress, *, ffmpeg: str, encoding: Encoding, key: str
    ) -> None:
        """Record `source` into `spool`; `key` is what its publishers must know."""
        super().__init__(name="feeder", daemon=True)
        self._source = source
        self._spool = spool
        self._progress = progress
        self._ffmpeg = ffmpeg
        self._encoding = encoding
        self._key = key
        self._stopped = threading.Event()
        self._child: Child | None = None
        self._over = False
        self._heard = 0.0
        self.failure: ClientError | None = None

    def stop(self) -> None:
        """End in order: what the encoder holds is still recorded."""
        self._stopped.set()
        if child := self._child:
            child.interrupt()

    def look(self) -> None:
        """End a connection over which nothing comes any more, so that its encoder can connect again."""
        silent_s = time.monotonic() - self._heard
        if self._source.listens and self._progress.source == "recording" and silent_s > SILENT_S:
            self._progress.note("silent", f"Nothing came from the encoder for {SILENT_S:.0f} s.")
            self._heard = time.monotonic()
            if child := self._child:
                child.kill()

    def run(self) -> None:
        """Record until stopped, or until an input that comes only once is over."""
        try:
            wait_s = 0.0
            while not (self._stopped.wait(wait_s) or self._over):
                wait_s = self._again(wait_s)
        except (ClientError, OSError, ValueError) as error:
            self.failure = error if isinstance(error, ClientError) else SourceFailed(f"Recording failed: {error}.")
        finally:
            self._progress.source = "ended"

    def _again(self, waited_s: float) -> float:
        """Record once; returns the seconds to wait before the next time."""
        try:
            self._once()
            self._over = self._source.ends
        except SourceFailed as error:
            if not self._source.again:
                raise
            if not waited_s:
                self._progress.note("source", f"{str(error).rstrip('.')}. Trying again.")
            return min(max(AGAIN_S, waited_s * 2), LONGEST_WAIT_S)
        return 0.0 if self._source.listens else AGAIN_S

    def _once(self) -> None:
        """Record from one opening of the input to its end."""
        source = self._source
        copyable = source.may_copy and self._is_copyable()
        self._progress.source = "waiting"
        command = commands.take(self._ffmpeg, source) if copyable else None
        with Child(command or commands.make(self._ffmpeg, source, self._encoding)) as child:
            self._child = child
            if self._stopped.is_set():
                child.interrupt()
            if source.keyed and not self._is_admitted(child):
                child.kill()
                return
            self._record(child, copyable=copyable)
            code = child.end()
        if self._stopped.is_set():
            return
        if self._progress.source == "waiting" or (code and not source.listens):
            raise SourceFailed(f"{source.what} cannot be read: {child.trouble or 'it gave nothing.'}")
        if source.listens:
            self._progress.note("encoder_left", f"The encoder left; waiting for it at {source.what}.")

    def _is_copyable(self) -> bool:
        if not self._source.probed:
            return True
        command = commands.probe(self._ffmpeg, self._source)
        try:
            done = subprocess.run(command, capture_output=True, timeout=PROBE_WITHIN_S, check=False)
        except subprocess.TimeoutExpired:
            raise SourceFailed(f"{self._source.what} cannot be read: it does not answer.") from None
        return commands.is_copyable(done.stderr.decode(errors="replace"))

    def _is_admitted(self, child: Child) -> bool:
        """Wait for the name a publisher gives; False when it is not the key, or FFmpeg ended before it came."""
        while (line := child.lines.get()) is not None:
            name = published_name(line)
            if name is None:
                continue
            if hmac.compare_digest(name.encode(), self._key.encode()):
                return True
            self._progress.note("wrong_key", "An encoder with a wrong stream key was turned away.")
            return False
        if not self._stopped.is_set():
            raise SourceFailed(f"Nobody can publish at {self._source.what}: {child.trouble or 'FFmpeg ended.'}")
        return False

    def _record(self, child: Child, *, copyable: bool) -> None:
        clock = CaptureClock()
        pieces = self._observed(child.pieces(), clock)
        recorder = Recorder(self._spool, self._progress, clock, self._encoding.target_s)
        if not copyable:
            recorder.record(pieces)
            return
        choice, seen = self._choose(pieces)
        if choice.copy:
            behind = recorder.record(chain(seen, pieces), switch=True)
            if behind is None:
                return
            choice, seen = (
                Choice(copy_video=False, copy_audio=True, reason="its key frames are too far apart"),
                [behind],
            )
        self._progress.note("encoding", f"Encoding on this machine, as {choice.reason}.")
        self._convert(chain(seen, pieces), choice, recorder)

    def _observed(self, pieces: Iterable[bytes], clock: CaptureClock) -> Iterator[bytes]:
        for piece in pieces:
            if self._progress.source != "recording":
                self._progress.source = "recording"
            self._heard = time.monotonic()
            clock.observe(piece, time.time())
            yield piece

    def _choose(self, pieces: Iterator[bytes]) -> tuple[Choice, list[bytes]]:
        chooser = Chooser(self._encoding.target_s)
        for piece in pieces:
            if choice := chooser.feed(piece):
                return choice, chooser.seen
        return chooser.finish(), chooser.seen

    def _convert(self, pieces: Iterable[bytes], choice: Choice, recorder: Recorder) -> None:
        with ExitStack() as stack:
            converter = stack.enter_context(Child(commands.convert(self._ffmpeg, choice, self._encoding), stdin=True))

            def pass_on() -> None:
                with suppress(BrokenPipeError):
                    for piece in pieces:
                        converter.write(piece)
                converter.close_input()

            pump = threading.Thread(target=pass_on, name="pump", daemon=True)
            pump.start()
            recorder.record(converter.pieces())
            pump.join()
            if converter.end() and not self._stopped.is_set():
                raise SourceFailed(f"{self._source.what} cannot be encoded: {converter.trouble or 'FFmpeg failed.'}")
