"""Importing an adapter is part of every cold start: what must not come along does not."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def imported_by(module: str) -> set[str]:
    """Return the modules of a fresh interpreter after importing one."""
    script = f"import json, sys, {module}; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=60)
    return set(json.loads(done.stdout))


@pytest.mark.parametrize(
    ("module", "unwanted"),
    [
        ("chalicelib.adapters.tables", {"pynamodb", "botocore", "boto3"}),
        ("chalicelib.adapters.tables.jobs", {"boto3", "s3transfer", "pydantic", "chalice"}),
        ("chalicelib.adapters.s3", {"boto3", "s3transfer", "pynamodb", "concurrent.futures"}),
        ("chalicelib.adapters.sqs", {"boto3", "pynamodb"}),
        ("chalicelib.adapters.clients", {"boto3", "botocore"}),
        (
            "chalicelib.adapters.telemetry",
            {
                "boto3",
                "pydantic",
                "aws_xray_sdk",
                "aws_lambda_powertools.utilities.batch",
                "aws_lambda_powertools.utilities.idempotency",
            },
        ),
        ("chalicelib.adapters.clock", {"botocore", "boto3", "pynamodb"}),
    ],
)
def test_imports_stay_light(module: str, unwanted: set[str]) -> None:
    """Heavy libraries load on first use only."""
    assert imported_by(module) & unwanted == set()
