"""Build the probe layer: `python -m layers.probe.build [--arch x86_64|aarch64] [--out DIR]`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from layers import wheels

if TYPE_CHECKING:
    import zipfile
    from pathlib import Path


def lay(wheel: zipfile.ZipFile, pin: wheels.Pin, target: Path) -> None:
    """Unpack the wheel as it is, licences included, into python/, which Lambda has on its path."""
    home = target / "python"
    wheel.extractall(home)
    if not (home / pin.package / "__init__.py").is_file():
        raise wheels.LayerError(f"The wheel holds no package {pin.package}.")


if __name__ == "__main__":
    sys.exit(wheels.main("probe", lay))
