"""What the embedded cloud runs: the source tree, or what `make package` made of it, in cells."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from boto3.session import Session

from headwater.local import declarations, packaged
from headwater.local.environment import Stack
from headwater.local.jail.launcher import Jail, check_machine, read_runtime, unpack
from headwater.local.launchers import SourceTree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from headwater.local.declarations import Declarations
    from headwater.local.launchers import Launcher

_API = {"api_handler": "api"}
"""What the rest of the local stack calls the function that Chalice calls api_handler."""
_EDGE_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Application:
    """One application: how its workers start, where its pages lie, what its functions may do.

    `policies` are IAM documents by function; `told` and `secrets` are settings and secrets beyond what every stack has;
    `bus` is an EventBridge bus that functions are told of.
    """

    stack: Stack
    load: Callable[[], Declarations]
    launcher: Launcher
    web: Path
    policies: Mapping[str, Mapping[str, Any]]
    told: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict)
    bus: str = ""

    def prepare(self, endpoint: str) -> None:
        """Make at an emulator, while it lets anybody do anything, what no other stack has."""
        if self.bus:
            key = "headwater"
            session = Session(aws_access_key_id=key, aws_secret_access_key=key, region_name=self.stack.region)
            session.client("events", endpoint_url=endpoint).create_event_bus(Name=self.bus)


def from_source(root: Path, layers: Path) -> Application:
    """Return the application in `root` with the layers built in `layers`; raises ValueError for a bad policy."""
    stack = Stack()
    folder = root / ".chalice"
    declared = json.loads((folder / "config.json").read_text("utf-8"))["stages"][stack.stage]["lambda_functions"]
    policies = {
        _API.get(name, name): json.loads((folder / entry["iam_policy_file"]).read_text("utf-8"))
        for name, entry in declared.items()
    }
    return Application(
        stack, lambda: declarations.load(root, stack.stage), SourceTree(root, layers), root / "web", policies
    )


def from_package(root: Path, runtime: Path) -> Application:
    """Return the packaged application in `root`, unpacked, with Lambda's own Python in `runtime`.

    Raises DeclarationsError, with a sentence, when one of them is not there or not for this machine.
    """
    package = packaged.read(root)
    check_machine(package)
    lambda_ = read_runtime(runtime)
    stack = Stack(stage=package.stage)
    edge, bus = f"{stack.prefix}edge-key", f"{stack.prefix}events"
    return Application(
        stack=stack,
        load=lambda: package.declarations,
        launcher=Jail(package, unpack(package, runtime / "packages"), lambda_),
        web=package.site,
        policies=packaged.policies(root, stack),
        # Only here does Terraform make these; the local issuer says roles as a foreign one would
        told={"HEADWATER_EDGE_SECRET": edge, "HEADWATER_EVENT_BUS": bus, "HEADWATER_JWT_ROLE_CLAIM": "role"},
        secrets={edge: secrets.token_hex(_EDGE_KEY_BYTES)},
        bus=bus,
    )
