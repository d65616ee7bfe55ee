"""`headwater captions` against a server."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from typer.testing import CliRunner, Result

from headwater.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Stub


@pytest.fixture
def run(stub: Stub, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that runs the command line as ann, who has a recording."""
    monkeypatch.setenv("HEADWATER_URL", stub.url)
    monkeypatch.setenv("HEADWATER_USER", "ann")
    monkeypatch.delenv("HEADWATER_TOKEN", raising=False)
    stub.add("rec_a")
    return lambda *args: CliRunner().invoke(app, ["captions", *map(str, args)])


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A caption file, as far as the stub is concerned."""
    path = tmp_path / "talk.srt"
    path.write_text("1 00:00:01,000 --> 00:00:02,000")
    return path


def test_add_list_and_remove(run: Callable[..., Result], file: Path) -> None:
    """Each says what it did."""
    added = run("add", "rec_a", "en", file, "--label", "The\x1b[31m words", "--default")
    assert (added.exit_code, added.stdout) == (0, "Added en: The [31m words, 1 captions.\n")
    assert run("list", "rec_a").stdout == "en              1  The [31m words (subtitles, default, uploaded)\n"
    removed = run("remove", "rec_a", "en")
    assert (removed.exit_code, removed.stdout) == (0, "Removed the captions in en.\n")
    assert run("list", "rec_a").stdout == "No captions.\n"


def test_as_json(run: Callable[..., Result], file: Path) -> None:
    """A script gets what the API says."""
    added = json.loads(run("add", "rec_a", "en", file, "--json").stdout)
    assert (added["language"], added["label"], added["default"]) == ("en", "Own name", False)
    assert json.loads(run("list", "rec_a", "--json").stdout) == {"captions": [added]}


def test_what_goes_wrong(run: Callable[..., Result], file: Path) -> None:
    """No file is 2, a refused one 4 with the code, nothing to remove 5."""
    assert run("add", "rec_a", "en", file.with_name("none.srt")).exit_code == 2
    file.write_bytes(b"")
    refused = run("add", "rec_a", "en", file, "--json")
    assert (refused.exit_code, json.loads(refused.stdout)["error"]["code"]) == (4, "captions_empty")
    assert run("remove", "rec_a", "de").exit_code == 5
    assert run("list", "rec_none").exit_code == 5
