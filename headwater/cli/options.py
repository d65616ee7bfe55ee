"""Options that several commands share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated
from urllib.parse import urlsplit

import typer

if TYPE_CHECKING:
    from headwater.client.api import Api

# Said again here, as importing the client costs what --help should not.
DEFAULT_URL = "http://127.0.0.1:8787"


def _origin(url: str) -> str:
    """Return the origin in `url`; typer tells the person when there is none."""
    try:
        parts = urlsplit(url)
        good = parts.scheme in {"http", "https"} and parts.hostname and parts.port != 0
    except ValueError:
        good = False
    if not good:
        raise typer.BadParameter(f"{url} is no address; one looks like {DEFAULT_URL}.")
    return url.rstrip("/")


Url = Annotated[str, typer.Option(envvar="HEADWATER_URL", help="Where the server is.", callback=_origin)]
Token = Annotated[str, typer.Option(envvar="HEADWATER_TOKEN", help="Bearer token; a local stack makes its own.")]
User = Annotated[str, typer.Option(envvar="HEADWATER_USER", help="Who to be on a local stack; you when left out.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout and nothing else.")]
RecordingId = Annotated[str, typer.Argument(metavar="ID", help="The recording's id.", show_default=False)]


def _amount(text: str) -> str:
    """Check an amount in USD; `none` is no limit, and nothing says nothing."""
    try:
        good = text in {"", "none"} or 0 < float(text) < float("inf")
    except ValueError:
        good = False
    if not good:
        raise typer.BadParameter(f"{text} is no amount in USD above 0; one looks like 0.50.")
    return text


MaxCost = Annotated[
    str,
    typer.Option(metavar="USD", help="Stop before it costs more; none lifts a limit.", callback=_amount),
]


def limit_of(max_cost: str) -> dict[str, float | None]:
    """Return what the API is told of a limit: nothing when nothing was said."""
    if not max_cost:
        return {}
    return {"max_cost_usd": None if max_cost == "none" else float(max_cost)}


@dataclass(frozen=True, slots=True)
class Server:
    """Which server to talk to, and as whom."""

    url: str
    token: str
    user: str

    def api(self, role: str = "publisher") -> Api:
        """Make a client for it; sends nothing yet. `role` is for development tokens only."""
        from headwater.client.api import Api  # noqa: PLC0415  loads httpx, which --help does without

        return Api.connect(self.url, token=self.token or None, user=self.user or None, role=role)
