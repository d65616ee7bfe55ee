"""What Terraform would make, planned from a real package, against the code that will use it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import app
from chalicelib.adapters.tables import ALL_MODELS
from headwater.local.environment import Stack
from infra import package, sizes
from layers.python.build import RUNTIME

if TYPE_CHECKING:
    from conftest import Planned

pytestmark = pytest.mark.timeout(1200)
ROOT = Path(app.__file__).parent
CONFIG = json.loads((ROOT / ".chalice/config.json").read_text("utf-8"))["stages"]["prod"]
STAGE = "proof"
PREFIX = f"headwater-{STAGE}-"
NAMED_BY_US = {
    *("aws_api_gateway_authorizer", "aws_cognito_user_group", "aws_cognito_user_pool_client", "aws_iam_role_policy"),
    "aws_api_gateway_stage",
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
    specs = Stack(stage=STAGE).queues
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
            value = resource["values"].get(attribute)
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
    specs = Stack(stage=STAGE).queues
    assert watched["ApproximateNumberOfMessagesVisible"] == {spec.dead_letters for spec in specs}
    assert watched["ApproximateAgeOfOldestMessage"] == {spec.name for spec in specs}


def test_everything_fits(planned: Planned) -> None:
    """Every function with its layers stays 5 % below what Lambda unpacks."""
    assert {weight.function for weight in planned.weights} == set(CONFIG["lambda_functions"])
    assert sizes.too_heavy(planned.weights) == []


def test_the_code_has_the_same_bytes_twice(planned: Planned, tmp_path: Path) -> None:
    """Packaging again, elsewhere, gives the archive that is deployed already."""
    package.chalice_package(STAGE, "x86_64", tmp_path)
    assert (tmp_path / "deployment.zip").read_bytes() == (planned.root / "deployment.zip").read_bytes()


def test_no_private_key_reaches_terraform(planned: Planned) -> None:
    """Neither plan nor root holds one; the edge's word is the one secret that CloudFront's configuration needs."""
    assert "BEGIN PUBLIC KEY" in (planned.root / "plan.json").read_text("utf-8")
    for path in (*planned.root.glob("*.json"), *planned.root.glob("*.tf")):
        assert b"PRIVATE KEY" not in path.read_bytes(), path
