"""How the stack of a trial differs from the one that people start: limits of functions, clocks, disks."""

from __future__ import annotations

import json
import os
import subprocess
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path

PLAN, PROXY = "FAULTS_PLAN", "FAULTS_PROXY"
"""Variables that tell the router's program where the plan lies, and where the proxy listens."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Read anew whenever a worker starts, so that clocks can go wrong later."""

    timeouts_s: dict[str, int] = field(default_factory=dict)
    memory_mb: dict[str, int] = field(default_factory=dict)
    encoders: int = 3
    scratch_mb: int = 0
    """Size of the encoders' own file system; 0: a folder, as everywhere else."""
    skews_s: tuple[float, ...] = ()
    """Clocks of workers, in turn."""

    def write(self, path: Path) -> None:
        """Put it where the router's program finds it, whole or not at all."""
        draft = path.with_suffix(".new")
        draft.write_text(json.dumps(asdict(self)))
        draft.replace(path)


def read(path: Path) -> Plan:
    """Return what `write` wrote."""
    found = json.loads(path.read_text())
    return Plan(**{**found, "skews_s": tuple(found["skews_s"])})


def may_mount() -> bool:
    """True where this user may give a process a file system of its own."""
    with tempfile.TemporaryDirectory() as folder:
        return not subprocess.run(namespaced(["true"], Path(folder), 1), capture_output=True, check=False).returncode


def namespaced(command: list[str], scratch: Path, size_mb: int) -> list[str]:
    """Return a command that runs another with a small file system of its own in place of a folder."""
    who = ["--user", "--map-root-user"] if os.geteuid() else []
    mount = f'mount -t tmpfs -o size={size_mb}m,nr_inodes=200 tmpfs "$0" && exec "$@"'
    return ["unshare", *who, "--mount", "--propagation", "private", "sh", "-c", mount, str(scratch), *command]
