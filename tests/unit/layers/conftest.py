"""A tiny wheel with a pin, so that no test needs the network."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from layers import wheels

if TYPE_CHECKING:
    from pathlib import Path

PROGRAM = b"#!/bin/sh\necho tiny 1.0\n"


@dataclass
class Shelf:
    """A fake index: one wheel on disk, how often it was fetched, and the pin that names it."""

    wheel: Path
    pin: wheels.Pin
    fetched: int = 0

    def fetch(self, pin: wheels.Pin, folder: Path) -> Path:
        """Copy the wheel into `folder`, as pip would."""
        self.fetched += 1
        copy = folder / f"{pin.package}.whl"
        copy.write_bytes(self.wheel.read_bytes())
        return copy


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """Return a wheel with one program and one package, pinned right."""
    wheel = tmp_path / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as out:
        out.writestr("tiny/binaries/tiny-x", PROGRAM)
        out.writestr("tiny/__init__.py", "VERSION = '1.0'\n")
        out.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        out.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr("tiny-1.0.dist-info/licenses/LICENSE.txt", "BSD\n")
    pin = wheels.Pin(
        package="tiny",
        version="1.0",
        arch=wheels.host_arch(),
        platform="any",
        sha256=wheels.sha256(wheel),
        binary="tiny/binaries/tiny-x",
        binary_sha256=hashlib.sha256(PROGRAM).hexdigest(),
    )
    return Shelf(wheel=wheel, pin=pin)
