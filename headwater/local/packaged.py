"""Reads what `make package` made: the functions, routes, queues and schedules that Terraform would deploy.

The same declarations as `declarations.load` gives of the source tree, but out of the Terraform root, so that what the
packaging forgot or turned round is missing or wrong here too.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from headwater.local.declarations import (
    API,
    Authorizer,
    Declarations,
    DeclarationsError,
    FunctionSpec,
    Route,
    Schedule,
    Subscription,
    rate_seconds,
)
from headwater.local.environment import DISTRIBUTION

if TYPE_CHECKING:
    from pathlib import Path

    from headwater.local.environment import Stack

_API_HANDLER = "api_handler"
_METHODS = {"get", "put", "post", "delete", "patch", "head"}
_LAYER = re.compile(r"aws_lambda_layer_version\.(\w+)\.arn")
_QUEUE = re.compile(r'module\.queues\.arns\["([\w-]+)"\]')
_FUNCTION = re.compile(r"aws_lambda_function\.(\w+)\.")
_INVOKED = re.compile(r":function:([\w-]+)(?:\$\{[^}]*\})?/")
_PLAIN = re.compile(r"\$\{merge\((\{.*\}), local\.environment, var\.settings\)\}")
_KNOWN_LATER = re.compile(r"^\s+(HEADWATER_\w+)\s+=", re.MULTILINE)
_SCRATCH_MB = 512
"""What Lambda gives a function of /tmp unless it is told otherwise."""


@dataclass(frozen=True, slots=True)
class Package:
    """A packaged root: its stage, Lambda's runtime and architecture, and what it declares.

    `names` are the functions' deployed names, `told` the settings whose values Terraform gives, `scratch_mb` is what
    each function has of /tmp.
    """

    root: Path
    stage: str
    runtime: str
    architecture: str
    declarations: Declarations
    names: dict[str, str]
    told: frozenset[str]
    scratch_mb: dict[str, int]

    @property
    def site(self) -> Path:
        """The pages as they are uploaded."""
        return self.root / "site"

    @property
    def layers(self) -> set[tuple[str, ...]]:
        """Each combination of layers that some function has."""
        return {spec.layers for spec in self.declarations.functions.values()}


def read(root: Path) -> Package:
    """Read a packaged root; raises DeclarationsError, with a sentence, for anything else."""
    try:
        document = _json(root / "chalice.tf.json")
        declared = _json(root / "declared.auto.tfvars.json")
        override = _json(root / "chalice_override.tf.json")
        terraform = (root / "functions.tf").read_text("utf-8")
    except OSError as error:
        raise DeclarationsError(f"{root} is no package ({error.strerror}): make one with `make package`.") from error
    try:
        functions = document["resource"]["aws_lambda_function"]
        return Package(
            root=root,
            stage=declared["stage"],
            runtime=declared["runtime"],
            architecture=declared["architecture"],
            declarations=_declarations(document, declared),
            names={_name(name): one["function_name"] for name, one in functions.items()},
            told=frozenset(_KNOWN_LATER.findall(terraform)),
            scratch_mb={_name(name): _scratch(name, override) for name in functions},
        )
    except (KeyError, AttributeError) as error:
        raise DeclarationsError(f"the package in {root} is not as `make package` makes it: {error}") from error


def _json(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def _name(name: str) -> str:
    return API if name == _API_HANDLER else name


def _scratch(name: str, override: dict[str, Any]) -> int:
    changed = override["resource"]["aws_lambda_function"].get(name, {})
    return int(changed.get("ephemeral_storage", {}).get("size", _SCRATCH_MB))


def _declarations(document: dict[str, Any], declared: dict[str, Any]) -> Declarations:
    resources = document["resource"]
    body = json.loads(document["locals"]["chalice_api_swagger"])
    names = {one["function_name"]: _name(name) for name, one in resources["aws_lambda_function"].items()}
    authorizers = {
        name: (names[_found(_INVOKED, one["x-amazon-apigateway-authorizer"]["authorizerUri"])], one)
        for name, one in body["securityDefinitions"].items()
    }
    return Declarations(
        functions={_name(name): _function(_name(name), one) for name, one in resources["aws_lambda_function"].items()},
        routes=tuple(_routes(body, {name: function for name, (function, _) in authorizers.items()})),
        authorizers=tuple(_authorizer(function, one) for function, one in authorizers.values()),
        subscriptions=tuple(
            _subscription(one, declared["queues"]) for one in resources["aws_lambda_event_source_mapping"].values()
        ),
        schedules=tuple(_schedules(resources)),
        compress_from=resources["aws_api_gateway_rest_api"]["rest_api"].get("minimum_compression_size"),
    )


def _found(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(text)
    if found is None:
        raise KeyError(text)
    return found[1]


def _function(name: str, one: dict[str, Any]) -> FunctionSpec:
    environment = json.loads(_found(_PLAIN, one["environment"]["variables"]))
    layers = tuple(_found(_LAYER, reference) for reference in one["layers"])
    return FunctionSpec(name, one["handler"], one["memory_size"], one["timeout"], environment, layers)


def _routes(body: dict[str, Any], authorizers: dict[str, str]) -> list[Route]:
    binary = set(body["x-amazon-apigateway-binary-media-types"])
    found = []
    for path, methods in body["paths"].items():
        # OPTIONS answer from the gateway itself
        for method in _METHODS & set(methods):
            one = methods[method]
            named = next((name for entry in one.get("security", []) for name in entry), None)
            produces = binary.intersection(one.get("produces", []))
            authorizer = authorizers[named] if named is not None else None
            found.append(Route(method.upper(), path, authorizer, binary=bool(produces)))
    return found


def _authorizer(function: str, one: dict[str, Any]) -> Authorizer:
    ttl = one["x-amazon-apigateway-authorizer"].get("authorizerResultTtlInSeconds")
    return Authorizer(function, ttl, one["name"])


def _subscription(one: dict[str, Any], queues: dict[str, Any]) -> Subscription:
    queue = queues[_found(_QUEUE, one["event_source_arn"])]["name"]
    limit = one.get("scaling_config", {}).get("maximum_concurrency")
    return Subscription(queue, _name(_found(_FUNCTION, one["function_name"])), one["batch_size"], limit)


def _schedules(resources: dict[str, Any]) -> list[Schedule]:
    rules = resources["aws_cloudwatch_event_rule"]
    return [
        Schedule(_name(_found(_FUNCTION, target["arn"])), rate_seconds(rules[name]["schedule_expression"]))
        for name, target in resources["aws_cloudwatch_event_target"].items()
    ]


def policies(root: Path, stack: Stack) -> dict[str, dict[str, Any]]:
    """Return each function's policy as it is deployed, with buckets, region and account as they are in `stack`."""
    arns = {
        "${module.storage.source_arn}": f"arn:aws:s3:::{stack.source_bucket}",
        "${module.cdn.arn}": f"arn:aws:cloudfront::{stack.account}:distribution/{DISTRIBUTION}",
        "${module.storage.media_arn}": f"arn:aws:s3:::{stack.media_bucket}",
        "${data.aws_partition.chalice.partition}": "aws",
        "${data.aws_region.chalice.name}": stack.region,
        "${data.aws_caller_identity.chalice.account_id}": stack.account,
    }
    found = {}
    for role, one in _json(root / "chalice.tf.json")["resource"]["aws_iam_role_policy"].items():
        text = one["policy"]
        for reference, value in arns.items():
            text = text.replace(reference, value)
        found[_name(role.removesuffix("_role"))] = json.loads(text)
    return found
