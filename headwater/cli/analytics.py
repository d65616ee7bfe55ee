"""`headwater analytics`: how recordings were watched, by whom, and why it stalled."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.options import DEFAULT_URL, AsJson, RecordingId, Server, Token, Url, User

if TYPE_CHECKING:
    from types import ModuleType

app = typer.Typer(help="See how recordings were watched, by whom, and why it stalled.", no_args_is_help=True)

From = Annotated[str, typer.Option("--from", metavar="DAY", help="First UTC day, 2026-11-01; a week back otherwise.")]
To = Annotated[str, typer.Option("--to", metavar="DAY", help="Last UTC day, included; today otherwise.")]
Csv = Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write a spreadsheet; - for stdout.")]
Owner = Annotated[str, typer.Option(help="Somebody else's; for administrators.")]


def _commands() -> ModuleType:
    from headwater.cli import analytics_commands  # noqa: PLC0415  loads httpx and rich, which --help does without

    return analytics_commands


def _asked(first: str = "", last: str = "", owner: str = "") -> dict[str, str]:
    return {name: value for name, value in (("from", first), ("to", last), ("owner", owner)) if value}


@app.callback()
def analytics() -> None:
    """See how recordings were watched, by whom, and why it stalled."""


@app.command()
def overview(  # noqa: PLR0913  one parameter for each option
    *,
    first: From = "",
    last: To = "",
    owner: Owner = "",
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Sum up the watching of your recordings, day by day."""
    raise typer.Exit(_commands().overview(Server(url, token, user), _asked(first, last, owner), as_json=as_json))


@app.command()
def recording(  # noqa: PLR0913  one parameter for each option
    recording_id: RecordingId,
    *,
    first: From = "",
    last: To = "",
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Sum up the watching of one recording, day by day, by rung and by network."""
    server = Server(url, token, user)
    raise typer.Exit(_commands().recording(server, recording_id, _asked(first, last), as_json=as_json))


@app.command()
def sessions(
    recording_id: RecordingId,
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 50,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """List the sessions of a recording, newest first."""
    raise typer.Exit(_commands().sessions(Server(url, token, user), recording_id, limit=limit, as_json=as_json))


@app.command()
def session(
    recording_id: RecordingId,
    name: Annotated[str, typer.Argument(metavar="SESSION", help="As `sessions` lists it.", show_default=False)],
    *,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Show what one session was like, and why it stalled."""
    raise typer.Exit(_commands().session(Server(url, token, user), recording_id, name, as_json=as_json))


@app.command()
def attendance(  # noqa: PLR0913  one parameter for each option
    what: Annotated[str, typer.Argument(metavar="ID", help="The recording's id, or with --room a room's name.")],
    *,
    room: Annotated[bool, typer.Option("--room", help="Of all recordings of the room of that name.")] = False,
    owner: Owner = "",
    csv: Csv = None,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Show who watched a recording, when and how much."""
    if owner and not room:
        raise typer.BadParameter("--owner goes with --room: a recording has one owner anyway.")
    server = Server(url, token, user)
    commands, asked = _commands(), _asked(owner=owner)
    raise typer.Exit(commands.attendance(server, what, asked, room=room, csv=csv, as_json=as_json))


@app.command()
def live(
    *, owner: Owner = "", as_json: AsJson = False, url: Url = DEFAULT_URL, token: Token = "", user: User = ""
) -> None:
    """List the streams that are on, with their viewers."""
    raise typer.Exit(_commands().live(Server(url, token, user), _asked(owner=owner), as_json=as_json))


@app.command()
def erase(
    who: Annotated[str, typer.Argument(metavar="USER", help="Whose viewing to forget.", show_default=False)],
    *,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Forget all that somebody watched: your own viewing, or as an administrator anybody's."""
    raise typer.Exit(_commands().erase(Server(url, token, user), who, yes=yes, as_json=as_json))
