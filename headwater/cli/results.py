"""What a command says at its end, on stdout, and the exit code that goes with it."""

from __future__ import annotations

from typing import Any

from headwater.cli.exits import Exit, complain
from headwater.cli.text import clean, print_json, trouble

Json = dict[str, Any]


def say(line: object) -> None:
    """Print a line of results."""
    print(clean(line))  # noqa: T201  a command


def print_outcome(recording: Json, *, as_json: bool) -> Exit:
    """Print what became of the recording."""
    failed = ended_early(recording["status"], recording["error"])
    if as_json:
        print_json(recording)
    elif not failed:
        say(f"{recording['status'].capitalize()}: {recording['playback_url']}")
    if failed:
        complain(f"{recording['id']} failed: {trouble(recording)}")
    return Exit.FAILED if failed else Exit.OK


def ended_early(status: str, error: Json | None) -> bool:
    """Say whether it ended too early; a ready recording's error is that of some later encoding."""
    return status == "errored" or (status != "ready" and error is not None)
