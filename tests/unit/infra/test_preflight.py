"""What is missing before a deployment is said in a sentence, with what to do."""

from __future__ import annotations

from argparse import Namespace
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from infra import preflight

if TYPE_CHECKING:
    from pathlib import Path


class Cloud:
    """STS and S3, as far as they are asked."""

    def __init__(self, *, error: Exception | None = None, versioning: str | None = "Enabled", code: str = "") -> None:
        self.error, self.versioning, self.code = error, versioning, code

    def __call__(self, _service: str) -> Cloud:
        """Return itself: both in one."""
        return self

    def get_caller_identity(self) -> dict[str, str]:
        """Say who, or fail."""
        if self.error:
            raise self.error
        return {"Account": "123456789012", "Arn": "arn:aws:iam::123456789012:user/tired"}

    def get_bucket_versioning(self, Bucket: str) -> dict[str, Any]:  # noqa: N803  boto3's name
        """Say whether old versions are kept, or fail."""
        if self.code:
            raise ClientError({"Error": {"Code": self.code}}, f"GetBucketVersioning {Bucket}")
        return {"Status": self.versioning} if self.versioning else {}


@pytest.fixture
def terraform(tmp_path: Path) -> Path:
    """Terraform, as far as it is asked."""
    return program(tmp_path, "1.11.4")


def program(folder: Path, version: str) -> Path:
    """Make a Terraform that says what version it is."""
    path = folder / f"terraform-{version}"
    path.write_text(f'#!/bin/sh\necho \'{{"terraform_version": "{version}"}}\'\n')
    path.chmod(0o755)
    return path


def options(terraform: Path, action: str = "deploy", **more: Any) -> Namespace:
    """Return options as the command has them."""
    given = {"stage": "prod", "region": "eu-central-1", "state_bucket": "states", "root": None}
    return Namespace(action=action, terraform=str(terraform), **(given | more))


def test_it_says_where_it_will_deploy(terraform: Path) -> None:
    """Stage, account, region and who: the wrong profile is seen before anything is made."""
    said = preflight.check(options(terraform), Cloud())
    place = "headwater-prod in account 123456789012, eu-central-1, as arn:aws:iam::123456789012:user/tired"
    assert said.startswith(f"deploy: {place}.")


@pytest.mark.parametrize(
    ("cloud", "said"),
    [
        (Cloud(error=NoCredentialsError()), "There are no AWS credentials"),
        (Cloud(error=ClientError({"Error": {"Code": "ExpiredToken"}}, "GetCallerIdentity")), "sign in again"),
        (Cloud(error=ClientError({"Error": {"Code": "Throttling"}}, "GetCallerIdentity")), "does not say who you are"),
        (Cloud(code="NoSuchBucket"), "There is no bucket states"),
        (Cloud(code="AccessDenied"), r"cannot be used with these credentials \(AccessDenied\)"),
        (Cloud(versioning=None), "put-bucket-versioning --bucket states"),
    ],
)
def test_what_is_missing_is_said(terraform: Path, cloud: Cloud, said: str) -> None:
    """One sentence each, and what to do."""
    with pytest.raises(preflight.NotReadyError, match=said):
        preflight.check(options(terraform), cloud)


def test_a_deployment_needs_a_place_for_its_state(terraform: Path) -> None:
    """On this machine it would be lost with it."""
    with pytest.raises(preflight.NotReadyError, match="STATE_BUCKET=name"):
        preflight.check(options(terraform, state_bucket=""), Cloud())


def test_terraform_has_to_be_there(tmp_path: Path) -> None:
    """And new enough for a lock without a table."""
    with pytest.raises(preflight.NotReadyError, match="Install it, or name it"):
        preflight.check(options(tmp_path / "nothing"), Cloud())
    with pytest.raises(preflight.NotReadyError, match=r"It is 1\.9\.8\."):
        preflight.check(options(program(tmp_path, "1.9.8")), Cloud())


def test_taking_down_needs_what_was_deployed(terraform: Path, tmp_path: Path) -> None:
    """A root, its state's place and its key, in this order; then it says what refuses and what stays."""
    root = tmp_path / "root"
    root.mkdir()
    for name, said in (
        ("chalice.tf.json", "There is no .* to take prod down with"),
        ("backend.tf.json", "does not say where its state is"),
        ("keys.auto.tfvars.json", "make keys STAGE=prod"),
    ):
        with pytest.raises(preflight.NotReadyError, match=said):
            preflight.check(options(terraform, "destroy", root=root), Cloud())
        (root / name).write_text("{}")
    assert "While protect_data is true" in preflight.check(options(terraform, "destroy", root=root), Cloud())


def test_the_command_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    """And writes the sentence where make's own errors go."""
    assert preflight.main(["deploy", "--stage", "local"]) == 2
    assert capsys.readouterr().err.startswith("deploy: The stage local is the embedded cloud's")
