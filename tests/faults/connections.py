"""Whose connection it is: a loopback port leads to a socket, the socket to a process, and that to its worker."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from support.processes import command, parent

WORKER = "headwater/local/worker.py"
_LOOPBACK = "0100007F"
_LOCAL, _REMOTE, _INODE = 1, 2, 9


def owner(port: int, server: int) -> int:
    """Process id at the client's end of a loopback connection; 0 when it is gone."""
    inode = _inode(f"{_LOOPBACK}:{port:04X}", f"{_LOOPBACK}:{server:04X}")
    if not inode:
        return 0
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if any(_is(link, f"socket:[{inode}]") for link in (folder / "fd").iterdir()):
                return int(folder.name)
    return 0


def _is(link: Path, what: str) -> bool:
    """True when a descriptor stands for it; one that has been closed meanwhile stands for nothing."""
    with suppress(OSError):
        return str(link.readlink()) == what
    return False


def _inode(local: str, remote: str) -> str:
    for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
        fields = line.split()
        if (fields[_LOCAL], fields[_REMOTE]) == (local, remote):
            return fields[_INODE]
    return ""


def worker_above(pid: int) -> int:
    """The worker that a process is or belongs to; 0 for none."""
    while pid > 1:
        if WORKER in command(pid):
            return pid
        pid = parent(pid)
    return 0


def scratch_of(worker: int) -> Path:
    """A worker's only writable folder, as seen from outside of its mount namespace."""
    for line in Path(f"/proc/{worker}/environ").read_bytes().split(b"\0"):
        if line.startswith(b"HEADWATER_SCRATCH_DIR="):
            return Path(f"/proc/{worker}/root") / line.split(b"=", 1)[1].decode().lstrip("/")
    raise ProcessLookupError(worker)


def function_of(worker: int) -> str:
    """Name of a worker's function, without the stage; empty when it is gone."""
    with suppress(OSError):
        for line in Path(f"/proc/{worker}/environ").read_bytes().split(b"\0"):
            if line.startswith(b"AWS_LAMBDA_FUNCTION_NAME="):
                return line.split(b"=", 1)[1].decode().removeprefix("headwater-local-")
    return ""
