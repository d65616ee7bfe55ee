"""Small handler modules, and real workers that run them."""

from __future__ import annotations

import asyncio
import textwrap
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from headwater.local.declarations import Declarations, FunctionSpec
from headwater.local.functions import LambdaService
from headwater.local.launchers import SourceTree

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from pathlib import Path

HANDLERS = """
    import json, os, subprocess, sys, time
    from pathlib import Path

    def echo(event, context):
        return {"event": event, "pid": os.getpid(), "memory": context.memory_limit_in_mb}

    def environment(event, context):
        return dict(os.environ)

    def sleep(event, context):
        children = [subprocess.Popen(["sleep", "60"], start_new_session=bool(n)) for n in range(2)]
        Path(event["pids"]).write_text(json.dumps([os.getpid(), *(child.pid for child in children)]))
        Path(os.environ["HEADWATER_SCRATCH_DIR"], "half-done").write_bytes(b"x" * 1000)
        time.sleep(60)

    def nap(event, context):
        time.sleep(event["s"])
        return os.getpid()

    def hog(event, context):
        kept = []
        while True:
            kept.append(os.urandom(1024 * 1024))

    def crash(event, context):
        os._exit(3)

    def fail(event, context):
        raise ValueError("not today")

    def large(event, context):
        return "x" * (7 * 1024 * 1024)

    def talk(event, context):
        print("to stdout", event["word"])
        print("to stderr", event["word"], file=sys.stderr)
"""


def spec(handler: str, *, memory_mb: int = 256, timeout_s: int = 10, module: str = "tasks") -> FunctionSpec:
    """Declare one function, named like its handler."""
    return FunctionSpec(handler, f"{module}.{handler}", memory_mb, timeout_s, {"DECLARED": "yes", "REF": "${x.y}"}, ())


@pytest.fixture
def task_root(tmp_path: Path) -> Path:
    """A deployment package with handlers of every temper."""
    root = tmp_path / "root"
    root.mkdir()
    (root / "tasks.py").write_text(textwrap.dedent(HANDLERS))
    (root / "broken.py").write_text("import a_module_that_is_not_there\n")
    return root


@pytest.fixture
def service(task_root: Path, tmp_path: Path) -> Callable[..., Any]:
    """Start functions for the length of an `async with`."""

    @asynccontextmanager
    async def run(*specs: FunctionSpec, **options: Any) -> AsyncIterator[LambdaService]:
        declarations = Declarations({one.name: one for one in specs}, (), (), (), ())
        env = {"HEADWATER_STAGE": "local", "AWS_REGION": "eu-central-1"}
        launcher = SourceTree(task_root, tmp_path / "layers")
        running = LambdaService(declarations, launcher, env, logs=tmp_path / "logs", **options)
        await running.start()
        try:
            yield running
        finally:
            await running.stop()

    return run


@pytest.fixture
def declare() -> Callable[..., FunctionSpec]:
    """Hand out `spec`."""
    return spec


@pytest.fixture
def until() -> Callable[..., Any]:
    """Wait up to some seconds for a condition to hold; says whether it does."""

    async def wait(condition: Callable[[], Any], timeout_s: float = 60.0) -> bool:
        limit = time.monotonic() + timeout_s
        while not condition() and time.monotonic() < limit:  # noqa: ASYNC110  other processes set no events
            await asyncio.sleep(0.05)
        return bool(condition())

    return wait
