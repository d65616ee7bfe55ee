"""Terraform in tests: where it and its provider are, and a root that talks to moto."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any, Self

MIRRORS = (
    "/opt/tf-plugins",
    "/usr/local/share/terraform/plugins",
    "/usr/share/terraform/plugins",
    "~/.terraform.d/plugins",
    "~/.local/share/terraform/plugins",
)
"""Where people keep the provider for machines without a way to the registry; `TF_PLUGIN_DIR` goes before these."""
PROVIDER = "registry.terraform.io/hashicorp/aws"
SERVICES = (
    *("apigateway", "apigatewayv2", "budgets", "cloudfront", "cloudwatch", "cognitoidp", "dynamodb", "events", "iam"),
    *("lambda", "logs", "route53", "s3", "secretsmanager", "sns", "sqs", "sts", "wafv2"),
)


def program() -> str:
    """Return Terraform's path; a machine without it cannot say that the package deploys."""
    found = os.environ.get("TERRAFORM") or shutil.which("terraform")
    assert found, "Terraform is not installed: CONTRIBUTING.md says which, or name it in TERRAFORM"
    return found


def plugin_arguments() -> list[str]:
    """Return how `init` finds the provider: in the first mirror that has it, else as Terraform itself would."""
    places = [os.environ.get("TF_PLUGIN_DIR", ""), *MIRRORS]
    for place in filter(None, places):
        folder = Path(place).expanduser()
        if (folder / PROVIDER).is_dir():
            return [f"-plugin-dir={folder}"]
    return []


def environment() -> dict[str, str]:
    """Return the environment Terraform runs in: no account of anybody's, no settings that lead nowhere."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
    config = kept.get("TF_CLI_CONFIG_FILE")
    if config and not Path(config).is_file():
        del kept["TF_CLI_CONFIG_FILE"]
    keys = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
    return kept | keys | {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1"}


def terraform(root: Path, *arguments: str) -> str:
    """Run Terraform in `root` and return what it printed; fails the test with its own words."""
    command = [program(), *arguments]
    done = subprocess.run(command, cwd=root, env=environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"terraform {arguments[0]} failed:\n{done.stdout[-2000:]}\n{done.stderr[-6000:]}"
    return done.stdout


def init(root: Path) -> None:
    """Make `root` ready."""
    terraform(root, "init", "-input=false", "-no-color", *plugin_arguments())


def talk_to(root: Path, endpoint: str, cloudfront: str) -> None:
    """Let the root's providers talk to an emulator, and leave out what that one cannot: publishing edge functions.

    moto takes descriptions of an API as OpenAPI 3 only, and reads what both versions have in common. Of buckets'
    policies it does not read the conditions: it would refuse everything for want of TLS.
    """
    provider: dict[str, Any] = {
        "endpoints": [dict.fromkeys(SERVICES, endpoint) | {"cloudfront": cloudfront}],
        "s3_use_path_style": True,
        "skip_metadata_api_check": True,
        "skip_credentials_validation": True,
    }
    both = [provider, {**provider, "alias": "us_east_1"}]
    (root / "emulator_override.tf.json").write_text(json.dumps({"provider": {"aws": both}}))
    unpublished = {name: {"publish": False} for name in ("pages", "socket")}
    override = {"resource": {"aws_cloudfront_function": unpublished}}
    served = {
        "sid": "OurDistribution",
        "actions": ["s3:GetObject"],
        "resources": ["${aws_s3_bucket.bucket[each.key].arn}/*"],
        "principals": [{"type": "Service", "identifiers": ["cloudfront.amazonaws.com"]}],
    }
    policy = {"data": {"aws_iam_policy_document": {"bucket": {"statement": [served]}}}}
    (root / "modules/storage/emulator_override.tf.json").write_text(json.dumps(policy))
    (root / "modules/cdn/emulator_override.tf.json").write_text(json.dumps(override))
    chalice = root / "chalice.tf.json"
    document = json.loads(chalice.read_text("utf-8"))
    body = document["locals"]["chalice_api_swagger"].replace('"swagger": "2.0"', '"openapi": "3.0.1"', 1)
    document["locals"]["chalice_api_swagger"] = body
    chalice.write_text(json.dumps(document))


class Moto:
    """moto with all its services, in a process of its own."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[str] | None = None
        self.endpoint = ""

    def __enter__(self) -> Self:
        """Start; the endpoint is known when this returns."""
        env = environment() | {"AWS_DEFAULT_REGION": "eu-central-1"}
        command = [sys.executable, "-u", "-m", "moto.server", "-p", "0"]
        self._process = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        assert self._process.stderr is not None
        for line in self._process.stderr:
            if "Running on" in line:
                self.endpoint = line.rsplit(" ", 1)[-1].strip()
                break
        assert self.endpoint, "moto did not start"
        # Nobody reads its log any more; a full pipe would stop it
        threading.Thread(target=self._process.stderr.read, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop."""
        if self._process is not None:
            # It keeps nothing, and on a busy machine it may take long to end by itself.
            self._process.kill()
            self._process.wait()
            if self._process.stderr is not None:
                self._process.stderr.close()
