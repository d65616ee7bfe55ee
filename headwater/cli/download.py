"""headwater download: the source or a rendition, with a bar, resumed where it stopped."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from headwater.cli.exits import Exit, complain, exit_coded
from headwater.cli.text import clean, print_json
from headwater.client.download import fetch

if TYPE_CHECKING:
    from collections.abc import Callable

    from headwater.cli.options import Server
    from headwater.client.api import Api

Json = dict[str, Any]
SOURCE = "source"
_POLL_S = 1.0


@exit_coded
def download(server: Server, recording_id: str, *, what: str, output: Path | None, as_json: bool) -> Exit:
    """Fetch the source, or a rendition once it is made. An existing folder as output gets the file's own name."""
    found = await_file(server.api(), recording_id, what)
    name = Path(clean(found["filename"]).replace("/", "_")).name
    target = output / name if output and output.is_dir() else output or Path(name)
    if target.exists():
        complain(f"{target} exists already; name another file with -o.")
        return Exit.USAGE
    with Progress(
        TextColumn("{task.description}"),
        *(BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn()),
        console=Console(stderr=True),
        disable=not sys.stderr.isatty(),
    ) as progress:
        bar = progress.add_task("download", total=found["size_bytes"])
        fetch(found["url"], target, found["size_bytes"], lambda size: progress.advance(bar, size))
    if as_json:
        print_json({"file": str(target), "size_bytes": found["size_bytes"]})
    else:
        print(clean(f"Saved {target}."))  # noqa: T201  a command
    return Exit.OK


def await_file(api: Api, recording_id: str, what: str, *, sleep: Callable[[float], object] = time.sleep) -> Json:
    """Return the file's address, having it made and waiting for it if need be."""
    if what == SOURCE:
        source: Json = api.downloads(recording_id)["source"]
        return source
    found = api.make_download(recording_id, what)
    while "url" not in found:
        sleep(_POLL_S)
        found = api.download(recording_id, what)
    return found
