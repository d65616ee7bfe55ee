"""Fetching a file from a signed address: into a part file that a second try goes on with."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx

from headwater.client.errors import Unreachable
from headwater.client.transport import TIMEOUT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

TRIES = 5
_PARTIAL = 206


def fetch(url: str, target: Path, size_bytes: int, on_bytes: Callable[[int], object]) -> None:
    """Write the file at `url` to `target`; `on_bytes` hears how many bytes came, first those there already.

    Interrupted, what came stays in `{target}.part`, and the next call asks for the rest. Raises Unreachable.
    """
    part = target.with_name(target.name + ".part")
    had = part.stat().st_size if part.exists() else 0
    if had > size_bytes:
        part.unlink()
        had = 0
    on_bytes(had)
    for _ in range(TRIES):
        if had == size_bytes:
            break
        had += _go_on(url, part, had, on_bytes)
    if had != size_bytes:
        raise Unreachable("The download broke off. Run the same command again: it goes on where it stopped.")
    part.touch()
    part.replace(target)


def _go_on(url: str, part: Path, had: int, on_bytes: Callable[[int], object]) -> int:
    """Append what comes; returns how many bytes that was, also when the connection broke."""
    came = 0
    try:
        headers = {"range": f"bytes={had}-"} if had else {}
        with httpx.stream("GET", url, headers=headers, timeout=TIMEOUT) as answer, part.open("ab") as file:
            if answer.status_code != (_PARTIAL if had else httpx.codes.OK):
                raise Unreachable(f"Storage refused the download ({answer.status_code}). Run the command again.")
            for piece in answer.iter_raw():
                file.write(piece)
                came += len(piece)
                on_bytes(len(piece))
    except httpx.TransportError:
        return came
    return came
