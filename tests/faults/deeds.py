"""What can be done to a process from outside: killed, stopped, starved of disk or memory."""

from __future__ import annotations

import os
import resource
import signal
import threading
import time
from contextlib import suppress
from typing import TYPE_CHECKING

from faults.connections import scratch_of, worker_above
from headwater.local import worker

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

_PIECE = b"\0" * 65536
_TICK_S = 0.25


def _later(seconds: float, deed: Callable[[], None]) -> None:
    timer = threading.Timer(seconds, deed)
    timer.daemon = True
    timer.start()


def _send(number: int, pids: Iterable[int]) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)


def kill_worker_in(seconds: float) -> Callable[[int], None]:
    """Kill -9 the worker above a process, a moment later."""

    def deed(pid: int) -> None:
        above = worker_above(pid)
        _later(seconds, lambda: _send(signal.SIGKILL, [above] if worker_above(above) == above and above else []))

    return deed


def kill_it(pid: int) -> None:
    """Kill -9 the process itself."""
    _send(signal.SIGKILL, [pid])


def freeze(seconds: float) -> Callable[[int], None]:
    """Stop the worker above a process with all that it runs, as a machine that stands still; then let it go on."""

    def deed(pid: int) -> None:
        frozen = worker.tree(worker_above(pid) or pid)
        _send(signal.SIGSTOP, frozen)
        _later(seconds, lambda: _send(signal.SIGCONT, frozen))

    return deed


def crawl(seconds: float, share: float) -> Callable[[int], None]:
    """Let a process run for a share of the time only, as one that waits for its disk does."""

    def turns(pid: int) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end and worker.is_alive(pid):
            _send(signal.SIGSTOP, [pid])
            time.sleep(_TICK_S * (1 - share))
            _send(signal.SIGCONT, [pid])
            time.sleep(_TICK_S * share)

    return lambda pid: threading.Thread(target=turns, args=(pid,), daemon=True).start()


def fill_disk(seconds: float) -> Callable[[int], None]:
    """Fill the file system of the worker above a process; free it later."""

    def deed(pid: int) -> None:
        filler = scratch_of(worker_above(pid)) / ".filler"
        with suppress(OSError), filler.open("wb", buffering=0) as file:
            while file.write(_PIECE):
                pass
        _later(seconds, lambda: _remove(filler))

    def _remove(filler: object) -> None:
        with suppress(OSError):
            filler.unlink()  # type: ignore[attr-defined]

    return deed


def eat_memory(pid: int) -> None:
    """Let the worker above a process take more than its function has."""
    _send(signal.SIGUSR1, [worker_above(pid)])


def starve(megabytes: int) -> Callable[[int], None]:
    """Leave a process no more memory than this."""

    def deed(pid: int) -> None:
        limit = megabytes * 1024 * 1024
        with suppress(ProcessLookupError):
            resource.prlimit(pid, resource.RLIMIT_DATA, (limit, limit))

    return deed
