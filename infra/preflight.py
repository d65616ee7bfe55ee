"""Look before `make deploy` and `make destroy`: what is missing is said at once, and whose account it will be.

`python -m infra.preflight deploy|destroy --stage prod [--region R] [--state-bucket NAME] [--terraform PROGRAM]`
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError

from infra import stages

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

ROOT = Path(__file__).resolve().parents[1]
_OLDEST = (1, 10)
_ENDED = {"ExpiredToken", "ExpiredTokenException", "InvalidClientTokenId", "UnrecognizedClientException"}


class NotReadyError(Exception):
    """It would fail later; the message is a sentence for a person, with what to do."""


def terraform_version(program: str) -> tuple[int, int]:
    """Return Terraform's major and minor version; raises NotReadyError when it does not run or is too old."""
    told = f"Terraform 1.10 or newer is needed, and {program!r} is none."
    command = [program, "version", "-json"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603  the caller's own
        text = str(json.loads(done.stdout)["terraform_version"])
        major, minor = (int(part) for part in text.split(".")[:2])
    except (OSError, subprocess.CalledProcessError, ValueError, KeyError):
        raise NotReadyError(f"{told} Install it, or name it: TERRAFORM=/path/to/terraform.") from None
    if (major, minor) < _OLDEST:
        raise NotReadyError(f"{told} It is {text}. Install a newer one, or name it: TERRAFORM=/path/to/terraform.")
    return major, minor


def account(sts: Any) -> tuple[str, str]:
    """Return (account, who) of the credentials; raises NotReadyError when there are none that work."""
    try:
        found = sts.get_caller_identity()
    except NoCredentialsError:
        raise NotReadyError(
            "There are no AWS credentials. Sign in (aws sso login, or aws configure) and name it: AWS_PROFILE=name."
        ) from None
    except ClientError as error:
        if error.response["Error"]["Code"] in _ENDED:
            raise NotReadyError("Your AWS session has ended, or its keys are gone: sign in again.") from None
        raise NotReadyError(f"AWS does not say who you are: {error}") from None
    except BotoCoreError as error:
        raise NotReadyError(f"AWS cannot be asked: {error}") from None
    return str(found["Account"]), str(found["Arn"])


def state_bucket(s3: Any, bucket: str) -> None:
    """Raise NotReadyError unless the bucket for Terraform's state is there, ours, and keeps old versions."""
    if not bucket:
        raise NotReadyError("Say where Terraform's state is kept: STATE_BUCKET=name (docs/operations.md, Deploy).")
    try:
        versioning = s3.get_bucket_versioning(Bucket=bucket).get("Status")
    except ClientError as error:
        code = error.response["Error"]["Code"]
        if code in {"404", "NoSuchBucket"}:
            raise NotReadyError(
                f"There is no bucket {bucket}: docs/operations.md, Deploy, says how it is made."
            ) from None
        raise NotReadyError(f"The bucket {bucket} cannot be used with these credentials ({code}).") from None
    if versioning != "Enabled":
        raise NotReadyError(
            f"The bucket {bucket} keeps no old versions, so a damaged state would be lost: switch it on with"
            f" aws s3api put-bucket-versioning --bucket {bucket} --versioning-configuration Status=Enabled"
        )


def packaged(root: Path, stage: str) -> None:
    """Raise NotReadyError unless there is a root to destroy from, which knows where its state is."""
    again = f"make package STAGE={stage} STATE_BUCKET=name, with the bucket and the commit it was deployed with"
    if not (root / "chalice.tf.json").is_file():
        raise NotReadyError(
            f"There is no {root} to take {stage} down with. Make it: {again}; then make keys STAGE={stage}."
        )
    if not (root / "backend.tf.json").is_file():
        raise NotReadyError(f"{root} does not say where its state is. Make it anew: {again}.")
    if not (root / "keys.auto.tfvars.json").is_file():
        raise NotReadyError(f"{root} lacks the public key: make keys STAGE={stage} writes it, and keeps what there is.")


def check(options: argparse.Namespace, client: Callable[[str], Any]) -> str:
    """Return a sentence on what will be done where; raises NotReadyError or StageError."""
    stage = stages.check(options.stage)
    terraform_version(options.terraform)
    if options.action == "destroy":
        packaged(options.root or ROOT / "build/terraform" / stage, stage)
    number, who = account(client("sts"))
    place = f"headwater-{stage} in account {number}, {options.region}, as {who}"
    if options.action == "deploy":
        state_bucket(client("s3"), options.state_bucket)
        return f"deploy: {place}. Terraform shows what it will change and asks before it does."
    return (
        f"destroy: {place}. Terraform lists what goes and asks. While protect_data is true, tables, the user pool and"
        " buckets with content refuse; keys and layer versions stay (docs/operations.md, Take down)."
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Check as a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.preflight", description="Look before Terraform does.")
    parser.add_argument("action", choices=["deploy", "destroy"])
    parser.add_argument("--stage", default=stages.PATTERN)
    parser.add_argument("--region", default="eu-central-1")
    parser.add_argument("--state-bucket", default="")
    parser.add_argument("--terraform", default="terraform")
    parser.add_argument("--root", type=Path, help="the Terraform root; build/terraform/STAGE when left out")
    options = parser.parse_args(argv)

    def client(service: str) -> Any:
        return Session(region_name=options.region).client(service)  # type: ignore[call-overload]

    try:
        print(check(options, client))  # noqa: T201  a command
    except (NotReadyError, stages.StageError) as error:
        print(f"{options.action}: {error}", file=sys.stderr)  # noqa: T201  a command
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
