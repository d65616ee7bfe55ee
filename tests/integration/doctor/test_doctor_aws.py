"""`headwater doctor --aws` on moto: a stage as the code wants it, then with everything broken that can be."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import boto3
import pytest
from moto import mock_aws
from support.stack import ROOT

from chalicelib.adapters import clients
from chalicelib.adapters.tables import create_all
from chalicelib.config import settings
from headwater.doctor.aws import SECRETS, Expected, expected, through_aws
from headwater.doctor.findings import State

if TYPE_CHECKING:
    from collections.abc import Iterator

STAGE, REGION = "proof", "eu-central-1"
PREFIX = f"headwater-{STAGE}-"


def client(service: Any) -> Any:
    """Return one of moto's AWS."""
    return boto3.client(service, region_name=REGION)


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> Iterator[Expected]:
    """Make a stage whole."""
    for service in ("", "_S3", "_SQS", "_DYNAMODB", "_SECRETS_MANAGER"):
        monkeypatch.delenv(f"AWS_ENDPOINT_URL{service}", raising=False)
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("HEADWATER_TABLE_PREFIX", PREFIX)
    settings.cache_clear()
    clients.reset()
    with mock_aws():
        stage = expected(ROOT, STAGE)
        tables(stage)
        functions(stage)
        for name in SECRETS:
            client("secretsmanager").create_secret(Name=f"{PREFIX}{name}", SecretString="x")
        client("events").put_rule(Name=f"{PREFIX}on_schedule-event", ScheduleExpression="rate(1 minute)")
        ran()
        alarm("OK")
        yield stage
    clients.reset()
    settings.cache_clear()


def tables(stage: Expected) -> None:
    """Make tables that expire and can be restored."""
    create_all()
    for kind, ttl in stage.tables.items():
        name, dynamodb = f"{PREFIX}{kind}", client("dynamodb")
        if ttl and dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"].get("AttributeName") != ttl:
            dynamodb.update_time_to_live(
                TableName=name, TimeToLiveSpecification={"Enabled": True, "AttributeName": ttl}
            )
        dynamodb.update_continuous_backups(
            TableName=name, PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": True}
        )


def functions(stage: Expected) -> None:
    """Make functions, queues, and what joins them."""
    role = client("iam").create_role(RoleName="r", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("app.py", "")
    for name, (memory_mb, timeout_s) in stage.functions.items():
        client("lambda").create_function(
            FunctionName=name, Runtime="python3.13", Role=role, Handler="app.app",
            Code={"ZipFile": code.getvalue()}, MemorySize=memory_mb, Timeout=timeout_s,
        )  # fmt: skip
    for spec in stage.stack.queues:
        kind = {"FifoQueue": "true"} if spec.fifo else {}
        dead = client("sqs").create_queue(QueueName=spec.dead_letters, Attributes=kind)["QueueUrl"]
        arn = client("sqs").get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": spec.receives})
        attributes = {"VisibilityTimeout": str(spec.visibility_s), "RedrivePolicy": redrive, **kind}
        client("sqs").create_queue(QueueName=spec.name, Attributes=attributes)
        client("lambda").create_event_source_mapping(
            EventSourceArn=arn.replace(spec.dead_letters, spec.name), FunctionName=f"{PREFIX}on_encode"
        )


def ran() -> None:
    """Let the schedule have run, a minute ago: what is of this second counts for no period that is over."""
    at = datetime.now(UTC) - timedelta(minutes=1)
    dimensions = [{"Name": "FunctionName", "Value": f"{PREFIX}on_schedule"}]
    point = {"MetricName": "Invocations", "Dimensions": dimensions, "Value": 1.0, "Timestamp": at}
    client("cloudwatch").put_metric_data(Namespace="AWS/Lambda", MetricData=[point])


def alarm(state: str) -> None:
    """Make the alarm of the schedule, in this state."""
    cloudwatch, name = client("cloudwatch"), f"{PREFIX}schedule-stands"
    cloudwatch.put_metric_alarm(
        AlarmName=name, AlarmDescription="docs/operations.md, schedule-stands", MetricName="Invocations",
        Namespace="AWS/Lambda", Period=300, EvaluationPeriods=2, Threshold=1, Statistic="Sum",
        ComparisonOperator="LessThanThreshold",
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName=name, StateValue=state, StateReason="test")


def seen() -> dict[str, tuple[State, str]]:
    """Look; returns what is not as it should be."""
    found = list(through_aws(STAGE, REGION))
    assert [one for one in found if one.state is not State.OK and not one.do] == []
    return {one.check: (one.state, one.says) for one in found if one.state is not State.OK}


@pytest.mark.usefixtures("wanted")
def test_a_whole_stage() -> None:
    """Nothing to say, and everything was counted."""
    assert seen() == {}
    said = " ".join(one.says for one in through_aws(STAGE, REGION))
    assert all(f"{count} of {count}" in said for count in (15, 8, 15, 3))


def test_each_thing_that_is_broken_is_named(wanted: Expected) -> None:
    """Tables, queues, functions, mappings, the rule, keys, and an alarm that rings."""
    dynamodb, sqs, lambdas = client("dynamodb"), client("sqs"), client("lambda")
    dynamodb.delete_table(TableName=f"{PREFIX}webhooks")
    dynamodb.update_continuous_backups(
        TableName=f"{PREFIX}recordings", PointInTimeRecoverySpecification={"PointInTimeRecoveryEnabled": False}
    )
    url = sqs.get_queue_url(QueueName=f"{PREFIX}encode")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "7"})
    sqs.delete_queue(QueueUrl=sqs.get_queue_url(QueueName=f"{PREFIX}live")["QueueUrl"])
    dead = sqs.get_queue_url(QueueName=wanted.stack.prepare.dead_letters)["QueueUrl"]
    sqs.send_message(QueueUrl=dead, MessageBody="x")
    lambdas.update_function_configuration(FunctionName=f"{PREFIX}on_encode", MemorySize=128)
    lambdas.delete_function(FunctionName=f"{PREFIX}on_webhook")
    mappings = lambdas.list_event_source_mappings()["EventSourceMappings"]
    (uploads,) = [one["UUID"] for one in mappings if one["EventSourceArn"].endswith(f"{PREFIX}uploads")]
    lambdas.update_event_source_mapping(UUID=uploads, Enabled=False)
    client("events").disable_rule(Name=f"{PREFIX}on_schedule-event")
    client("secretsmanager").delete_secret(SecretId=f"{PREFIX}grant-key", ForceDeleteWithoutRecovery=True)
    client("secretsmanager").delete_secret(SecretId=f"{PREFIX}edge-key")
    alarm("ALARM")
    found = seen()
    assert {check: state.value for check, (state, _) in found.items()} == {
        "table webhooks": "failed",
        "table recordings": "warning",
        "queue encode": "failed",
        "queue live": "failed",
        "queue prepare": "warning",
        f"function {PREFIX}on_encode": "failed",
        f"function {PREFIX}on_webhook": "failed",
        f"mapping {PREFIX}uploads": "failed",
        "rule": "failed",
        "secret grant-key": "failed",
        "secret edge-key": "failed",
        "alarm schedule-stands": "warning",
    }
    assert "is gone" in found["secret grant-key"][1]
    assert "being deleted" in found["secret edge-key"][1]
