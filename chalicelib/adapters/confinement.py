"""What a child that parses hostile bytes may use at most: the kernel's own limits, set before the program starts."""

from __future__ import annotations

import os
import resource
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

MIB = 1024**2
_FUNCTION_MB = 3538
"""Memory of the function that encodes, where no function runs: in tests and benches."""
_OURS_MB = 256
"""What the interpreter around the child needs of the function's memory."""
_RESERVED = 4 * 1024**3
"""Addresses that threads reserve and never touch: 64 MiB for each one's heap."""
_SPARE_TASKS = 512
"""FFmpeg's threads for the worst ladder are under 60; whoever runs the local stack runs other programs, too."""


@dataclass(frozen=True, slots=True)
class Confinement:
    """Limits of one child. Bytes, seconds of processor time, and numbers; `tasks` None leaves that one as it is."""

    data: int
    """Memory the program asked for: heap, stacks, private mappings."""
    addresses: int
    """Address space, reserved or used."""
    file: int
    """One file it writes; 0 means none at all."""
    cpu_s: int
    descriptors: int
    tasks: int | None
    """Processes and threads of the whole user, which the kernel counts; root is not counted."""
    niceness: int = 0

    def enter(self) -> None:
        """Confine this process, for good: what it starts inherits all of it. Called in the child, before it is one."""
        _lower(resource.RLIMIT_CORE, 0)
        _lower(resource.RLIMIT_DATA, self.data)
        _lower(resource.RLIMIT_AS, self.addresses)
        _lower(resource.RLIMIT_FSIZE, self.file)
        _lower(resource.RLIMIT_CPU, self.cpu_s)
        _lower(resource.RLIMIT_NOFILE, self.descriptors)
        if self.tasks is not None:
            _lower(resource.RLIMIT_NPROC, self.tasks)
        if self.niceness:
            os.nice(self.niceness)


def _lower(kind: int, value: int) -> None:
    """Nobody may raise what a machine's owner has limited further."""
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def of_encoder(timeout_s: float, largest_file: int) -> Confinement:
    """FFmpeg: memory of the function it runs in, as much processor time as its wall-clock time allows."""
    data = (int(os.environ.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", _FUNCTION_MB)) - _OURS_MB) * MIB
    cpu_s = int(timeout_s * (os.cpu_count() or 1)) + 10
    return Confinement(data, data + _RESERVED, largest_file, cpu_s, 256, _tasks(_SPARE_TASKS), niceness=5)


def of_probe() -> Confinement:
    """The probe: one thread, no program of its own, no file but compiled modules."""
    return Confinement(900 * MIB, 900 * MIB, 16 * MIB, 45, 64, 0)


def _tasks(spare: int) -> int | None:
    """Threads that this user has now, and some; None for root, of whom the kernel counts none."""
    if not (user := os.geteuid()):
        return None
    count = 0
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if process.stat().st_uid == user:
                count += len(list((process / "task").iterdir()))
    return count + spare
