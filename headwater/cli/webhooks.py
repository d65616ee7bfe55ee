"""`headwater webhooks`: who hears of one's recordings and streams."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from headwater.cli.options import DEFAULT_URL, AsJson, Server, Token, Url, User

if TYPE_CHECKING:
    from types import ModuleType

app = typer.Typer(help="Have events of your recordings and streams sent to your server.", no_args_is_help=True)

WebhookId = Annotated[str, typer.Argument(metavar="WEBHOOK", help="Its id, wh_...", show_default=False)]
Address = Annotated[str, typer.Argument(metavar="URL", help="Where to send events: https://...", show_default=False)]
Events = Annotated[list[str] | None, typer.Option("--event", metavar="NAME", help="Only this one; may be repeated.")]


def _commands() -> ModuleType:
    from headwater.cli import webhook_commands  # noqa: PLC0415  loads httpx and rich, which --help does without

    return webhook_commands


@app.callback()
def webhooks() -> None:
    """Have events of your recordings and streams sent to your server."""


@app.command("list")
def list_(*, as_json: AsJson = False, url: Url = DEFAULT_URL, token: Token = "", user: User = "") -> None:
    """List your webhooks and how they do."""
    raise typer.Exit(_commands().listed(Server(url, token, user), as_json=as_json))


@app.command()
def add(  # noqa: PLR0913  one parameter for each option
    address: Address,
    *,
    event: Events = None,
    description: Annotated[str, typer.Option(help="A note to yourself.")] = "",
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """Have events sent to URL, all of them unless --event names some; prints the secret, this once."""
    server = Server(url, token, user)
    raise typer.Exit(_commands().add(server, address, event or ["*"], description, as_json=as_json))


@app.command("test")
def try_out(
    webhook_id: WebhookId, *, as_json: AsJson = False, url: Url = DEFAULT_URL, token: Token = "", user: User = ""
) -> None:
    """Send a made-up event, and say what came of it."""
    raise typer.Exit(_commands().test(Server(url, token, user), webhook_id, as_json=as_json))


@app.command()
def deliveries(
    webhook_id: WebhookId,
    *,
    limit: Annotated[int, typer.Option(min=1, help="At most so many.")] = 25,
    as_json: AsJson = False,
    url: Url = DEFAULT_URL,
    token: Token = "",
    user: User = "",
) -> None:
    """List what was sent, newest first."""
    raise typer.Exit(_commands().deliveries(Server(url, token, user), webhook_id, limit=limit, as_json=as_json))


@app.command()
def remove(webhook_id: WebhookId, *, url: Url = DEFAULT_URL, token: Token = "", user: User = "") -> None:
    """Remove a webhook with its log."""
    raise typer.Exit(_commands().remove(Server(url, token, user), webhook_id))
