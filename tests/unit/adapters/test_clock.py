"""Time and chance."""

from __future__ import annotations

import re
import time

from chalicelib.adapters.clock import SystemClock


def test_now_is_the_machines_time() -> None:
    """Unix seconds, between the moments around the call."""
    before = time.time()
    now = SystemClock().now()

    assert before <= now <= time.time()


def test_tokens_are_base36_and_new() -> None:
    """Twenty characters each, all different."""
    tokens = {SystemClock().token() for _ in range(500)}

    assert len(tokens) == 500
    assert all(re.fullmatch("[0-9a-z]{20}", token) for token in tokens)
