"""Make a stage's keys in Secrets Manager and note the public one: `python -m infra.keys --stage prod [--region R]`.

Terraform does not make them, because it would keep them readable in its state. Safe to repeat: what is there stays.
"""

from __future__ import annotations

import argparse
import json
import secrets
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from infra import stages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
_BITS = 2048
"""What CloudFront takes."""


def playback_key() -> str:
    """Return a new private key, PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
    form = serialization.PrivateFormat.TraditionalOpenSSL
    return key.private_bytes(serialization.Encoding.PEM, form, serialization.NoEncryption()).decode()


def hex_key() -> str:
    """Return 32 random bytes, hex."""
    return secrets.token_hex(32)


KEYS: dict[str, tuple[str, Callable[[], str]]] = {
    "cdn-key": ("signs playback cookies; CloudFront has the public half", playback_key),
    "grant-key": ("signs links and sessions, names networks", hex_key),
    "edge-key": ("what CloudFront shows to functions", hex_key),
}


def ensure(manager: Any, stage: str) -> dict[str, str]:
    """Make the secrets of `stage` that are missing; returns the values of all."""
    found = {}
    for name, (purpose, make) in KEYS.items():
        identity = f"headwater-{stage}-{name}"
        try:
            found[name] = str(manager.get_secret_value(SecretId=identity)["SecretString"])
        except manager.exceptions.ResourceNotFoundException:
            found[name] = make()
            manager.create_secret(Name=identity, SecretString=found[name], Description=f"Headwater {stage}: {purpose}")
    return found


def public_pem(private: str) -> str:
    """Return the public half of a private key, as CloudFront takes it; raises ValueError for what is no RSA key."""
    key = serialization.load_pem_private_key(private.encode(), password=None)
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form).decode()


def main(argv: Sequence[str] | None = None) -> int:
    """Make keys as a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.keys", description="Make a stage's keys.")
    parser.add_argument("--stage", default=stages.PATTERN)
    parser.add_argument("--region", default="eu-central-1")
    parser.add_argument("--out", type=Path, help="the Terraform root; build/terraform/STAGE when left out")
    options = parser.parse_args(argv)
    try:
        stage = stages.check(options.stage)
        manager = Session(region_name=options.region).client("secretsmanager")
        public = public_pem(ensure(manager, stage)["cdn-key"])
    except (stages.StageError, BotoCoreError, ClientError, ValueError) as error:
        print(f"keys: {error}", file=sys.stderr)  # noqa: T201  a command
        return 1
    target = (options.out or ROOT / "build/terraform" / stage) / "keys.auto.tfvars.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps({"cdn_public_key": public}) + "\n")
    print(f"keys: {', '.join(f'headwater-{stage}-{name}' for name in KEYS)}; the public one is in {target}")  # noqa: T201  a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
