"""The spool: segments on disk from the moment they are recorded until the server has acknowledged them.

    {folder}/lock                               held by the one agent that may use it
    {folder}/000007/epoch                       the run's epoch, once claimed
    {folder}/000007/00000012-2000-179….ts       number, milliseconds, Unix milliseconds of its first frame
    {folder}/000007/00000013.part               being written

A file that is there was not acknowledged: there is no other record, so none can disagree with it. A crash between the
acknowledgement and the removal sends a segment again under the same number, which the server takes for what it is.
"""

from __future__ import annotations

import fcntl
import shutil
import threading
import time
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING

from headwater.client.errors import Busy
from headwater.push.backlog import Backlog, Claim, Segment, Send
from headwater.push.transport_stream import TICKS, salvage

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LOCK_WITHIN_S = 5.0


class Spool:
    """A backlog and its folder. Safe between the thread that records and the one that sends."""

    def __init__(self, folder: Path, max_bytes: int) -> None:
        """Find what an earlier agent left in `folder`."""
        self._folder = folder
        self._changed = threading.Condition()
        self._backlog = Backlog(max_bytes)
        self._recording = -1
        self._dropped: list[Segment] = []
        for run in sorted(int(entry.name) for entry in folder.iterdir() if entry.is_dir() and entry.name.isdigit()):
            self._restore(run)
        self.left_over = len(self._backlog)
        """Segments of an earlier agent."""

    def _restore(self, run: int) -> None:
        folder = self._of(run)
        for part in folder.glob("*.part"):
            _keep_what_can_be(part, run)
        with suppress(OSError, ValueError):
            epoch = int((folder / "epoch").read_text())
            self._backlog.begin(run, epoch)
        if self._backlog.newest != run:
            self._backlog.begin(run)
        found = (Segment.parse(run, path.name, path.stat().st_size) for path in folder.glob("*.ts"))
        for segment in sorted((one for one in found if one), key=lambda one: one.n):
            self._drop(self._backlog.add(segment))

    def _of(self, run: int) -> Path:
        return self._folder / f"{run:06d}"

    def path(self, segment: Segment) -> Path:
        """Return where a segment lies."""
        return self._of(segment.run) / segment.filename

    def begin(self) -> Recording:
        """Begin a run; those before it get no more segments."""
        with self._changed:
            run = self._backlog.newest + 1
            self._of(run).mkdir(parents=True)
            self._backlog.begin(run)
            self._recording = run
            self._sweep()
        return Recording(self, self._of(run), run)

    def add(self, segment: Segment) -> None:
        """Take a segment whose file is in place; the oldest go when there is no room."""
        with self._changed:
            self._drop(self._backlog.add(segment))
            self._changed.notify_all()

    def _drop(self, segments: list[Segment]) -> None:
        for segment in segments:
            self.path(segment).unlink(missing_ok=True)
        self._dropped += segments

    def take_dropped(self) -> list[Segment]:
        """Return what had to go to make room since the last call, oldest first."""
        with self._changed:
            dropped, self._dropped = self._dropped, []
            return dropped

    def next(self, limit: int, wait_s: float) -> Claim | Send | None:
        """Return what to do next; None when for `wait_s` seconds there was nothing."""
        with self._changed:
            work = self._backlog.next(limit)
            if work is None and wait_s:
                self._changed.wait(wait_s)
                work = self._backlog.next(limit)
            return work

    def landed(self) -> None:
        """What `next` gave to send is acknowledged or waits again."""
        with self._changed:
            self._backlog.landed()

    def claimed(self, run: int, epoch: int) -> None:
        """Write down a run's epoch, before anything is sent under it."""
        with self._changed:
            (self._of(run) / "epoch").write_text(str(epoch))
            self._backlog.claimed(run, epoch)

    def acknowledged(self, segment: Segment) -> None:
        """Remove a segment that was delivered."""
        with self._changed:
            self.path(segment).unlink(missing_ok=True)
            self._backlog.acknowledged(segment)
            self._sweep()

    def give_up(self, run: int) -> list[Segment]:
        """Remove all that waits of a run that nobody takes any more; returns it."""
        with self._changed:
            lost = self._backlog.given_up(run)
            for segment in lost:
                self.path(segment).unlink(missing_ok=True)
            self._sweep()
            return lost

    def _sweep(self) -> None:
        for run in self._backlog.finished():
            shutil.rmtree(self._of(run), ignore_errors=True)

    def is_recording(self, run: int) -> bool:
        """True for the run that this agent's encoder is, or was last, in."""
        return self._recording == run

    def oldest_end(self) -> float | None:
        """Return the Unix time at which the oldest waiting segment was over; None when none waits."""
        with self._changed:
            oldest = self._backlog.oldest
            return oldest.ended_at if oldest else None

    def waiting(self) -> tuple[int, float, int]:
        """Segments, seconds and bytes that wait."""
        with self._changed:
            return len(self._backlog), self._backlog.seconds, self._backlog.size


class Recording:
    """Writes the segments of one run."""

    def __init__(self, spool: Spool, folder: Path, run: int) -> None:
        """Number them from 0."""
        self.run = run
        self._spool = spool
        self._folder = folder
        self._n = 0
        self._file: IO[bytes] | None = None

    def open(self) -> None:
        """Begin a segment."""
        self._file = (self._folder / f"{self._n:08d}.part").open("wb", buffering=0)

    def write(self, data: bytes) -> None:
        """Append to the open segment; it is in the file when this returns, whatever becomes of us."""
        if self._file:
            self._file.write(data)

    def take_back(self) -> bytes:
        """Undo the open segment and return its bytes."""
        path = self._folder / f"{self._n:08d}.part"
        if self._file:
            self._file.close()
            self._file = None
        data = path.read_bytes()
        path.unlink()
        return data

    def close(self, duration_s: float, began_at: float) -> Segment | None:
        """End the open segment and put it into the spool; None when there is none."""
        if self._file is None:
            return None
        size = self._file.tell()
        self._file.close()
        self._file = None
        segment = Segment(self.run, self._n, size, duration_s, began_at)
        (self._folder / f"{self._n:08d}.part").rename(self._spool.path(segment))
        self._n += 1
        self._spool.add(segment)
        return segment


def _keep_what_can_be(part: Path, run: int) -> None:
    """Make a segment of one whose writing was cut off, up to its last whole picture."""
    saved = salvage(part.read_bytes())
    if saved:
        data, begin, end = saved
        duration_s = (end - begin) / TICKS
        segment = Segment(run, int(part.stem), len(data), duration_s, part.stat().st_mtime - duration_s)
        with part.open("r+b") as file:
            file.truncate(len(data))
        part.rename(part.with_name(segment.filename))
    else:
        part.unlink()


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the one right to use a spool; raises Busy when another agent keeps it."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("a+", encoding="utf-8") as lock:
        until = time.monotonic() + LOCK_WITHIN_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Busy("Another agent on this machine pushes to this stream already.") from None
                time.sleep(0.1)
        yield
