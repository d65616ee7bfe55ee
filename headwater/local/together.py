"""Blocking work in threads, several pieces at a time, without leaving any behind when one fails or all are stopped."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")
C = TypeVar("C")


async def in_thread(work: Callable[[], T]) -> T:
    """Run blocking work in a thread; when cancelled, wait for its end first: what it started can then be stopped."""
    task = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        with contextlib.suppress(Exception):
            await task
        raise


@overload
async def together(first: Awaitable[A], second: Awaitable[B], third: Awaitable[C], /) -> tuple[A, B, C]: ...
@overload
async def together(*work: Awaitable[object]) -> tuple[object, ...]: ...
async def together(*work: Awaitable[object]) -> tuple[object, ...]:
    """Wait for all of it, then return the results or raise the first failure."""
    results = await asyncio.gather(*work, return_exceptions=True)
    for result in results:
        if isinstance(result, BaseException):
            raise result
    return tuple(results)
