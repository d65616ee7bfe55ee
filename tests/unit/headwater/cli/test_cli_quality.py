"""`headwater quality` against a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from headwater.cli import quality
from headwater.cli.main import app
from headwater.client.api import Api

if TYPE_CHECKING:
    from collections.abc import Callable

RUNGS = [{"id": name, "name": name, "kind": "video", "vmaf": None} for name in ("360p 250k", "720p 1000k")]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that runs the command against a server whose scores come with the second look."""
    looks: list[str] = []

    def look(_: Api, recording_id: str) -> dict[str, Any]:
        looks.append(recording_id)
        done = len(looks) > 2
        return {"renditions": [rung | {"vmaf": 71.5 + 20 * i if done else None} for i, rung in enumerate(RUNGS)]}

    monkeypatch.setattr(Api, "measure", look)
    monkeypatch.setattr(Api, "progress", look)
    monkeypatch.setattr(quality, "POLL_S", 0)
    return lambda *args: CliRunner().invoke(app, [*args, "--url", "http://127.0.0.1:1", "--user", "ann"])


def test_it_waits_for_the_scores(run: Callable[..., Result]) -> None:
    """A line a rendition."""
    done = run("quality", "rec_a")
    assert done.exit_code == 0
    assert [line.split()[-1] for line in done.stdout.splitlines()] == ["71.5", "91.5"]


def test_scripts_get_json(run: Callable[..., Result]) -> None:
    """The renditions as the progress has them."""
    done = run("quality", "rec_a", "--json")
    assert [item["vmaf"] for item in json.loads(done.stdout)["renditions"]] == [71.5, 91.5]


def test_it_does_not_wait_for_ever(run: Callable[..., Result], monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker cannot take longer than this; the message may be in the dead letters."""
    monkeypatch.setattr(quality, "GIVE_UP_S", -1.0)
    done = run("quality", "rec_a")
    assert done.exit_code == 1
    assert "asks again" in done.stderr
