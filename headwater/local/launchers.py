"""How a worker's process starts: here from the source tree, in `jail` from what is deployed."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from headwater.local import worker
from headwater.local.environment import layer_environment, worker_environment

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping

    from headwater.local.declarations import FunctionSpec


class Launcher(Protocol):
    """Starts workers and knows what they use."""

    async def launch(
        self, spec: FunctionSpec, env: Mapping[str, str], *, scratch: Path, runtime_api: str, lifeline: int
    ) -> Process:
        """Start one in a session of its own, with its output in a pipe; it ends when `lifeline` closes."""

    def rss_bytes(self, pid: int) -> int:
        """Return the resident memory of what `launch` started, in bytes."""


class SourceTree:
    """Runs the code in `root` with this process's own Python; the layers are what is built in `layers`."""

    def __init__(self, root: Path, layers: Path) -> None:
        self._root = root
        self._layers = layers

    async def launch(
        self, spec: FunctionSpec, env: Mapping[str, str], *, scratch: Path, runtime_api: str, lifeline: int
    ) -> Process:
        """Start AWS's runtime client on the function's handler; `env` is what the stack tells every function."""
        told = {**env, **layer_environment(spec.layers, self._layers)}
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", str(Path(worker.__file__)), spec.handler, str(lifeline)),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=worker_environment(spec, told, root=self._root, scratch=scratch, runtime_api=runtime_api),
            cwd=self._root,
            pass_fds=(lifeline,),
            start_new_session=True,
        )

    def rss_bytes(self, pid: int) -> int:
        """Return the resident memory of the process and its descendants, in bytes."""
        return worker.rss_bytes(pid)
