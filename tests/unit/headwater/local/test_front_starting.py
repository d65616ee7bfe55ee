"""Keys, socket, banner and threads: what starting the embedded cloud is made of."""

from __future__ import annotations

import asyncio
import io
import shutil
import socket
import threading
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from headwater.cli.local import app
from headwater.local.banner import Line, banner_lines, show_banner
from headwater.local.keys import load_keys
from headwater.local.listener import PortBusy, listen, url_of
from headwater.local.stack import Failed
from headwater.local.together import in_thread, together
from headwater.local.up import check_layers


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two folders with keys, made once: RSA takes its time."""
    made = tmp_path_factory.mktemp("one"), tmp_path_factory.mktemp("two")
    for folder in made:
        load_keys(folder)
    return made


def test_keys_outlive_a_restart(folders: tuple[Path, Path]) -> None:
    """Links and tokens made before it stay good; nobody else can read the files."""
    first, second = load_keys(folders[0]), load_keys(folders[0])
    same = (
        first.cdn_pem() == second.cdn_pem(),
        first.issuer.private_numbers() == second.issuer.private_numbers(),
        (first.grant, first.aws) == (second.grant, second.aws),
    )
    assert same == (True, True, True)
    modes = {path.name: oct(path.stat().st_mode & 0o777) for path in folders[0].iterdir()}
    assert modes == dict.fromkeys(["cdn.pem", "issuer.pem", "grant.hex", "aws-secret.txt"], "0o600")


def test_keys_differ_between_folders(folders: tuple[Path, Path]) -> None:
    """Two stacks do not accept each other's signatures; the key-pair id has CloudFront's shape."""
    first, second = map(load_keys, folders)
    assert first.cdn_key_pair_id() != second.cdn_key_pair_id()
    assert (first.aws.secret_access_key == second.aws.secret_access_key, first.grant == second.grant) == (False, False)
    assert (first.cdn_key_pair_id()[0], len(first.cdn_key_pair_id())) == ("K", 14)


def test_a_damaged_key_is_named(folders: tuple[Path, Path], tmp_path: Path) -> None:
    """Rather than replaced: that would end every link given out."""
    shutil.copytree(folders[0], tmp_path, dirs_exist_ok=True)
    (tmp_path / "cdn.pem").write_text("nonsense")
    with pytest.raises(ValueError, match=r"cdn\.pem is not an RSA private key"):
        load_keys(tmp_path)


def test_a_port_has_one_owner() -> None:
    """On loopback only, taken before anything else starts; the refusal is a sentence."""
    with listen(0) as first:
        host, port = urlsplit(url_of(first)).hostname, urlsplit(url_of(first)).port
        assert host == "127.0.0.1"
        with pytest.raises(PortBusy, match=f"Port {port} is in use"):
            listen(port or 0)
        with socket.create_connection(("127.0.0.1", port or 0), timeout=1):
            pass


def test_a_freed_port_can_be_taken_again() -> None:
    """A stack that was just stopped can be started at the same address."""
    with listen(0) as first:
        port = first.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port), timeout=1):
            first.accept()[0].close()
    with listen(port) as second:
        assert second.getsockname()[1] == port


def test_missing_layers_say_what_to_do(tmp_path: Path) -> None:
    """Both parts are looked for."""
    with pytest.raises(Failed, match="ffmpeg is missing: run `make layers` first"):
        check_layers(tmp_path)
    (tmp_path / "ffmpeg" / "bin").mkdir(parents=True)
    (tmp_path / "ffmpeg" / "bin" / "ffmpeg").touch()
    with pytest.raises(Failed, match="python is missing: run `make layers` first"):
        check_layers(tmp_path)


def test_the_banner_names_every_endpoint() -> None:
    """Plain text when nobody looks at a terminal, addresses whole."""
    out = io.StringIO()
    show_banner(banner_lines("http://127.0.0.1:1", ("source", "media"), None, Path("/logs")), out)
    lines = out.getvalue().splitlines()
    named = [line.split(None, 2)[0] for line in lines if line.startswith("  ")]
    delivery = ["Uploads"] * 2 + ["Live"] * 2 + ["Delivery"]
    assert named == ["Pages"] * 3 + ["API"] * 4 + delivery + ["Files"] * 2
    assert "  Live      WebSocket      ws://127.0.0.1:1/ws?token={token}" in lines
    assert "  API       Dev token      http://127.0.0.1:1/dev/token?user=you&role=publisher" in lines


def test_a_terminal_gets_a_table() -> None:
    """With each part named once."""

    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    out = Terminal()
    show_banner([Line("API", "REST", "http://h/api"), Line("API", "Health", "http://h/health")], out)
    text = out.getvalue()
    assert (text.count("API"), "http://h/health" in text) == (1, True)


def test_the_data_folder_is_named() -> None:
    """When there is one."""
    values = {line.name: line.value for line in banner_lines("http://h", (), Path("/kept"), Path("/kept/logs"))}
    assert (values["Data"], values["Function logs"]) == ("/kept", "/kept/logs")


def test_cancelled_work_is_waited_for() -> None:
    """What a thread was starting exists once we go on, so it can be stopped."""
    begun, go_on, finished = threading.Event(), threading.Event(), []

    def work() -> None:
        begun.set()
        go_on.wait(60)
        finished.append(True)

    async def run() -> list[bool]:
        task = asyncio.create_task(in_thread(work))
        await asyncio.to_thread(begun.wait, 60)
        task.cancel()
        asyncio.get_running_loop().call_later(0.05, go_on.set)
        with pytest.raises(asyncio.CancelledError):
            await task
        return list(finished)

    assert asyncio.run(run()) == [True]


def test_together_waits_for_the_rest_before_it_fails() -> None:
    """Nothing goes on in the background after a failure."""
    finished = []

    async def fail() -> None:
        raise ValueError("first")

    async def work() -> None:
        await asyncio.sleep(0.01)
        finished.append(True)

    async def run() -> None:
        await together(fail(), work())

    with pytest.raises(ValueError, match="first"):
        asyncio.run(run())
    assert finished == [True]


@pytest.mark.parametrize("port", ["-1", "65536", "x"])
def test_impossible_ports_are_wrong_usage(port: str) -> None:
    """Before anything is loaded."""
    assert CliRunner().invoke(app, ["up", "--port", port]).exit_code == 2
