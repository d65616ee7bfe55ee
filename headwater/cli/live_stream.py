"""Which stream to push to: the one whose key is given or kept here, or one that is started for it."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from headwater.cli.live_commands import begin
from headwater.client.errors import ApiError, Unreachable
from headwater.push import keys
from headwater.push.link import Link
from headwater.push.progress import Note

if TYPE_CHECKING:
    from headwater.cli.live_board import PushBoard
    from headwater.cli.options import Server

NOT_FOUND = 404
STREAM = "live_"


def find_or_start(
    server: Server, target: str, *, key: str, target_s: int, board: PushBoard
) -> tuple[keys.StreamKey, bool]:
    """Return the stream and whether it was started now. Raises ApiError, or Unreachable where nothing is kept."""
    if key:
        known = _given(server, target, key, target_s)
        _check(known, board)
        return known, False
    folder = keys.state_dir()
    kept = keys.find(target, folder)
    if kept and _is_on(kept, board):
        return kept, False
    if kept:
        # What an ended stream left can never be delivered.
        keys.forget(kept.stream_id, folder)
        shutil.rmtree(folder / kept.stream_id, ignore_errors=True)
    if target.startswith(STREAM):
        raise ApiError(NOT_FOUND, "stream_not_found", "That stream is over, or its key is not kept here: give --key.")
    begin(server.api(), target, {"target_s": target_s})
    started = keys.find(target, folder)
    assert started is not None  # noqa: S101  it was just kept
    return started, True


def _given(server: Server, target: str, key: str, target_s: int) -> keys.StreamKey:
    """Return the stream of a key that was given; its id is asked for when a recording's is known only."""
    stream_id, recording_id = target, ""
    if not target.startswith(STREAM):
        recording = server.api().recording(target)
        stream_id, recording_id = str(recording.get("stream_id") or ""), target
    if not stream_id:
        raise ApiError(NOT_FOUND, "stream_not_found", f"{target} was never live: `headwater live start {target}`.")
    return keys.StreamKey(stream_id, recording_id, f"{server.url}/api/v1/live/{stream_id}", key, target_s)


def _is_on(known: keys.StreamKey, board: PushBoard) -> bool:
    try:
        return _check(known, board)
    except ApiError as error:
        if error.code in {"stream_not_found", "stream_stopped"}:
            return False
        raise


def _check(known: keys.StreamKey, board: PushBoard) -> bool:
    """Ask the server about the stream; True when it is on, or cannot be asked: then recording goes to disk first."""
    link = Link(known.push_url, known.key, "primary")
    try:
        return link.health().get("status") != "stopped"
    except Unreachable as error:
        board.say(Note("offline", str(error)))
        return True
    finally:
        link.close()
