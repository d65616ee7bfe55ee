"""The stream keys this machine knows: shown once by the server, kept for the one person who may read them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class StreamKey:
    """What an encoder needs to push to one stream."""

    stream_id: str
    recording_id: str
    push_url: str
    key: str
    target_s: int


def state_dir(env: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for live streams' state, as the XDG base directory rules name it."""
    base = env.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(base) / "headwater" / "live"


def make_private(folder: Path) -> None:
    """Make a folder that only the person can look into: keys and pictures lie there."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)


def save(key: StreamKey, folder: Path) -> None:
    """Keep a key; nobody else can read it at any moment."""
    make_private(folder)
    path = _path(key.stream_id, folder)
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        json.dump(asdict(key), file)
    fresh.replace(path)


def find(name: str, folder: Path) -> StreamKey | None:
    """Return the newest key kept of a stream or a recording; None when this machine knows none."""
    known = sorted(folder.glob("live_*.json"), key=lambda path: path.stat().st_mtime, reverse=True)
    found = (_read(path) for path in known)
    return next((key for key in found if key and name in {key.stream_id, key.recording_id}), None)


def _read(path: Path) -> StreamKey | None:
    try:
        return StreamKey(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def forget(stream_id: str, folder: Path) -> None:
    """Remove the key of a stream that is over."""
    _path(stream_id, folder).unlink(missing_ok=True)


def _path(stream_id: str, folder: Path) -> Path:
    return folder / f"{Path(stream_id).name}.json"
