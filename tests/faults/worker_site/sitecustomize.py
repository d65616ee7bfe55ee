"""Comes to life in the test's workers only: a wrong clock, and a signal that makes a worker eat memory."""

from __future__ import annotations

import datetime as dt
import os
import signal
import time
from typing import Any

_MIB = 1024 * 1024
_BALLAST: list[bytearray] = []


def _eat(_number: int, _frame: object) -> None:
    """Take as much as the function has, touching every page: it is what the kernel counts."""
    pieces = int(os.environ["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"]) // 16 + 1
    _BALLAST.extend(bytearray(b"\1") * (16 * _MIB) for _ in range(pieces))


def _shift(by_s: float) -> None:
    """Let every clock that tells the date be wrong; those that only measure go on as they are."""
    told, told_ns, real = time.time, time.time_ns, dt.datetime

    class Likewise(type):
        """What C code makes of the real class is one of ours too."""

        def __instancecheck__(cls, instance: object) -> bool:
            return isinstance(instance, real)

    class Shifted(real, metaclass=Likewise):
        """A datetime that asks the wrong clock."""

        @classmethod
        def now(cls, tz: Any = None) -> Shifted:
            """Return the wrong time."""
            return cls.fromtimestamp(time.time(), tz)

        @classmethod
        def utcnow(cls) -> Shifted:
            """Return the wrong time, without its zone."""
            return cls.fromtimestamp(time.time(), dt.UTC).replace(tzinfo=None)

    time.time = lambda: told() + by_s
    time.time_ns = lambda: told_ns() + int(by_s * 1_000_000_000)
    dt.datetime = Shifted  # type: ignore[misc]


if "AWS_LAMBDA_FUNCTION_MEMORY_SIZE" in os.environ:
    signal.signal(signal.SIGUSR1, _eat)
    if _by_s := float(os.environ.get("FAULTS_SKEW_S", "0")):
        _shift(_by_s)
