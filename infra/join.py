"""Joins what Chalice packages with the Terraform beside it. Pure: one JSON document in, one out.

Chalice writes names where the rest of the root has resources, pins Terraform and provider too old, and knows nothing of
half of what a function may be told. Each step below mends one of these.
"""

from __future__ import annotations

import copy
import json
import re
from typing import Any

_ACCOUNT = "${data.aws_caller_identity.chalice.account_id}"
_REGION = "${data.aws_region.chalice.name}"
_PARTITION = "${data.aws_partition.chalice.partition}"
_STAGE_NAME = "api"
_API_HANDLER = "api_handler"
SNAPSHOTS = ("api_handler", "authorizer", "ingest_authorizer", "websocket_connect", "websocket_message")
"""Functions that somebody waits for: with `snap_start` they start from a snapshot, which only a version has."""
_REFERENCE = re.compile(r"\$\{aws_lambda_function\.(\w+)\.\w+\}")


class JoinError(ValueError):
    """Chalice's document is not what it was when this was written; the message says where."""


def join(document: dict[str, Any], *, stage: str, runtime: str) -> dict[str, Any]:
    """Return Chalice's `chalice.tf.json` as a part of our root; raises JoinError when it lacks what is expected."""
    joined = copy.deepcopy(document)
    try:
        _unpin(joined)
        _name_places(joined, stage)
        _point_at_names(joined, stage)
        for name, function in joined["resource"]["aws_lambda_function"].items():
            _equip(function, name, runtime)
        for permission in joined["resource"]["aws_lambda_permission"].values():
            _permit(permission)
        for name, mapping in joined["resource"]["aws_lambda_event_source_mapping"].items():
            _subscribe(mapping, name, stage)
        _stage_the_api(joined, stage)
        _stage_the_sockets(joined)
        _name_the_rules(joined, stage)
    except KeyError as error:
        raise JoinError(f"Chalice's package has no {error.args[0]!r} where it used to have one.") from error
    return joined


def functions(document: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the deployed name and the time limit of each function, by Chalice's name."""
    found = document["resource"]["aws_lambda_function"]
    return {name: {"name": one["function_name"], "timeout_s": one["timeout"]} for name, one in sorted(found.items())}


def layers(document: dict[str, Any]) -> dict[str, tuple[str, ...]]:
    """Return the names of each function's layers, by Chalice's name."""
    found = document["resource"]["aws_lambda_function"]
    return {name: tuple(reference.split(".")[1] for reference in one["layers"]) for name, one in sorted(found.items())}


def _unpin(document: dict[str, Any]) -> None:
    # versions.tf says which Terraform and which provider; the null provider was for a data source that nothing reads.
    del document["terraform"]
    del document["data"]["null_data_source"]


def _name_places(document: dict[str, Any], stage: str) -> None:
    """Let policies name buckets, region and account as they are: the configuration's could be anybody's."""
    for policy in document["resource"]["aws_iam_role_policy"].values():
        for bucket in ("source", "media"):
            policy["policy"] = policy["policy"].replace(
                f"arn:aws:s3:::headwater-{stage}-{bucket}", f"${{module.storage.{bucket}_arn}}"
            )
        # Made up by AWS like an account's number, and known here: no role may touch another distribution.
        policy["policy"] = policy["policy"].replace("arn:aws:cloudfront::*:distribution/*", "${module.cdn.arn}")
        here = policy["policy"].replace(":*:*:", f":{_REGION}:{_ACCOUNT}:")
        policy["policy"] = here.replace("arn:aws:", f"arn:{_PARTITION}:")


def _point_at_names(document: dict[str, Any], stage: str) -> None:
    """Let the APIs name their functions instead of depending on them.

    Functions are told the public address; that is the distribution's, which needs the APIs: a circle otherwise.
    """
    names = {name: one["name"] for name, one in functions(document).items()}
    body = document["locals"]["chalice_api_swagger"]
    called = {name: deployed + ("${local.snapshot}" if name in SNAPSHOTS else "") for name, deployed in names.items()}
    for name, deployed in called.items():
        body = body.replace(f"${{aws_lambda_function.{name}.invoke_arn}}", _invocation(deployed))
    if "aws_lambda_function." in body:
        raise JoinError(f"the REST API of {stage} refers to a function in a way that is not known here")
    document["locals"]["chalice_api_swagger"] = body
    for integration in document["resource"]["aws_apigatewayv2_integration"].values():
        for name, deployed in called.items():
            reference = f"${{aws_lambda_function.{name}.function_name}}"
            integration["integration_uri"] = integration["integration_uri"].replace(reference, deployed)


def _invocation(function: str) -> str:
    arn = f"arn:{_PARTITION}:lambda:{_REGION}:{_ACCOUNT}:function:{function}"
    return f"arn:{_PARTITION}:apigateway:{_REGION}:lambda:path/2015-03-31/functions/{arn}/invocations"


def _equip(function: dict[str, Any], name: str, runtime: str) -> None:
    function["runtime"] = runtime
    function["layers"] = ["${aws_lambda_layer_version.python.arn}", *function.get("layers", [])]
    # Chalice's plain values first, then what Terraform knows, then what an operator insists on.
    plain = json.dumps(function["environment"]["variables"], sort_keys=True)
    function["environment"]["variables"] = f"${{merge({plain}, local.environment, var.settings)}}"
    # Lambda makes a function's log group on its first call, and then it would be in the way.
    role = "api_handler" if name == _API_HANDLER else name
    function["depends_on"] = ["aws_cloudwatch_log_group.function", f"aws_iam_role_policy.{role}_role"]

    if name in SNAPSHOTS:
        function["publish"] = "${var.snap_start}"
        content = {"apply_on": "PublishedVersions"}
        function["dynamic"] = {"snap_start": {"for_each": "${var.snap_start ? [1] : []}", "content": content}}


def _permit(permission: dict[str, Any]) -> None:
    """Let the gateway call what it names, which is the alias where there are snapshots."""
    found = _REFERENCE.fullmatch(permission["function_name"])
    if found is None:
        raise JoinError(f"a permission is for {permission['function_name']!r}, which is no function known here")
    if found[1] in SNAPSHOTS:
        permission["qualifier"] = f'${{var.snap_start ? aws_lambda_alias.live["{found[1]}"].name : null}}'


def _subscribe(mapping: dict[str, Any], name: str, stage: str) -> None:
    queue = mapping["event_source_arn"].rsplit(":", 1)[-1]
    prefix = f"headwater-{stage}-"
    if not queue.startswith(prefix):
        raise JoinError(f"{name} listens to {queue!r}, which is not of the stage {stage}")
    short = queue.removeprefix(prefix).removesuffix(".fifo")
    mapping["event_source_arn"] = f'${{module.queues.arns["{short}"]}}'
    mapping["function_response_types"] = ["ReportBatchItemFailures"]
    # Lambda tries the function's rights when the mapping is made.
    mapping["depends_on"] = [f"aws_iam_role_policy.{name.removesuffix('-sqs-event-source')}_role"]


def _stage_the_api(document: dict[str, Any], stage: str) -> None:
    """Give the REST API its stage as a resource, so that settings can be said of it."""
    resources = document["resource"]
    resources["aws_api_gateway_rest_api"]["rest_api"]["name"] = f"headwater-{stage}"
    deployment = resources["aws_api_gateway_deployment"]["rest_api"]
    del deployment["stage_name"]
    del deployment["stage_description"]
    deployment["triggers"] = {"definition": "${sha1(local.chalice_api_swagger)}"}
    resources["aws_api_gateway_stage"] = {
        "rest_api": {
            "rest_api_id": "${aws_api_gateway_rest_api.rest_api.id}",
            "deployment_id": "${aws_api_gateway_deployment.rest_api.id}",
            "stage_name": _STAGE_NAME,
            "xray_tracing_enabled": True,
        }
    }
    document["output"]["EndpointURL"]["value"] = "${aws_api_gateway_stage.rest_api.invoke_url}"


def _stage_the_sockets(document: dict[str, Any]) -> None:
    """Let the stage deploy by itself: Chalice's deployment never notices that a route has changed."""
    resources = document["resource"]
    del resources["aws_apigatewayv2_deployment"]
    stage = resources["aws_apigatewayv2_stage"]["websocket_api_stage"]
    del stage["deployment_id"]
    stage["auto_deploy"] = True
    stage["default_route_settings"] = {"throttling_rate_limit": 5000, "throttling_burst_limit": 5000}


def _name_the_rules(document: dict[str, Any], stage: str) -> None:
    """Put the stage into the rules' names: two stages of one account would share them."""
    for name, rule in document["resource"]["aws_cloudwatch_event_rule"].items():
        rule["name"] = f"headwater-{stage}-{name}"
