"""The embedded cloud as a user starts it, and its command line, as child processes."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Callable

ROOT = Path(__file__).parents[2]
READY_WITHIN_S = 240


@dataclass
class Stack:
    """`headwater local up --port 0 --data DIR`."""

    data: Path
    url: str = ""
    output: list[str] = field(default_factory=list)
    process: subprocess.Popen[str] | None = None
    options: tuple[str, ...] = ()
    """More of what follows `local up`."""
    ready_within_s: float = READY_WITHIN_S

    def start(self) -> None:
        """Start and wait for the ready line."""
        self.url = ""
        self.process = subprocess.Popen(
            [*self.command(), *self.options],
            cwd=ROOT,
            env=self.environment(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        ready = threading.Event()
        threading.Thread(target=self._read, args=(ready,), daemon=True).start()
        assert ready.wait(self.ready_within_s), "".join(self.output)
        assert self.url, "".join(self.output)

    def command(self) -> list[str]:
        """Return what starts it, without `options`."""
        return [sys.executable, "-m", "headwater", "local", "up", "--port", "0", "--data", str(self.data)]

    def environment(self) -> dict[str, str]:
        """Return the variables that it is started with."""
        return dict(os.environ)

    def _read(self, ready: threading.Event) -> None:
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            if line.startswith("ready "):
                self.url = line.split()[1]
                ready.set()
        ready.set()

    def stop(self, how: int = signal.SIGTERM, within_s: float = 60) -> int:
        """Stop as a user or an init system would; returns the exit code."""
        assert self.process is not None
        self.process.send_signal(how)
        try:
            return self.process.wait(within_s)
        finally:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)

    def token(self, user: str = "ann", role: str = "publisher", **more: Any) -> str:
        """Ask the development issuer."""
        answer = httpx.get(f"{self.url}/dev/token", params={"user": user, "role": role, **more}, timeout=90)
        return str(answer.raise_for_status().json()["token"])

    def api(self, user: str = "ann", role: str = "publisher") -> httpx.Client:
        """Return a client that is signed in."""
        headers = {"Authorization": f"Bearer {self.token(user, role)}"}
        return httpx.Client(base_url=f"{self.url}/api/v1", headers=headers, timeout=90)

    def cli(self, *arguments: str, user: str = "ann", timeout_s: float = 400) -> subprocess.CompletedProcess[str]:
        """Run `headwater ...` against this stack."""
        environment = os.environ | {"HEADWATER_URL": self.url, "HEADWATER_USER": user, "NO_COLOR": "1"}
        environment["XDG_STATE_HOME"] = str(self.data.parent / "state")
        command = [sys.executable, "-m", "headwater", *arguments]
        return subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=timeout_s, check=False
        )

    def upload(self, path: Path, *options: str, user: str = "ann") -> dict[str, Any]:
        """Upload through the command line without waiting; returns its JSON."""
        done = self.cli("upload", str(path), "--json", *options, user=user)
        assert done.returncode in {0, 1}, done.stderr
        return dict(json.loads(done.stdout))

    def progress(self, recording_id: str, user: str = "ann") -> dict[str, Any]:
        """Return the progress document."""
        with self.api(user) as api:
            return dict(api.get(f"/recordings/{recording_id}/transcode/progress").raise_for_status().json())

    def wait_for(
        self, recording_id: str, done: Callable[[dict[str, Any]], bool], within_s: float = 240
    ) -> dict[str, Any]:
        """Poll progress until `done` holds."""
        deadline = time.monotonic() + within_s
        with self.api() as api:
            while True:
                document = dict(api.get(f"/recordings/{recording_id}/transcode/progress").raise_for_status().json())
                if done(document):
                    return document
                assert time.monotonic() < deadline, document
                time.sleep(0.3)


def someone(name: str) -> str:
    """Return a user nobody has been yet: a test that is tried again finds nothing of its first try."""
    return f"{name}-{secrets.token_hex(3)}"


def settled(document: dict[str, Any]) -> bool:
    """True once a recording is ready or errored."""
    return document["recording_status"] in {"ready", "errored"}
