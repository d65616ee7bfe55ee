"""What each function imports before its first event: a cold start is paid by whoever waits."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import chalicelib

ROOT = Path(chalicelib.__file__).parents[1]
HEAVY = {"pydantic", "jwt", "cryptography", "boto3", "botocore.session", "pynamodb", "av", "m3u8", "numpy", "asyncio"}
"""Made on first use, or not at all. The API has pydantic for its routes."""
AT_MOST = 40
"""Modules of ours that a function other than the API may load: they have about half of that."""
ENTRY, LIVE = "chalicelib.entrypoints.", {"domain.live", "live_container"}
BULKY = {"services", "adapters.tables", "domain.abr", "domain.analytics", "domain.playlist", "domain.captions"}


@dataclass(frozen=True)
class Graph:
    """What a handler's module may load: our own entry points, heavy libraries, and bulky parts of ours."""

    module: str
    entries: tuple[str, ...]
    heavy: frozenset[str] = frozenset()
    parts: frozenset[str] = frozenset()


def worker(name: str, *entries: str, live: bool = False) -> Graph:
    """Return the graph of a function that loads its own module and a few beside it."""
    return Graph(ENTRY + name, (name, *entries), parts=frozenset(LIVE if live else ()))


GRAPHS = {
    "authorizer": worker("authorizer"),
    "ingest_authorizer": worker("ingest_authorizer", live=True),
    "on_upload": worker("on_upload"),
    "on_prepare": worker("on_prepare", "holding"),
    "on_encode": worker("on_encode", "holding"),
    "on_encode_high": worker("on_encode_high", "on_encode", "holding"),
    "on_lifecycle": worker("on_lifecycle", "holding"),
    "on_live_segment": worker("on_live_segment", "holding", live=True),
    "on_broadcast": worker("on_broadcast", live=True),
    "on_webhook": worker("on_webhook", "holding"),
    "on_schedule": worker("on_schedule", live=True),
    **{
        f"websocket_{event}": Graph("app", ("websocket",), parts=frozenset({"live_container"}))
        for event in ("connect", "message", "disconnect")
    },
}


def loaded_by(function: str, module: str, name: str = "") -> set[str]:
    """Return the names of all modules that are there once `module` is imported in a function's new process."""
    env = {"HEADWATER_STAGE": "local", "AWS_LAMBDA_FUNCTION_NAME": name or f"headwater-local-{function}"}
    script = f"import json, sys, {module}; print(json.dumps(list(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=120
    )
    return set(json.loads(done.stdout))


def entries(loaded: set[str]) -> set[str]:
    """Return which of our entry points are among the modules."""
    return {name.removeprefix(ENTRY) for name in loaded if name.startswith(ENTRY)}


def test_every_function_is_held() -> None:
    """The table below has all that is deployed, but the API, which has tests of its own."""
    config = json.loads((ROOT / ".chalice/config.json").read_text("utf-8"))
    assert set(config["stages"]["prod"]["lambda_functions"]) == {*GRAPHS, "api_handler"}


@pytest.mark.parametrize("function", GRAPHS)
def test_imports_are_light(function: str) -> None:
    """No library that can wait, no entry point of another function, none of the parts that only others run."""
    graph = GRAPHS[function]
    loaded = loaded_by(function, graph.module)
    ours = {name.removeprefix("chalicelib.") for name in loaded if name.startswith("chalicelib.")}
    assert graph.heavy == HEAVY & loaded
    assert set(graph.entries) == entries(loaded)
    assert (BULKY | LIVE) & ours <= graph.parts
    assert len(ours) <= AT_MOST


@pytest.mark.parametrize("name", ["headwater-local", "headwater-local-api"])
def test_the_api_imports_no_worker(name: str) -> None:
    """Under either name, Chalice's on AWS and ours here: all routes, pydantic for them, and nothing that others run."""
    loaded = loaded_by("api", "app", name)
    assert {"pydantic"} == HEAVY & loaded
    assert {entry for entry in entries(loaded) if entry.startswith("on_")} == set()
    assert "ingest_authorizer" not in entries(loaded)
    assert "websocket" in entries(loaded)
    engines = {"chalicelib.domain.abr", "chalicelib.domain.analytics", "chalicelib.services.quality"}
    assert engines & loaded == set(), "most requests need neither the adaptive engine nor sums"


def test_the_api_serves_every_route() -> None:
    """What it leaves out are functions, not routes; deployment, which has no function's name, sees all of them."""
    script = (
        "import json, app; print(json.dumps(["
        "sorted((path, *sorted(methods)) for path, methods in app.app.routes.items()), len(app.app.handler_map)]))"
    )
    seen = {}
    for name in ("", "headwater-local-api"):
        env = {"HEADWATER_STAGE": "local"} | ({"AWS_LAMBDA_FUNCTION_NAME": name} if name else {})
        done = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=120
        )
        seen[name] = json.loads(done.stdout)
    assert seen[""][0] == seen["headwater-local-api"][0]
    assert len(seen[""][0]) > 1
    assert seen[""][1] > seen["headwater-local-api"][1]


def test_sockets_import_no_route() -> None:
    """Their handlers live in app.py, which leaves out the API when it is loaded for one of them."""
    env = {"HEADWATER_STAGE": "local", "AWS_LAMBDA_FUNCTION_NAME": "headwater-local-websocket_connect"}
    done = subprocess.run(
        [sys.executable, "-c", "import app; print(len(app.app.routes))"],
        cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=120,
    )  # fmt: skip
    assert done.stdout.strip() == "0"
