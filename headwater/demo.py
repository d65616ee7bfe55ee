"""`make demo`: the embedded cloud as a child process, one upload through the public API, and where it plays."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Self

from headwater.cli.boards import board_for
from headwater.cli.exits import Exit, complain, exit_coded
from headwater.cli.follow import follow
from headwater.cli.text import trouble
from headwater.client import Api, ClientError, Upload, Uploader
from headwater.client.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

CLIP = Path(__file__).resolve().parents[1] / "tests" / "media" / "demo-1080p30.mp4"
TITLE = "Big Buck Bunny, then slides"
READY_WITHIN_S = 120.0
STOP_WITHIN_S = 15.0
PR_SET_PDEATHSIG = 1


class CloudError(ClientError):
    """The embedded cloud did not start, or went away."""


class Cloud:
    """`headwater local up` as a child that never outlives this process. What it prints is passed on."""

    def __init__(self, command: Sequence[str]) -> None:
        """Remember the command; entering starts it."""
        self._command = command
        self._ready: SimpleQueue[str | None] = SimpleQueue()

    def __enter__(self) -> Self:
        libc = ctypes.CDLL(None)

        def die_with_parent() -> None:
            libc.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)

        # Its own session: Ctrl-C reaches only us, and we stop it in order.
        self._child = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stdin=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
            start_new_session=True,
            preexec_fn=die_with_parent,  # noqa: PLW1509  no thread runs yet, and it only makes one system call
        )
        threading.Thread(target=self._pass_on, daemon=True).start()
        return self

    def _pass_on(self) -> None:
        for line in self._child.stdout or ():
            print(line, end="", flush=True)  # noqa: T201  a command
            if line.startswith("ready http"):
                self._ready.put(line.split()[1])
        self._ready.put(None)

    def url(self) -> str:
        """Wait until it is ready and return its origin; raises CloudError when it ends or hangs before that."""
        try:
            url = self._ready.get(timeout=READY_WITHIN_S)
        except Empty:
            raise CloudError(f"the embedded cloud was not ready after {READY_WITHIN_S:.0f} s.") from None
        if url is None:
            raise CloudError(f"the embedded cloud did not start (exit code {self._child.wait()}).")
        return url

    def wait(self) -> None:
        """Wait until it ends; raises CloudError, as nobody asked it to."""
        raise CloudError(f"the embedded cloud stopped by itself (exit code {self._child.wait()}).")

    def __exit__(self, *error: object) -> None:
        self._child.send_signal(signal.SIGINT)
        try:
            self._child.wait(STOP_WITHIN_S)
        except (subprocess.TimeoutExpired, KeyboardInterrupt):
            os.killpg(self._child.pid, signal.SIGKILL)
            self._child.wait()


@exit_coded
def run(video: Path | None, *, port: int, data: Path | None, once: bool) -> Exit:
    """Show Headwater on one video and stay up until Ctrl-C, or with `once` until the recording is ready."""
    clip = video or CLIP
    if Source.of(clip).size_bytes == 0:
        complain(f"{clip} is empty: there is nothing to show.")
        return Exit.USAGE
    command = [sys.executable, "-m", "headwater", "local", "up", "--port", str(port)]
    return present([*command, "--data", str(data)] if data else command, clip, once=once)


@exit_coded
def present(command: Sequence[str], clip: Path, *, once: bool) -> Exit:
    """Start `command`, which prints `ready URL`, upload the clip there, follow it, and stop the command at the end."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with Cloud(command) as cloud:
        outcome = _show(Api.connect(cloud.url(), user=os.environ.get("HEADWATER_USER")), clip)
        if outcome is Exit.OK and not once:
            print("It stays up until Ctrl-C.", flush=True)  # noqa: T201  a command
            try:
                cloud.wait()
            except KeyboardInterrupt:
                print("\nStopping.", flush=True)  # noqa: T201  a command
    return outcome


def _show(api: Api, clip: Path) -> Exit:
    """Upload the clip and follow it to its end; FAILED when it cannot be made to play."""
    with board_for(as_json=False) as board:
        board.say(f"Uploading {clip.name}")
        recording = Uploader(api, board).run(Upload(path=clip, title=TITLE if clip == CLIP else clip.stem))
        recording = follow(api, recording["id"], board)
    if recording["status"] == "errored":
        complain(f"{clip.name} cannot be made to play: {trouble(recording)}")
        return Exit.FAILED
    print(f"Ready in full quality: {recording['playback_url']}", flush=True)  # noqa: T201  a command
    return Exit.OK
