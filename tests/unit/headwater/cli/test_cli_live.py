"""`headwater live start`, `stop` and `status` against a server, and the options of `live push`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from support.live_server import KEY, RECORDING, LiveServer, serve
from typer.testing import CliRunner, Result

from headwater.cli.live import bytes_of
from headwater.cli.live_board import PushBoard, colour, parts
from headwater.cli.main import app
from headwater.cli.optional_values import DEVICE, PORT, filled
from headwater.push import keys
from headwater.push.progress import Note, Snapshot

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def server() -> Iterator[LiveServer]:
    """A server on which nothing is live yet."""
    memory = LiveServer()
    http = serve(memory)
    yield memory
    http.shutdown()
    http.server_close()


@pytest.fixture
def run(server: LiveServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """Return a function that runs the command line as ann, with a state folder of her own."""
    monkeypatch.setenv("HEADWATER_URL", server.url)
    monkeypatch.setenv("HEADWATER_USER", "ann")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    monkeypatch.delenv("HEADWATER_STREAM_KEY", raising=False)
    return lambda *args: CliRunner().invoke(app, ["live", *map(str, args)])


def test_start_says_what_to_do_next(run: Callable[..., Result], tmp_path: Path) -> None:
    """The key, the address and the commands; and keeps the key for `live push`."""
    started = run("start", "My \x1b talk", "--target", "1", "--profile", "low")
    assert started.exit_code == 0
    assert [part for part in (KEY, "/watch/", "live push", "live stop") if part not in started.stdout] == []
    kept = keys.find(RECORDING, tmp_path / "headwater" / "live")
    assert kept is not None
    assert (kept.key, kept.target_s) == (KEY, 1)


def test_start_stop_and_status_as_json(run: Callable[..., Result], server: LiveServer, tmp_path: Path) -> None:
    """A script gets what the API says; a stopped stream's key is forgotten."""
    started = json.loads(run("start", RECORDING, "--json").stdout)
    assert (started["ingest"]["key"], started["stream"]["target_s"]) == (KEY, 2)
    assert json.loads(run("status", RECORDING, "--json").stdout)["viewers"]["now"] == 3
    assert json.loads(run("stop", RECORDING, "--json").stdout)["stream"]["status"] == "stopped"
    assert (server.status, keys.find(RECORDING, tmp_path / "headwater" / "live")) == ("stopped", None)
    assert run("status", RECORDING, "--watch").exit_code == 0


def test_status_for_a_person(run: Callable[..., Result], server: LiveServer) -> None:
    """A line of what matters, and the refusals with their reasons."""
    run("start", RECORDING)
    refusal = {"at": "", "name": "7.ts", "code": "no_key_frame", "detail": "No key frame."}
    health = {"bitrate_kbps": 4100, "lag_s": 0.4, "gaps": 1, "refused": {"no_key_frame": 2}, "refusals": [refusal]}
    server.ingest = health
    assert run("status", RECORDING).stdout == (
        "active · 3 viewers (peak 5) · 4.1 Mbit/s in · arrives 0.4 s after capture · 1 gaps · 2 refused\n"
        "  refused 7.ts: No key frame. (no_key_frame)\n"
    )


def test_what_goes_wrong(run: Callable[..., Result], server: LiveServer) -> None:
    """Never live is 5; a stream that is on and whose key is elsewhere 4, with what to do."""
    assert (run("status", RECORDING).exit_code, run("stop", RECORDING).exit_code) == (5, 5)
    server.start()
    again = run("start", RECORDING, "--json")
    assert (again.exit_code, json.loads(again.stdout)["error"]["code"]) == (4, "stream_active")
    assert "--key" in again.stderr


@pytest.mark.parametrize(
    "options", [[], ["--test", "--rtmp"], ["--test", "--spool-max", "1M"], ["--test", "--size", "big"]]
)
def test_a_push_that_makes_no_sense(run: Callable[..., Result], options: list[str]) -> None:
    """No input, two inputs, no room for a segment or no size is wrong usage."""
    assert run("push", RECORDING, *options).exit_code == 2


def test_values_that_may_be_left_out() -> None:
    """A port is a number, a device anything but an id or an option; after -- nothing is an option."""
    known = {"--rtmp": (PORT, "1935"), "--camera": (DEVICE, "default")}
    assert filled(["--rtmp", "rec_a"], known) == ["--rtmp", "1935", "rec_a"]
    assert filled(["--rtmp", "1936"], known) == ["--rtmp", "1936"]
    assert filled(["--camera", "rec_a"], known) == ["--camera", "default", "rec_a"]
    assert filled(["--camera", "/dev/video1", "rec_a"], known) == ["--camera", "/dev/video1", "rec_a"]
    assert filled(["rec_a", "--camera"], known) == ["rec_a", "--camera", "default"]
    assert filled(["--", "--rtmp"], known) == ["--", "--rtmp"]


def test_sizes() -> None:
    """As people write them."""
    assert [bytes_of(text) for text in ("2G", "500m", "20000000", "x", "", "G")] == [
        2 * 10**9,
        5 * 10**8,
        2 * 10**7,
        0,
        0,
        0,
    ]


def snapshot(**more: object) -> Snapshot:
    """A push that goes well."""
    facts = {
        "source": "recording",
        "online": True,
        "epoch": 2,
        "on_air": True,
        "bitrate_kbps": 4100,
        "lag_s": 0.62,
        "queued": 0,
        "queued_s": 0.0,
        "queued_bytes": 0,
        "sent": 124,
        "dropped": 0,
        "refused": 0,
        "server": {"status": "active", "ingest": None},
    }
    return Snapshot(**(facts | more))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("state", "line", "style"),
    [
        (snapshot(), "LIVE · 4.1 Mbit/s · 0.6 s behind · 124 sent · server: active", "bold green"),
        (snapshot(on_air=False, bitrate_kbps=0, lag_s=None), "STANDBY · 124 sent · server: active", "bold yellow"),
        (
            snapshot(source="waiting", server=None),
            "waiting for the encoder · 4.1 Mbit/s · 0.6 s behind · 124 sent",
            "bold yellow",
        ),
        (
            snapshot(online=False, queued=9, queued_s=18.0, queued_bytes=9 << 20, dropped=1, server=None),
            "OFFLINE, recording to disk · 4.1 Mbit/s · 0.6 s behind · 9 waiting (18 s, 9.0 MiB) · 124 sent · 1 dropped",
            "bold red",
        ),
    ],
)
def test_the_line(state: Snapshot, line: str, style: str) -> None:
    """Says first how it is, in a colour, then what there is to know."""
    assert (" · ".join(parts(state)), colour(state)) == (line, style)


def test_a_log_gets_a_line_each_ten_seconds(capsys: pytest.CaptureFixture[str]) -> None:
    """And each sentence, cleaned."""
    import sys  # noqa: PLC0415  its stdout is capsys's only now

    times = iter([1.0, 1.0, 5.0, 12.0, 12.0])
    board = PushBoard(sys.stdout, now=lambda: next(times))
    for _ in range(3):
        board.show(snapshot(sent=1, server=None))
    board.say(Note("x", "The \x1b key"))
    assert capsys.readouterr().out == 2 * "LIVE · 4.1 Mbit/s · 0.6 s behind · 1 sent\n" + "The   key\n"
