"""Temporary folders."""

from __future__ import annotations

import os
import subprocess
import tempfile
from typing import TYPE_CHECKING

from headwater.local import scratch

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_what_a_killed_process_left_is_removed_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Folders of the living, of other kinds and of other programs stay."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen(["true"]) as ended:
        ended.wait()
    names = [f"headwater-cloud-{os.getpid()}-x", f"headwater-lambda-{ended.pid}-x", "headwater-cloud-notes", "other"]
    for name in [*names, f"headwater-cloud-{ended.pid}-x"]:
        (tmp_path / name).mkdir()
    made = scratch.make("cloud")
    assert {folder.name for folder in tmp_path.iterdir()} == {*names, made.name}
