"""What `headwater captions` does: call the API, show the answer, return an exit code."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwater.cli.exits import Exit, exit_coded
from headwater.cli.text import clean, print_json

if TYPE_CHECKING:
    from pathlib import Path

    from headwater.cli.options import Server

Json = dict[str, Any]


@exit_coded
def add(  # noqa: PLR0913  one parameter for each option
    server: Server, recording_id: str, language: str, file: Path, *, label: str, default: bool, as_json: bool
) -> Exit:
    """Send a caption file."""
    track = server.api().put_captions(recording_id, language, file.read_bytes(), label=label, default=default)
    if as_json:
        print_json(track)
    else:
        _print(f"Added {track['language']}: {track['label']}, {track['cues']} captions.")
    return Exit.OK


@exit_coded
def listed(server: Server, recording_id: str, *, as_json: bool) -> Exit:
    """List captions, a line each or as {"captions": [...]}."""
    tracks = server.api().captions(recording_id)
    if as_json:
        print_json({"captions": tracks})
        return Exit.OK
    for track in tracks:
        _print(f"{track['language']:<10} {track['cues']:>6}  {track['label']}{_remarks(track)}")
    if not tracks:
        _print("No captions.")
    return Exit.OK


def _remarks(track: Json) -> str:
    said = [track["kind"], *(["default"] if track["default"] else []), track["origin"]]
    return f" ({', '.join(said)})"


@exit_coded
def remove(server: Server, recording_id: str, language: str) -> Exit:
    """Remove a language's captions."""
    server.api().remove_captions(recording_id, language)
    _print(f"Removed the captions in {language}.")
    return Exit.OK


def _print(line: str) -> None:
    print(clean(line))  # noqa: T201  a command
