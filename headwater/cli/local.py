"""`headwater local`: the whole of Headwater on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(help="Run the whole of Headwater on this machine.", no_args_is_help=True)

Port = Annotated[int, typer.Option(min=0, max=65535, help="Port on 127.0.0.1; 0 takes any free one.")]
Data = Annotated[
    Path | None, typer.Option(metavar="DIR", file_okay=False, help="Keep recordings, jobs and media in DIR.")
]
Package = Annotated[
    Path | None,
    typer.Option(metavar="DIR", file_okay=False, help="Run what `make package` made in DIR as Lambda would run it."),
]
Verbose = Annotated[bool, typer.Option("--verbose", "-v", help="Show requests and what the functions log.")]


@app.callback()
def local() -> None:
    """Run the whole of Headwater on this machine."""


@app.command()
def up(port: Port = 8787, data: Data = None, packaged: Package = None, *, verbose: Verbose = False) -> None:
    """Start the embedded cloud; Ctrl-C stops it. The last line it prints is `ready http://127.0.0.1:PORT`."""
    from headwater.local.up import run  # noqa: PLC0415  loads the servers, which --help does without

    raise typer.Exit(run(port, data, package=packaged, verbose=verbose))


if __name__ == "__main__":
    app()
