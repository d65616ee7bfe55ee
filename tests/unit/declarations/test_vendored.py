"""Vendored libraries: what is there is what was fetched, has its licence, and is checked with its own types."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
VENDOR = ROOT / "web/vendor"
FOLDERS = sorted(folder.name for folder in VENDOR.iterdir() if folder.is_dir())


def test_every_file_is_what_was_fetched() -> None:
    """SHA256SUMS names each file and no other, with its digest."""
    lines = (VENDOR / "SHA256SUMS").read_text().splitlines()
    listed = {name.removeprefix("./"): digest for digest, name in (line.split("  ", 1) for line in lines)}
    there = {str(path.relative_to(VENDOR)) for path in VENDOR.glob("*/**/*") if path.is_file()}
    assert set(listed) == there
    assert {name: hashlib.sha256((VENDOR / name).read_bytes()).hexdigest() for name in listed} == listed


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_has_a_licence_and_a_line(folder: str) -> None:
    """The licence lies beside it, and the README has its version."""
    name, _, version = folder.rpartition("-")
    assert list((VENDOR / folder).glob("LICENSE*"))
    rows = [line for line in (VENDOR / "README.md").read_text().splitlines() if line.startswith("|")]
    assert [row for row in rows if name in row and f"| {version} |" in row]


def test_types_are_of_the_versions_that_pages_load() -> None:
    """A library that was updated without its types would be checked against the wrong ones."""
    typed = {folder.name for folder in (ROOT / "tests/pages/vendor").iterdir()}
    assert typed <= set(FOLDERS)
    wanted = json.loads((ROOT / "tests/pages/package.json").read_text())["dependencies"]
    vendored = dict(folder.rsplit("-", 1) for folder in FOLDERS)
    both = {package for package in wanted if package.rpartition("/")[2] in vendored}
    assert {package: vendored[package.rpartition("/")[2]] for package in both} == {p: wanted[p] for p in both}
