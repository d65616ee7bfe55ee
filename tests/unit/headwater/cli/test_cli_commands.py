"""Each command against a server: what it prints, what scripts get, and its exit code."""

from __future__ import annotations

import json
import socket
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from typer.testing import CliRunner, Result

from headwater.cli import follow
from headwater.cli.main import app

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from conftest import Stub


@pytest.fixture
def run(stub: Stub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that runs the command line as ann, with her own state folder and no waiting."""
    monkeypatch.setenv("HEADWATER_URL", stub.url)
    monkeypatch.setenv("HEADWATER_USER", "ann")
    monkeypatch.delenv("HEADWATER_TOKEN", raising=False)
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setattr(follow, "UNTIL_PLAYABLE_S", 0)
    monkeypatch.setattr(follow, "AFTERWARDS_S", 0)
    return lambda *args, **more: CliRunner().invoke(app, [str(arg) for arg in args], **more)


def test_upload_says_where_it_will_play(run: Callable[..., Result], stub: Stub, clip: Path) -> None:
    """Without --wait the recording's address is printed as soon as the file is there."""
    done = run("upload", clip)
    assert (done.exit_code, done.stdout) == (
        0,
        f"Uploaded as rec_1.\nProcessing: {stub.url}/watch/rec_1?grant=g\n",
    )


def test_upload_as_json_prints_one_object(run: Callable[..., Result], stub: Stub, clip: Path) -> None:
    """A script gets the recording and nothing else, on either stream."""
    done = run("upload", clip, "--title", "Week 7", "--room", "r1", "--json")
    answer = json.loads(done.stdout)
    assert (done.exit_code, done.stderr) == (0, "")
    assert (answer["id"], answer["status"], answer["title"]) == ("rec_1", "processing", "Week 7")
    assert (answer["playback_url"], answer["room_id"]) == (f"{stub.url}/watch/rec_1?grant=g", "r1")
    assert {"duration_s", "master_url", "error"} <= answer.keys()


def test_waiting_follows_it_to_the_end(
    run: Callable[..., Result], stub: Stub, clip: Path, document: Callable[..., Any]
) -> None:
    """--wait tells when it can be watched, once, and ends when it is ready."""
    stub.progress = [
        document("processing", 0),
        document("playable", 30, playable=True),
        document("playable", 60, playable=True),
        document("ready", 100, playable=True),
    ]
    done = run("upload", clip, "--wait")
    said = done.stdout.splitlines()
    address = f"{stub.url}/watch/rec_1?grant=g"
    assert (done.exit_code, said) == (0, ["Uploaded as rec_1.", f"Watch it: {address}", f"Ready: {address}"])
    assert "encoding 60 % (in-progress): Low 60 %, Audio 60 %" in done.stderr


def test_a_recording_that_fails_is_exit_1(
    run: Callable[..., Result], stub: Stub, clip: Path, document: Callable[..., Any]
) -> None:
    """--wait on a file that is no video: the reason is a sentence, and the JSON carries it."""
    error = {"code": "not_a_video", "detail": "This file is not a video."}
    stub.progress = [document("errored", 0, error=error)]
    done = run("upload", clip, "--wait", "--json")
    answer = json.loads(done.stdout)
    assert (done.exit_code, answer["status"], answer["error"]) == (1, "errored", error)
    assert done.stderr == "headwater: rec_1 failed: This file is not a video. (not_a_video)\n"


@pytest.mark.parametrize(("make", "says"), [("missing", "No such file"), ("folder", "not a regular file")])
def test_a_file_that_cannot_be_read_is_exit_2(run: Callable[..., Result], tmp_path: Path, make: str, says: str) -> None:
    """A sentence, no traceback, and nothing is created on the server."""
    path = tmp_path / make
    if make == "folder":
        path.mkdir()
    done = run("upload", path)
    assert (done.exit_code, says in done.stderr, "Traceback" in done.stderr) == (2, True, False)


@pytest.mark.parametrize("args", [("upload",), ("upload", "x", "--parallel", "0"), ("nonsense",), ("show",)])
def test_wrong_usage_is_exit_2(run: Callable[..., Result], args: tuple[str, ...]) -> None:
    """What the command line does not understand never reaches the server."""
    assert run(*args).exit_code == 2


@pytest.mark.parametrize("url", ["localhost:8787", "ftp://x", "http://", "http://[", "http://x:99999"])
def test_an_address_that_is_none_is_exit_2(run: Callable[..., Result], url: str) -> None:
    """An origin is checked before anything is tried."""
    done = run("recordings", "--url", url)
    unboxed = " ".join(done.stderr.replace("│", " ").split())
    assert (done.exit_code, f"{url} is no address" in unboxed) == (2, True)


def test_a_server_that_is_not_there_is_exit_3(run: Callable[..., Result]) -> None:
    """The sentence says how to start one."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        done = run("recordings", "--json", "--url", f"http://127.0.0.1:{taken.getsockname()[1]}")
    assert (done.exit_code, json.loads(done.stdout)["error"]["code"]) == (3, "unreachable")
    assert "`headwater local up` starts it" in done.stderr


def test_a_refused_token_is_exit_4(run: Callable[..., Result], stub: Stub) -> None:
    """The server's own sentence is passed on."""
    stub.refuse_token = "bad"
    done = run("recordings", "--token", "bad")
    assert (done.exit_code, done.stderr) == (4, "headwater: The token is missing or no longer valid.\n")


@pytest.mark.parametrize("args", [("show",), ("progress",), ("delete", "--yes"), ("progress", "--watch")])
def test_an_unknown_recording_is_exit_5(run: Callable[..., Result], args: tuple[str, ...]) -> None:
    """Every command about one recording says that there is none."""
    command, *options = args
    done = run(command, "rec_none", *options)
    assert (done.exit_code, done.stderr) == (5, "headwater: There is no such recording.\n")


def test_the_list_is_a_table(run: Callable[..., Result], stub: Stub) -> None:
    """One line for each recording, whole ids even when piped; titles cannot steer the terminal."""
    stub.add("rec_1", status="ready", duration_s=3723.0, size_bytes=5 << 20, title="\x1b[31mred\nline")
    head, row = run("recordings").stdout.splitlines()
    assert head.split() == ["ID", "STATUS", "LENGTH", "SIZE", "CREATED", "TITLE"]
    day, time = datetime.fromisoformat("2026-11-22T10:00:00Z").astimezone().strftime("%Y-%m-%d %H:%M").split()
    assert row.split() == ["rec_1", "ready", "1:02:03", "5.0", "MiB", day, time, "[31mred", "line"]


def test_the_list_as_json_and_by_status(run: Callable[..., Result], stub: Stub) -> None:
    """Filters reach the server, and scripts get its objects."""
    stub.add("rec_1", status="ready")
    stub.add("rec_2", status="errored")
    answer = json.loads(run("recordings", "--status", "errored", "--json").stdout)
    assert [item["id"] for item in answer["recordings"]] == ["rec_2"]


def test_an_empty_list_says_so(run: Callable[..., Result]) -> None:
    """No table without rows."""
    assert run("recordings").stdout == "No recordings.\n"


def test_show_tells_what_it_is(run: Callable[..., Result], stub: Stub) -> None:
    """A person sees the facts and the addresses, or the reason it failed."""
    stub.add("rec_1", status="ready", width=1920, height=1080, duration_s=61.0)
    stub.add("rec_2", status="errored", error={"code": "no_video", "detail": "It has no picture."})
    ready, errored = run("show", "rec_1").stdout, run("show", "rec_2").stdout
    assert ("picture   1920x1080" in ready, f"watch     {stub.url}/watch/rec_1?grant=g" in ready) == (True, True)
    assert ("error     It has no picture. (no_video)" in errored, "watch" in errored) == (True, False)
    assert json.loads(run("show", "rec_1", "--json").stdout) == stub.recordings["rec_1"]


def test_progress_once(run: Callable[..., Result], stub: Stub, document: Callable[..., Any]) -> None:
    """Percent, speed and what can be played already, for each rendition."""
    stub.add("rec_1")
    stub.progress = [document("playable", 40, playable=True)]
    said = [line.split() for line in run("progress", "rec_1").stdout.splitlines()]
    assert said == [
        ["playable,", "40", "%", "encoded"],
        ["Low", "40", "%", "1.2x", "30", "fps", "0:02", "playable"],
        ["Audio", "40", "%", "1.2x", "30", "fps", "0:02", "playable"],
    ]
    assert json.loads(run("progress", "rec_1", "--json").stdout)["percent"] == 40


def test_watching_as_json_is_one_object_a_line(
    run: Callable[..., Result], stub: Stub, document: Callable[..., Any]
) -> None:
    """Each state once, the last one being the end."""
    stub.add("rec_1")
    half, end = document("playable", 50, playable=True), document("ready", 100, playable=True)
    stub.progress = [half, dict(half), end]
    done = run("progress", "rec_1", "--watch", "--json")
    assert [json.loads(line)["percent"] for line in done.stdout.splitlines()] == [50, 100]


def test_delete_deletes(run: Callable[..., Result], stub: Stub) -> None:
    """With --yes nothing is asked."""
    stub.add("rec_1")
    done = run("delete", "rec_1", "--yes")
    assert (done.exit_code, done.stdout, stub.recordings) == (0, "Deleted rec_1.\n", {})


def test_delete_does_not_guess(run: Callable[..., Result], stub: Stub) -> None:
    """Without a person to ask and without --yes, nothing is deleted."""
    stub.add("rec_1")
    done = run("delete", "rec_1")
    assert (done.exit_code, "needs --yes" in done.stderr, list(stub.recordings)) == (2, True, ["rec_1"])


def test_every_help_names_the_exit_codes(run: Callable[..., Result]) -> None:
    """Scripts need them, so each command that has them says them."""
    helps = [run(*command, "--help").stdout for command in ([], ["upload"], ["progress"], ["delete"], ["recordings"])]
    assert ["130" in text and "Exit codes" in text for text in helps] == [True] * 5


def test_version(run: Callable[..., Result]) -> None:
    """The product's version, from the one place that has it."""
    from chalicelib import __version__  # noqa: PLC0415  only here

    assert run("--version").stdout == f"headwater {__version__}\n"
