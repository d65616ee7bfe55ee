"""Workers under AWS's own runtime client."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import textwrap
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from headwater.local.worker import is_alive

if TYPE_CHECKING:
    from collections.abc import Callable


def test_an_event_goes_in_and_a_result_comes_out(service: Any, declare: Any) -> None:
    """The second event finds the worker warm."""

    async def scenario() -> tuple[Any, Any]:
        async with service(declare("echo")) as functions:
            return await functions.invoke("echo", {"n": 1}), await functions.invoke("echo", {"n": "ü"})

    first, second = (json.loads(one.payload) for one in asyncio.run(scenario()))
    assert (first["event"], second["event"], first["pid"]) == ({"n": 1}, {"n": "ü"}, second["pid"])
    assert first["memory"] == "256"


def test_a_warm_call_costs_little(service: Any, declare: Any) -> None:
    """Well below what a person notices (typically 2 ms); on a busy machine at least one of them."""

    async def scenario() -> list[float]:
        async with service(declare("echo")) as functions:
            await functions.warm("echo")
            return [(await functions.invoke("echo", {})).duration_ms for _ in range(20)]

    assert min(asyncio.run(scenario())) < 50


def test_a_worker_sees_what_lambda_would_show_it(service: Any, declare: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Declared values and Lambda's own; nothing of the router's, no reference left for Terraform."""
    monkeypatch.setenv("ROUTERS_OWN_SECRET", "x")

    async def scenario() -> Any:
        async with service(declare("environment")) as functions:
            return await functions.invoke("environment", {})

    env = json.loads(asyncio.run(scenario()).payload)
    wanted = {"DECLARED": "yes", "AWS_LAMBDA_FUNCTION_NAME": "headwater-local-environment", "TZ": ":UTC"}
    assert {name: env.get(name) for name in wanted} == wanted
    assert {"ROUTERS_OWN_SECRET", "REF"}.isdisjoint(env)
    assert env["TMPDIR"] == env["HEADWATER_SCRATCH_DIR"]
    assert Path(env["TMPDIR"]).name == "environment-1"


def test_at_the_deadline_everything_goes(service: Any, declare: Any, tmp_path: Path) -> None:
    """The worker, its children in whatever session, and its scratch folder; the next event gets a new worker."""
    pids = tmp_path / "pids"

    async def scenario() -> tuple[Any, list[int], list[Path]]:
        async with service(declare("sleep", timeout_s=1)) as functions:
            outcome = await functions.invoke("sleep", {"pids": str(pids)})
            left = list(functions._scratch.glob("sleep-*"))
            again = await functions.invoke("sleep", {"pids": str(pids)})
            assert again.timed_out
            return outcome, json.loads(pids.read_text()), left

    outcome, started, left = asyncio.run(scenario())
    assert (outcome.timed_out, outcome.payload, left) == (True, None, [])
    assert outcome.error["errorMessage"].endswith("Task timed out after 1.00 seconds")
    assert 900 < outcome.duration_ms < 10_000
    assert [pid for pid in started if is_alive(pid)] == []


@pytest.mark.parametrize(
    ("handler", "kind"),
    [
        ("hog", "Runtime.OutOfMemory"),
        ("crash", "Runtime.ExitError"),
        ("fail", "ValueError"),
        ("large", "Function.ResponseSizeTooLarge"),
    ],
)
def test_failures_are_told_apart_and_cost_one_worker(service: Any, declare: Any, handler: str, kind: str) -> None:
    """Each has Lambda's error type, and the function beside it goes on."""

    async def scenario() -> tuple[Any, Any]:
        async with service(declare(handler, memory_mb=160), declare("echo")) as functions:
            return await functions.invoke(handler, {}), await functions.invoke("echo", 1)

    failed, after = asyncio.run(scenario())
    assert (failed.payload, failed.error["errorType"], failed.timed_out) == (None, kind, False)
    assert json.loads(after.payload)["event"] == 1


def test_a_handler_that_cannot_be_imported_says_so(service: Any, declare: Any, tmp_path: Path) -> None:
    """The error names the module, and the log holds it too."""

    async def scenario() -> tuple[Any, Any]:
        async with service(declare("handler", module="broken")) as functions:
            return await functions.warm("handler"), await functions.invoke("handler", {})

    warmed, outcome = asyncio.run(scenario())
    assert (warmed["errorType"], outcome.error["errorType"]) == ("Runtime.ImportModuleError",) * 2
    assert "a_module_that_is_not_there" in outcome.error["errorMessage"]
    assert "a_module_that_is_not_there" in (tmp_path / "logs" / "handler.log").read_text()


def test_events_share_the_workers_there_may_be(service: Any, declare: Any) -> None:
    """Six naps on two workers take three rounds, in order of arrival."""

    async def scenario() -> tuple[list[Any], float]:
        async with service(declare("nap"), concurrency={"nap": 2}) as functions:
            await functions.warm("nap", 2)
            begun = time.monotonic()
            outcomes = await asyncio.gather(*(functions.invoke("nap", {"s": 0.4}) for _ in range(6)))
            return [json.loads(outcome.payload) for outcome in outcomes], time.monotonic() - begun

    pids, took = asyncio.run(scenario())
    assert len(set(pids)) == 2
    assert took > 1.1


def test_what_a_function_prints_is_kept(service: Any, declare: Any, tmp_path: Path) -> None:
    """Both streams, and Lambda's own lines around them."""

    async def scenario() -> None:
        async with service(declare("talk")) as functions:
            await functions.invoke("talk", {"word": "hello"})

    asyncio.run(scenario())
    log = (tmp_path / "logs" / "talk.log").read_text()
    missing = [part for part in ("to stdout hello", "to stderr hello", "START RequestId", "REPORT") if part not in log]
    assert missing == []


def test_a_worker_that_dies_idle_is_replaced(service: Any, declare: Any, until: Callable[..., Any]) -> None:
    """The next event does not meet a corpse."""

    async def scenario() -> tuple[int, int]:
        async with service(declare("echo")) as functions:
            first = json.loads((await functions.invoke("echo", {})).payload)["pid"]
            os.kill(first, 9)
            await until(lambda: not is_alive(first))
            return first, json.loads((await functions.invoke("echo", {})).payload)["pid"]

    first, second = asyncio.run(scenario())
    assert first != second


def test_stopping_abandons_what_runs(service: Any, declare: Any, tmp_path: Path, until: Callable[..., Any]) -> None:
    """A busy worker does not hold up the end, and nothing of it stays."""
    pids = tmp_path / "pids"

    async def scenario() -> tuple[float, Any]:
        async with service(declare("sleep", timeout_s=60)) as functions:
            running = asyncio.create_task(functions.invoke("sleep", {"pids": str(pids)}))
            await until(pids.exists)
            begun = time.monotonic()
            await functions.stop()
            return time.monotonic() - begun, await running

    took, outcome = asyncio.run(scenario())
    assert took < 40  # it would sleep for a minute
    assert outcome.error["errorType"] == "Runtime.ExitError"
    assert [pid for pid in json.loads(pids.read_text()) if is_alive(pid)] == []


ROUTER = """
    import asyncio, sys
    from pathlib import Path
    from headwater.local.declarations import Declarations, FunctionSpec
    from headwater.local.functions import LambdaService
    from headwater.local.launchers import SourceTree

    async def main():
        spec = FunctionSpec("sleep", "tasks.sleep", 256, 60, {}, ())
        launcher = SourceTree(Path(sys.argv[1]), Path("/nowhere"))
        service = LambdaService(Declarations({"sleep": spec}, (), (), (), ()), launcher, {})
        await service.start()
        await service.invoke("sleep", {"pids": sys.argv[2]})

    asyncio.run(main())
"""


def test_workers_do_not_outlive_a_killed_router(task_root: Path, tmp_path: Path, until: Callable[..., Any]) -> None:
    """After `kill -9` of the router the worker and its children are gone, in whatever session they are."""
    pids = tmp_path / "pids"
    env = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[4])}

    async def scenario() -> bool:
        command = [sys.executable, "-c", textwrap.dedent(ROUTER), str(task_root), str(pids)]
        router = await asyncio.create_subprocess_exec(*command, env=env)
        assert await until(pids.exists)
        router.kill()
        await router.wait()
        return bool(await until(lambda: not any(map(is_alive, json.loads(pids.read_text())))))

    assert asyncio.run(scenario())
