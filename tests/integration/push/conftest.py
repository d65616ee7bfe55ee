"""`headwater live push` as a process, a server for it, and encoders that send to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.live_server import RECORDING, LiveServer, serve
from support.pipeline import FFMPEG

from headwater.push.transport_stream import Reader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

WITHIN_S = 90
FRAME = range(2900, 3100)
"""Ticks between pictures at 30 a second; RTMP rounds to milliseconds."""


@dataclass
class Push:
    """A running agent and what it printed."""

    process: subprocess.Popen[str]
    said: list[dict[str, Any]] = field(default_factory=list)
    heard: threading.Condition = field(default_factory=threading.Condition)

    def listen(self) -> None:
        """Read its stdout to the end."""
        for line in self.process.stdout or ():
            with self.heard:
                self.said.append(json.loads(line))
                self.heard.notify_all()

    def wait_note(self, code: str, count: int = 1) -> str:
        """Wait for a note; returns its sentence."""
        with self.heard:
            assert self.heard.wait_for(lambda: len(self.notes(code)) >= count, WITHIN_S), self.said
        return self.notes(code)[count - 1]

    def notes(self, code: str) -> list[str]:
        """The sentences told under a code."""
        return [item["detail"] for item in self.said if item.get("type") == "note" and item["code"] == code]

    def wait_status(self, met: Callable[[dict[str, Any]], bool]) -> None:
        """Wait for a state."""
        with self.heard:
            is_met = lambda: any(item.get("type") == "status" and met(item) for item in self.said)  # noqa: E731
            assert self.heard.wait_for(is_met, WITHIN_S), self.said

    def end(self, how: signal.Signals = signal.SIGINT) -> int:
        """End it as a person would, and return its exit code."""
        self.process.send_signal(how)
        return self.process.wait(WITHIN_S)


@pytest.fixture
def server() -> Iterator[LiveServer]:
    """A server on which nothing is live yet."""
    memory = LiveServer()
    http = serve(memory)
    yield memory
    http.shutdown()
    http.server_close()


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Where the agents of a test keep their state."""
    return tmp_path / "xdg"


@pytest.fixture
def push(server: LiveServer, state: Path) -> Iterator[Callable[..., Push]]:
    """Return a function that starts `headwater live push` with 1 s segments; nothing it starts outlives the test."""
    started: list[Push] = []

    def start(*options: str, target: str = RECORDING) -> Push:
        own = {"HEADWATER_URL": server.url, "HEADWATER_USER": "ann", "XDG_STATE_HOME": str(state)}
        command = [sys.executable, "-m", "headwater", "live", "push", target, "--json", "--target", "1", *options]
        path = f"{Path(FFMPEG).parent}{os.pathsep}{os.environ['PATH']}"
        process = subprocess.Popen(
            command,
            env={**os.environ, **own, "PATH": path},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        running = Push(process)
        threading.Thread(target=running.listen, daemon=True).start()
        started.append(running)
        return running

    yield start
    for running in started:
        running.process.kill()
        running.process.wait()


@pytest.fixture
def encoder() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return a function that sends a generated stream somewhere in real time, as an encoder would."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*output: str, seconds: float = 60, gop: int = 30) -> subprocess.Popen[bytes]:
        picture = ["-re", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30"]
        tone = ["-re", "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000"]
        coded = ["-c:v", "libx264", "-preset", "ultrafast", "-sc_threshold", "0", "-g", str(gop), "-c:a", "aac"]
        command = [FFMPEG, "-v", "error", *picture, *tone, "-t", str(seconds), *coded, *output]
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()


@pytest.fixture
def free_port() -> int:
    """A port of the loopback that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_listening(port: int) -> None:
    """Return once somebody listens there; asked of the kernel, as a connection would be taken for a publisher."""
    until = time.monotonic() + WITHIN_S
    while f":{port:04X} 00000000:0000 0A" not in Path("/proc/net/tcp").read_text():
        assert time.monotonic() < until
        time.sleep(0.05)


def frame_ticks(server: LiveServer, epoch: int) -> list[int]:
    """Decoding times of all pictures that arrived of an epoch, in order of the segments' numbers."""
    arrived = sorted((one for one in server.arrivals if one.epoch == epoch), key=lambda one: one.n)
    return [picture.dts for one in arrived for picture in Reader().pictures(one.body)]


def is_unbroken(server: LiveServer, epoch: int, numbers: int) -> bool:
    """True when segments 0, 1, … `numbers` - 1 of an epoch came once each, and no picture is missing in them."""
    came = sorted(one.n for one in server.arrivals if one.epoch == epoch)
    ticks = frame_ticks(server, epoch)
    return came == list(range(numbers)) and all(after - before in FRAME for before, after in pairwise(ticks))


@pytest.fixture
def unbroken() -> Callable[..., bool]:
    """Return `is_unbroken`."""
    return is_unbroken


@pytest.fixture
def listening() -> Callable[[int], None]:
    """Return `wait_listening`."""
    return wait_listening
