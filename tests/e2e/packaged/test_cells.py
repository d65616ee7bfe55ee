"""What a function in a cell can see, write, reach and use: what Lambda gives, and nothing of this machine."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import textwrap
import time
import zipfile
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest
from support.loops import run_aside

from headwater.local import worker
from headwater.local.declarations import Declarations, FunctionSpec
from headwater.local.functions import LambdaService
from headwater.local.jail.launcher import Jail, unpack
from headwater.local.packaged import Package
from layers.python.build import RUNTIME

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from pathlib import Path

    from headwater.local.jail.launcher import Runtime

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(600)]
SCRATCH_MB = 16
CODE = """
    import errno, os, pathlib, socket, subprocess, sys, time

    def _try(what, *arguments):
        try:
            what(*arguments)
        except OSError as error:
            return errno.errorcode.get(error.errno, type(error).__name__)
        return "done"

    def look(event, context):
        places = ["/var/task", "/opt", "/var/runtime", "/", "/etc", "/usr", "/dev", "/proc", "/tmp"]
        return {
            "python": list(sys.version_info[:2]),
            "user": os.getuid(),
            "env": dict(os.environ),
            "folder": os.getcwd(),
            "files": sorted(os.listdir("/var/task")),
            "root": sorted(os.listdir("/")),
            "writes": {place: _try(pathlib.Path(place, "new").write_text, "x") for place in places},
            "mounts": _try(os.chroot, "/tmp"),
            "reached": {str(port): _try(socket.create_connection, ("127.0.0.1", port), 5) for port in event["ports"]},
            "outside": _try(socket.create_connection, ("192.0.2.1", 80), 5),
            "machine": os.path.exists(event["path"]),
            "deadline": context.get_remaining_time_in_millis() <= 60_000,
        }

    def fill(event, context):
        return _try(pathlib.Path("/tmp/much").write_bytes, bytes(event["mb"] << 20))

    def eat(event, context):
        much = bytearray(os.urandom(1 << 20) * event["mb"])
        time.sleep(60)

    def sleep(event, context):
        child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
        time.sleep(600)
"""
AWS = {
    "AWS_REGION": "eu-central-1",
    "AWS_DEFAULT_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "key",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
}


@pytest.fixture
def doors() -> Iterator[list[int]]:
    """Two ports of this machine that answer: the first is AWS, of the second no cell is told."""
    listeners = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    yield [listener.getsockname()[1] for listener in listeners]
    for listener in listeners:
        listener.close()


@pytest.fixture
def service(runtime: Runtime, doors: list[int], tmp_path: Path) -> Callable[..., Any]:
    """Run functions of a small package in cells for the length of an `async with`."""

    @asynccontextmanager
    async def run(handler: str, *, memory_mb: int = 256, timeout_s: int = 60) -> AsyncIterator[LambdaService]:
        spec = FunctionSpec(handler, f"tasks.{handler}", memory_mb, timeout_s, {"HEADWATER_STAGE": "proof"}, ())
        declared = Declarations({handler: spec}, (), (), (), ())
        told = frozenset({"HEADWATER_MEDIA_BUCKET"})
        names, sizes = {handler: f"headwater-proof-{handler}"}, {handler: SCRATCH_MB}
        package = Package(tmp_path, "proof", RUNTIME, "", declared, names, told, sizes)
        with zipfile.ZipFile(tmp_path / "deployment.zip", "w") as opened:
            entry = zipfile.ZipInfo("tasks.py")
            entry.external_attr = 0o644 << 16
            opened.writestr(entry, textwrap.dedent(CODE))
        stack = {"HEADWATER_MEDIA_BUCKET": "media", "HEADWATER_LOG_LEVEL": "DEBUG", "OTHER": "x"}
        stack |= {"AWS_ENDPOINT_URL": f"http://127.0.0.1:{doors[0]}"}
        jail = Jail(package, unpack(package, tmp_path / "unpacked"), runtime)
        running = LambdaService(declared, jail, AWS | stack, logs=tmp_path / "logs")
        await running.start()
        try:
            yield running
        finally:
            await running.stop()

    return run


def invoked(service: Callable[..., Any], handler: str, event: object, **limits: int) -> Any:
    """Return what came of one event."""

    async def scenario() -> Any:
        async with service(handler, **limits) as functions:
            return await functions.invoke(handler, event)

    return run_aside(scenario())


@pytest.fixture
def looked(service: Callable[..., Any], doors: list[int]) -> dict[str, Any]:
    """What a function says about the place it is in."""
    outcome = invoked(service, "look", {"ports": doors, "path": sys.executable})
    assert outcome.error is None, outcome.error
    return dict(json.loads(outcome.payload))


def test_a_cell_is_like_lambda(looked: dict[str, Any], doors: list[int]) -> None:
    """Its Python, a user without rights, code that cannot be written, and no way out but to AWS."""
    assert (f"python{'.'.join(map(str, looked['python']))}", looked["folder"]) == (RUNTIME, "/var/task")
    assert (looked["files"], looked["user"], looked["mounts"]) == (["tasks.py"], 1051, "EPERM")
    written = {place for place, how in looked["writes"].items() if how == "done"}
    assert written == {"/tmp"}, looked["writes"]  # noqa: S108  the cell's own
    assert {"EROFS", "EACCES", "EPERM", "ENOENT", "done"} >= set(looked["writes"].values())
    assert looked["reached"] == {str(doors[0]): "done", str(doors[1]): "ECONNREFUSED"}
    assert looked["outside"] == "ENETUNREACH"
    assert {"root", "home", "work"}.isdisjoint(looked["root"])
    assert (looked["machine"], looked["deadline"]) == (False, True)


def test_a_function_is_told_what_its_deployment_tells(looked: dict[str, Any], doors: list[int]) -> None:
    """The packaged settings, Terraform's values, what Lambda says, and where AWS is: none of the local stack's own."""
    env = looked["env"]
    ours = {name: value for name, value in env.items() if name.startswith("HEADWATER_")}
    assert ours == {"HEADWATER_STAGE": "proof", "HEADWATER_MEDIA_BUCKET": "media"}
    assert {name: env[name] for name in AWS} == AWS
    assert env["AWS_ENDPOINT_URL"] == f"http://127.0.0.1:{doors[0]}"
    assert (env["_HANDLER"], env["AWS_LAMBDA_FUNCTION_NAME"]) == ("tasks.look", "headwater-proof-look")
    assert (env["LAMBDA_TASK_ROOT"], env["AWS_EXECUTION_ENV"]) == ("/var/task", f"AWS_Lambda_{RUNTIME}")
    assert {"OTHER", "HOME", "TMPDIR", "USER"}.isdisjoint(env)


def test_scratch_space_is_limited(service: Callable[..., Any]) -> None:
    """What fits is written, what does not is refused."""
    assert json.loads(invoked(service, "fill", {"mb": SCRATCH_MB // 2}).payload) == "done"
    assert json.loads(invoked(service, "fill", {"mb": SCRATCH_MB + 1}).payload) == "ENOSPC"


def test_memory_is_limited(service: Callable[..., Any]) -> None:
    """A function that takes more than it has is ended, as on Lambda; the cell's own processes do not count."""
    outcome = invoked(service, "eat", {"mb": 200}, memory_mb=128)
    assert outcome.error["errorType"] == "Runtime.OutOfMemory"
    assert outcome.memory_mb > 128


def test_time_is_limited_and_nothing_is_left(service: Callable[..., Any]) -> None:
    """At the deadline the whole cell goes, with whatever was started in it, in whatever session."""
    seen: set[int] = set()

    async def scenario() -> Any:
        async with service("sleep", timeout_s=5) as functions:
            running = asyncio.create_task(functions.invoke("sleep", {}))
            while not running.done():
                seen.update(processes(functions))
                await asyncio.sleep(0.2)
            return running.result()

    outcome = run_aside(scenario())
    assert (outcome.timed_out, outcome.error["errorType"]) == (True, "Sandbox.Timedout")
    assert len(seen) >= 4
    deadline = time.monotonic() + 60
    while any(map(worker.is_alive, seen)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def processes(functions: LambdaService) -> list[int]:
    """Process ids of a busy function's cell, as this machine counts them."""
    busy = next(iter(functions._pools["sleep"]._busy), None)
    return worker.tree(busy._process.pid) if busy is not None and busy._process is not None else []
