"""The commands about encoding: start, follow, cancel, go on, and what failed too often."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from headwater.cli.boards import Board, board_for
from headwater.cli.commands import wide_console
from headwater.cli.exits import Exit, complain, exit_coded
from headwater.cli.follow import ENDS, follow
from headwater.cli.results import ended_early, print_outcome, say
from headwater.cli.text import age, clean, length, outlook, pace, print_json, rendition, trouble

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headwater.cli.options import Server
    from headwater.client.api import Api

Json = dict[str, Any]
STOPPED = ("failed", "cancelled")


@exit_coded
def progress(server: Server, recording_id: str, *, watch: bool, as_json: bool) -> Exit:
    """Show how far a recording is, once or to its end."""
    api = server.api()
    if watch and as_json:
        return _ended(follow(api, recording_id, JsonBoard()))
    if watch:
        return _follow(api, recording_id, as_json=False)
    now = api.progress(recording_id)
    if as_json:
        print_json(now)
    else:
        _print_progress(now)
    return _ended({"status": now["recording_status"], "error": now["error"]})


def _print_progress(now: Json) -> None:
    say(", ".join([now["recording_status"], f"{now['percent']:.0f} % encoded", *outlook(now)]))
    for item in now["renditions"]:
        ready = f"{length(item['available_s'])} playable"
        say(f"  {rendition(item):<14} {item['percent']:>3.0f} %  {pace(item):>14}  {ready}")
    if now["error"]:
        say(f"  {trouble(now)}")


def _ended(recording: Json) -> Exit:
    return Exit.FAILED if ended_early(recording["status"], recording["error"]) else Exit.OK


class JsonBoard(Board):
    """Prints each progress document that differs from the one before, one a line."""

    def __init__(self) -> None:
        """Begin with nothing printed."""
        self._last: Json = {}

    def show(self, progress: Json) -> None:
        """Print the document if it is news."""
        if progress != self._last or progress["recording_status"] in ENDS:
            self._last = progress
            print_json(progress)


@exit_coded
def transcode(server: Server, recording_id: str, wanted: Json, *, wait: bool, as_json: bool) -> Exit:
    """Start an encoding, or find the one that is asked for, and, with `wait`, follow it to its end."""
    api = server.api()
    api.transcode(recording_id, wanted)
    if not wait:
        return print_outcome(api.recording(recording_id), as_json=as_json)
    return _follow(api, recording_id, as_json=as_json)


def _follow(api: Api, recording_id: str, *, as_json: bool) -> Exit:
    """Follow a job to its end and say what became of it."""
    with board_for(as_json=as_json) as board:
        recording = follow(api, recording_id, board)
    end = api.progress(recording_id)
    if recording["status"] == "ready" and end["status"] in STOPPED:
        # What could be watched before still can: only the job says that it failed.
        if as_json:
            print_json(recording)
        complain(f"the new encoding of {recording['id']} ended early: {trouble(end)}")
        return Exit.FAILED
    return print_outcome(recording, as_json=as_json)


@exit_coded
def cancel(server: Server, recording_id: str, *, as_json: bool) -> Exit:
    """Cancel a recording's encoding."""
    api = server.api()
    api.cancel(recording_id)
    recording = api.recording(recording_id)
    if as_json:
        print_json(recording)
    else:
        say(f"Cancelled the encoding of {recording['id']}: it is {recording['status']}.")
    return Exit.OK


@exit_coded
def retry(server: Server, recording_id: str, changes: Mapping[str, float | None], *, wait: bool, as_json: bool) -> Exit:
    """Let a failed or cancelled encoding go on and, with `wait`, follow it to its end."""
    api = server.api()
    api.retry(recording_id, dict(changes))
    if wait:
        return _follow(api, recording_id, as_json=as_json)
    return print_outcome(api.recording(recording_id), as_json=as_json)


@exit_coded
def dead_letters(server: Server, requeue: str, *, as_json: bool) -> Exit:
    """Show what failed too often or, with a queue's name, put all of it back to work."""
    api = server.api(role="admin")
    if requeue:
        answer = _requeue(api, requeue)
        if as_json:
            print_json(answer)
        else:
            say(f"Moved {answer['moved']} messages back to {clean(requeue)}; {answer['left']} are left.")
        return Exit.OK
    answer = api.dead_letters()
    if as_json:
        print_json(answer)
        return Exit.OK
    table = Table(box=None, pad_edge=False)
    for heading in ("QUEUE", "MESSAGES", "OLDEST"):
        table.add_column(heading, no_wrap=True)
    for entry in answer["queues"]:
        table.add_row(*(Text(clean(cell)) for cell in (entry["queue"], entry["messages"], age(entry["oldest_s"]))))
    wide_console(sys.stdout).print(table, highlight=False)
    return Exit.OK


def _requeue(api: Api, queue: str) -> Json:
    """Ask again until nothing is left or nothing moves any more."""
    answer = api.requeue(queue)
    moved = last = answer["moved"]
    while answer["left"] and last:
        answer = api.requeue(queue)
        last = answer["moved"]
        moved += last
    return answer | {"moved": moved}
