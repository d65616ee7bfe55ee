""".chalice/config.json and its policies against the functions that app.py registers."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from chalice.cli.factory import CLIFactory

import app
from chalicelib.config import Settings
from chalicelib.domain.preparing import MAX_BYTES
from headwater.local.environment import Stack

ROOT = Path(app.__file__).parent
STAGES = ("local", "prod")
LIMITS = {
    "api_handler": (512, 29),
    "authorizer": (256, 10),
    "on_upload": (1024, 120),
    "on_encode": (3538, 900),
    "on_encode_high": (3538, 900),
    "on_lifecycle": (512, 300),
    "on_prepare": (1769, 900),
    "on_schedule": (512, 120),
    "on_live_segment": (3538, 60),
    "on_broadcast": (1769, 60),
    "on_webhook": (512, 60),
    "ingest_authorizer": (256, 10),
    "websocket_connect": (256, 10),
    "websocket_message": (256, 29),
    "websocket_disconnect": (256, 10),
}
SOCKETS = {
    "$connect": "websocket_connect",
    "$default": "websocket_message",
    "$disconnect": "websocket_disconnect",
}
"""The names are Chalice's own."""
CASES = [(stage, function) for stage in STAGES for function in LIMITS]


def policy(stage: str, function: str) -> dict[str, Any]:
    """Read a function's policy as Chalice would."""
    scoped = CLIFactory(str(ROOT)).create_config_obj(stage).scope(stage, function)
    found: dict[str, Any] = json.loads((ROOT / ".chalice" / scoped.iam_policy_file).read_text("utf-8"))
    return found


def test_every_function_is_declared() -> None:
    """What app.py registers and what the configuration sizes are the same functions."""
    registered = {source.name for source in app.app.event_sources}
    registered |= {handler.name for handler in app.app.builtin_auth_handlers}
    registered |= {function.name for function in app.app.pure_lambda_functions}
    registered |= {SOCKETS[route] for route in app.app.websocket_handlers}
    config = json.loads((ROOT / ".chalice" / "config.json").read_text("utf-8"))
    for stage in STAGES:
        assert registered | {"api_handler"} == set(config["stages"][stage]["lambda_functions"])


@pytest.mark.parametrize("stage", STAGES)
def test_long_answers_are_compressed(stage: str) -> None:
    """The multivariant playlist is one (A10.1); shorter ones would only grow."""
    assert CLIFactory(str(ROOT)).create_config_obj(stage).minimum_compression_size == 500


def test_handlers_are_their_own_modules() -> None:
    """So that a worker's import graph is its own module's, not the whole app's."""
    handlers = {source.name: source.handler_string for source in app.app.event_sources}
    handlers |= {handler.name: handler.handler_string for handler in app.app.builtin_auth_handlers}
    handlers |= {function.name: function.handler_string for function in app.app.pure_lambda_functions}
    assert handlers == {name: f"chalicelib.entrypoints.{name}.{name}" for name in handlers}


@pytest.mark.parametrize(("stage", "function"), CASES)
def test_sizes_and_rights(stage: str, function: str) -> None:
    """Memory and time as agreed, a policy of its own, the stage in the path of the public address."""
    config = CLIFactory(str(ROOT)).create_config_obj(stage)
    scoped = config.scope(stage, function)
    assert (scoped.lambda_memory_size, scoped.lambda_timeout) == LIMITS[function]
    assert (scoped.autogen_policy, config.api_gateway_stage, config.app_name) == (False, "api", "headwater")
    assert scoped.iam_policy_file == f"policies/{stage}/{function.removesuffix('_handler')}.json"


@pytest.mark.parametrize(("stage", "function"), CASES)
def test_rights_are_the_least(stage: str, function: str) -> None:
    """Named actions on resources of the stage; only tracing knows no resources, sockets and the CDN no stage."""
    for statement in policy(stage, function)["Statement"]:
        assert statement["Effect"] == "Allow"
        assert not [action for action in statement["Action"] if "*" in action]
        if statement["Sid"] == "Trace":
            continue
        if statement["Sid"] == "Sockets":  # APIs are known by an id that AWS makes up
            assert statement["Resource"] == ["arn:aws:execute-api:*:*:*/api/*/@connections/*"]
            continue
        if statement["Sid"] == "Edge":  # so is the distribution; infra/join.py puts the one there is in its place
            assert statement["Resource"] == ["arn:aws:cloudfront::*:distribution/*"]
            continue
        for resource in statement["Resource"]:
            assert f"headwater-{stage}" in resource
            assert not resource.endswith(("table/*", ":*:*", ":::*"))


def test_the_api_reaches_every_queue_and_its_dead_letters() -> None:
    """A queue that is new can be looked after like the others."""
    reach: dict[str, set[str]] = {}
    for statement in policy("local", "api_handler")["Statement"]:
        for action in statement["Action"]:
            names = (resource.rsplit(":headwater-local-", 1)[-1] for resource in statement["Resource"])
            reach.setdefault(action, set()).update(names)
    specs = Stack().queues
    assert {spec.name.removeprefix("headwater-local-").removesuffix(".fifo") for spec in specs} == set(
        Settings().queue_urls
    )
    queues = {spec.name.removeprefix("headwater-local-") for spec in specs}
    dead = {spec.dead_letters.removeprefix("headwater-local-") for spec in specs}
    assert reach["sqs:SendMessage"] == queues
    assert reach["sqs:GetQueueAttributes"] == queues | dead
    for action in ("sqs:ReceiveMessage", "sqs:DeleteMessage"):
        assert reach[action] == dead


@pytest.mark.parametrize("function", LIMITS)
def test_stages_differ_only_in_their_name(function: str) -> None:
    """What is tried locally is what is deployed."""
    local, prod = (json.dumps(policy(stage, function)) for stage in STAGES)
    assert local.replace("headwater-local", "headwater-prod") == prod


def test_the_environment_is_one_that_settings_read() -> None:
    """A misspelt variable would silently keep its default."""
    for stage in STAGES:
        variables = CLIFactory(str(ROOT)).create_config_obj(stage).environment_variables
        known = {f"HEADWATER_{name.upper()}" for name in Settings.__annotations__}
        assert set(variables) <= known
        assert Settings.from_env(variables).table_prefix == f"headwater-{stage}-"


def test_the_scratch_space_holds_what_is_prepared() -> None:
    """Chalice has no key for it: Terraform merges it into what Chalice writes, under the function's own name."""
    override = json.loads((ROOT / "infra" / "chalice_override.tf.json").read_text("utf-8"))
    functions = override["resource"]["aws_lambda_function"]
    assert set(functions) <= set(LIMITS)
    assert functions["on_prepare"]["ephemeral_storage"]["size"] * 1024**2 > MAX_BYTES
