"""Follows one recording from its upload to its end."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from headwater.cli.boards import Board
    from headwater.client.api import Api

ENDS = frozenset({"ready", "errored"})
_RUNNING = frozenset({"pending", "in-progress"})
"""A recording that is ready may be encoding further rungs."""
UNTIL_PLAYABLE_S = 0.5
AFTERWARDS_S = 1.0


def follow(
    api: Api,
    recording_id: str,
    board: Board,
    *,
    sleep: Callable[[float], object] = time.sleep,
) -> dict[str, Any]:
    """Show the encoding until it is over; returns the recording. Says where it plays as soon as it does."""
    told = False
    while True:
        progress = api.progress(recording_id)
        board.show(progress)
        if progress["playable"] and not told:
            told = True
            board.say(f"Watch it: {api.recording(recording_id)['playback_url']}")
        status = progress["recording_status"]
        if status in ENDS and (status == "errored" or progress["status"] not in _RUNNING):
            return api.recording(recording_id)
        if progress["status"] == "cancelled" and (recording := api.recording(recording_id))["error"]:
            return recording  # it plays, but no further
        sleep(AFTERWARDS_S if told else UNTIL_PLAYABLE_S)
