"""The command as a process: Ctrl-C and kill in the middle of an upload, and how fast it starts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from conftest import Stub

COMMAND = (sys.executable, "-m", "headwater")


@pytest.fixture
def env(stub: Stub, tmp_path: Path) -> dict[str, str]:
    """Return an environment with its own state folder, pointing at the stub."""
    own = {"HEADWATER_URL": stub.url, "HEADWATER_USER": "ann", "XDG_STATE_HOME": str(tmp_path / "xdg")}
    return {**os.environ, **own}


def interrupt_midway(stub: Stub, clip: Path, env: dict[str, str], number: signal.Signals) -> tuple[int, str]:
    """Start an upload, send the signal once the first part is in and the second hangs; return exit code and stderr."""
    stub.hold, stub.hold_after = threading.Event(), 1
    command = [*COMMAND, "upload", str(clip), "--parallel", "1"]
    with subprocess.Popen(command, env=env, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as process:
        until = time.monotonic() + 90
        while stub.calls["PUT /bucket/rec_1/2"] == 0 and time.monotonic() < until:
            time.sleep(0.02)
        process.send_signal(number)
        try:
            _, said = process.communicate(timeout=60)
        finally:
            process.kill()
    stub.hold.set()
    stub.hold = None
    return process.returncode, said


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_an_interrupted_upload_goes_on(stub: Stub, clip: Path, env: dict[str, str], number: signal.Signals) -> None:
    """However the first run ended, the second sends only what is missing, into the same recording."""
    interrupt_midway(stub, clip, env, number)
    stub.puts.clear()
    again = subprocess.run(
        [*COMMAND, "upload", str(clip), "--json"], env=env, capture_output=True, text=True, check=True
    )
    assert json.loads(again.stdout)["id"] == "rec_1"
    assert (sorted(stub.puts), stub.uploaded("rec_1")) == ([2, 3], clip.read_bytes())


def test_ctrl_c_says_how_to_go_on(stub: Stub, clip: Path, env: dict[str, str]) -> None:
    """Exit code 130 at once although a part hangs, a sentence, no traceback."""
    code, said = interrupt_midway(stub, clip, env, signal.SIGINT)
    assert (code, "run the same command again to go on" in said, "Traceback" in said) == (130, True, False)


def test_help_loads_nothing_heavy() -> None:
    """Starting up must not cost what only some commands need."""
    heavy = "{'httpx', 'aiohttp', 'boto3', 'botocore', 'chalice', 'moto', 'pydantic', 'cryptography'}"
    code = f"import sys, headwater.cli.main; print(sorted({heavy} & set(sys.modules)))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said == "[]\n"
