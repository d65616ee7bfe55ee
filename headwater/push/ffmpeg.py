"""One FFmpeg as a child: found, started, listened to, and ended in order."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
from collections import deque
from contextlib import suppress
from pathlib import Path
from queue import Full, Queue
from typing import TYPE_CHECKING, Self

from headwater.client.errors import ClientError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

LAYER = Path(__file__).resolve().parents[2] / "build/layers/ffmpeg/bin/ffmpeg"
READ_BYTES = 1 << 16
STOP_WITHIN_S = 5.0
LAST_WORDS = 40
MOST_LINES = 1000
"""Kept for whoever waits for a line at the begin; nobody reads those of the hours after."""
_PR_SET_PDEATHSIG = 1
_TROUBLE = re.compile(r"\[(?:error|fatal|panic)\] (.*)")
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class NoFfmpeg(ClientError):
    """There is no FFmpeg on this machine."""


def find() -> str:
    """Return the FFmpeg to use: the path's, or the layer's. Raises NoFfmpeg."""
    found = shutil.which("ffmpeg") or (str(LAYER) if LAYER.exists() else None)
    if found is None:
        raise NoFfmpeg("There is no ffmpeg on the path. Install it, or build ours with `make layers`.")
    return found


def _die_with_parent() -> None:
    """Else one that waits for a publisher would keep the port after a kill -9 of the agent."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Child:
    """A running FFmpeg. Its transport stream is read with `pieces`; what it logs is kept, and queued in `lines`."""

    def __init__(self, command: Sequence[str], *, stdin: bool = False) -> None:
        """Start it, with a pipe to its stdin when asked."""
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE if stdin else subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            bufsize=0,
            # Its own session: Ctrl-C reaches only us, and we end it in order.
            start_new_session=True,
            preexec_fn=_die_with_parent,  # noqa: PLW1509  one system call that takes no lock
        )
        self.lines: Queue[str | None] = Queue(MOST_LINES)
        self._said: deque[str] = deque(maxlen=LAST_WORDS)
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self._listener.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def _listen(self) -> None:
        for raw in self._process.stderr or ():
            line = raw.decode(errors="replace").strip()
            self._said.append(line)
            with suppress(Full):
                self.lines.put_nowait(line)
        with suppress(Full):
            self.lines.put_nowait(None)

    def pieces(self) -> Iterator[bytes]:
        """Yield its output as it comes, to the end."""
        assert self._process.stdout is not None  # noqa: S101  for mypy
        while data := os.read(self._process.stdout.fileno(), READ_BYTES):
            yield data

    def write(self, data: bytes) -> None:
        """Give it more; raises BrokenPipeError when it is gone."""
        assert self._process.stdin is not None  # noqa: S101  for mypy
        view = memoryview(data)
        while view:
            view = view[self._process.stdin.write(view) :]

    def close_input(self) -> None:
        """Tell it that nothing more comes."""
        if self._process.stdin:
            self._process.stdin.close()

    def interrupt(self) -> None:
        """Ask it to end in order: it still writes what it holds. Safe from any thread, and twice."""
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it at once."""
        if self._process.poll() is None:
            self._process.kill()

    def end(self) -> int:
        """Wait for its end, which is made to come, and return the exit code."""
        try:
            self._process.wait(STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._listener.join(STOP_WITHIN_S)
        for pipe in (self._process.stdin, self._process.stdout, self._process.stderr):
            if pipe:
                pipe.close()
        return self._process.returncode

    @property
    def log(self) -> str:
        """The last it said."""
        return "\n".join(self._said)

    @property
    def trouble(self) -> str:
        """The last error it named, as a person may read it; empty when it named none."""
        return next((found[1] for line in reversed(self._said) if (found := _TROUBLE.search(line))), "")
