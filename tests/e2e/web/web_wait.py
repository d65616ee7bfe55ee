"""Waiting for what a page will come to: one patience for all, and nothing that is missing yet is an error."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import Page

PATIENCE_S = 60
HW = "window.headwater"
STATE = f"""({{phase: {HW}?.phase, at: {HW}?.video?.currentTime, buffered: {HW}?.buffered, playing: {HW}?.playing,
  errors: {HW}?.errors, ready: {HW}?.video?.readyState, paused: {HW}?.video?.paused, reach: {HW}?.player?.reachS,
  status: {HW}?.player?.pilot?.status, choice: {HW}?.player?.pilot?.choice}})"""


def until(page: Page, condition: str, state: str = STATE) -> None:
    """Wait for a JavaScript condition; not by wait_for_function, which needs eval and our pages forbid that.

    What is not there yet (a player before its first playlist, say) is not true yet.
    """
    asked = f"(() => {{ try {{ return Boolean({condition}) }} catch {{ return false }} }})()"
    deadline = time.monotonic() + PATIENCE_S
    while not page.evaluate(asked):
        assert time.monotonic() < deadline, (condition, page.evaluate(state))
        page.wait_for_timeout(50)
