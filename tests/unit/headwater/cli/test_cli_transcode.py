"""`headwater transcode` and `headwater dead-letters` against a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from headwater.cli import follow
from headwater.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Stub

LIMIT = {"code": "cost_limit_reached", "detail": "It has cost what was allowed."}


@pytest.fixture
def run(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that runs the command line as ann, without waiting."""
    monkeypatch.setenv("HEADWATER_URL", stub.url)
    monkeypatch.setenv("HEADWATER_USER", "ann")
    monkeypatch.delenv("HEADWATER_TOKEN", raising=False)
    monkeypatch.setattr(follow, "UNTIL_PLAYABLE_S", 0)
    monkeypatch.setattr(follow, "AFTERWARDS_S", 0)
    return lambda *args: CliRunner().invoke(app, args)


def test_transcode(run: Callable[..., Result], stub: Stub) -> None:
    """What was asked for is sent, and nothing that was not; the recording is printed."""
    stub.add("rec_a", status="ready")
    done = run("transcode", "rec_a")
    assert (done.exit_code, done.stdout) == (0, f"Ready: {stub.url}/watch/rec_a?grant=g\n")
    wishes = ("--profile", "low", "--profile", "high", "--priority", "high", "--max-cost", "0.50")
    done = run("transcode", "rec_a", *wishes, "--json")
    assert (done.exit_code, json.loads(done.stdout)["id"], done.stderr) == (0, "rec_a", "")
    assert stub.bodies == [
        {"priority": "normal"},
        {"profiles": ["low", "high"], "priority": "high", "max_cost_usd": 0.5},
    ]


def test_waiting_for_more_rungs_of_a_ready_recording(
    run: Callable[..., Result], stub: Stub, document: Callable[..., Any]
) -> None:
    """It is ready all the time: what is waited for is the job's end."""
    stub.add("rec_a", status="ready")
    running = document("ready", 50, playable=True) | {"status": "in-progress"}
    stub.progress = [running, running, document("ready", 100, playable=True)]
    done = run("transcode", "rec_a", "--wait")
    assert (done.exit_code, done.stdout.splitlines()[-1]) == (0, f"Ready: {stub.url}/watch/rec_a?grant=g")
    assert stub.calls["GET /api/v1/recordings/rec_a/transcode/progress"] == 4


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_more_rungs_that_came_to_nothing(
    run: Callable[..., Result], stub: Stub, document: Callable[..., Any], status: str
) -> None:
    """The recording is as ready as before, the command has failed and says why."""
    stub.add("rec_a", status="ready")
    stub.progress = [document("ready", 50, playable=True) | {"status": status, "error": LIMIT}]
    done = run("transcode", "rec_a", "--wait", "--json")
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (1, "ready")
    assert "It has cost what was allowed. (cost_limit_reached)" in done.stderr
    assert run("progress", "rec_a", "--watch").exit_code == 1


def test_transcode_is_refused(run: Callable[..., Result], stub: Stub) -> None:
    """4 for what the server does not take, 5 for what is not there."""
    stub.add("rec_a", status="uploading")
    problem = {"code": "source_not_uploaded", "detail": "Not yet."}
    stub.fail["POST /api/v1/recordings/rec_a/transcode/quality"] = [(409, problem, {})]
    done = run("transcode", "rec_a", "--json")
    assert (done.exit_code, json.loads(done.stdout)["error"]["code"]) == (4, "source_not_uploaded")
    assert run("transcode", "rec_none").exit_code == 5


def test_dead_letters(run: Callable[..., Result], stub: Stub) -> None:
    """A table of the queues, as an administrator sees it."""
    stub.dead = {"encode": 5, "uploads": 0}
    done = run("dead-letters")
    assert [line.split() for line in done.stdout.splitlines()] == [
        ["QUEUE", "MESSAGES", "OLDEST"],
        ["encode", "5", "2", "h"],
        ["uploads", "0", "-"],
    ]
    assert json.loads(run("dead-letters", "--json").stdout)["queues"][0]["messages"] == 5


def test_requeue_goes_on_until_nothing_is_left(run: Callable[..., Result], stub: Stub) -> None:
    """One call moves what it has time for."""
    stub.dead = {"encode": 5}
    done = run("dead-letters", "--requeue", "encode")
    assert (done.exit_code, done.stdout) == (0, "Moved 5 messages back to encode; 0 are left.\n")
    assert stub.calls["POST /api/v1/dead-letters/encode/requeue"] == 3
    again = run("dead-letters", "--requeue", "encode", "--json")
    assert json.loads(again.stdout) == {"queue": "encode", "moved": 0, "left": 0}


def test_requeue_is_refused(run: Callable[..., Result], stub: Stub) -> None:
    """5 for no such queue; 4 for who is no administrator."""
    assert run("dead-letters", "--requeue", "encoder").exit_code == 5
    assert run("dead-letters", "--token", "ann-publisher-1").exit_code == 4
    assert stub.dead == {}
