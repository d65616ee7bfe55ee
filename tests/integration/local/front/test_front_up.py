"""`headwater local up` as people run it: ready, answering, stopped, killed."""

from __future__ import annotations

import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from headwater.local.worker import tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).resolve().parents[4]
START_S = 240


@dataclass
class Up:
    """A running stack: its process and what it has printed so far."""

    process: subprocess.Popen[str]
    said: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read along in a thread: a line may sit in a buffer that no selector sees."""
        self._lines: queue.Queue[str] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as said:
            for line in said:
                self._lines.put(line.rstrip("\n"))
        self._lines.put("(the end)")

    def ready(self) -> str:
        """Wait for the ready line; returns the address in it."""
        while not self.said or not self.said[-1].startswith("ready "):
            self.said.append(self._lines.get(timeout=START_S))
            assert self.said[-1] != "(the end)"
        return self.said[-1].split()[1]

    def stop(self, number: int) -> tuple[int, float]:
        """Send a signal; returns the exit code and the seconds it took."""
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(90)
        return code, time.monotonic() - began


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Callable[..., Up]]:
    """Start stacks on free ports; whatever is left of them at the end is killed."""
    started: list[Up] = []

    def start(*options: str) -> Up:
        command = [sys.executable, "-m", "headwater.cli.local", "up", *(options or ("--port", "0"))]
        with (tmp_path / "stderr").open("a") as errors:
            process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=errors, text=True)
        started.append(Up(process))
        return started[-1]

    yield start
    for one in started:
        one.process.kill()
        one.process.wait()


def _alive(pids: list[int]) -> list[int]:
    """Those of the processes that still run (zombies do not)."""
    states = {}
    for pid in pids:
        try:
            states[pid] = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
    return [pid for pid, state in states.items() if state != "Z"]


def _gone(pids: list[int], within_s: float) -> bool:
    until = time.monotonic() + within_s
    while _alive(pids) and time.monotonic() < until:
        time.sleep(0.1)
    return not _alive(pids)


def test_a_stack_starts_answers_and_stops(up: Callable[..., Up]) -> None:
    """Banner, one ready line, API behind its authorizer, clean end, nothing left running."""
    stack = up()
    url = stack.ready()
    assert [line for line in stack.said if line.startswith("ready")] == [f"ready {url}"]
    assert any(line.endswith(f"{url}/openapi.json") for line in stack.said)
    assert httpx.get(f"{url}/health", timeout=90).json()["status"] == "ok"
    token = httpx.get(f"{url}/dev/token?user=ann&role=publisher", timeout=90).json()["token"]
    asked = [
        httpx.get(f"{url}/api/v1/recordings", headers=sent, timeout=90) for sent in ({}, _bearer(token), _bearer("x"))
    ]
    assert [answer.status_code for answer in asked] == [401, 200, 401]
    family = tree(stack.process.pid)
    code, took_s = stack.stop(signal.SIGTERM)
    assert (code, took_s < 60, _gone(family, 20)) == (0, True, True)


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_data_and_keys_outlive_a_restart(up: Callable[..., Up], tmp_path: Path) -> None:
    """The same recordings at the same address, and the token from before."""
    url = (first := up("--port", "0", "--data", str(tmp_path / "data"))).ready()
    token = httpx.get(f"{url}/dev/token?user=ann&role=publisher", timeout=90).json()["token"]
    asked = {"title": "kept", "filename": "a.mp4", "size_bytes": 5, "content_type": "video/mp4"}
    made = httpx.post(f"{url}/api/v1/recordings", json=asked, headers=_bearer(token), timeout=90).json()
    part = made["upload"]["parts"][0]
    assert httpx.put(part["url"], content=b"12345", timeout=90).status_code == 200
    assert first.stop(signal.SIGINT)[0] == 0
    again = up("--port", url.rpartition(":")[2], "--data", str(tmp_path / "data"))
    assert again.ready() == url
    path = f"{url}/api/v1/recordings/{made['recording']['id']}"
    assert httpx.get(path, headers=_bearer(token), timeout=90).json()["title"] == "kept"
    upload = httpx.get(f"{path}/upload", headers=_bearer(token), timeout=90).json()
    assert [one["part_number"] for one in upload["uploaded"]] == [1]


def test_nothing_outlives_a_killed_router(up: Callable[..., Up]) -> None:
    """Emulator and workers notice."""
    stack = up()
    stack.ready()
    family = tree(stack.process.pid)
    assert len(family) > 4
    stack.stop(signal.SIGKILL)
    assert _gone(family, 60)


def test_a_dead_emulator_ends_the_stack(up: Callable[..., Up], tmp_path: Path) -> None:
    """Instead of a stack that looks alive and answers nothing."""
    stack = up()
    stack.ready()
    commands = {pid: Path(f"/proc/{pid}/cmdline").read_text() for pid in tree(stack.process.pid)}
    (emulator,) = [pid for pid, command in commands.items() if "headwater.local.aws_server" in command]
    os.kill(emulator, signal.SIGKILL)
    assert stack.process.wait(90) == 1
    assert "the emulator ended unexpectedly" in (tmp_path / "stderr").read_text()


def test_stopping_while_it_starts(up: Callable[..., Up]) -> None:
    """Ctrl-C does not need to wait for the banner."""
    stack = up()
    time.sleep(1.0)
    family = tree(stack.process.pid)
    code, took_s = stack.stop(signal.SIGINT)
    assert (took_s < 60, _gone(family, 20)) == (True, True)
    assert code in {0, 130, -signal.SIGINT}


def test_a_busy_port_is_one_sentence(tmp_path: Path) -> None:
    """Before anything starts: no traceback, no data folder."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        command = [
            sys.executable,
            "-m",
            "headwater.cli.local",
            "up",
            "--port",
            str(port),
            "--data",
            str(tmp_path / "d"),
        ]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    sentence = f"headwater: Port {port} is in use: stop what uses it, or choose another with --port.\n"
    assert (done.returncode, done.stdout, done.stderr, (tmp_path / "d").exists()) == (1, "", sentence, False)


def test_a_folder_of_something_else_is_left_alone(tmp_path: Path) -> None:
    """Nothing is written into it."""
    (tmp_path / "thesis.txt").write_text("mine")
    command = [sys.executable, "-m", "headwater.cli.local", "up", "--port", "0", "--data", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=180)
    assert (done.returncode, "not a Headwater data folder" in done.stderr) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["thesis.txt"]
