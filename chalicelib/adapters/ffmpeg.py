"""Runs FFmpeg as a child: next to no environment, hard limits, killed whole when told to stop or out of time."""

from __future__ import annotations

import errno
import os
import selectors
import signal
import ssl
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

import botocore

from chalicelib.adapters.confinement import of_encoder
from chalicelib.adapters.pulse import STILL_S, Pulse
from chalicelib.errors import Permanent, Transient
from chalicelib.services.ports import Cancelled

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from chalicelib.services.ports import Beat, Taker

_BEAT_S = 1.5
_POLL_S = 0.01
_TOO_LATE = "Encoding did not finish within the function's time."
_READ = 256 * 1024
_STDERR_TAIL = 2000
_BROKEN = b"Stream ends prematurely"
_NO_MEMORY = b"Cannot allocate memory", b"malloc of size"
_MAX_FILE = 8 * 1024**3
_NO_ROOM = 256 - errno.ENOSPC
"""FFmpeg's exit status is the last byte of its error; where there is no room its last words find none either."""


@dataclass(frozen=True, slots=True)
class FfmpegEncoder:
    """The Encoder port over one FFmpeg binary."""

    binary: str
    still_s: float = STILL_S
    """Seconds without any work after which a process is taken to hang."""

    def run_to_file(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat) -> float:
        """Run a command that reports `-progress` on standard output; returns CPU seconds (user and system)."""
        progress = _Progress()
        return self._run(arguments, timeout_s, lambda: beat(progress.frames, progress.fps), progress.feed)

    def run_to_pipe(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat, take: Taker) -> float:
        """Run a command that writes media to standard output; returns CPU seconds (user and system)."""
        return self._run(arguments, timeout_s, lambda: beat(0, 0.0), take)

    def run_fed(self, arguments: Sequence[str], *, timeout_s: float, beat: Beat, feed: Iterator[bytes]) -> float:
        """Run a command that writes a file from what `feed` yields; returns CPU seconds (user and system)."""
        progress = _Progress()
        return self._run(arguments, timeout_s, lambda: beat(progress.frames, progress.fps), progress.feed, feed)

    def _run(
        self,
        arguments: Sequence[str],
        timeout_s: float,
        beat: Callable[[], bool],
        take: Callable[[bytes], None],
        feed: Iterator[bytes] | None = None,
    ) -> float:
        confinement = of_encoder(timeout_s, _MAX_FILE)
        with tempfile.TemporaryFile() as errors:
            process = subprocess.Popen(  # noqa: S603  our own binary, arguments built by the domain
                [self.binary, *arguments],
                stdin=subprocess.PIPE if feed else subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=_environment(),
                start_new_session=True,
                preexec_fn=confinement.enter,  # noqa: PLW1509  the worker has one thread when it starts FFmpeg
            )
            pulse = Pulse(process.pid, self.still_s)

            def watched() -> bool:
                if pulse.stopped(time.monotonic()):
                    raise Transient("encode_stalled", "FFmpeg has stopped working; another attempt begins anew.")
                return beat()

            feeder = _Feeder(process, feed) if feed else None
            try:
                deadline = time.monotonic() + timeout_s
                _pump(process, deadline, watched, take)
                _await_end(process, deadline, watched)
            except BaseException:
                _kill(process)
                _reap(process)
                raise
            status, cpu = _reap(process)
            if feeder:
                feeder.check()
            if status == _NO_ROOM:
                # Not what a bad file does: a live segment must come again instead of being refused
                raise Transient("scratch_full", "The worker has no room left to write to.")
            if status:
                _check_memory(errors)
                raise Transient("encode_interrupted", f"FFmpeg ended with {status}: {_tail(errors)}")
            if _says(errors, _BROKEN):
                raise Transient("read_interrupted", "The connection to the source broke.")
            return cpu


class _Feeder:
    """Writes to a child's standard input from a thread of its own, since the child may not read while it writes."""

    def __init__(self, process: subprocess.Popen[bytes], feed: Iterator[bytes]) -> None:
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._write, args=(process, feed), daemon=True)
        self._thread.start()

    def _write(self, process: subprocess.Popen[bytes], feed: Iterator[bytes]) -> None:
        assert process.stdin is not None  # noqa: S101  we asked for a pipe
        try:
            # A child that has ended or was killed reads no more; its status says why.
            with suppress(BrokenPipeError), process.stdin as pipe:
                for piece in feed:
                    pipe.write(piece)
        except BaseException as error:  # noqa: BLE001  raised again by check
            self._error = error

    def check(self) -> None:
        """Wait for the end of the feed and raise what it raised: FFmpeg took that for the end of the media."""
        self._thread.join()
        if self._error:
            raise self._error


def _says(errors: IO[bytes], *words: bytes) -> bool:
    """True when one of its lines has some of these words: FFmpeg's exit status tells neither of them.

    It takes a connection that broke for the end of the file, and memory it did not get for any failure.
    """
    errors.seek(0)
    return any(word in line for line in errors for word in words)


def _check_memory(errors: IO[bytes]) -> None:
    """Another attempt would have no more memory."""
    if _says(errors, *_NO_MEMORY):
        text = "Decoding this file takes more memory than a worker has. Please convert it to H.264 and upload that."
        raise Permanent("source_too_demanding", text)


def _pump(
    process: subprocess.Popen[bytes], deadline: float, beat: Callable[[], bool], take: Callable[[bytes], None]
) -> None:
    """Move output until its end, calling `beat` on time even when nothing comes."""
    assert process.stdout is not None  # noqa: S101  we asked for a pipe
    next_beat = time.monotonic()
    with selectors.DefaultSelector() as selector, process.stdout as stdout:
        selector.register(stdout, selectors.EVENT_READ)
        while True:
            now = time.monotonic()
            if now >= deadline:
                raise Transient("encode_timeout", _TOO_LATE)
            if now >= next_beat:
                if not beat():
                    raise Cancelled
                next_beat = time.monotonic() + _BEAT_S
            if selector.select(timeout=max(0.0, min(next_beat, deadline) - time.monotonic())):
                data = os.read(stdout.fileno(), _READ)
                if not data:
                    return
                take(data)


def _await_end(process: subprocess.Popen[bytes], deadline: float, beat: Callable[[], bool]) -> None:
    """Wait, without reaping, for a child that has said all it had to say; it may still write its file."""
    next_beat = time.monotonic() + _BEAT_S
    while os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT | os.WNOHANG) is None:
        now = time.monotonic()
        if now >= deadline:
            raise Transient("encode_timeout", _TOO_LATE)
        if now >= next_beat:
            if not beat():
                raise Cancelled
            next_beat = now + _BEAT_S
        time.sleep(_POLL_S)


def _environment() -> dict[str, str]:
    """Nothing of ours but where the system keeps its certificate authorities: FFmpeg checks TLS and knows no place."""
    # Where the system names no file, the bundle that boto3 itself would use.
    bundle = Path(botocore.__file__).with_name("cacert.pem")
    return {"SSL_CERT_FILE": ssl.get_default_verify_paths().cafile or str(bundle)}


def _kill(process: subprocess.Popen[bytes]) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return


def _reap(process: subprocess.Popen[bytes]) -> tuple[int, float]:
    """Wait for the child; returns its exit status and CPU seconds."""
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return process.returncode, usage.ru_utime + usage.ru_stime


def _tail(errors: IO[bytes]) -> str:
    """Last words of standard error on one line, without any URL: presigned ones must not reach a log."""
    size = errors.seek(0, os.SEEK_END)
    errors.seek(max(0, size - _STDERR_TAIL))
    text = errors.read().decode(errors="replace")
    words = text.split()
    if size > _STDERR_TAIL and not text[0].isspace():
        words = words[1:]  # cut in two, it could be the end of a URL
    return " ".join("<url>" if "://" in word else word for word in words)


class _Progress:
    """Reads FFmpeg's `key=value` progress lines."""

    def __init__(self) -> None:
        self.frames = 0
        self.fps = 0.0
        self._rest = b""

    def feed(self, data: bytes) -> None:
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            key, _, value = line.partition(b"=")
            try:
                if key == b"frame":
                    self.frames = int(value)
                elif key == b"fps":
                    self.fps = float(value)
            except ValueError:
                continue  # FFmpeg writes N/A before the first frame
