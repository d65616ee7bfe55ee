"""Strikes: at the first call that fits, and at that moment only, something breaks."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from faults.connections import worker_above

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from faults.calls import Call

_LOOK_S = 0.05
_LONGEST_S = 120.0


class Line(Protocol):
    """One request on its way."""

    call: Call

    async def forward(self) -> None:
        """Let AWS do it; the answer waits here."""

    async def answer(self, status: int, body: bytes, content_type: str) -> None:
        """Answer in AWS's place."""

    async def pass_on(self, *, share: float = 1.0) -> None:
        """Forward, unless that was done, and hand over the answer: a share of it, and then a reset."""

    def cut(self) -> None:
        """Reset the connection."""

    def gone(self) -> bool:
        """True once the caller has closed it."""

    def process(self) -> int:
        """Process id of the caller; 0 when it is gone."""


class Act(Protocol):
    """What happens to a call."""

    def __call__(self, line: Line, /) -> Awaitable[bool]:
        """Do it; false when it did not come about."""


@dataclass
class Strike:
    """Strikes calls that name one of `marks` and fit: `times` of them, after `skip` that pass.

    `act` does it, and says whether it came about.
    """

    where: Callable[[Call], bool]
    act: Act
    skip: int = 0
    times: int = 1
    recording: str = ""
    mark: str = ""
    """What names the recording before it has an id: a part of its title."""
    struck: int = 0
    said: list[str] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def takes(self, call: Call, marks: set[str]) -> bool:
        """True when this call is to be struck; counts it."""
        named = any(call.names(mark) for mark in marks) or (self.mark and call.names(self.mark))
        if not named or not self.where(call):
            return False
        with self._lock:
            if self.times <= 0:
                return False
            if self.skip > 0:
                self.skip -= 1
                return False
            self.times -= 1
            return True

    def missed(self) -> None:
        """Take a strike back that did not come about."""
        with self._lock:
            self.times += 1


def kill(*, after: bool) -> Act:
    """Kill -9 the worker that calls: before AWS hears of it, or after AWS has done it and before it is told so."""

    async def act(line: Line) -> bool:
        if after:
            await line.forward()
        pid = worker_above(line.process())
        if not pid:
            await line.pass_on()
            return False
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
        line.cut()
        return True

    return act


def refuse(status: int, body: str, content_type: str = "application/x-amz-json-1.0") -> Act:
    """Answer with an error of AWS's."""

    async def act(line: Line) -> bool:
        await line.answer(status, body.encode(), content_type)
        return True

    return act


async def cut_before(line: Line) -> bool:
    """Reset: AWS never hears of it."""
    line.cut()
    return True


async def cut_after(line: Line) -> bool:
    """Reset: AWS has done it, nobody is told."""
    await line.forward()
    line.cut()
    return True


async def cut_within(line: Line) -> bool:
    """Reset in the middle of the answer's body."""
    await line.pass_on(share=0.5)
    return True


def withhold(*, late: bool) -> Act:
    """Say nothing until the caller is gone: its time is up in the middle of this call.

    `late`: AWS does it afterwards, when whoever asked is dead already; otherwise it did it at once.
    """

    async def act(line: Line) -> bool:
        if not late:
            await line.forward()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _LONGEST_S
        while not line.gone() and loop.time() < deadline:  # noqa: ASYNC110  nobody tells of a connection's end
            await asyncio.sleep(_LOOK_S)
        if late:
            await line.forward()
        line.cut()
        return True

    return act


def meanwhile(deed: Callable[[int], None]) -> Act:
    """Do something to the process that calls, then let the call pass."""

    async def act(line: Line) -> bool:
        pid = line.process()
        if pid:
            with suppress(ProcessLookupError):
                await asyncio.to_thread(deed, pid)
        await line.pass_on()
        return bool(pid)

    return act
