"""`headwater cancel` and `headwater retry` against a server."""

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

CANCELLED = {"code": "job_cancelled", "detail": "It was cancelled."}


@pytest.fixture
def run(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that runs the command line as ann, without waiting."""
    monkeypatch.setenv("HEADWATER_URL", stub.url)
    monkeypatch.setenv("HEADWATER_USER", "ann")
    monkeypatch.delenv("HEADWATER_TOKEN", raising=False)
    monkeypatch.setattr(follow, "UNTIL_PLAYABLE_S", 0)
    monkeypatch.setattr(follow, "AFTERWARDS_S", 0)
    return lambda *args: CliRunner().invoke(app, args)


def test_cancel(run: Callable[..., Result], stub: Stub) -> None:
    """It says what has become of the recording."""
    stub.add("rec_a", status="processing")
    done = run("cancel", "rec_a")
    assert (done.exit_code, done.stdout) == (0, "Cancelled the encoding of rec_a: it is errored.\n")
    assert stub.calls["DELETE /api/v1/recordings/rec_a/transcode"] == 1


def test_cancel_as_json(run: Callable[..., Result], stub: Stub) -> None:
    """A script gets the recording."""
    stub.add("rec_a", status="processing")
    done = run("cancel", "rec_a", "--json")
    assert (done.exit_code, done.stderr) == (0, "")
    assert json.loads(done.stdout)["error"] == CANCELLED


def test_retry(run: Callable[..., Result], stub: Stub) -> None:
    """Without --wait it returns at once, with --json with the recording."""
    stub.add("rec_a", status="errored", error=CANCELLED)
    done = run("retry", "rec_a")
    assert (done.exit_code, done.stdout) == (0, f"Processing: {stub.url}/watch/rec_a?grant=g\n")
    stub.add("rec_a", status="errored", error=CANCELLED)
    done = run("retry", "rec_a", "--json")
    assert (done.exit_code, json.loads(done.stdout)["status"], done.stderr) == (0, "processing", "")


@pytest.mark.parametrize(
    ("limit", "sent"),
    [((), {}), (("--max-cost", "1.5"), {"max_cost_usd": 1.5}), (("--max-cost", "none"), {"max_cost_usd": None})],
)
def test_retry_with_another_limit(run: Callable[..., Result], stub: Stub, limit: tuple[str, ...], sent: object) -> None:
    """Nothing is said of it unless it was given; `none` lifts it."""
    stub.add("rec_a", status="errored", error=CANCELLED)
    assert run("retry", "rec_a", *limit).exit_code == 0
    assert stub.bodies == [sent]


@pytest.mark.parametrize("amount", ["0", "-1", "inf", "nan", "much"])
@pytest.mark.parametrize("command", ["retry", "transcode"])
def test_an_amount_that_is_none_is_wrong_usage(run: Callable[..., Result], command: str, amount: str) -> None:
    """Zero is no way to say `without a limit`."""
    done = run(command, "rec_a", "--max-cost", amount)
    assert (done.exit_code, "no amount in USD" in done.stderr) == (2, True)


def test_retry_and_wait(run: Callable[..., Result], stub: Stub, document: Callable[..., Any]) -> None:
    """It follows to the end."""
    stub.add("rec_a", status="errored", error=CANCELLED)
    stub.progress = [document("processing", 10), document("ready", 100, playable=True)]
    done = run("retry", "rec_a", "--wait", "--json")
    assert (done.exit_code, json.loads(done.stdout)["status"]) == (0, "ready")


def test_a_retry_that_is_refused(run: Callable[..., Result], stub: Stub) -> None:
    """Exit code 4 and the code; an unknown recording is 5; and it is sent once."""
    stub.add("rec_a")
    done = run("retry", "rec_a", "--json")
    assert (done.exit_code, json.loads(done.stdout)["error"]["code"]) == (4, "job_not_failed")
    assert [run(command, "rec_none").exit_code for command in ("retry", "cancel")] == [5, 5]
    assert stub.calls["POST /api/v1/recordings/rec_a/transcode/retry"] == 1


def test_a_retry_whose_answer_is_lost_is_not_sent_again(run: Callable[..., Result], stub: Stub) -> None:
    """The second one would be refused, though the first did it."""
    stub.add("rec_a", status="errored", error=CANCELLED)
    call = "POST /api/v1/recordings/rec_a/transcode/retry"
    stub.fail[call] = [(502, {}, {})]
    assert (run("retry", "rec_a").exit_code, stub.calls[call]) == (3, 1)


def test_whoever_waits_is_told_of_a_cancel(
    run: Callable[..., Result], stub: Stub, document: Callable[..., Any]
) -> None:
    """Cancelled while it plays: the wait ends with exit code 1, and `show` says both why and where it plays."""
    stub.add("rec_a", status="playable")
    stub.progress = [
        document("playable", 30, playable=True),
        document("playable", 30, playable=True) | {"status": "cancelled"},
        document("playable", 30, playable=True, error=CANCELLED) | {"status": "cancelled"},
    ]
    done = run("progress", "rec_a", "--watch")
    assert done.exit_code == 1
    assert "It was cancelled. (job_cancelled)" in done.stderr
    shown = run("show", "rec_a").stdout
    assert "error     It was cancelled. (job_cancelled)" in shown
    assert f"watch     {stub.url}/watch/rec_a" in shown
    assert run("progress", "rec_a").exit_code == 1
