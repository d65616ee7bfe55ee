"""One packaged, planned and applied root for all tests here: making it takes a minute or two."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from support.deployment import Deployment, emulated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from infra.sizes import Weight

STAGE = "proof"
"""Has no configuration of its own: what is deployed is prod's under this name."""


@dataclass(frozen=True)
class Planned:
    """A root, what its functions weigh, and what Terraform would make of it."""

    deployment: Deployment
    resources: dict[str, dict[str, Any]]

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


@pytest.fixture(scope="session")
def planned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Planned]:
    """Package, make keys, init and plan, as `make deploy` does, with moto in place of AWS."""
    with emulated(STAGE, tmp_path_factory.mktemp("deployment") / "root") as deployment:
        document = deployment.plan()
        yield Planned(deployment, dict(_resources(document["planned_values"]["root_module"])))


@pytest.fixture(scope="session")
def applied(planned: Planned) -> Callable[[str], Any]:
    """Apply the plan to moto; returns a maker of clients for what is then there."""
    planned.deployment.apply()
    return planned.deployment.client


def _resources(module: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for resource in module.get("resources", []):
        yield resource["address"], resource
    for child in module.get("child_modules", []):
        yield from _resources(child)
