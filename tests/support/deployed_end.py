"""What was applied as a person finds it, and taken down again.

Collected by test_deployment.py: one worker should package, plan and apply, and not each its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from headwater.doctor.aws import through_aws
from headwater.doctor.findings import State
from support.emulator_gaps import STAYS

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest
    from conftest import Planned

STAGE, OTHER, REGION = "proof", "proof-2", "eu-central-1"


def test_a_fresh_deployment_is_well(
    planned: Planned, applied: Callable[[str], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`headwater doctor --aws`: nothing differs from what the code wants; that the schedule ran only AWS would show."""
    del applied
    monkeypatch.setenv("AWS_ENDPOINT_URL", planned.deployment.endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "doctor")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "doctor")
    for service in ("S3", "SQS", "DYNAMODB", "SECRETS_MANAGER"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL_{service}", raising=False)
    found = {one.check: one for one in through_aws(STAGE, REGION)}
    assert {check: one for check, one in found.items() if one.state not in {State.OK, State.WARNING}} == {}
    assert {check for check, one in found.items() if one.state is State.WARNING} <= {"rule"}


def test_nothing_is_left_when_it_is_taken_down(planned: Planned, applied: Callable[[str], Any]) -> None:
    """Protection lifted, then destroyed, as docs/operations.md says: the state is empty, and so is the account.

    Runs after all others of the folder: conftest.py puts it there.
    """
    planned.deployment.unprotect()
    assert planned.deployment.destroy() == []
    assert applied("dynamodb").list_tables()["TableNames"] == []
    assert applied("sqs").list_queues().get("QueueUrls", []) == []
    assert applied("s3").list_buckets()["Buckets"] == []
    assert applied("lambda").list_functions()["Functions"] == []
    assert applied("logs").describe_log_groups()["logGroups"] == []
    assert applied("iam").list_roles()["Roles"] == []
    assert applied("cloudfront").list_distributions()["DistributionList"].get("Items", []) == []
    assert applied("apigateway").get_rest_apis()["items"] == []
    assert applied("cloudwatch").describe_alarms()["MetricAlarms"] == []
    kept = {one["LayerName"] for one in applied("lambda").list_layers()["Layers"]}
    assert kept == {f"headwater-{STAGE}-{name}" for name in ("python", "ffmpeg", "probe")}, STAYS["layer"]
    secrets = {one["Name"] for one in applied("secretsmanager").list_secrets()["SecretList"]}
    made = {f"headwater-{STAGE}-{name}-key" for name in ("cdn", "grant", "edge")}
    assert {name for name in secrets if not name.startswith(f"headwater-{OTHER}-")} == made, STAYS["secret"]
