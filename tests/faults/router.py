"""`headwater local up` as people start it, but for three things: a proxy before AWS, a plan's limits, its own workers.

Run as a program by `cloud.FaultyCloud`, with the arguments of `headwater local up`.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import sys
import urllib.request
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from faults import plan as plans  # noqa: E402  found by the line above
from headwater.local import functions, stack, up, worker  # noqa: E402
from headwater.local.application import from_source  # noqa: E402
from headwater.local.aws import AwsEmulator  # noqa: E402
from headwater.local.environment import QueueSpec, Stack, layer_environment, worker_environment  # noqa: E402
from headwater.local.launchers import SourceTree  # noqa: E402

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping

    from headwater.local.application import Application
    from headwater.local.declarations import Declarations, FunctionSpec

SITE = Path(__file__).parent / "worker_site"
WHERE = Path(os.environ[plans.PLAN])
UPLOADS_S, ENCODE_S, LIFECYCLE_S = 40, 60, 20
"""Instead of 12, 15 and 30 minutes: what a worker took that died before its first call comes back while we wait."""
TRUE_CLOCK = {"authorizer", "ingest_authorizer"}
"""Judge tokens: what they take at the borders is a question of its own."""


class BehindProxy(AwsEmulator):
    """The emulator, which everybody reaches through the proxy only."""

    def start(self, data_dir: Path | None = None) -> str:
        """Start it and tell the proxy where it is."""
        proxy, real = os.environ[plans.PROXY], super().start(data_dir)
        request = urllib.request.Request(f"{proxy}/faults/upstream", real.encode(), method="PUT")  # noqa: S310
        with urllib.request.urlopen(request, timeout=30):  # noqa: S310  our own address
            return proxy


class HurriedStack(Stack):
    """The same resources."""

    @property
    def uploads(self) -> QueueSpec:
        """Queue of S3's notifications."""
        return replace(super().uploads, visibility_s=UPLOADS_S)

    @property
    def encode(self) -> QueueSpec:
        """Queue of encode tasks."""
        return replace(super().encode, visibility_s=ENCODE_S)

    @property
    def lifecycle(self) -> QueueSpec:
        """Queue of deletions."""
        return replace(super().lifecycle, visibility_s=LIFECYCLE_S)


class FaultyTree(SourceTree):
    """Starts workers with the plan's clocks and disks."""

    def __init__(self, root: Path, layers: Path) -> None:
        super().__init__(root, layers)
        self._counter = itertools.count()

    async def launch(
        self, spec: FunctionSpec, env: Mapping[str, str], *, scratch: Path, runtime_api: str, lifeline: int
    ) -> Process:
        """Start one as SourceTree does."""
        plan = plans.read(WHERE)
        told = {**env, **layer_environment(spec.layers, self._layers)}
        variables = worker_environment(spec, told, root=self._root, scratch=scratch, runtime_api=runtime_api)
        variables["PYTHONPATH"] = f"{SITE}{os.pathsep}{variables['PYTHONPATH']}"
        if plan.skews_s and spec.name not in TRUE_CLOCK:
            variables["FAULTS_SKEW_S"] = str(plan.skews_s[next(self._counter) % len(plan.skews_s)])
        command = [sys.executable, "-P", str(Path(worker.__file__)), spec.handler, str(lifeline)]
        if plan.scratch_mb and spec.name.startswith("on_encode"):
            command = plans.namespaced(command, scratch, plan.scratch_mb)
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env=variables,
            cwd=self._root,
            pass_fds=(lifeline,),
            start_new_session=True,
        )


def application(_package: Path | None) -> Application:
    """Take the source tree, with the plan's limits."""
    made = from_source(up.ROOT, up.LAYERS)

    def load() -> Declarations:
        plan, found = plans.read(WHERE), made.load()
        limited = {
            name: replace(
                spec,
                memory_mb=plan.memory_mb.get(name, spec.memory_mb),
                timeout_s=plan.timeouts_s.get(name, spec.timeout_s),
            )
            for name, spec in found.functions.items()
        }
        return replace(found, functions=limited)

    return replace(made, stack=HurriedStack(), load=load, launcher=FaultyTree(up.ROOT, up.LAYERS))


def main() -> int:
    """Start, and run until told to end."""
    told = sys.argv[1:]
    port, data = int(told[told.index("--port") + 1]), Path(told[told.index("--data") + 1])
    encoders = plans.read(WHERE).encoders
    limits = functions.default_concurrency() | {"on_encode": encoders}
    with (
        patch.object(stack, "AwsEmulator", BehindProxy),
        patch.object(up, "_application", application),
        patch.object(functions, "default_concurrency", lambda: limits),
    ):
        return up.run(port, data)


if __name__ == "__main__":
    sys.exit(main())
