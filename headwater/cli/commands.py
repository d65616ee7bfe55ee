"""What the commands do: call the API, show the answer, return an exit code."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from headwater.cli.boards import board_for
from headwater.cli.exits import Exit, complain, exit_coded
from headwater.cli.follow import follow
from headwater.cli.results import print_outcome, say
from headwater.cli.text import clean, length, moment, print_json, size, trouble
from headwater.client.upload import Uploader

if TYPE_CHECKING:
    from collections.abc import Mapping

    from headwater.cli.options import Server
    from headwater.client.upload import Upload

Json = dict[str, Any]
PIPE_WIDTH = 200


@exit_coded
def upload(server: Server, what: Upload, *, wait: bool, as_json: bool, parallel: int) -> Exit:
    """Upload a file and, with `wait`, follow it to its end."""
    api = server.api()
    with board_for(as_json=as_json) as board:
        try:
            recording = Uploader(api, board, parallel=parallel).run(what)
        except KeyboardInterrupt:
            complain("what was sent is kept: run the same command again to go on.")
            raise
        board.say(f"Uploaded as {recording['id']}.")
        if wait:
            recording = follow(api, recording["id"], board)
    return print_outcome(recording, as_json=as_json)


@exit_coded
def recordings(server: Server, only: Mapping[str, str | None], *, limit: int, as_json: bool) -> Exit:
    """List recordings as a table or as {"recordings": [...]}."""
    found = list(server.api().recordings(status=only["status"], room_id=only["room_id"], limit=limit))
    if as_json:
        print_json({"recordings": found})
        return Exit.OK
    table = Table(box=None, pad_edge=False)
    for heading in ("ID", "STATUS", "LENGTH", "SIZE", "CREATED", "TITLE"):
        table.add_column(heading, no_wrap=heading != "TITLE")
    for item in found:
        row = (
            item["id"],
            item["status"],
            length(item["duration_s"]),
            size(item["size_bytes"]),
            moment(item["created_at"]),
        )
        table.add_row(*(Text(clean(cell)) for cell in (*row, item["title"])))
    wide_console(sys.stdout).print(table if found else "No recordings.", highlight=False)
    return Exit.OK


def wide_console(out: TextIO) -> Console:
    """Return a console that does not squeeze tables for whoever pipes them."""
    return Console(file=out, width=None if out.isatty() else PIPE_WIDTH)


@exit_coded
def show(server: Server, recording_id: str, *, as_json: bool) -> Exit:
    """Show one recording."""
    recording = server.api().recording(recording_id)
    if as_json:
        print_json(recording)
        return Exit.OK
    for name, value in _facts(recording):
        say(f"{name:<9} {value}")
    return Exit.OK


def _facts(recording: Json) -> list[tuple[str, object]]:
    picture = f"{recording['width']}x{recording['height']}" if recording["width"] else "-"
    facts = [
        ("id", recording["id"]),
        ("title", recording["title"]),
        ("status", recording["status"]),
        ("file", f"{recording['filename'] or 'live'}, {size(recording['size_bytes'])}"),
        ("length", length(recording["duration_s"])),
        ("picture", picture),
        ("access", recording["visibility"]),
        ("room", recording["room_id"] or "-"),
        ("created", moment(recording["created_at"])),
    ]
    if recording["error"]:
        facts.append(("error", trouble(recording)))
    if recording["status"] == "errored":
        return facts
    return [*facts, ("watch", recording["playback_url"]), ("HLS", recording["master_url"])]


@exit_coded
def delete(server: Server, recording_id: str, *, yes: bool) -> Exit:
    """Delete a recording, after asking."""
    api = server.api()
    if not yes:
        if not sys.stdin.isatty():
            complain("deleting needs --yes when nobody can be asked.")
            return Exit.USAGE
        title = clean(api.recording(recording_id)["title"])
        if input(f'Delete "{title}" and everything made of it? [y/N] ').strip().lower() not in {"y", "yes"}:
            say("Kept.")
            return Exit.OK
    api.delete(recording_id)
    say(f"Deleted {clean(recording_id)}.")
    return Exit.OK
