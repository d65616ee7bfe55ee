"""Same content, same bytes."""

from __future__ import annotations

import os
import zipfile
from typing import TYPE_CHECKING

from infra import archives
from infra.package import packed

if TYPE_CHECKING:
    from pathlib import Path

FILES = {"b.py": b"b = 1\n", "a/c.py": b"c = 2\n", "bin/run": b"#!/bin/sh\n"}


def filled(folder: Path, names: list[str], when: int) -> Path:
    """Write FILES in an order, with a date; the program may run."""
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(FILES[name])
        os.utime(path, (when, when))
    (folder / "bin/run").chmod(0o755 if when % 2 else 0o775)
    return folder


def test_order_dates_and_masks_do_not_matter(tmp_path: Path) -> None:
    """Two people on two days make the same archive."""
    one = filled(tmp_path / "one", list(FILES), 1_000_000_001)
    two = filled(tmp_path / "two", list(reversed(FILES)), 1_700_000_000)
    sizes = [archives.pack(folder, tmp_path / f"{folder.name}.zip") for folder in (one, two)]
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()
    assert archives.fingerprint(one) == archives.fingerprint(two)
    assert sizes == [sum(map(len, FILES.values()))] * 2 == [archives.unpacked(tmp_path / "one.zip")] * 2


def test_programs_stay_programs(tmp_path: Path) -> None:
    """Lambda unpacks modes as they are: FFmpeg has to run."""
    archives.pack(filled(tmp_path / "one", list(FILES), 1), tmp_path / "one.zip")
    with zipfile.ZipFile(tmp_path / "one.zip") as opened:
        modes = {entry.filename: entry.external_attr >> 16 for entry in opened.infolist()}
    assert modes == {"a/c.py": 0o100644, "b.py": 0o100644, "bin/run": 0o100755}


def test_what_python_compiled_stays_behind(tmp_path: Path) -> None:
    """It differs from machine to machine and is for another Python."""
    folder = filled(tmp_path / "one", list(FILES), 1)
    before = archives.fingerprint(folder)
    (folder / "__pycache__").mkdir()
    (folder / "__pycache__/b.cpython-311.pyc").write_bytes(b"\0")
    assert archives.fingerprint(folder) == before


def test_a_layer_is_packed_again_only_when_it_changed(tmp_path: Path) -> None:
    """Packing FFmpeg takes seconds; a changed byte makes another archive."""
    folder, archive = filled(tmp_path / "one", list(FILES), 1), tmp_path / "cache/one.zip"
    first = packed(folder, archive)
    stamp = archive.stat().st_mtime_ns
    assert packed(folder, archive) == first
    assert archive.stat().st_mtime_ns == stamp
    (folder / "b.py").write_bytes(b"b = 2\n")
    assert packed(folder, archive).digest != first.digest
