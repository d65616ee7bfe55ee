"""What `headwater local up` says when it is up: the endpoints that work, by what they are for."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

import chalicelib

if TYPE_CHECKING:
    from pathlib import Path
    from typing import TextIO


@dataclass(frozen=True, slots=True)
class Line:
    """One endpoint; `part` groups lines."""

    part: str
    name: str
    value: str


def banner_lines(public_url: str, buckets: tuple[str, ...], data_dir: Path | None, logs: Path) -> list[Line]:
    """Return every endpoint; `data_dir` is None when everything goes away at the end."""
    kept = str(data_dir) if data_dir is not None else "temporary, gone at the end (keep it with --data DIR)"
    uploads = [Line("Uploads", "S3, presigned", f"{public_url}/{bucket}/") for bucket in buckets]
    return [
        Line("Pages", "Console", f"{public_url}/"),
        Line("Pages", "Player", f"{public_url}/watch/{{recording}}"),
        Line("Pages", "Live studio", f"{public_url}/studio"),
        Line("API", "REST", f"{public_url}/api/v1"),
        Line("API", "Health", f"{public_url}/health"),
        Line("API", "OpenAPI", f"{public_url}/openapi.json"),
        Line("API", "Dev token", f"{public_url}/dev/token?user=you&role=publisher"),
        *uploads,
        Line("Live", "Ingest, PUT", f"{public_url}/ingest/{{stream}}/{{key}}/"),
        Line("Live", "WebSocket", f"{public_url.replace('http', 'ws', 1)}/ws?token={{token}}"),
        Line("Delivery", "CDN", f"{public_url}/media/ (signed cookies)"),
        Line("Files", "Data", kept),
        Line("Files", "Function logs", str(logs)),
    ]


def show_banner(lines: list[Line], out: TextIO | None = None) -> None:
    """Print the lines: a table on a terminal, plain text elsewhere."""
    out = out or sys.stdout
    title = f"Headwater {chalicelib.__version__}, the embedded cloud"
    if out.isatty():
        _show_table(title, lines, out)
    else:
        text = [f"  {line.part:<9} {line.name:<14} {line.value}" for line in lines]
        out.write("\n".join(["", title, *text, "", ""]))
    out.flush()


def _show_table(title: str, lines: list[Line], out: TextIO) -> None:
    table = Table(title=title, title_justify="left", title_style="bold", show_header=False, box=None, padding=(0, 2))
    table.add_column(style="cyan", no_wrap=True)
    table.add_column(no_wrap=True)
    # Addresses are for copying: never cut.
    table.add_column(style="green", overflow="fold")
    for number, line in enumerate(lines):
        is_first = number == 0 or lines[number - 1].part != line.part
        table.add_row(line.part if is_first else "", line.name, line.value)
    console = Console(file=out, highlight=False)
    console.print()
    console.print(table)
    console.print()
