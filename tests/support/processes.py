"""What runs below an embedded cloud or this process, read from /proc."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from support.pipeline import FFMPEG

if TYPE_CHECKING:
    from support.stack import Stack


def encoders(stack: Stack, recording_id: str = "") -> list[int]:
    """Process ids of the FFmpeg runs below this stack; those at work on one recording when it is named."""
    assert stack.process is not None
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and exe(int(folder.name)).endswith("/ffmpeg"):
            pid = int(folder.name)
            if stack.process.pid in ancestors(pid) and recording_id in command(pid):
                found.append(pid)
    return found


def our_encoders() -> list[int]:
    """Process ids of FFmpeg among this process's own children."""
    threads = Path("/proc/self/task").iterdir()
    children = [int(pid) for thread in threads for pid in (thread / "children").read_text().split()]
    return [pid for pid in children if exe(pid) == str(Path(FFMPEG).resolve())]


def exe(pid: int) -> str:
    """Path of a process's program; empty when it is gone."""
    try:
        return str(Path(f"/proc/{pid}/exe").readlink())
    except OSError:
        return ""


def command(pid: int) -> str:
    """Its arguments; empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_text(errors="replace")
    except OSError:
        return ""


def parent(pid: int) -> int:
    """Parent's process id; 0 when it is gone."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except (OSError, IndexError):
        return 0


def ancestors(pid: int) -> set[int]:
    """All processes above one."""
    above = set()
    while (pid := parent(pid)) > 1:
        above.add(pid)
    return above
