"""Waiting for what a page or a stack will come to: one patience for all, and what is missing yet is no error."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from playwright.sync_api import Error

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Frame, Page

PATIENCE_S = 90
"""Longer than anything takes on a machine that is busy with other things: only what never comes waits so long."""
HW = "window.headwater"
STATE = f"""({{phase: {HW}?.phase, at: {HW}?.video?.currentTime, buffered: {HW}?.buffered, playing: {HW}?.playing,
  errors: {HW}?.errors, ready: {HW}?.video?.readyState, paused: {HW}?.video?.paused, reach: {HW}?.player?.reachS,
  status: {HW}?.player?.pilot?.status, choice: {HW}?.player?.pilot?.choice, live: {HW}?.live}})"""
STARVED = {"bufferStalledError", "bufferNudgeOnStall"}
"""What hls.js says of a picture that stands still, which a browser without a processor's time also does."""


def until(page: Page | Frame, condition: str, state: str = STATE, within_s: float = PATIENCE_S) -> None:
    """Wait for a JavaScript condition; not by wait_for_function, which needs eval and our pages forbid that.

    What is not there yet (a player before its first playlist, say) is not true yet.
    """
    asked = f"(() => {{ try {{ return Boolean({condition}) }} catch {{ return false }} }})()"
    eventually(lambda: _told(page, asked), lambda: (condition, _told(page, state)), page, within_s)


def eventually(
    what: Callable[[], Any],
    why: Callable[[], Any] = lambda: None,
    page: Page | Frame | None = None,
    within_s: float = PATIENCE_S,
) -> Any:
    """Ask again until the answer is true, and return it; the page goes on meanwhile. `why` tells when it never was."""
    deadline = time.monotonic() + within_s
    while not (found := what()):
        assert time.monotonic() < deadline, (found, why())
        if page is None:
            time.sleep(0.1)
        else:
            page.wait_for_timeout(50)
    return found


def troubles(page: Page | Frame) -> list[dict[str, Any]]:
    """Errors of the player that are more than a picture that stood still for a moment."""
    return [one for one in page.evaluate(f"{HW}.errors") if one["fatal"] or one["details"] not in STARVED]


def _told(page: Page | Frame, expression: str) -> Any:
    """What the page answers; nothing while it is on its way to another."""
    try:
        return page.evaluate(expression)
    except Error as error:
        if "context" not in str(error) and "navigat" not in str(error):
            raise
        return None
