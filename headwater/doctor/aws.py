"""What only AWS itself can tell, with the credentials of whoever looks after the account.

Expectations come from the code: tables from the models, queues from the stack, functions from `.chalice/config.json`.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError

from headwater.doctor.findings import bad, good, left_out, odd
from headwater.doctor.inside import reason
from headwater.local.environment import Stack

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from headwater.doctor.findings import Finding

SECRETS = ("cdn-key", "grant-key", "edge-key")
_STANDS_MIN = 10
_DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
_DEPLOY = "`make deploy` puts it back as the code has it."


@dataclass(frozen=True, slots=True)
class Expected:
    """What the code of this version wants of a stage. `functions` by their whole name: memory in MB and seconds."""

    stack: Stack
    tables: dict[str, str | None]
    """Name without the prefix, and its TTL attribute."""
    functions: dict[str, tuple[int, int]]


def expected(root: Path, stage: str) -> Expected:
    """Read the code below `root`."""
    from chalicelib.adapters.tables import ALL_MODELS  # noqa: PLC0415  nothing but this needs PynamoDB

    tables = {}
    for model in ALL_MODELS:
        ttl: Any = model._ttl_attribute()  # type: ignore[no-untyped-call]  # noqa: SLF001  PynamoDB's own way to it
        tables[str(model.Meta.kind)] = ttl.attr_name if ttl is not None else None  # type: ignore[attr-defined]
    stages = json.loads((root / ".chalice" / "config.json").read_text("utf-8"))["stages"]
    functions = {}
    for name, entry in stages.get(stage, stages["prod"])["lambda_functions"].items():
        whole = f"headwater-{stage}" if name == "api_handler" else f"headwater-{stage}-{name}"
        functions[whole] = (entry["lambda_memory_size"], entry["lambda_timeout"])
    return Expected(Stack(stage=stage), tables, functions)


def through_aws(stage: str, region: str, root: Path | None = None) -> Iterator[Finding]:
    """Look at a stage's resources; what the credentials may not see is left out and said."""
    from headwater.local.up import ROOT  # noqa: PLC0415  the embedded cloud's knows where the code lies

    session, wanted = Session(region_name=region), expected(root or ROOT, stage)
    try:
        account = session.client("sts").get_caller_identity()["Account"]
    except (ClientError, BotoCoreError) as error:
        do = "Sign in to AWS first (`aws sso login`, AWS_PROFILE), as somebody who may read the account."
        yield left_out("aws", f"AWS knows no credentials of yours ({_code(error)}).", do)
        return
    yield good("aws", f"Looking at stage {stage} in account {account}, {region}.")
    looks: dict[str, Callable[[Session, Expected], Iterator[Finding]]] = {
        "tables": _tables,
        "queues": _queues,
        "functions": _functions,
        "mappings": _mappings,
        "rule": _rule,
        "secrets": _secrets,
        "alarms": _alarms,
    }
    for check, look in looks.items():
        yield from _guarded(check, lambda look=look: look(session, wanted))  # type: ignore[misc]


def _guarded(check: str, look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    try:
        yield from look()
    except ClientError as error:
        if _code(error) in _DENIED:
            do = "Use credentials with AWS's policy ReadOnlyAccess to have it looked at."
            yield left_out(check, f"Your credentials may not look at {check} ({_code(error)}).", do)
        else:
            yield bad(check, f"Looking at {check} failed: {_code(error)}.", reason(_code(error)))
    except BotoCoreError as error:
        yield bad(
            check, f"Looking at {check} failed: {type(error).__name__}.", "Check your network to AWS and the region."
        )


def _tables(session: Session, wanted: Expected) -> Iterator[Finding]:
    dynamodb, whole = session.client("dynamodb"), 0
    for kind, ttl in wanted.tables.items():
        name = f"{wanted.stack.prefix}{kind}"
        try:
            status = dynamodb.describe_table(TableName=name)["Table"].get("TableStatus", "ACTIVE")
            lasting = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
            backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
        except dynamodb.exceptions.ResourceNotFoundException:
            do = "`make deploy` makes it anew, empty; docs/operations.md, Restore, brings back what was in it."
            yield bad(f"table {kind}", f"The table {name} is gone.", do)
            continue
        kept = backups.get("PointInTimeRecoveryDescription", {}).get("PointInTimeRecoveryStatus")
        faults = [] if status == "ACTIVE" else [f"it is {status}"]
        if ttl and (lasting.get("TimeToLiveStatus"), lasting.get("AttributeName")) != ("ENABLED", ttl):
            faults.append("rows do not expire")
        if kept != "ENABLED":
            faults.append("there is no point-in-time recovery")
        for fault in faults:
            yield odd(f"table {kind}", f"The table {name}: {fault}.", _DEPLOY)
        whole += not faults
    yield good("tables", f"{whole} of {len(wanted.tables)} tables are there, expire and can be restored.")


def _queues(session: Session, wanted: Expected) -> Iterator[Finding]:
    sqs, whole = session.client("sqs"), 0
    for spec in wanted.stack.queues:
        check = f"queue {spec.name.removeprefix(wanted.stack.prefix)}"
        try:
            url = sqs.get_queue_url(QueueName=spec.name)["QueueUrl"]
            dead_url = sqs.get_queue_url(QueueName=spec.dead_letters)["QueueUrl"]
        except sqs.exceptions.QueueDoesNotExist:
            yield bad(check, f"The queue {spec.name} or its dead letters are gone.", _DEPLOY)
            continue
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        redrive = json.loads(found.get("RedrivePolicy", "{}"))
        faults = []
        if not str(redrive.get("deadLetterTargetArn", "")).endswith(f":{spec.dead_letters}"):
            faults.append("what fails is tried for ever, because it has no dead letters")
        elif int(redrive.get("maxReceiveCount", 0)) != spec.receives:
            faults.append(f"a message is tried {redrive.get('maxReceiveCount')} times, not {spec.receives}")
        if int(found.get("VisibilityTimeout", 0)) != spec.visibility_s:
            faults.append(f"messages hide for {found.get('VisibilityTimeout')} s, not {spec.visibility_s}")
        for fault in faults:
            yield bad(check, f"The queue {spec.name}: {fault}.", _DEPLOY)
        dead = sqs.get_queue_attributes(QueueUrl=dead_url, AttributeNames=["ApproximateNumberOfMessages"])
        if count := int(dead["Attributes"]["ApproximateNumberOfMessages"]):
            name = spec.name.removeprefix(wanted.stack.prefix).removesuffix(".fifo")
            yield odd(check, f"{count} of its messages failed too often.", f"`headwater dead-letters --requeue {name}`")
        whole += not faults
    yield good(
        "queues", f"{whole} of {len(wanted.stack.queues)} queues and their dead letters are as the code has them."
    )


def _functions(session: Session, wanted: Expected) -> Iterator[Finding]:
    functions, whole = session.client("lambda"), 0
    for name, (memory_mb, timeout_s) in wanted.functions.items():
        try:
            found = functions.get_function_configuration(FunctionName=name)
        except functions.exceptions.ResourceNotFoundException:
            yield bad(f"function {name}", f"The function {name} is gone.", _DEPLOY)
            continue
        faults = []
        if found["MemorySize"] != memory_mb:
            faults.append(f"it has {found['MemorySize']} MB, not {memory_mb}")
        if found["Timeout"] != timeout_s:
            faults.append(f"it may run {found['Timeout']} s, not {timeout_s}")
        if found.get("State", "Active") not in {"Active", "Inactive"}:
            faults.append(f"it is {found['State']}")
        for fault in faults:
            yield bad(f"function {name}", f"The function {name}: {fault}.", _DEPLOY)
        whole += not faults
    yield good("functions", f"{whole} of {len(wanted.functions)} functions are as the code has them.")


def _mappings(session: Session, wanted: Expected) -> Iterator[Finding]:
    names = {spec.name for spec in wanted.stack.queues}
    pages = session.client("lambda").get_paginator("list_event_source_mappings").paginate()
    driven = {}
    for mapping in (one for page in pages for one in page["EventSourceMappings"]):
        driven[str(mapping["EventSourceArn"]).rpartition(":")[2]] = str(mapping.get("State", ""))
    for name in sorted(names):
        state = driven.get(name)
        if state not in {"Enabled", "Enabling", "Updating"}:
            says = f"The queue {name} drives no function ({state or 'no mapping'}): what is sent there waits."
            yield bad(f"mapping {name}", says, "Enable it again in the Lambda console, or `make deploy`.")
    fine = sum(driven.get(name) in {"Enabled", "Enabling", "Updating"} for name in names)
    yield good("mappings", f"{fine} of {len(names)} queues drive their functions.")


def _rule(session: Session, wanted: Expected) -> Iterator[Finding]:
    name = f"{wanted.stack.prefix}on_schedule"
    rules = session.client("events").list_rules(NamePrefix=name)["Rules"]
    enabled = [rule for rule in rules if rule.get("State") == "ENABLED"]
    if not enabled:
        says = f"The rule {name}, which runs the schedule every minute, is {'disabled' if rules else 'gone'}."
        yield bad("rule", says, "Enable it again in the EventBridge console, or `make deploy`.")
        return
    now = datetime.now(UTC)
    counted = session.client("cloudwatch").get_metric_statistics(
        Namespace="AWS/Lambda",
        MetricName="Invocations",
        Dimensions=[{"Name": "FunctionName", "Value": name}],
        StartTime=now - timedelta(minutes=_STANDS_MIN),
        EndTime=now,
        Period=60,
        Statistics=["Sum"],
    )
    if sum(point["Sum"] for point in counted["Datapoints"]):
        yield good("rule", "The schedule's rule is enabled, and it runs.")
    else:
        says = f"The schedule's rule is enabled, but {name} has not run for {_STANDS_MIN} minutes."
        yield odd(
            "rule", says, "A new installation takes some minutes; otherwise look for throttling, and into its log."
        )


def _secrets(session: Session, wanted: Expected) -> Iterator[Finding]:
    manager, whole = session.client("secretsmanager"), 0
    for name in SECRETS:
        identity = f"{wanted.stack.prefix}{name}"
        try:
            found = manager.describe_secret(SecretId=identity)
        except manager.exceptions.ResourceNotFoundException:
            yield bad(
                f"secret {name}", f"The secret {identity} is gone.", 'docs/operations.md, "Keys", says what it opens.'
            )
            continue
        if found.get("DeletedDate"):
            do = f"`aws secretsmanager restore-secret --secret-id {identity}`"
            yield bad(f"secret {name}", f"The secret {identity} is being deleted.", do)
            continue
        whole += 1
    yield good("secrets", f"{whole} of {len(SECRETS)} keys are there.")


def _alarms(session: Session, wanted: Expected) -> Iterator[Finding]:
    pages = session.client("cloudwatch").get_paginator("describe_alarms").paginate(AlarmNamePrefix=wanted.stack.prefix)
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    for alarm in alarms:
        if alarm["StateValue"] == "ALARM":
            name = str(alarm["AlarmName"]).removeprefix(wanted.stack.prefix)
            yield odd(
                f"alarm {name}", f"It rings: {alarm.get('AlarmDescription', name)}", "docs/operations.md, Alarms."
            )
    if not alarms:
        yield odd("alarms", "There is no alarm: nobody would be told.", _DEPLOY)
        return
    yield good("alarms", f"{len(alarms)} alarms watch it.")


def _code(error: BotoCoreError | ClientError) -> str:
    if isinstance(error, ClientError):
        return str(error.response.get("Error", {}).get("Code", "")).rpartition(".")[2]
    return type(error).__name__
