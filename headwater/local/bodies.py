"""Object bodies as files.

moto keeps each body in a spooled temporary file of its own, which costs an open descriptor per object and the whole
object in memory per read; these cost neither and outlive the process.
"""

from __future__ import annotations

import os
import threading
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True)
class StoredBody:
    """A body that is already a file of the folder: `name` there, `size` in bytes."""

    name: str
    size: int

    def __len__(self) -> int:
        """Return the size in bytes: moto asks every value it stores."""
        return self.size


class BodyFolder:
    """Creates, joins, reads and removes body files. Removal waits for `sweep`, after the index was committed."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._doomed = threading.local()

    def path(self, name: str) -> Path:
        """Return where a body lies."""
        return self._root / name[:2] / name

    def _new(self) -> tuple[str, Path]:
        name = uuid.uuid4().hex
        path = self.path(name)
        path.parent.mkdir(exist_ok=True)
        return name, path

    def store(self, data: bytes) -> StoredBody:
        """Write a new body."""
        name, path = self._new()
        path.write_bytes(data)
        return StoredBody(name, len(data))

    def join(self, names: Iterable[str]) -> StoredBody:
        """Write a new body out of others, end to end, inside the kernel."""
        name, path = self._new()
        with path.open("wb") as target:
            for part in names:
                with self.path(part).open("rb") as source:
                    offset, left = 0, os.fstat(source.fileno()).st_size
                    while left:
                        sent = os.sendfile(target.fileno(), source.fileno(), offset, left)
                        offset, left = offset + sent, left - sent
            size = target.seek(0, os.SEEK_END)
        return StoredBody(name, size)

    def doom(self, name: str) -> None:
        """Note a body of this thread's request for removal."""
        self._pending().append(name)

    def doomed(self) -> list[str]:
        """Return and forget what this thread noted."""
        names = self._pending()
        self._doomed.names = []
        return names

    def _pending(self) -> list[str]:
        names: list[str] | None = getattr(self._doomed, "names", None)
        if names is None:
            names = self._doomed.names = []
        return names

    def remove(self, names: Iterable[str]) -> None:
        """Delete body files; one that is being read stays readable until it is closed."""
        for name in names:
            self.path(name).unlink(missing_ok=True)

    def remove_others(self, known: set[str]) -> None:
        """Delete files the index does not name: left by a crash between the two writes."""
        for path in self._root.glob("??/*"):
            if path.name not in known:
                path.unlink(missing_ok=True)


class BodyFile:
    """Stands in for the SpooledTemporaryFile that moto makes for each object: the few calls it uses."""

    folder: BodyFolder

    def __init__(self, max_size: int = 0) -> None:
        """Start empty; `max_size` is what a spooled file would keep in memory, which this never does."""
        self.spool_bytes = max_size
        self.name: str | None = None
        self._position = 0

    def seek(self, position: int) -> None:
        """Set where the next read starts."""
        self._position = position

    def truncate(self) -> None:
        """Forget the content."""
        self.close()

    def write(self, data: bytes | StoredBody) -> None:
        """Replace the content (moto writes an object once, whole)."""
        self.close()
        self.name = (data if isinstance(data, StoredBody) else self.folder.store(data)).name

    def read(self, size: int = -1) -> bytes:
        """Read from the current position."""
        if self.name is None:
            return b""
        with self.folder.path(self.name).open("rb") as file:
            file.seek(self._position)
            data = file.read(size)
        self._position += len(data)
        return data

    def close(self) -> None:
        """Drop the content; its file goes once the index no longer names it."""
        if self.name is not None:
            self.folder.doom(self.name)
            self.name = None


def stream(path: Path, start: int, length: int) -> Iterator[bytes]:
    """Open now (raises FileNotFoundError), then yield `length` bytes from `start` in pieces."""
    file = path.open("rb")
    file.seek(start)

    def pieces() -> Iterator[bytes]:
        left = length
        with file:
            while left and (piece := file.read(min(CHUNK, left))):
                left -= len(piece)
                yield piece

    return pieces()
