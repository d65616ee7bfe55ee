"""Whether a child process still works: one that hangs takes no processor time, however busy the machine is."""

from __future__ import annotations

import os
from pathlib import Path

STILL_S = 20.0
"""Longer than FFmpeg waits for a source (15 s), and much shorter than a function may last."""
_LEAST_CPU_S = 0.1
"""A process that only wakes up to look at its clock stays below; one that gets a hundredth of a core does not."""


class Pulse:
    """Watches the processor time of a process and of its threads. Times are those of a monotonic clock."""

    def __init__(self, pid: int, still_s: float = STILL_S) -> None:
        self._stat = Path(f"/proc/{pid}/stat")
        self._still_s = still_s
        self._cpu_s = 0.0
        self._since: float | None = None

    def stopped(self, now: float) -> bool:
        """Return True once it has done next to nothing for so long; call it every second or two."""
        cpu_s = self._read()
        if self._since is None or cpu_s - self._cpu_s > _LEAST_CPU_S:
            self._since, self._cpu_s = now, cpu_s
        return now - self._since > self._still_s

    def _read(self) -> float:
        """CPU seconds so far, user and system; unchanged when the process is gone or cannot be read."""
        try:
            fields = self._stat.read_text("ascii", "replace").rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, IndexError, ValueError):
            return self._cpu_s
