"""`headwater quality`: how good a finished recording's rungs look."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from headwater.cli.exits import Exit, complain, exit_coded
from headwater.cli.results import say
from headwater.cli.text import print_json, rendition

if TYPE_CHECKING:
    from headwater.cli.options import Server

Json = dict[str, Any]
POLL_S = 1.0
GIVE_UP_S = 900.0
"""The longest that a worker may take."""


@exit_coded
def quality(server: Server, recording_id: str, *, as_json: bool) -> Exit:
    """Have the rungs compared with the source, wait for the scores and print them."""
    api = server.api()
    scores = _scores(api.measure(recording_id))
    until = time.monotonic() + GIVE_UP_S
    while not scores:
        if time.monotonic() > until:
            complain("the comparison has not come to an end; the same command asks again.")
            return Exit.FAILED
        time.sleep(POLL_S)
        scores = _scores(api.progress(recording_id))
    if as_json:
        print_json({"renditions": scores})
        return Exit.OK
    for item in scores:
        say(f"  {rendition(item):<14} VMAF {item['vmaf']:5.1f}")
    return Exit.OK


def _scores(progress: Json) -> list[Json]:
    return [item for item in progress["renditions"] if item["vmaf"] is not None]
