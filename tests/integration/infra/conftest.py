"""One packaged, planned and applied root for all tests here: making it takes a minute or two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from support.deployment import Deployment, emulated

pytest.register_assert_rewrite(
    *("support.deployed_beside", "support.deployed_again", "support.deployed_end", "support.deployed_sbom")
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.sizes import Weight

STAGE = "proof"
"""Has no configuration of its own: what is deployed is prod's under this name."""
OTHER = "proof-2"
"""Another of the same account, with everything that is optional; planned only."""
DOMAIN = "video.example.org"
CHOICES = {
    "domain_name": DOMAIN,
    "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/11111111-2222-3333-4444-555555555555",
    "hosted_zone_id": "Z1D633PJN98FT9",
    "firewall": True,
    "oidc": {"issuer": "https://id.example.org/realms/people", "client_id": "headwater", "role_claim": "groups"},
    "alarm_email": "operator@example.org",
    "budget_usd": 250,
    "snap_start": True,
}


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """In whatever order tests run: the one that takes everything down runs last."""
    items.sort(key=lambda item: item.name == "test_nothing_is_left_when_it_is_taken_down")


@dataclass(frozen=True)
class Planned:
    """A root, what its functions weigh, and what Terraform would make of it."""

    deployment: Deployment
    resources: dict[str, dict[str, Any]]
    document: dict[str, Any]

    @property
    def root(self) -> Path:
        """Folder of the root."""
        return self.deployment.root

    @property
    def weights(self) -> list[Weight]:
        """What its functions weigh."""
        return self.deployment.weights

    def of_type(self, kind: str) -> dict[str, dict[str, Any]]:
        """Return planned values by address."""
        return {address: one["values"] for address, one in self.resources.items() if one["type"] == kind}


def planned_by(deployment: Deployment) -> Planned:
    """Plan what was packaged."""
    document = deployment.plan()
    return Planned(deployment, dict(_resources(document["planned_values"]["root_module"])), document)


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    """Package, make keys, init and plan, as `make deploy` does, with moto in place of AWS."""
    with emulated(STAGE, tmp_path_factory.mktemp("deployment") / "root") as deployment:
        yield planned_by(deployment)


@pytest.fixture(scope="session")
def other(planned: Planned, tmp_path_factory: pytest.TempPathFactory) -> Planned:
    """Plan another stage beside it: arm64, with everything that can be chosen."""
    target = tmp_path_factory.mktemp("other") / "root"
    return planned_by(planned.deployment.beside(OTHER, "arm64", target, CHOICES))


@pytest.fixture(scope="session")
def applied(planned: Planned) -> Callable[[str], Any]:
    """Apply the plan to moto; returns a maker of clients for what is then there."""
    planned.deployment.apply()
    return planned.deployment.client


@pytest.fixture(scope="session")
def again(planned: Planned, applied: Callable[[str], Any]) -> dict[str, Any]:
    """Plan once more what is applied."""
    del applied
    return planned.deployment.plan("again")


def _resources(module: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources", []):
        yield resource["address"], resource
    for child in module.get("child_modules", []):
        yield from _resources(child)
