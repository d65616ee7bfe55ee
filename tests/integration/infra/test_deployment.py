"""What Terraform would make of a real package, and what is there once moto has it: held to the code that will use it.

One file, because one worker should make the package, plan it and apply it, and not each its own.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.deployed_again import (  # noqa: F401  collected here, so that one worker applies for all
    test_a_second_plan_finds_nothing_to_do,
    test_every_known_difference_is_one,
    test_pages_get_at_the_edge_what_they_get_locally,
)
from support.deployed_beside import (  # noqa: F401  collected here, so that one worker packages and plans for all
    test_an_own_domain_and_a_firewall_stand_before_everything,
    test_another_issuer_takes_the_pool_s_place,
    test_arm64_is_planned_whole,
    test_snapshots_are_of_versions_that_callers_name,
    test_the_code_has_the_same_bytes_twice,
    test_two_stages_of_an_account_never_meet,
)
from support.deployed_bytecode import (  # noqa: F401  collected here, where the package is
    test_every_source_comes_with_lambda_s_bytecode,
    test_the_layer_describes_no_service_that_nobody_calls,
)
from support.deployed_end import (  # noqa: F401  collected here, where it is applied; the last one runs last
    test_a_fresh_deployment_is_well,
    test_nothing_is_left_when_it_is_taken_down,
)
from support.deployed_sbom import (  # noqa: F401  collected here, where the package is
    test_a_file_that_nobody_can_name_stops_the_packaging,
    test_digests_are_of_what_was_locked_and_of_what_is_packed,
    test_each_file_is_one_part_s_and_each_part_has_files,
    test_every_distribution_is_in_the_bill_and_no_other,
    test_every_part_s_licence_is_allowed,
    test_the_bill_is_cyclonedx,
    test_the_provider_is_the_locked_one,
    test_the_same_package_has_the_same_bill,
    test_what_was_built_in_is_named,
)

import app
from chalicelib.adapters.tables import ALL_MODELS
from chalicelib.config import Settings
from headwater.local.environment import Stack
from infra import sizes
from layers.python.build import RUNTIME

if TYPE_CHECKING:
    from collections.abc import Callable

    from conftest import Planned

pytestmark = pytest.mark.timeout(1800)
ROOT = Path(app.__file__).parent
CONFIG = json.loads((ROOT / ".chalice/config.json").read_text("utf-8"))["stages"]["prod"]
STAGE = "proof"
STACK = Stack(stage=STAGE)
PREFIX = STACK.prefix
ACCOUNT = "123456789012"
LAYERS = {"python", "ffmpeg", "probe"}
NAMED_BY_US = {
    *("aws_api_gateway_authorizer", "aws_cognito_user_group", "aws_cognito_user_pool_client", "aws_iam_role_policy"),
    *("aws_api_gateway_stage", "aws_apigatewayv2_stage"),
}
"""Names inside something that has the stage in its own."""


def test_functions_are_the_configuration_s(planned: Planned) -> None:
    """Each with its memory, time, runtime and architecture; scratch space where it was asked for."""
    found = {address.rpartition(".")[2]: one for address, one in planned.of_type("aws_lambda_function").items()}
    expected = {
        name: (one["lambda_memory_size"], one["lambda_timeout"]) for name, one in CONFIG["lambda_functions"].items()
    }
    assert {name: (one["memory_size"], one["timeout"]) for name, one in found.items()} == expected
    assert {one["runtime"] for one in found.values()} == {RUNTIME}
    assert {tuple(one["architectures"]) for one in found.values()} == {("x86_64",)}
    names = {name: one["function_name"] for name, one in found.items()}
    assert names == {name: PREFIX.rstrip("-") if name == "api_handler" else PREFIX + name for name in expected}
    assert found["on_prepare"]["ephemeral_storage"] == [{"size": 10240}]


def test_queues_drive_their_functions(planned: Planned) -> None:
    """One mapping a subscription, which reports what failed and no more than the code allows at once."""
    mappings = planned.of_type("aws_lambda_event_source_mapping")
    sources = {source.name: source for source in app.app.event_sources if hasattr(source, "queue")}
    found = {address.rpartition(".")[2].removesuffix("-sqs-event-source"): one for address, one in mappings.items()}
    assert set(found) == set(sources)
    for name, one in found.items():
        assert one["function_response_types"] == ["ReportBatchItemFailures"], name
        assert one["batch_size"] == sources[name].batch_size
        limits = [entry["maximum_concurrency"] for entry in one["scaling_config"]]
        assert limits == ([sources[name].maximum_concurrency] if sources[name].maximum_concurrency else []), name


def test_tables_are_the_models(planned: Planned) -> None:
    """A model without a table, or with other keys, indexes or TTL, fails here."""
    found = {one["name"]: one for one in planned.of_type("aws_dynamodb_table").values()}
    assert set(found) == {f"{PREFIX}{_kind(model)}" for model in ALL_MODELS}
    for model in ALL_MODELS:
        table = found[f"{PREFIX}{_kind(model)}"]
        attributes = model.get_attributes().values()
        hash_key = next(one.attr_name for one in attributes if one.is_hash_key)
        range_key = next((one.attr_name for one in attributes if one.is_range_key), None)
        assert (table["hash_key"], table["range_key"]) == (hash_key, range_key)
        indexes = {one["name"]: one for one in table["global_secondary_index"]}
        assert set(indexes) == set(model._indexes)
        for name, index in model._indexes.items():
            kept = index.Meta.attributes.values()
            keys = [next((one.attr_name for one in kept if one.is_hash_key), None)]
            keys += [next((one.attr_name for one in kept if one.is_range_key), None)]
            assert [indexes[name]["hash_key"], indexes[name]["range_key"]] == keys
            assert indexes[name]["projection_type"] == index.Meta.projection.projection_type
        timed = [one.attr_name for one in attributes if type(one).__name__ == "TTLAttribute"]
        assert [one["attribute_name"] for one in table.get("ttl") or [] if one["enabled"]] == timed
        assert table["billing_mode"] == "PAY_PER_REQUEST"
        assert table["point_in_time_recovery"][0]["enabled"]
        assert table["deletion_protection_enabled"]


def _kind(model: Any) -> str:
    return str(model.Meta.kind)


def test_queues_are_the_stack_s(planned: Planned) -> None:
    """Names, order, how long a message hides; each has its dead letters."""
    found = {one["name"]: one for one in planned.of_type("aws_sqs_queue").values()}
    specs = STACK.queues
    assert set(found) == {name for spec in specs for name in (spec.name, spec.dead_letters)}
    for spec in specs:
        queue = found[spec.name]
        assert (queue["visibility_timeout_seconds"], queue["fifo_queue"]) == (spec.visibility_s, spec.fifo)
        assert found[spec.dead_letters]["fifo_queue"] == spec.fifo
        assert not queue["content_based_deduplication"]
        assert {found[name]["message_retention_seconds"] for name in (spec.name, spec.dead_letters)} == {1209600}
        assert queue["sqs_managed_sse_enabled"]


def test_every_route_is_there(planned: Planned) -> None:
    """The REST API is described by what the code routes, and refers to functions by their names."""
    document = json.loads((planned.root / "chalice.tf.json").read_text("utf-8"))
    body = json.loads(document["locals"]["chalice_api_swagger"])
    routes = {(path, method.lower()) for path, entries in app.app.routes.items() for method in entries}
    described = {(path, method) for path, entries in body["paths"].items() for method in entries}
    assert routes <= described
    assert "aws_lambda_function" not in document["locals"]["chalice_api_swagger"]
    sockets = {one["route_key"] for one in planned.of_type("aws_apigatewayv2_route").values()}
    assert sockets == {"$connect", "$default", "$disconnect"}


def test_buckets_are_nobody_else_s(planned: Planned) -> None:
    """Private, encrypted, named after stage and account."""
    buckets = {one["bucket"] for one in planned.of_type("aws_s3_bucket").values()}
    assert buckets == {f"{PREFIX}{name}-123456789012" for name in ("source", "media", "site", "artifacts")}
    blocks = planned.of_type("aws_s3_bucket_public_access_block").values()
    switches = ("block_public_acls", "block_public_policy", "ignore_public_acls", "restrict_public_buckets")
    assert [[one[switch] for switch in switches] for one in blocks] == [[True] * 4] * 4
    assert len(planned.of_type("aws_s3_bucket_server_side_encryption_configuration")) == 4


def test_two_stages_share_nothing(planned: Planned) -> None:
    """Whatever an account may have once has the stage in its name, or is inside something that has."""
    named = ("name", "function_name", "bucket", "layer_name", "alarm_name", "dashboard_name", "domain")
    for address, resource in planned.resources.items():
        if resource["mode"] != "managed" or resource["type"] in NAMED_BY_US:
            continue
        for attribute in named:
            value = resource.get("values", {}).get(attribute)
            if isinstance(value, str):
                assert f"headwater-{STAGE}" in value, f"{address}: {attribute} is {value}"


def test_every_function_has_its_log_and_its_alarms(planned: Planned) -> None:
    """A function that is new is watched; so is every queue."""
    names = {one["function_name"] for one in planned.of_type("aws_lambda_function").values()}
    logs = {one["name"]: one["retention_in_days"] for one in planned.of_type("aws_cloudwatch_log_group").values()}
    assert logs == {f"/aws/lambda/{name}": 30 for name in names}
    watched: dict[str, set[str]] = {}
    for alarm in planned.of_type("aws_cloudwatch_metric_alarm").values():
        watched.setdefault(alarm["metric_name"], set()).update((alarm["dimensions"] or {}).values())
    assert watched["Errors"] == watched["Throttles"] == names
    specs = STACK.queues
    assert watched["ApproximateNumberOfMessagesVisible"] == {spec.dead_letters for spec in specs}
    assert watched["ApproximateAgeOfOldestMessage"] == {spec.name for spec in specs}


def test_everything_fits(planned: Planned) -> None:
    """Every function with its layers stays 5 % below what Lambda unpacks."""
    assert {weight.function for weight in planned.weights} == set(CONFIG["lambda_functions"])
    assert sizes.too_heavy(planned.weights) == []


def test_no_private_key_reaches_terraform(planned: Planned) -> None:
    """Neither plan nor root holds one; the edge's word is the one secret that CloudFront's configuration needs."""
    assert "BEGIN PUBLIC KEY" in (planned.root / "plan.json").read_text("utf-8")
    for path in (*planned.root.glob("*.json"), *planned.root.glob("*.tf")):
        assert b"PRIVATE KEY" not in path.read_bytes(), path


def functions(client: Callable[[str], Any]) -> dict[str, Any]:
    """Every function that is there, by its name."""
    pages = client("lambda").get_paginator("list_functions").paginate()
    return {one["FunctionName"]: one for page in pages for one in page["Functions"]}


def test_functions_are_told_what_there_is(applied: Callable[[str], Any]) -> None:
    """Every setting is one that is read; queues, buckets, secrets and bus exist under the names that are given."""
    found = functions(applied)
    assert len(found) == len(CONFIG["lambda_functions"])
    environments = {json.dumps(one["Environment"]["Variables"], sort_keys=True) for one in found.values()}
    assert len(environments) == 1
    variables = json.loads(environments.pop())
    settings = Settings.from_env(variables)
    assert set(variables) <= {f"HEADWATER_{name.upper()}" for name in Settings.__annotations__}
    assert (settings.stage, settings.table_prefix) == (STAGE, STACK.prefix)
    sqs = applied("sqs")
    for queue in STACK.queues:
        short = queue.name.removeprefix(STACK.prefix).removesuffix(".fifo")
        assert settings.queue_urls[short] == sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]
    for bucket in (settings.source_bucket, settings.media_bucket):
        applied("s3").head_bucket(Bucket=bucket)
    for secret in (settings.cdn_private_key_secret, settings.grant_secret, settings.edge_secret):
        assert applied("secretsmanager").get_secret_value(SecretId=secret)["SecretString"]
    assert applied("events").describe_event_bus(Name=settings.event_bus)["Name"] == f"{PREFIX}events"


def test_addresses_are_the_distribution_s(applied: Callable[[str], Any]) -> None:
    """One host for everything; the socket's own endpoint is the gateway's; cookies are signed for its key."""
    (one,) = applied("cloudfront").list_distributions()["DistributionList"]["Items"]
    settings = Settings.from_env(next(iter(functions(applied).values()))["Environment"]["Variables"])
    assert settings.public_url == f"https://{one['DomainName']}"
    assert settings.websocket_public_url == f"wss://{one['DomainName']}/ws"
    (socket,) = applied("apigatewayv2").get_apis()["Items"]
    assert settings.websocket_endpoint == f"https://{socket['ApiId']}.execute-api.eu-central-1.amazonaws.com/api"
    keys = applied("cloudfront").list_public_keys()["PublicKeyList"]["Items"]
    assert settings.cdn_key_pair_id in {key["Id"] for key in keys}
    config = applied("cloudfront").get_distribution_config(Id=one["Id"])["DistributionConfig"]
    behaviours = {entry["PathPattern"]: entry for entry in config["CacheBehaviors"]["Items"]}
    assert {"/api/*", "/media/*", "/ingest/*", "/ws", "/health", "/openapi.json"} <= set(behaviours)
    assert behaviours["/media/*"]["TrustedKeyGroups"]["Enabled"]
    assert {path for path, one in behaviours.items() if one["TrustedKeyGroups"]["Enabled"]} == {"/media/*"}


def test_queues_drive_functions_and_end_in_dead_letters(applied: Callable[[str], Any]) -> None:
    """Each queue has the receives that the local stack gives it, and drives the function that the code subscribes."""
    sqs = applied("sqs")
    arns = {}
    for queue in STACK.queues:
        url = sqs.get_queue_url(QueueName=queue.name)["QueueUrl"]
        facts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        redrive = json.loads(facts["RedrivePolicy"])
        assert int(redrive["maxReceiveCount"]) == queue.receives
        assert redrive["deadLetterTargetArn"].endswith(f":{ACCOUNT}:{queue.dead_letters}")
        arns[facts["QueueArn"]] = queue.name
    mappings = applied("lambda").list_event_source_mappings()["EventSourceMappings"]
    driven = {arns[one["EventSourceArn"]]: one["FunctionArn"].rpartition(":")[2] for one in mappings}
    expected = {
        source.queue.replace("-local-", f"-{STAGE}-"): f"{PREFIX}{source.name}"
        for source in app.app.event_sources
        if hasattr(source, "queue")
    }
    assert driven == expected


def test_uploads_reach_their_queue(applied: Callable[[str], Any]) -> None:
    """The source bucket tells both queues, and S3 may send to them for this bucket alone."""
    bucket = f"{STACK.source_bucket}-{ACCOUNT}"
    entries = applied("s3").get_bucket_notification_configuration(Bucket=bucket)["QueueConfigurations"]
    told = {
        entry["QueueArn"].rpartition(":")[2]: entry["Filter"]["Key"]["FilterRules"][0]["Value"] for entry in entries
    }
    assert told == {STACK.uploads.name: "sources/", STACK.live.name: "ingest/"}
    for queue in (STACK.uploads, STACK.live):
        url = applied("sqs").get_queue_url(QueueName=queue.name)["QueueUrl"]
        attributes = applied("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"])["Attributes"]
        (statement,) = json.loads(attributes["Policy"])["Statement"]
        assert statement["Condition"]["ArnEquals"] == {"aws:SourceArn": f"arn:aws:s3:::{bucket}"}


def test_functions_have_their_layers_and_roles(applied: Callable[[str], Any]) -> None:
    """The Python layer for all, binaries for whom the configuration says; a role each, which names real buckets."""
    roles = set()
    for name, one in functions(applied).items():
        short = "api_handler" if name == STACK.prefix.rstrip("-") else name.removeprefix(STACK.prefix)
        declared = CONFIG["lambda_functions"][short].get("layers", [])
        expected = {"python"} | {layer for layer in LAYERS if any(f".{layer}." in entry for entry in declared)}
        found = {entry["Arn"].rsplit(":", 2)[1].removeprefix(STACK.prefix) for entry in one["Layers"]}
        assert (found, one["Runtime"]) == (expected, RUNTIME), name
        roles.add(one["Role"].rpartition("/")[2])
    assert len(roles) == len(CONFIG["lambda_functions"])
    iam = applied("iam")
    (policy,) = iam.list_role_policies(RoleName=f"{PREFIX}on_encode")["PolicyNames"]
    document = iam.get_role_policy(RoleName=f"{PREFIX}on_encode", PolicyName=policy)["PolicyDocument"]
    named = {resource for entry in document["Statement"] for resource in entry["Resource"] if ":s3:::" in resource}
    assert f"arn:aws:s3:::{STACK.source_bucket}-{ACCOUNT}/sources/*" in named


def test_pages_know_how_to_sign_in(planned: Planned, applied: Callable[[str], Any]) -> None:
    """Every file of the site is stored, with its type; config.json names the issuer that functions check against."""
    bucket = f"{PREFIX}site-{ACCOUNT}"
    s3 = applied("s3")
    config = json.loads(s3.get_object(Bucket=bucket, Key="config.json")["Body"].read())
    settings = Settings.from_env(next(iter(functions(applied).values()))["Environment"]["Variables"])
    auth = config["auth"]
    assert (auth["authority"], auth["client_id"]) == (settings.jwt_issuer, settings.jwt_audience)
    assert (auth["kind"], auth["role_claim"]) == ("oidc", settings.jwt_role_claim)
    stored = {
        entry["Key"]
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket)
        for entry in page["Contents"]
    }
    files = {
        str(path.relative_to(planned.root / "site")) for path in (planned.root / "site").rglob("*") if path.is_file()
    }
    assert stored == files | {"config.json"}
    assert s3.head_object(Bucket=bucket, Key="index.html")["ContentType"] == "text/html; charset=utf-8"
