"""Shows an upload and an encoding: live bars on a terminal, plain lines elsewhere, nothing for scripts."""

from __future__ import annotations

import sys
import threading
from typing import Any, Self, TextIO

from rich.console import Console
from rich.progress import (
    BarColumn,
    DownloadColumn,
    Progress,
    TaskID,
    TaskProgressColumn,
    TextColumn,
    TimeRemainingColumn,
    TransferSpeedColumn,
)

from headwater.cli.text import clean, length, outlook, pace, rendition, size
from headwater.client.upload import Watcher

Json = dict[str, Any]
STEP_PERCENT = 10


class Board(Watcher):
    """Shows an upload, then the progress documents of its job, and sentences between them. This one shows nothing."""

    def show(self, progress: Json) -> None:
        """Show this state of the job."""

    def say(self, sentence: str) -> None:
        """Print a line without disturbing what is shown."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return


class LineBoard(Board):
    """A line for each tenth that is done; for logs and pipes."""

    def __init__(self, out: TextIO, says: TextIO) -> None:
        """Write progress to `out` and sentences to `says`."""
        self._out = out
        self._says = says
        self._lock = threading.Lock()
        self._total = self._sent = 0
        self._told = -1
        self._encoded = ""

    def note(self, sentence: str) -> None:
        """Print a sentence about the upload."""
        print(clean(sentence), file=self._out, flush=True)

    def say(self, sentence: str) -> None:
        """Print a sentence."""
        print(clean(sentence), file=self._says, flush=True)

    def begin(self, recording_id: str, total_bytes: int, sent_bytes: int) -> None:
        """Print what begins."""
        self._total, self._sent, self._told = total_bytes, sent_bytes, -1
        self.note(f"uploading {size(total_bytes)} as {recording_id}")

    def advance(self, size: int) -> None:
        """Print when another tenth is sent."""
        with self._lock:
            self._sent += size
            percent = 100 * self._sent // self._total if self._total else 100
            if percent // STEP_PERCENT > self._told:
                self._told = percent // STEP_PERCENT
                print(f"upload {percent} %", file=self._out, flush=True)

    def show(self, progress: Json) -> None:
        """Print when another tenth is encoded or the status changes."""
        tenth = int(progress["percent"]) // STEP_PERCENT
        state = f"{progress['status']} {tenth} {progress['playable']}"
        if state == self._encoded:
            return
        self._encoded = state
        parts = ", ".join(f"{rendition(item)} {item['percent']:.0f} %" for item in progress["renditions"])
        line = ", ".join([f"encoding {progress['percent']:.0f} % ({progress['status']})", *outlook(progress)])
        print(f"{line}: {parts}" if parts else line, file=self._out, flush=True)


class LiveBoard(Board):
    """Bars on a terminal: one for the upload, then one for each rendition."""

    def __init__(self, console: Console, says: TextIO) -> None:
        """Draw on `console`; print sentences to `says`."""
        self._console = console
        self._says = says
        self._sending: Progress | None = None
        self._sent = TaskID(0)
        self._encoding: Progress | None = None
        self._all = TaskID(0)
        self._rows: dict[str, TaskID] = {}

    def __exit__(self, *error: object) -> None:
        self._stop_sending()
        if self._encoding:
            self._encoding.stop()

    def _stop_sending(self) -> None:
        if self._sending:
            self._sending.stop()
            self._sending = None

    def note(self, sentence: str) -> None:
        """Print a sentence above the bar."""
        self._console.print(clean(sentence), markup=False, highlight=False)

    def say(self, sentence: str) -> None:
        """Print a sentence above the bars, or to where results go when that is no terminal."""
        if self._says.isatty():
            # Rich draws the bars again below it; a plain print would be drawn over.
            self._console.print(clean(sentence), markup=False, highlight=False, soft_wrap=True)
        else:
            print(clean(sentence), file=self._says, flush=True)

    def begin(self, recording_id: str, total_bytes: int, sent_bytes: int) -> None:
        """Draw the upload's bar, beginning at what was there."""
        self._stop_sending()
        columns = (DownloadColumn(binary_units=True), TransferSpeedColumn(), TimeRemainingColumn())
        self._sending = _bars(self._console, columns)
        self._sent = self._sending.add_task(f"Upload {recording_id}", total=total_bytes, completed=sent_bytes)
        self._sending.start()

    def advance(self, size: int) -> None:
        """Move the upload's bar."""
        if sending := self._sending:
            sending.advance(self._sent, size)

    def show(self, progress: Json) -> None:
        """Draw or move a bar for the whole, with time and money, and one for each rendition."""
        self._stop_sending()
        if self._encoding is None:
            self._encoding = _bars(self._console, (TextColumn("{task.fields[speed]}", justify="right"),))
            self._all = self._encoding.add_task("Looking at it", total=None, speed="")
            self._encoding.start()
        if progress["renditions"]:
            money_and_time = "  ".join(outlook(progress))
            done = progress["percent"]
            self._encoding.update(self._all, description="Encoding", total=100, completed=done, speed=money_and_time)
        for item in progress["renditions"]:
            if item["id"] not in self._rows:
                self._rows[item["id"]] = self._encoding.add_task(rendition(item), total=100, speed="")
            self._encoding.update(self._rows[item["id"]], completed=item["percent"], speed=_speed(item))


def _bars(console: Console, more: tuple[Any, ...]) -> Progress:
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), TaskProgressColumn(), *more)
    return Progress(*columns, console=console, redirect_stdout=False, redirect_stderr=False)


def _speed(item: Json) -> str:
    ready = f"{length(item['available_s'])} playable"
    return f"{speed}  {ready}" if (speed := pace(item)) else ready


def board_for(*, as_json: bool, out: TextIO | None = None) -> Board:
    """Choose how to show: progress goes to `out` (stderr), results to stdout; scripts that read JSON see bars only."""
    out = out or sys.stderr
    console = Console(file=out)
    if console.is_terminal:
        return LiveBoard(console, out if as_json else sys.stdout)
    return Board() if as_json else LineBoard(out, sys.stdout)
