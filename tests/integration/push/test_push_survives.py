"""The push agent with real FFmpeg: outages, kills, expired URLs, other encoders."""

from __future__ import annotations

import json
import signal
import time
from typing import TYPE_CHECKING

from support.live_server import KEY, RECORDING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Push
    from support.live_server import LiveServer

    Start = Callable[..., Push]
    Unbroken = Callable[[LiveServer, int, int], bool]


def test_an_outage_loses_nothing(server: LiveServer, push: Start, unbroken: Unbroken) -> None:
    """What is recorded while the server is away is delivered once it is back: all, once, in order."""
    agent = push("--test")
    server.wait(lambda: len(server.arrivals) >= 2)
    server.outage = True
    agent.wait_note("offline")
    agent.wait_status(lambda now: not now["online"] and now["queued"] >= 3)
    server.outage = False
    agent.wait_note("online")
    server.wait(lambda: len(server.arrivals) >= 6)
    assert agent.end() == 0
    assert unbroken(server, 1, len(server.arrivals))
    assert all(abs(at - n) < 3 for at, (_, n) in enumerate(server.numbers))
    assert agent.said[-1] == {"type": "ended", "left": 0, "left_s": 0, "stopped": False}


def test_a_killed_agent_loses_nothing(server: LiveServer, push: Start, unbroken: Unbroken) -> None:
    """The next one sends what was left, cut-off segment included, under the old epoch, and then claims another."""
    first = push("--test")
    server.wait(lambda: len(server.arrivals) >= 2)
    server.outage = True
    first.wait_status(lambda now: now["queued"] >= 2)
    first.end(signal.SIGKILL)
    before = len(server.arrivals)
    server.outage = False
    again = push("--test")
    server.wait(lambda: any(epoch == 2 for epoch, _ in server.numbers))
    assert again.end() == 0
    old = [n for epoch, n in server.numbers if epoch == 1]
    assert [epoch for epoch, _ in server.numbers] == [1] * len(old) + [2] * (len(server.numbers) - len(old))
    assert len(old) >= before + 2
    assert (unbroken(server, 1, len(old)), unbroken(server, 2, len(server.numbers) - len(old))) == (True, True)
    assert again.notes("left_over") != []


def test_an_expired_url_is_signed_again(server: LiveServer, push: Start, unbroken: Unbroken) -> None:
    """403 from storage costs a try, not a segment."""
    agent = push("--test")
    server.wait(lambda: len(server.arrivals) >= 1)
    server.good_signatures_from = server.signed + 1
    server.wait(lambda: len(server.arrivals) >= 3)
    assert agent.end() == 0
    assert unbroken(server, 1, len(server.arrivals))


def test_another_encoder_took_over(server: LiveServer, push: Start) -> None:
    """Once its epoch is superseded the agent stops, and says why: two would take the input from each other for ever."""
    agent = push("--test")
    server.wait(lambda: len(server.arrivals) >= 1)
    server.superseded.add(1)
    server.good_signatures_from = server.signed + 1
    assert agent.process.wait(40) == 4
    assert "taken over" in agent.said[-1]["error"]["detail"]
    assert agent.said[-1]["error"]["code"] == "epoch_superseded"


def test_what_is_left_of_a_superseded_epoch_is_dropped(server: LiveServer, push: Start) -> None:
    """An earlier run's segments go with their epoch; the new run is delivered under its own."""
    first = push("--test")
    server.wait(lambda: len(server.arrivals) >= 1)
    server.outage = True
    first.wait_status(lambda now: now["queued"] >= 2)
    first.end(signal.SIGKILL)
    server.superseded.add(1)
    server.outage = False
    again = push("--test")
    server.wait(lambda: (2, 0) in server.numbers)
    assert "were dropped" in again.wait_note("epoch_superseded")
    assert again.end() == 0


def test_a_stream_that_was_stopped(server: LiveServer, push: Start) -> None:
    """Stopped elsewhere, the agent ends with 4; the next push starts another stream."""
    agent = push("--test")
    server.wait(lambda: len(server.arrivals) >= 1)
    server.status = "stopped"
    assert agent.process.wait(40) == 4
    assert agent.said[-1]["error"]["code"] == "stream_stopped"
    before = len(server.arrivals)
    again = push("--test", "--stop")
    server.wait(lambda: server.streams == 2 and len(server.arrivals) > before)
    assert again.end() == 0
    assert (server.streams, server.status, again.said[-1]["stopped"]) == (2, "stopped", True)


def test_a_key_of_another_stream(server: LiveServer, push: Start) -> None:
    """Is refused before anything is recorded."""
    server.start()
    agent = push("--test", "--key", KEY[::-1])
    assert agent.process.wait(40) == 5
    assert agent.said[-1]["error"]["code"] == "stream_not_found"


def test_a_backup_that_starts_without_the_server(server: LiveServer, push: Start) -> None:
    """A machine that was started before is recorded from at once, and delivered to its own input later."""
    first = push("--test", "--backup")
    server.wait(lambda: len(server.arrivals) >= 1)
    assert first.end() == 0
    server.outage = True
    again = push("--test", "--backup")
    again.wait_status(lambda now: now["queued"] >= 1)
    server.outage = False
    server.wait(lambda: (2, 0) in server.numbers)
    assert again.end() == 0
    assert [epoch["input"] for epoch in server.epochs] == ["backup", "backup"]
    assert all(abs(epoch["first_pdt"] - time.time()) < 60 for epoch in server.epochs)


def test_the_key_is_kept_for_one_person(server: LiveServer, push: Start, state: Path) -> None:
    """The state folder holds it so that nobody else can read it."""
    agent = push("--test")
    server.wait(lambda: len(server.epochs) >= 1)
    assert agent.end() == 0
    (kept,) = (state / "headwater" / "live").glob("live_*.json")
    assert (kept.stat().st_mode & 0o777, json.loads(kept.read_text())["recording_id"]) == (0o600, RECORDING)
