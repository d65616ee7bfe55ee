"""A package as it would be deployed, and what Lambda brings to it."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from headwater.local import packaged
from headwater.local.jail import cell
from headwater.local.jail.launcher import read_runtime, unpack
from infra import package as packaging
from layers.runtime import build as runtime_build
from layers.wheels import host_arch

if TYPE_CHECKING:
    from headwater.local.jail.launcher import Runtime
    from headwater.local.packaged import Package

STAGE = "proof"
"""Has no configuration of its own: what is packaged is prod's under this name."""
ARCH = {"x86_64": "x86_64", "aarch64": "arm64"}


@pytest.fixture(scope="session")
def runtime() -> Runtime:
    """Lambda's own part, made as `make lambda` makes it; needs a kernel that lets somebody make namespaces."""
    done = subprocess.run([sys.executable, "-I", cell.__file__, "--check"], capture_output=True, text=True, check=False)
    if done.returncode:
        refuse = pytest.fail if os.environ.get("CI") else pytest.skip
        refuse(f"this machine lets nobody make namespaces: {done.stderr.strip()}")
    runtime_build.build()
    return read_runtime(runtime_build.TARGET)


@pytest.fixture(scope="session")
def package(runtime: Runtime, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """What `make package` makes, unpacked already where the stack looks for it."""
    root = tmp_path_factory.mktemp("package") / "root"
    packaging.make(STAGE, ARCH[host_arch()], root)
    read = packaged.read(root)
    unpack(read, runtime.folder / "packages")
    return read
