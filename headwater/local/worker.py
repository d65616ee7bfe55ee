"""Process trees through /proc; and, when run as a program, one Lambda worker that cannot outlive the router.

Run by path (`python -P worker.py HANDLER LIFELINE_FD`), so it imports nothing of this package: the worker's import
path is the task root alone, as on Lambda. The lifeline is a pipe whose other end the router holds; when it closes,
for whatever reason, the worker takes its children with it.
"""

from __future__ import annotations

import contextlib
import os
import signal
import sys
import threading
from pathlib import Path

_PAGE = os.sysconf("SC_PAGE_SIZE")
_PROC = Path("/proc")


def is_alive(pid: int) -> bool:
    """Return False once a process has ended, even before its parent has taken notice."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[0] not in {"Z", "X"}
    except OSError:
        return False


def tree(pid: int) -> list[int]:
    """Return `pid`, its descendants, and all that still carry its session after their parent went."""
    parents: dict[int, list[int]] = {}
    found = {pid}
    for entry in _PROC.iterdir():
        if not entry.name.isdigit():
            continue
        with contextlib.suppress(OSError, ValueError):
            # The command may hold spaces and brackets: fields are counted from its last bracket
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
            if int(fields[3]) == pid:
                found.add(int(entry.name))
    waiting = list(found)
    while waiting:
        children = [child for child in parents.get(waiting.pop(), ()) if child not in found]
        found.update(children)
        waiting += children
    return sorted(found)


def rss_bytes(pid: int) -> int:
    """Return the resident memory of a process and its descendants, in bytes; nothing for those that have ended."""
    total = 0
    waiting = [pid]
    while waiting:
        current = waiting.pop()
        with contextlib.suppress(OSError, ValueError, IndexError):
            total += int((_PROC / str(current) / "statm").read_text().split()[1]) * _PAGE
            waiting += children(current)
    return total


def children(pid: int) -> list[int]:
    """Return a process's children; none once it has ended. Far cheaper than looking through all of /proc."""
    found: list[int] = []
    with contextlib.suppress(OSError, ValueError):
        for task in (_PROC / str(pid) / "task").iterdir():
            found += map(int, (task / "children").read_text().split())
    return found


def kill_tree(pid: int, *, spare: int = 0) -> None:
    """Kill a session and every descendant with SIGKILL, except `spare`; quiet about those already gone."""
    killed: set[int] = set()
    # A process may fork between the look and the kill: look again until nothing new appears
    while fresh := [found for found in tree(pid) if found not in killed and found != spare]:
        for found in fresh:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(found, signal.SIGKILL)
        killed.update(fresh)


def _hold(lifeline: int) -> None:
    while os.read(lifeline, 1):
        pass
    kill_tree(os.getpid(), spare=os.getpid())
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    """Tie this process to the lifeline and become AWS's runtime client."""
    handler, lifeline = sys.argv[1], int(sys.argv[2])
    os.set_inheritable(lifeline, False)  # noqa: FBT003  the standard library's own signature
    threading.Thread(target=_hold, args=(lifeline,), daemon=True).start()
    # Only after the thread: importing takes a while, and the router may die in it
    from awslambdaric.__main__ import main as run  # noqa: PLC0415

    run([sys.argv[0], handler])


if __name__ == "__main__":
    main()
