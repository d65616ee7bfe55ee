"""Archives that have the same bytes whenever they have the same content: sorted, dated 1980, with two modes only."""

from __future__ import annotations

import hashlib
import os
import shutil
import zipfile
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_EPOCH = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_LEVEL = 6
_BLOCK = 1 << 20
_SKIPPED = ("__pycache__", ".pyc")


def members(folder: Path) -> list[Path]:
    """Return the files of a folder that belong into an archive, by name: what Python compiled by itself does not."""
    found = (path for path in folder.rglob("*") if path.is_file())
    return sorted(path for path in found if not any(mark in str(path.relative_to(folder)) for mark in _SKIPPED))


def pack(folder: Path, archive: Path, beside: Path | None = None) -> int:
    """Write `archive` from what is in `folder`, and all that lies in `beside`: bytecode that was made for Lambda.

    Returns the bytes that unpacking takes. Appears whole or not at all.
    """
    draft = archive.with_name(f"{archive.name}.{os.getpid()}")
    archive.parent.mkdir(parents=True, exist_ok=True)
    size = 0
    files = {str(path.relative_to(folder)): path for path in members(folder)}
    if beside is not None:
        files |= {str(path.relative_to(beside)): path for path in beside.rglob("*") if path.is_file()}
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=_LEVEL) as opened:
        for name, path in sorted(files.items()):
            size += path.stat().st_size
            runs = path.stat().st_mode & 0o111
            with (
                path.open("rb") as source,
                opened.open(_entry(name, runs=bool(runs)), "w") as sink,
            ):
                shutil.copyfileobj(source, sink, _BLOCK)
    draft.replace(archive)
    return size


def unpacked(archive: Path) -> int:
    """Return the bytes that unpacking takes."""
    with zipfile.ZipFile(archive) as opened:
        return sum(entry.file_size for entry in opened.infolist())


def digest(path: Path) -> str:
    """Return a file's SHA-256, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def fingerprint(folder: Path) -> str:
    """Return what two folders have in common exactly when `pack` makes the same archive of them."""
    seen = hashlib.sha256()
    for path in members(folder):
        runs = bool(path.stat().st_mode & 0o111)
        seen.update(f"{path.relative_to(folder)}\0{runs}\0{digest(path)}\n".encode())
    return seen.hexdigest()


def copy_tree(source: Path, target: Path, names: Iterable[str] | None = None) -> None:
    """Copy a folder, or those files of it that are named, without what Python compiled by itself."""
    chosen = members(source) if names is None else [source / name for name in names]
    for path in chosen:
        to = target / path.relative_to(source)
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, to)


def _entry(name: str, *, runs: bool) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.create_system = _UNIX
    entry.external_attr = (0o100755 if runs else 0o100644) << 16
    return entry
