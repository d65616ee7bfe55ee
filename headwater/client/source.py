"""The file being uploaded: read in pieces, never whole, and watched for changes."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from headwater.client.errors import FileChanged

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

PIECE_BYTES = 256 * 1024


@dataclass(frozen=True, slots=True)
class Source:
    """A regular file as it was when the upload began; size in bytes, time in ns."""

    path: Path
    size_bytes: int
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Source:
        """Look at the file; raises OSError when it cannot be read or is no regular file."""
        now = path.stat()
        # Asked first: opening a pipe would wait for a writer.
        if not stat.S_ISREG(now.st_mode):
            raise OSError(0, "It is not a regular file", str(path))
        path.open("rb").close()
        return cls(path, now.st_size, now.st_mtime_ns)

    def check(self) -> None:
        """Raise FileChanged when the file is no longer as it was."""
        now = self.path.stat()
        if (now.st_size, now.st_mtime_ns) != (self.size_bytes, self.mtime_ns):
            raise FileChanged(f"{self.path.name} changed while it was being uploaded. Run the command again.")

    def pieces(self, offset: int, length: int, on_bytes: Callable[[int], object]) -> Iterator[bytes]:
        """Yield `length` bytes from `offset` on; calls `on_bytes` with the size of each piece once it was taken."""
        with self.path.open("rb") as file:
            file.seek(offset)
            left = length
            while left:
                piece = file.read(min(PIECE_BYTES, left))
                if not piece:
                    raise FileChanged(f"{self.path.name} became shorter while it was being uploaded. Run it again.")
                yield piece
                left -= len(piece)
                on_bytes(len(piece))
        self.check()
