"""What the application declares: functions, routes, queue subscriptions and schedules, as deployment reads them.

Chalice's own resource graph is the source, so memory, timeouts, layers and environment follow the precedence of
`.chalice/config.json` that holds on AWS. It is built in a child process: importing Chalice and the whole application
takes a second that the command line should not pay, and the application must not see this process's settings.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

API = "api"
_CHALICE_API = "api_handler"
_RATE = re.compile(r"rate\((\d+) (minute|hour|day)s?\)")
_UNITS = {"minute": 60, "hour": 3600, "day": 86400}


class DeclarationsError(Exception):
    """The application cannot be read; the message ends with what it printed."""


@dataclass(frozen=True, slots=True)
class FunctionSpec:
    """One Lambda function: dotted handler, limits, environment and layer ARNs as declared."""

    name: str
    handler: str
    memory_mb: int
    timeout_s: int
    environment: dict[str, str]
    layers: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Route:
    """One REST route as Chalice writes it (`/v1/recordings/{recording_id}`); `binary` when it may answer bytes."""

    method: str
    path: str
    authorizer: str | None
    binary: bool


@dataclass(frozen=True, slots=True)
class Authorizer:
    """A function that judges tokens: seconds its verdict may be kept (None: the gateway's default), header it reads."""

    name: str
    ttl_s: int | None
    header: str


@dataclass(frozen=True, slots=True)
class Subscription:
    """A queue that drives a function; no `maximum_concurrency` means no limit of its own."""

    queue: str
    function: str
    batch_size: int
    maximum_concurrency: int | None


@dataclass(frozen=True, slots=True)
class Schedule:
    """A function that runs every `every_s` seconds."""

    function: str
    every_s: int


@dataclass(frozen=True, slots=True)
class Declarations:
    """All of it."""

    functions: dict[str, FunctionSpec]
    routes: tuple[Route, ...]
    authorizers: tuple[Authorizer, ...]
    subscriptions: tuple[Subscription, ...]
    schedules: tuple[Schedule, ...]
    compress_from: int | None = None
    """Bytes from which on the API's answers are compressed; None: never."""


def load(root: Path, stage: str) -> Declarations:
    """Read the application in `root`; raises DeclarationsError with its own words when it cannot be imported."""
    package = str(Path(__file__).resolve().parents[2])
    command = [sys.executable, "-m", "headwater.local.declarations", str(root), stage]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWATER_", "AWS_"))}
    env |= {"HEADWATER_STAGE": stage, "AWS_DEFAULT_REGION": "eu-central-1"}
    env["PYTHONPATH"] = os.pathsep.join([str(root), package])
    done = subprocess.run(command, env=env, cwd=root, capture_output=True, text=True, check=False)
    if done.returncode:
        msg = f"the application in {root} cannot be read: {done.stderr.strip()[-2000:]}"
        raise DeclarationsError(msg)
    return _parse(json.loads(done.stdout.splitlines()[-1]))


def _parse(document: dict[str, Any]) -> Declarations:
    functions = [FunctionSpec(**{**entry, "layers": tuple(entry["layers"])}) for entry in document["functions"]]
    return Declarations(
        functions={function.name: function for function in functions},
        routes=tuple(Route(**entry) for entry in document["routes"]),
        authorizers=tuple(Authorizer(**entry) for entry in document["authorizers"]),
        subscriptions=tuple(Subscription(**entry) for entry in document["subscriptions"]),
        schedules=tuple(Schedule(**entry) for entry in document["schedules"]),
        compress_from=document["compress_from"],
    )


def rate_seconds(expression: str) -> int:
    """Return the period of a `rate(5 minutes)`; raises DeclarationsError for anything else."""
    match = _RATE.fullmatch(expression)
    if match is None:
        msg = f"schedule {expression!r} is not understood: only rate(N minutes|hours|days) runs locally"
        raise DeclarationsError(msg)
    return int(match.group(1)) * _UNITS[match.group(2)]


def _read(root: Path, stage: str) -> dict[str, Any]:
    """Build Chalice's resource graph, in the child."""
    from chalice.cli.factory import CLIFactory  # noqa: PLC0415  slow to import
    from chalice.deploy import models  # noqa: PLC0415
    from chalice.deploy.appgraph import ApplicationGraphBuilder  # noqa: PLC0415

    config = CLIFactory(str(root)).create_config_obj(chalice_stage_name=stage)
    app = config.chalice_app
    found: list[dict[str, Any]] = []
    subscriptions, schedules = [], []
    for resource in ApplicationGraphBuilder().build(config, stage).resources:
        if isinstance(resource, models.LambdaFunction):
            found.append(_function(resource))
        elif isinstance(resource, models.RestAPI):
            found += [_function(resource.lambda_function), *map(_function, resource.authorizers)]
        elif isinstance(resource, models.WebsocketAPI):
            handlers = (resource.connect_function, resource.message_function, resource.disconnect_function)
            found += [_function(handler) for handler in handlers if handler is not None]
        elif isinstance(resource, models.SQSEventSource):
            subscriptions.append(_subscription(resource))
            found.append(_function(resource.lambda_function))
        elif isinstance(resource, models.ScheduledEvent):
            every = rate_seconds(resource.schedule_expression)
            schedules.append(asdict(Schedule(_name(resource.lambda_function), every)))
            found.append(_function(resource.lambda_function))
    return {
        "functions": list({entry["name"]: entry for entry in found}.values()),
        "routes": _routes(app),
        "authorizers": [
            asdict(Authorizer(entry.name, entry.ttl_seconds, entry.header)) for entry in app.builtin_auth_handlers
        ],
        "subscriptions": subscriptions,
        "schedules": schedules,
        "compress_from": config.minimum_compression_size,
    }


def _name(function: Any) -> str:
    return API if function.resource_name == _CHALICE_API else str(function.resource_name)


def _function(function: Any) -> dict[str, Any]:
    memory, timeout = function.memory_size or 128, function.timeout or 60
    environment = {name: str(value) for name, value in function.environment_variables.items()}
    layers = tuple(function.layers or ())
    return asdict(FunctionSpec(_name(function), function.handler, memory, timeout, environment, layers))


def _subscription(source: Any) -> dict[str, Any]:
    queue = source.queue if isinstance(source.queue, str) else source.queue.arn.rsplit(":", 1)[-1]
    limit = source.maximum_concurrency or None
    return asdict(Subscription(queue, _name(source.lambda_function), source.batch_size, limit))


def _routes(app: Any) -> list[dict[str, Any]]:
    binary = set(app.api.binary_types)
    return [
        asdict(
            Route(
                method=method,
                path=path,
                authorizer=entry.authorizer.name if entry.authorizer is not None else None,
                binary=bool(binary.intersection(entry.content_types)),
            )
        )
        for path, methods in app.routes.items()
        for method, entry in methods.items()
    ]


if __name__ == "__main__":
    try:
        print(json.dumps(_read(Path(sys.argv[1]), sys.argv[2])))  # noqa: T201  the parent reads it
    except DeclarationsError as error:
        sys.exit(str(error))
