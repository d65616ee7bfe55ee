"""Lambda on this machine: warm workers per function, up to its concurrency, started when an event finds none."""

from __future__ import annotations

import asyncio
import functools
import itertools
import os
import shutil
import sys
from typing import TYPE_CHECKING, Any, BinaryIO

from headwater.local import scratch
from headwater.local.instance import Instance, Invocation

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from headwater.local.declarations import Declarations, FunctionSpec
    from headwater.local.launchers import Launcher
    from headwater.local.roles import Role

__all__ = ["Invocation", "LambdaService", "default_concurrency"]

_ERROR_PREVIEW = 400


def default_concurrency() -> dict[str, int]:
    """Return how many workers each function may have on this machine; one for those not named."""
    encoders = max(2, os.cpu_count() or 2)
    vod = {"api": 4, "authorizer": 2, "on_upload": 2, "on_encode": encoders, "on_encode_high": encoders}
    viewers = {"websocket_connect": 2, "websocket_message": 2, "on_broadcast": 2, "on_webhook": 2}
    return vod | viewers | {"on_live_segment": encoders}


class FunctionPool:
    """The workers of one function. Events wait in order of arrival for one that is free."""

    def __init__(self, service: LambdaService, spec: FunctionSpec, limit: int) -> None:
        self._service = service
        self.spec = spec
        self.limit = limit
        self._slots = asyncio.Semaphore(limit)
        self._idle: list[Instance] = []
        self._busy: set[Instance] = set()
        self._closed = False

    async def invoke(self, event: object) -> Invocation:
        """Run one event on the worker that was used last, or on a new one."""
        async with self._slots:
            instance, error = await self._take()
            if error is not None:
                return Invocation(None, error, timed_out=False, duration_ms=0.0, memory_mb=0.0)
            try:
                return await instance.run(event)
            except asyncio.CancelledError:
                await asyncio.shield(instance.stop())
                raise
            finally:
                self._busy.discard(instance)
                if instance.alive and not self._closed:
                    self._idle.append(instance)

    async def _take(self) -> tuple[Instance, dict[str, Any] | None]:
        if self._closed:
            raise RuntimeError("the functions are stopped")
        while self._idle:
            instance = self._idle.pop()
            if instance.alive:
                self._busy.add(instance)
                return instance, None
            await instance.stop()
        instance = self._service.new_instance(self.spec)
        self._busy.add(instance)
        try:
            error = await instance.start()
        except BaseException:
            self._busy.discard(instance)
            await asyncio.shield(instance.stop())
            raise
        if error is not None:
            self._busy.discard(instance)
        return instance, error

    async def warm(self, count: int) -> dict[str, Any] | None:
        """Have `count` workers ready (at most the limit); returns the first error document, if any."""
        missing = min(count, self.limit) - len(self._idle)
        errors = await asyncio.gather(*(self._warm_one() for _ in range(missing)))
        return next((error for error in errors if error is not None), None)

    async def _warm_one(self) -> dict[str, Any] | None:
        async with self._slots:
            instance = self._service.new_instance(self.spec)
            error = await instance.start()
            if error is None:
                self._idle.append(instance)
            return error

    async def stop(self) -> None:
        """Kill every worker, whatever it is doing."""
        self._closed = True
        await asyncio.gather(*(instance.stop() for instance in [*self._idle, *self._busy]))
        self._idle.clear()


class LambdaService:
    """Runs the declared functions with the shared environment `env` (see environment.stack_environment).

    `launcher` starts their workers, `concurrency` overrides `default_concurrency`. `logs` holds one file per function;
    with `verbose` their lines also go to standard error. A function that crashes, hangs or eats memory costs its own
    worker and nothing else.
    """

    def __init__(  # noqa: PLR0913  what a service is made of
        self,
        declarations: Declarations,
        launcher: Launcher,
        env: Mapping[str, str],
        concurrency: Mapping[str, int] | None = None,
        *,
        roles: Mapping[str, Role] | None = None,
        logs: Path | None = None,
        verbose: bool = False,
    ) -> None:
        limits = default_concurrency() | dict(concurrency or {})
        self._env = env
        self._roles = roles or {}
        self._launcher = launcher
        self._verbose = verbose
        self._logs = logs
        self._files: dict[str, BinaryIO] = {}
        self._counter = itertools.count(1)
        self._scratch: Path | None = None
        self._pools = {
            name: FunctionPool(self, spec, limits.get(name, 1)) for name, spec in declarations.functions.items()
        }

    async def start(self) -> None:
        """Prepare folders; workers start when they are needed, or by `warm`."""
        self._scratch = await asyncio.to_thread(scratch.make, "lambda")
        logs = self._logs or self._scratch / "logs"
        logs.mkdir(parents=True, exist_ok=True)
        for name in self._pools:
            self._files[name] = (logs / f"{name}.log").open("ab", buffering=0)

    def concurrency(self, name: str) -> int:
        """Return how many events of a function run at once; raises KeyError for one not declared."""
        return self._pools[name].limit

    async def warm(self, name: str, count: int = 1) -> dict[str, Any] | None:
        """Start workers ahead of the first event; returns Lambda's error document when one cannot start."""
        return await self._pools[name].warm(count)

    async def invoke(self, name: str, event: object) -> Invocation:
        """Run one event; raises KeyError for a function that is not declared, RuntimeError after `stop`."""
        outcome = await self._pools[name].invoke(event)
        if outcome.error is not None:
            kind, text = outcome.error.get("errorType"), str(outcome.error.get("errorMessage"))
            self._write(name, f"ERROR {kind}: {text[:_ERROR_PREVIEW]}\n".encode())
        return outcome

    def new_instance(self, spec: FunctionSpec) -> Instance:
        """Make a worker with a scratch folder of its own; it is not started yet."""
        if self._scratch is None:
            raise RuntimeError("the functions are not started")
        folder = self._scratch / f"{spec.name}-{next(self._counter)}"
        log = functools.partial(self._write, spec.name)
        role = self._roles.get(spec.name)
        env = {**self._env, **role.environment()} if role else self._env
        return Instance(spec, env, launcher=self._launcher, scratch=folder, log=log)

    def _write(self, name: str, data: bytes) -> None:
        if file := self._files.get(name):
            file.write(data)
        if self._verbose:
            lines = "".join(f"{name} | {line}\n" for line in data.decode(errors="replace").splitlines())
            sys.stderr.write(lines)

    async def stop(self) -> None:
        """Kill all workers and remove their folders; quiet when already stopped."""
        await asyncio.gather(*(pool.stop() for pool in self._pools.values()))
        for file in self._files.values():
            file.close()
        self._files.clear()
        if self._scratch is not None:
            await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)
            self._scratch = None
