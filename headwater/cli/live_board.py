"""Shows a push: a live line on a terminal, plain lines in a log, JSON for scripts."""

from __future__ import annotations

import sys
import time
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from headwater.cli.text import clean, print_json, size

if TYPE_CHECKING:
    from collections.abc import Callable

    from headwater.push.progress import Note, Snapshot

LINE_EVERY_S = 10.0
LATE_S = 10.0


class PushBoard:
    """Prints a line about each ten seconds, and each sentence; for logs and pipes."""

    def __init__(self, out: IO[str], now: Callable[[], float] = time.monotonic) -> None:
        """Write to `out`."""
        self._out = out
        self._now = now
        self._due = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        return

    def say(self, note: Note) -> None:
        """Print a sentence."""
        print(clean(note.sentence), file=self._out, flush=True)

    def show(self, snapshot: Snapshot) -> None:
        """Print the state when it is time."""
        if self._now() >= self._due:
            self._due = self._now() + LINE_EVERY_S
            print(clean(" · ".join(parts(snapshot))), file=self._out, flush=True)


class LivePushBoard(PushBoard):
    """One line that changes, and sentences above it."""

    def __init__(self, console: Console) -> None:
        """Draw on a terminal."""
        super().__init__(console.file)
        self._console = console
        self._live = Live(console=console, auto_refresh=False, transient=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._live.stop()

    def say(self, note: Note) -> None:
        """Print a sentence above the line."""
        self._console.print(clean(note.sentence), markup=False, highlight=False, soft_wrap=True)

    def show(self, snapshot: Snapshot) -> None:
        """Redraw the line."""
        first, *rest = parts(snapshot)
        text = Text(first, style=colour(snapshot))
        text.append(clean("".join(f" · {part}" for part in rest)), style="default")
        text.truncate(self._console.width - 1, overflow="ellipsis")
        self._live.update(text, refresh=True)


class JsonPushBoard(PushBoard):
    """One object for each sentence and each state."""

    def say(self, note: Note) -> None:
        """Print a note."""
        print_json({"type": "note", "code": note.code, "detail": note.sentence})

    def show(self, snapshot: Snapshot) -> None:
        """Print the state."""
        state = {
            name: round(value, 3) if isinstance(value, float) else value for name, value in asdict(snapshot).items()
        }
        print_json({"type": "status", "at": round(time.time(), 3)} | state)


def parts(now: Snapshot) -> list[str]:
    """Return what there is to say, most important first."""
    said = [headline(now)]
    if now.bitrate_kbps:
        said.append(f"{now.bitrate_kbps / 1000:.1f} Mbit/s")
    if now.lag_s is not None:
        said.append(f"{now.lag_s:.1f} s behind")
    if now.queued > 1 or not now.online:
        said.append(f"{now.queued} waiting ({now.queued_s:.0f} s, {size(now.queued_bytes)})")
    said.append(f"{now.sent} sent")
    said += [f"{count} {what}" for count, what in ((now.dropped, "dropped"), (now.refused, "refused")) if count]
    return said + server_parts(now.server if now.online and now.server else {})


def server_parts(server: dict[str, Any]) -> list[str]:
    """Return what the server says of what arrived."""
    ingest = server.get("ingest") or {}
    said = [f"server: {server['status']}"] if server.get("status") else []
    if gaps := ingest.get("gaps"):
        said.append(f"{gaps} gaps")
    if refused := sum((ingest.get("refused") or {}).values()):
        said.append(f"{refused} refused there")
    return said


def headline(now: Snapshot) -> str:
    """Return the state in a word or three."""
    if not now.online:
        return "OFFLINE, recording to disk" if now.source == "recording" else "OFFLINE"
    if now.source == "recording":
        if now.on_air is False:
            return "STANDBY"
        return "LIVE" if now.sent else "starting"
    return {"waiting": "waiting for the encoder", "ended": "finishing"}.get(now.source, now.source)


def colour(now: Snapshot) -> str:
    """Return red for trouble, yellow for what is late or not on the air, green for good."""
    if not now.online:
        return "bold red"
    if now.source != "recording" or now.on_air is False or (now.lag_s or 0) > LATE_S:
        return "bold yellow"
    return "bold green"


def push_board_for(*, as_json: bool) -> PushBoard:
    """Choose how to show it: JSON on stdout, everything else on stderr."""
    if as_json:
        return JsonPushBoard(sys.stdout)
    console = Console(file=sys.stderr)
    return LivePushBoard(console) if console.is_terminal else PushBoard(sys.stderr)
