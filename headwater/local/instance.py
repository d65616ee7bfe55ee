"""One Lambda worker: a process that runs one event at a time, under its function's limits of time and memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import shutil
import time
import uuid
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.local import worker
from headwater.local.runtime_api import Event, Outcome, RuntimeApi

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from headwater.local.declarations import FunctionSpec
    from headwater.local.launchers import Launcher

_POLL_S = 0.2
_MIB = 1024 * 1024
INIT_S = 30.0
"""Lambda allows 10 s; a laptop that encodes on all its cores needs longer to import the same modules."""


@dataclass(frozen=True, slots=True)
class Invocation:
    """What came of one event: the function's JSON bytes, or Lambda's error document. Times in ms, memory in MB."""

    payload: bytes | None
    error: dict[str, Any] | None
    timed_out: bool
    duration_ms: float
    memory_mb: float


class Instance:
    """A worker process. `alive` turns false once it died or was killed; such an instance is not used again."""

    def __init__(
        self,
        spec: FunctionSpec,
        env: Mapping[str, str],
        *,
        launcher: Launcher,
        scratch: Path,
        log: Callable[[bytes], None],
    ) -> None:
        self._spec = spec
        self._env = env
        self._launcher = launcher
        self._scratch = scratch
        self._log = log
        self._api = RuntimeApi()
        self._process: asyncio.subprocess.Process | None = None
        self._pump: asyncio.Task[None] | None = None
        self._ended: asyncio.Task[int] | None = None
        self._lifeline = -1
        self._peak_mb = 0.0

    @property
    def alive(self) -> bool:
        """True while the process runs."""
        if self._process is None or self._ended is None or self._ended.done():
            return False
        # Ask the kernel: the event loop hears of a death a moment later, and an event must not meet a corpse
        return worker.is_alive(self._process.pid)

    async def start(self) -> dict[str, Any] | None:
        """Start the process and wait until it asks for work; returns Lambda's error document when it cannot."""
        self._scratch.mkdir(parents=True)
        address = await self._api.start()
        held, self._lifeline = os.pipe()
        try:
            self._process = await self._launcher.launch(
                self._spec, self._env, scratch=self._scratch, runtime_api=address, lifeline=held
            )
        finally:
            os.close(held)
        self._pump = asyncio.create_task(self._copy_output(self._process))
        self._ended = asyncio.create_task(self._process.wait())
        error = await self._initialised(self._ended)
        if error is not None:
            await self.stop()
        return error

    async def _initialised(self, ended: asyncio.Task[int]) -> dict[str, Any] | None:
        waited: set[asyncio.Future[Any]] = {self._api.ready, ended}
        await asyncio.wait(waited, timeout=INIT_S, return_when=asyncio.FIRST_COMPLETED)
        if self._api.ready.done():
            return self._api.ready.result()
        if ended.done():
            return _exit_error("", ended.result())
        return _document("Sandbox.Timedout", f"Error: Init phase timed out after {INIT_S:.2f} seconds")

    async def run(self, event: object) -> Invocation:
        """Run one event to its end, its deadline or its memory limit, whichever comes first."""
        if self._ended is None:
            raise RuntimeError("the worker was not started")
        request_id = str(uuid.uuid4())
        begun = time.monotonic()
        body = json.dumps(event, separators=(",", ":")).encode()
        arn = f"arn:aws:lambda:{self._env.get('AWS_REGION', '')}:123456789012:function:{self._spec.name}"
        self._log(f"START RequestId: {request_id} Version: $LATEST\n".encode())
        posted = self._api.submit(Event(request_id, body, time.time() + self._spec.timeout_s, arn))
        error = await self._watch(posted, self._ended, begun + self._spec.timeout_s)
        timed_out = error == "timeout"
        if error is not None:
            await self.stop()
        outcome = posted.result() if error is None else Outcome(None, self._failure(error, request_id))
        took = (time.monotonic() - begun) * 1000
        self._report(request_id, took)
        return Invocation(outcome.payload, outcome.error, timed_out, took, self._peak_mb)

    async def _watch(self, posted: asyncio.Future[Outcome], ended: asyncio.Task[int], deadline: float) -> str | None:
        """Wait for an outcome; returns None, "timeout", "memory" or "exit"."""
        waited: set[asyncio.Future[Any]] = {posted, ended}
        while True:
            left = max(0.0, deadline - time.monotonic())
            await asyncio.wait(waited, timeout=min(_POLL_S, left), return_when=asyncio.FIRST_COMPLETED)
            if posted.done():
                return "exit" if posted.cancelled() else None
            if ended.done():
                return "exit"
            if self._memory_mb() > self._spec.memory_mb:
                return "memory"
            if time.monotonic() >= deadline:
                return "timeout"

    def _memory_mb(self) -> float:
        used = self._launcher.rss_bytes(self._process.pid) / _MIB if self._process is not None else 0.0
        self._peak_mb = max(self._peak_mb, used)
        return used

    def _failure(self, reason: str, request_id: str) -> dict[str, Any]:
        if reason == "timeout":
            text = f"RequestId: {request_id} Error: Task timed out after {self._spec.timeout_s:.2f} seconds"
            return _document("Sandbox.Timedout", text)
        if reason == "memory":
            return _document(
                "Runtime.OutOfMemory", f"RequestId: {request_id} Error: Runtime exited with error: signal: killed"
            )
        return _exit_error(request_id, self._process.returncode or 0 if self._process is not None else 0)

    def _report(self, request_id: str, took_ms: float) -> None:
        if not self._peak_mb:
            self._memory_mb()
        line = (
            f"REPORT RequestId: {request_id}\tDuration: {took_ms:.2f} ms\t"
            f"Memory Size: {self._spec.memory_mb} MB\tMax Memory Used: {self._peak_mb:.0f} MB\n"
        )
        self._log(f"END RequestId: {request_id}\n{line}".encode())

    async def _copy_output(self, process: asyncio.subprocess.Process) -> None:
        if process.stdout is None:
            return
        while data := await process.stdout.read(65536):
            # awslambdaric parts the lines of one record with returns, as Lambda's log wants them
            self._log(data.replace(b"\r", b"\n"))

    async def stop(self) -> None:
        """Kill the process and everything it started, and empty its scratch folder; quiet when it has ended."""
        if self._process is not None:
            worker.kill_tree(self._process.pid)
            await self._process.wait()
        if self._lifeline >= 0:
            os.close(self._lifeline)
            self._lifeline = -1
        if self._pump is not None:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._pump, 1)
        await self._api.stop()
        await asyncio.to_thread(shutil.rmtree, self._scratch, ignore_errors=True)


def _document(kind: str, text: str) -> dict[str, Any]:
    return {"errorType": kind, "errorMessage": text}


def _exit_error(request_id: str, code: int) -> dict[str, Any]:
    how = f"exit status {code}" if code >= 0 else f"signal: {-code}"
    return _document("Runtime.ExitError", f"RequestId: {request_id} Error: Runtime exited with error: {how}")
