"""Temporary folders that go away even when their owner was killed: the next one to make such a folder clears up."""

from __future__ import annotations

import os
import shutil
import tempfile
from pathlib import Path


def make(kind: str) -> Path:
    """Make a folder for this process, and remove those of the same kind whose process is gone."""
    prefix = f"headwater-{kind}-"
    for folder in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        owner = folder.name.removeprefix(prefix).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists():
            shutil.rmtree(folder, ignore_errors=True)
    return Path(tempfile.mkdtemp(prefix=f"{prefix}{os.getpid()}-"))
