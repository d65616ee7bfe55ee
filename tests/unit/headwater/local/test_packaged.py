"""What is read of a packaged Terraform root."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from headwater.local.declarations import Authorizer, DeclarationsError, FunctionSpec, Route, Schedule, Subscription
from headwater.local.environment import Stack
from headwater.local.packaged import policies, read

if TYPE_CHECKING:
    from pathlib import Path

DATA = [f"${{data.aws_{name}}}" for name in ("partition.chalice.partition", "region.chalice.name")]
DATA.append("${data.aws_caller_identity.chalice.account_id}")
PLAIN = {"HEADWATER_STAGE": "proof"}
INVOKED = "arn:${data.aws_partition.chalice.partition}:lambda:x:function:headwater-proof-judge${local.x}/invocations"
BODY = {
    "paths": {
        "/v1/things": {
            "get": {"security": [{"judge": []}], "produces": ["video/mp4"]},
            "options": {"produces": ["application/json"]},
        },
        "/v1/open": {"post": {"produces": ["application/json"]}},
    },
    "x-amazon-apigateway-binary-media-types": ["video/mp4"],
    "securityDefinitions": {
        "judge": {
            "name": "Authorization",
            "x-amazon-apigateway-authorizer": {"authorizerUri": INVOKED, "authorizerResultTtlInSeconds": 60},
        }
    },
}
FUNCTIONS_TF = """locals {
  environment = {
    HEADWATER_PUBLIC_URL   = local.public_url
    HEADWATER_MEDIA_BUCKET = module.storage.media_bucket
  }
}
"""


def function(name: str, **more: Any) -> dict[str, Any]:
    """One function as the joined document has it."""
    given = {
        "function_name": name,
        "handler": "work.run",
        "memory_size": 512,
        "timeout": 29,
        "layers": ["${aws_lambda_layer_version.python.arn}", "${aws_lambda_layer_version.probe.arn}"],
        "environment": {"variables": f"${{merge({json.dumps(PLAIN)}, local.environment, var.settings)}}"},
    }
    return given | more


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A packaged root with an API, its authorizer, a worker of a queue and a schedule."""
    resources = {
        "aws_lambda_function": {
            "api_handler": function("headwater-proof"),
            "judge": function("headwater-proof-judge", layers=["${aws_lambda_layer_version.python.arn}"]),
            "work": function("headwater-proof-work", memory_size=1024),
        },
        "aws_lambda_event_source_mapping": {
            "work-sqs-event-source": {
                "batch_size": 1,
                "event_source_arn": '${module.queues.arns["jobs"]}',
                "function_name": "${aws_lambda_function.work.arn}",
                "scaling_config": {"maximum_concurrency": 5},
            }
        },
        "aws_cloudwatch_event_rule": {"work-event": {"schedule_expression": "rate(1 minute)"}},
        "aws_cloudwatch_event_target": {"work-event": {"arn": "${aws_lambda_function.work.arn}"}},
        "aws_api_gateway_rest_api": {"rest_api": {"minimum_compression_size": 500}},
        "aws_iam_role_policy": {
            "api_handler_role": {"policy": '{"Resource": "${module.storage.media_arn}/*"}'},
            "work_role": {"policy": json.dumps({"Resource": f"arn:{DATA[0]}:sqs:{DATA[1]}:{DATA[2]}:q"})},
        },
    }
    document = {"resource": resources, "locals": {"chalice_api_swagger": json.dumps(BODY)}}
    declared = {
        "stage": "proof",
        "runtime": "python3.13",
        "architecture": "arm64",
        "queues": {"jobs": {"name": "headwater-proof-jobs"}},
    }
    override = {"resource": {"aws_lambda_function": {"work": {"ephemeral_storage": {"size": 10240}}}}}
    for name, content in (("chalice", document), ("declared.auto.tfvars", declared), ("chalice_override", override)):
        ending = ".json" if name.startswith("declared") else ".tf.json"
        (tmp_path / f"{name}{ending}").write_text(json.dumps(content))
    (tmp_path / "functions.tf").write_text(FUNCTIONS_TF)
    return tmp_path


def test_functions_and_what_drives_them(root: Path) -> None:
    """Names as the local stack has them; routes without what the gateway answers itself; queues by their full names."""
    package = read(root)
    found = package.declarations
    assert found.functions["api"] == FunctionSpec("api", "work.run", 512, 29, PLAIN, ("python", "probe"))
    assert set(found.routes) == {
        Route("GET", "/v1/things", "judge", binary=True),
        Route("POST", "/v1/open", None, binary=False),
    }
    assert found.authorizers == (Authorizer("judge", 60, "Authorization"),)
    assert found.subscriptions == (Subscription("headwater-proof-jobs", "work", 1, 5),)
    assert found.schedules == (Schedule("work", 60),)
    assert found.compress_from == 500


def test_what_functions_have_and_are_told(root: Path) -> None:
    """Scratch space where the override says so; the settings that Terraform gives; combinations of layers."""
    package = read(root)
    assert (package.stage, package.runtime, package.architecture) == ("proof", "python3.13", "arm64")
    assert package.scratch_mb == {"api": 512, "judge": 512, "work": 10240}
    assert package.told == {"HEADWATER_PUBLIC_URL", "HEADWATER_MEDIA_BUCKET"}
    assert package.names["api"] == "headwater-proof"
    assert package.layers == {("python", "probe"), ("python",)}
    assert package.site == root / "site"


def test_policies_name_the_stack_s_buckets(root: Path) -> None:
    """What Terraform would fill in is filled in."""
    found = policies(root, Stack(stage="proof"))
    assert found["api"] == {"Resource": "arn:aws:s3:::headwater-proof-media/*"}
    assert found["work"] == {"Resource": "arn:aws:sqs:eu-central-1:123456789012:q"}


def test_another_folder_is_no_package(tmp_path: Path) -> None:
    """The sentence says how to make one."""
    with pytest.raises(DeclarationsError, match=r"is no package .*: make one with `make package`"):
        read(tmp_path)


def test_a_package_of_another_shape_is_refused(root: Path) -> None:
    """What is missing is named."""
    document = json.loads((root / "chalice.tf.json").read_text())
    del document["resource"]["aws_lambda_event_source_mapping"]
    (root / "chalice.tf.json").write_text(json.dumps(document))
    with pytest.raises(DeclarationsError, match="aws_lambda_event_source_mapping"):
        read(root)
