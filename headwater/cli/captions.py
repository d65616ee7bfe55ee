"""`headwater captions`: the captions of a recording."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.options import DEFAULT_URL, AsJson, RecordingId, Server, Token, Url, User

if TYPE_CHECKING:
    from types import ModuleType

app = typer.Typer(help="Add, list and remove the captions of a recording.", no_args_is_help=True)

Language = Annotated[str, typer.Argument(metavar="LANG", help="A language tag: en, de-AT.", show_default=False)]
CaptionFile = Annotated[Path, typer.Argument(help="A WebVTT or SubRip file.", show_default=False)]


def _commands() -> ModuleType:
    from headwater.cli import caption_commands  # noqa: PLC0415  loads httpx and rich, which --help does without

    return caption_commands


@app.callback()
def captions() -> None:
    """Add, list and remove the captions of a recording."""


@app.command()
def add(  # noqa: PLR0913  one parameter for each option
    recording_id: RecordingId,
    language: Language,
    file: CaptionFile,
    *,
    label: Annotated[str, typer.Option(help="Its name in the menu; the language's own when left out.")] = "",
    default: Annotated[bool, typer.Option("--default", help="Show it to viewers who do not choose.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Add FILE as the captions of a language, or put it in their place."""
    server = Server(url, token, user)
    raise typer.Exit(
        _commands().add(server, recording_id, language, file, label=label, default=default, as_json=as_json)
    )


@app.command("list")
def list_(
    recording_id: RecordingId, *, as_json: AsJson = False, url: Url = DEFAULT_URL, token: Token = "", user: User = ""
) -> None:
    """List the captions of a recording."""
    raise typer.Exit(_commands().listed(Server(url, token, user), recording_id, as_json=as_json))


@app.command()
def remove(
    recording_id: RecordingId, language: Language, *, url: Url = DEFAULT_URL, token: Token = "", user: User = ""
) -> None:
    """Remove the captions of a language."""
    raise typer.Exit(_commands().remove(Server(url, token, user), recording_id, language))
