"""Coroutines in tests that may share a process with Playwright, whose own loop is running in the tests' thread."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Coroutine

T = TypeVar("T")


def run_aside(scenario: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine to its end in a loop and a thread of its own."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, scenario).result()
