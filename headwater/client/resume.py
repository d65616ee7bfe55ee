"""Remembers on this machine which recording a file is being uploaded as, so that a later run can go on."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING

from headwater.client.errors import Busy

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Started:
    """An upload that began: the recording, and the file's size in bytes and time in ns as they were then."""

    recording_id: str
    size_bytes: int
    mtime_ns: int


def state_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for the person's state, as the XDG base directory rules name it."""
    base = env.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "headwater" / "uploads"


class Claim:
    """The one right to upload a file to a server from this machine, with what is remembered about it."""

    def __init__(self, path: Path, file: IO[str]) -> None:
        """Use the open, locked state file at `path`."""
        self._path = path
        self._file = file

    def load(self) -> Started | None:
        """Return what was remembered; None when there is nothing, or nothing readable after a crash."""
        self._file.seek(0)
        try:
            return Started(**json.load(self._file))
        except (ValueError, TypeError):
            return None

    def remember(self, started: Started) -> None:
        """Write it down, before the first byte is sent."""
        self._file.seek(0)
        self._file.truncate()
        json.dump(asdict(started), self._file)
        self._file.flush()

    def forget(self) -> None:
        """Drop it: the upload is over, or can never go on."""
        self._file.seek(0)
        self._file.truncate()
        self._path.unlink(missing_ok=True)


@contextmanager
def claim(file: Path, url: str, folder: Path) -> Iterator[Claim]:
    """Hold the claim on uploading `file` to `url`; raises Busy when another process has it."""
    folder.mkdir(parents=True, exist_ok=True)
    key = hashlib.sha256(f"{file.resolve()}\n{url}".encode()).hexdigest()[:32]
    path = folder / f"{key}.json"
    # "a+" makes it without emptying it; the lock goes with the process, whatever ends that.
    with path.open("a+", encoding="utf-8") as state:
        try:
            fcntl.flock(state, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Busy(f"{file.name} is being uploaded to {url} by another process already.") from None
        held = Claim(path, state)
        try:
            yield held
        finally:
            if held.load() is None:
                path.unlink(missing_ok=True)
