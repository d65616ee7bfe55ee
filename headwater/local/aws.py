"""AWS on this machine: starts the emulator process and stops it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Self

from headwater.local import scratch
from headwater.local.persistence import DataFolderError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from headwater.local.roles import Role

ACCOUNT = "123456789012"
REGION = "eu-central-1"
_STOP_S = 8


class AwsEmulator:
    """S3, SQS, DynamoDB and Secrets Manager at one loopback address, in a process of their own.

    Without a data folder the state lies in a temporary one that goes away with `stop`.
    """

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self._temporary: Path | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._process.pid if self._process else None

    def start(self, data_dir: Path | None = None) -> str:
        """Start and return the endpoint URL; raises DataFolderError when `data_dir` cannot be used. Blocks ~2 s."""
        if data_dir is None:
            data_dir = self._temporary = scratch.make("cloud")
        command = [sys.executable, "-m", "headwater.local.aws_server", str(data_dir)]
        self._process = subprocess.Popen(
            [*command, "--account", ACCOUNT, "--region", REGION],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=_environment(),
            # Ctrl-C in a terminal goes to the whole group; this one ends when it is told to.
            start_new_session=True,
        )
        answer = self._process.stdout.readline() if self._process.stdout else ""
        word, _, rest = answer.strip().partition(" ")
        if word != "endpoint":
            self.stop()
            raise DataFolderError(rest or "the embedded cloud did not start")
        return rest

    def enforce(self, roles: Iterable[Role]) -> None:
        """Know these roles and nobody else from now on; until then callers may do everything."""
        if self._process is None or self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the emulator was not started")
        self._process.stdin.write(f"{json.dumps([role.as_json() for role in roles])}\n")
        self._process.stdin.flush()
        if self._process.stdout.readline().strip() != "enforced":
            raise ValueError("the embedded cloud did not take the roles")

    def stop(self) -> None:
        """Flush and end the process; quiet when it is not running."""
        process, self._process = self._process, None
        if process is not None:
            for pipe in (process.stdin, process.stdout):
                if pipe:
                    pipe.close()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.send_signal(signal.SIGKILL)
                process.wait()
        if self._temporary is not None:
            shutil.rmtree(self._temporary, ignore_errors=True)
            self._temporary = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()


def _environment() -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "MOTO_"))}
    root = str(Path(__file__).resolve().parents[2])
    path = os.pathsep.join(filter(None, [root, kept.get("PYTHONPATH", "")]))
    return kept | {
        "PYTHONPATH": path,
        "S3_IGNORE_SUBDOMAIN_BUCKETNAME": "true",
        # glibc keeps an arena per thread and gives large blocks back late: hundreds of megabytes of part bodies
        "MALLOC_ARENA_MAX": "2",
        "MALLOC_MMAP_THRESHOLD_": "1048576",
        "AWS_DEFAULT_REGION": REGION,
    }
