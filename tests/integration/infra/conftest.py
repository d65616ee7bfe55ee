"""One packaged and planned root for all tests here: making it takes a minute."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from boto3.session import Session
from support import terraform
from support.edge_policies import EdgePolicies

from infra import keys, package

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.sizes import Weight

STAGE = "proof"
"""Has no configuration of its own: what is deployed is prod's under this name."""


@dataclass(frozen=True)
class Planned:
    """A root, what its functions weigh, and what Terraform would make of it."""

    root: Path
    weights: list[Weight]
    resources: dict[str, dict[str, Any]]
    endpoint: str

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return planned values by address."""
        return {address: one["values"] for address, one in self.resources.items() if one["type"] == kind}


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    """Package, make keys, init and plan, as `make deploy` does, with moto in place of AWS."""
    root = tmp_path_factory.mktemp("deployment") / "root"
    weights = package.make(STAGE, "x86_64", root)
    with terraform.Moto() as moto, EdgePolicies(moto.endpoint) as edge:
        terraform.talk_to(root, moto.endpoint, edge.endpoint)
        session = Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-central-1")
        manager = session.client("secretsmanager", endpoint_url=moto.endpoint)
        public = keys.public_pem(keys.ensure(manager, STAGE)["cdn-key"])
        (root / "keys.auto.tfvars.json").write_text(json.dumps({"cdn_public_key": public}))
        terraform.init(root)
        terraform.terraform(root, "plan", "-input=false", "-no-color", "-out=plan.bin")
        shown = terraform.terraform(root, "show", "-json", "plan.bin")
        (root / "plan.json").write_text(shown)
        plan = json.loads(shown)
        yield Planned(root, weights, dict(_resources(plan["planned_values"]["root_module"])), moto.endpoint)


@pytest.fixture(scope="session")
def applied(planned: Planned) -> Callable[[str], Any]:
    """Apply the plan to moto; returns a maker of clients for what is then there."""
    terraform.terraform(planned.root, "apply", "-input=false", "-no-color", "plan.bin")
    session = Session(aws_access_key_id="test", aws_secret_access_key="test", region_name="eu-central-1")

    def client(service: str) -> Any:
        return session.client(service, endpoint_url=planned.endpoint)  # type: ignore[call-overload]

    return client


def _resources(module: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources", []):
        yield resource["address"], resource
    for child in module.get("child_modules", []):
        yield from _resources(child)
