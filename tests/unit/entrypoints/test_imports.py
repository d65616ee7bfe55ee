"""What each function imports before its first event: a cold start is paid by whoever waits."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import chalicelib

ROOT = Path(chalicelib.__file__).parents[1]
HEAVY = ("pydantic", "jwt", "cryptography", "boto3", "pynamodb", "av", "m3u8")
ALLOWED = {
    "chalicelib.entrypoints.on_upload": set[str](),
    "chalicelib.entrypoints.on_encode": set[str](),
    "chalicelib.entrypoints.on_encode_high": set[str](),
    "chalicelib.entrypoints.on_lifecycle": set[str](),
    "chalicelib.entrypoints.on_prepare": set[str](),
    "chalicelib.entrypoints.on_schedule": set[str](),
    "chalicelib.entrypoints.authorizer": set[str](),
    "chalicelib.entrypoints.ingest_authorizer": set[str](),
    "chalicelib.entrypoints.on_broadcast": set[str](),
    "chalicelib.entrypoints.on_webhook": set[str](),
    "chalicelib.entrypoints.on_live_segment": set[str](),
    "app": {"pydantic"},
}


@pytest.mark.parametrize("module", ALLOWED)
def test_imports_are_light(module: str) -> None:
    """Validation and tokens belong to the API and the authorizer; clients are made on first use."""
    script = f"import sys, {module}; print(*[name for name in {HEAVY!r} if name in sys.modules])"
    loaded = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
    )
    assert ALLOWED[module] == set(loaded.stdout.split())


def test_sockets_import_only_their_own() -> None:
    """Their handlers live in app.py, which leaves out the API when it is loaded for one of them."""
    script = f"import sys, app; print(*[name for name in {HEAVY!r} if name in sys.modules], len(app.app.routes))"
    for function, expected in {"websocket_connect": "0", "websocket_message": "0", "api": "pydantic"}.items():
        env = {"HEADWATER_STAGE": "local", "AWS_LAMBDA_FUNCTION_NAME": f"headwater-local-{function}"}
        loaded = subprocess.run(
            [sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True, timeout=60
        )
        assert loaded.stdout.split()[0] == expected
