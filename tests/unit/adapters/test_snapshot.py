"""One frozen process that goes on as two functions: they may not roll the same dice, nor share keys or connections."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import chalicelib

ROOT = Path(chalicelib.__file__).parents[1]
# The process is copied as Lambda copies it, memory and all, once it would be frozen: by fork, after which Python's own
# seeding of a child is undone, as nobody tells a copy that it is one.
SCRIPT = """
import importlib, json, os, random, sys
from pathlib import Path
import snapshot_restore_py as hooks

importlib.import_module(sys.argv[1])
from chalicelib import container
from chalicelib.adapters import clients

for call, args, kwargs in hooks.get_before_snapshot():
    call(*args, **kwargs)

def kept():
    return [name for name in os.listdir("/proc/self/fd") if "socket:" in os.path.realpath(f"/proc/self/fd/{name}")]

frozen = {
    "sockets": kept(), "hooks": len(hooks.get_after_restore()),
    "modules": [name for name in ("boto3", "pynamodb", "jwt", "cryptography") if name in sys.modules],
}

state = random.getstate()

def copy(key):
    there, here = os.pipe()
    if os.fork():
        os.close(here)
        with os.fdopen(there) as lines:
            said = json.loads(lines.read())
        os.wait()
        return said
    random.setstate(state)
    said = {"asleep": random.random()}
    os.environ["AWS_ACCESS_KEY_ID"] = key
    for call, args, kwargs in hooks.get_after_restore():
        call(*args, **kwargs)
    said |= {"dice": random.random(), "token": container.clock().token(), "key": clients.credentials().access_key}
    os.write(here, json.dumps(said).encode())
    os._exit(0)

print(json.dumps({"frozen": frozen, "copies": [copy("one"), copy("two")]}))
"""


def frozen_as(function: str, module: str, kind: str = "snap-start") -> dict[str, Any]:
    """Start a function's process as Lambda does, freeze it, and let two copies go on."""
    env = {
        "HEADWATER_STAGE": "local",
        "AWS_LAMBDA_FUNCTION_NAME": f"headwater-local-{function}",
        "AWS_LAMBDA_INITIALIZATION_TYPE": kind,
        "AWS_REGION": "eu-central-1",
        "AWS_ACCESS_KEY_ID": "of-the-start",
        "AWS_SECRET_ACCESS_KEY": "nothing",
        "AWS_EC2_METADATA_DISABLED": "true",
    }
    command = [sys.executable, "-c", SCRIPT, module]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.mark.parametrize(
    ("function", "module", "prepared"),
    [
        ("api", "app", {"boto3", "pynamodb", "jwt", "cryptography"}),
        ("websocket_connect", "app", {"boto3", "pynamodb"}),
        ("authorizer", "chalicelib.entrypoints.authorizer", {"jwt", "cryptography"}),
        ("ingest_authorizer", "chalicelib.entrypoints.ingest_authorizer", {"boto3", "pynamodb"}),
    ],
)
def test_copies_of_a_snapshot_differ(function: str, module: str, prepared: set[str]) -> None:
    """What takes long lies in it; dice, tokens and credentials are each copy's own, and no connection is in it."""
    found = frozen_as(function, module)
    one, two = found["copies"]
    assert prepared <= set(found["frozen"]["modules"])
    assert found["frozen"]["sockets"] == []
    assert one["dice"] != two["dice"]
    assert one["token"] != two["token"]
    assert [one["key"], two["key"]] == ["one", "two"]
    assert one["asleep"] == two["asleep"], "before they are thawed they are one"


def test_nothing_is_prepared_elsewhere() -> None:
    """A function that is started for an event builds what that event needs, and no more."""
    found = frozen_as("api", "app", kind="on-demand")
    assert found["frozen"] == {"sockets": [], "hooks": 0, "modules": []}
