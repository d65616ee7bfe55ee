"""What the join makes of a document as Chalice 1.34 writes it."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra import join

STAGE = "prod"
SQS = "arn:${data.aws_partition.chalice.partition}:sqs:${data.aws_region.chalice.name}:1:headwater-prod-"
QUEUE = SQS.replace(":1:headwater-prod-", ":${data.aws_caller_identity.chalice.account_id}:q")
URI = "arn:aws:apigateway:lambda:path/functions/${aws_lambda_function.websocket_connect.function_name}/invocations"


def function(name: str, **more: Any) -> dict[str, Any]:
    """Return a function as Chalice writes it."""
    variables = {"HEADWATER_STAGE": STAGE}
    return {
        "function_name": name,
        "runtime": "python3.11",
        "timeout": 60,
        "environment": {"variables": variables},
        **more,
    }


@pytest.fixture
def document() -> dict[str, Any]:
    """Return what Chalice packages, with one of everything."""
    ffmpeg = ["${aws_lambda_layer_version.ffmpeg.arn}"]
    return {
        "terraform": {"required_version": ">= 0.12.26, < 1.4.0"},
        "data": {"null_data_source": {"chalice": {}}, "aws_region": {"chalice": {}}},
        "locals": {"chalice_api_swagger": '{"uri": "${aws_lambda_function.api_handler.invoke_arn}"}'},
        "output": {"EndpointURL": {"value": "${aws_api_gateway_deployment.rest_api.invoke_url}"}},
        "resource": {
            "aws_iam_role_policy": {
                "on_encode_role": {
                    "policy": '{"Resource": ["arn:aws:s3:::headwater-prod-source/sources/*", "arn:aws:sqs:*:*:q",'
                    ' "arn:aws:cloudfront::*:distribution/*"]}'
                }
            },
            "aws_lambda_function": {
                "api_handler": function("headwater-prod"),
                "on_encode": function("headwater-prod-on_encode", layers=ffmpeg),
                "websocket_connect": function("headwater-prod-websocket_connect"),
            },
            "aws_lambda_event_source_mapping": {
                "on_encode-sqs-event-source": {"event_source_arn": f"{SQS}encode"},
                "on_broadcast-sqs-event-source": {"event_source_arn": f"{SQS}broadcast.fifo"},
            },
            "aws_lambda_permission": {
                "rest_api_invoke": {"function_name": "${aws_lambda_function.api_handler.arn}"},
                "on_encode-event": {"function_name": "${aws_lambda_function.on_encode.arn}"},
            },
            "aws_cloudwatch_event_rule": {"on_schedule-event": {"name": "on_schedule-event"}},
            "aws_api_gateway_rest_api": {"rest_api": {"name": "headwater"}},
            "aws_api_gateway_deployment": {
                "rest_api": {"stage_name": "api", "stage_description": "x", "rest_api_id": "y"}
            },
            "aws_apigatewayv2_integration": {"websocket_connect_api_integration": {"integration_uri": URI}},
            "aws_apigatewayv2_deployment": {"websocket_api_deployment": {}},
            "aws_apigatewayv2_stage": {"websocket_api_stage": {"deployment_id": "z", "name": "api"}},
        },
    }


@pytest.fixture
def joined(document: dict[str, Any]) -> dict[str, Any]:
    """Return the same, joined."""
    return join.join(document, stage=STAGE, runtime="python3.13")


def test_what_is_given_stays_as_it_is(document: dict[str, Any]) -> None:
    """The join is a function: its argument is the caller's."""
    before = copy.deepcopy(document)
    join.join(document, stage=STAGE, runtime="python3.13")
    assert document == before


def test_old_pins_and_the_orphan_go(joined: dict[str, Any]) -> None:
    """Current Terraform would refuse the one and miss a provider for the other."""
    assert "terraform" not in joined
    assert joined["data"] == {"aws_region": {"chalice": {}}}


def test_functions_get_runtime_layers_and_settings(joined: dict[str, Any]) -> None:
    """The Python layer comes first, what the configuration named after it; plain settings give way to Terraform's."""
    encode = joined["resource"]["aws_lambda_function"]["on_encode"]
    assert encode["runtime"] == "python3.13"
    layers = [f"${{aws_lambda_layer_version.{name}.arn}}" for name in ("python", "ffmpeg")]
    assert encode["layers"] == layers
    merged = '${merge({"HEADWATER_STAGE": "prod"}, local.environment, var.settings)}'
    assert encode["environment"]["variables"] == merged
    assert encode["depends_on"] == ["aws_cloudwatch_log_group.function", "aws_iam_role_policy.on_encode_role"]


def test_queues_are_resources_and_report_what_failed(joined: dict[str, Any]) -> None:
    """Without the report one bad message would bring its whole batch back."""
    mappings = joined["resource"]["aws_lambda_event_source_mapping"]
    found = {name: mapping["event_source_arn"] for name, mapping in mappings.items()}
    assert found == {
        "on_encode-sqs-event-source": '${module.queues.arns["encode"]}',
        "on_broadcast-sqs-event-source": '${module.queues.arns["broadcast"]}',
    }
    assert {tuple(mapping["function_response_types"]) for mapping in mappings.values()} == {
        ("ReportBatchItemFailures",)
    }


def test_apis_name_functions_and_do_not_wait_for_them(joined: dict[str, Any]) -> None:
    """Functions are told the address of the CDN, which needs the APIs: references would be a circle."""
    body = joined["locals"]["chalice_api_swagger"]
    assert "aws_lambda_function" not in body
    assert "function:headwater-prod${local.snapshot}/invocations" in json.loads(body)["uri"]
    integration = joined["resource"]["aws_apigatewayv2_integration"]["websocket_connect_api_integration"]
    assert integration["integration_uri"].endswith("/headwater-prod-websocket_connect${local.snapshot}/invocations")


def test_only_what_somebody_waits_for_starts_from_a_snapshot(joined: dict[str, Any]) -> None:
    """A snapshot is one version's: it is published, and callers may reach its alias and nothing else."""
    functions, permissions = (joined["resource"][f"aws_lambda_{kind}"] for kind in ("function", "permission"))
    assert {name for name, one in functions.items() if "dynamic" in one} == {"api_handler", "websocket_connect"}
    assert functions["api_handler"]["publish"] == "${var.snap_start}"
    when = functions["api_handler"]["dynamic"]["snap_start"]
    assert when == {"for_each": "${var.snap_start ? [1] : []}", "content": {"apply_on": "PublishedVersions"}}
    alias = '${var.snap_start ? aws_lambda_alias.live["api_handler"].name : null}'
    assert permissions["rest_api_invoke"]["qualifier"] == alias
    assert "qualifier" not in permissions["on_encode-event"]


def test_a_permission_for_something_else_is_refused(document: dict[str, Any]) -> None:
    """It could be for a function whose alias then nobody may call."""
    document["resource"]["aws_lambda_permission"]["rest_api_invoke"]["function_name"] = "headwater-prod"
    with pytest.raises(join.JoinError, match="a permission is for 'headwater-prod'"):
        join.join(document, stage=STAGE, runtime="python3.13")


def test_every_snapshot_has_its_alias() -> None:
    """The Terraform beside it names the same functions."""
    text = (Path(join.__file__).with_name("functions.tf")).read_text("utf-8")
    assert tuple(re.findall(r"^ +(\w+) += aws_lambda_function\.\1$", text, re.MULTILINE)) == join.SNAPSHOTS


def test_policies_name_the_buckets_and_the_distribution_that_there_are(joined: dict[str, Any]) -> None:
    """Buckets' names end with the account's number and AWS makes up the other: the configuration cannot know them."""
    policy = json.loads(joined["resource"]["aws_iam_role_policy"]["on_encode_role"]["policy"])
    assert policy == {"Resource": ["${module.storage.source_arn}/sources/*", QUEUE, "${module.cdn.arn}"]}


def test_stages_are_resources_and_named_apart(joined: dict[str, Any]) -> None:
    """Two stages share an account: what has a name has the stage in it."""
    resources = joined["resource"]
    assert "stage_name" not in resources["aws_api_gateway_deployment"]["rest_api"]
    assert resources["aws_api_gateway_stage"]["rest_api"]["stage_name"] == "api"
    assert resources["aws_api_gateway_rest_api"]["rest_api"]["name"] == "headwater-prod"
    assert resources["aws_apigatewayv2_stage"]["websocket_api_stage"]["auto_deploy"] is True
    assert "aws_apigatewayv2_deployment" not in resources
    assert resources["aws_cloudwatch_event_rule"]["on_schedule-event"]["name"] == "headwater-prod-on_schedule-event"


def test_another_chalice_is_refused(document: dict[str, Any]) -> None:
    """A document that lacks what is mended says what it lacks, instead of deploying half."""
    del document["resource"]["aws_api_gateway_deployment"]
    with pytest.raises(join.JoinError, match="aws_api_gateway_deployment"):
        join.join(document, stage=STAGE, runtime="python3.13")


def test_a_queue_of_another_stage_is_refused(document: dict[str, Any]) -> None:
    """It would be somebody else's."""
    mapping = document["resource"]["aws_lambda_event_source_mapping"]["on_encode-sqs-event-source"]
    mapping["event_source_arn"] = "arn:aws:sqs:x:1:headwater-local-encode"
    with pytest.raises(join.JoinError, match="headwater-local-encode"):
        join.join(document, stage=STAGE, runtime="python3.13")


def test_functions_and_layers_can_be_read_off(joined: dict[str, Any]) -> None:
    """Deployed names and limits for logs and alarms, layers for the sizes."""
    assert join.functions(joined)["api_handler"] == {"name": "headwater-prod", "timeout_s": 60}
    assert join.layers(joined)["on_encode"] == ("python", "ffmpeg")
