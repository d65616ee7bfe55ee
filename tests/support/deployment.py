"""A packaged root and moto in place of AWS: planned, applied, planned again, taken down, as `make deploy` does."""

from __future__ import annotations

import json
import shutil
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from boto3.session import Session

from infra import join, keys, package
from layers.python.build import RUNTIME
from support import terraform
from support.edge_policies import EdgePolicies

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from infra.sizes import Weight

REGION = "eu-central-1"
_QUIET = ("-input=false", "-no-color")
_OWN = ("terraform.tfstate*", "*.bin", "*.auto.tfvars.json", "chalice.tf.json", "*.zip")


@dataclass(frozen=True)
class Deployment:
    """A root, where moto answers it, and what its functions weigh."""

    root: Path
    endpoint: str
    edge: str
    weights: list[Weight]

    def client(self, service: str) -> Any:
        """Return boto3's client of a service of moto's."""
        session = Session(aws_access_key_id="test", aws_secret_access_key="test", region_name=REGION)
        return session.client(service, endpoint_url=self.endpoint)  # type: ignore[call-overload]

    def plan(self, name: str = "plan") -> dict[str, Any]:
        """Plan, and return the plan; it lies in the root as `name`.bin and `name`.json."""
        terraform.terraform(self.root, "plan", *_QUIET, f"-out={name}.bin")
        shown = terraform.terraform(self.root, "show", "-json", f"{name}.bin")
        (self.root / f"{name}.json").write_text(shown)
        found: dict[str, Any] = json.loads(shown)
        return found

    def apply(self, name: str = "plan") -> None:
        """Apply a plan that was made."""
        terraform.terraform(self.root, "apply", *_QUIET, f"{name}.bin")

    def unprotect(self) -> None:
        """Let tables be deleted: what an operator does before all of it may go."""
        given = ("-refresh=false", "-auto-approve", "-var=protect_data=false", "-target=module.tables")
        terraform.terraform(self.root, "apply", *_QUIET, *given)

    def destroy(self) -> list[str]:
        """Take everything down; returns the addresses of what is left in the state."""
        terraform.terraform(self.root, "destroy", *_QUIET, "-refresh=false", "-auto-approve")
        return terraform.terraform(self.root, "state", "list").split()

    def beside(self, stage: str, arch: str, target: Path, variables: Mapping[str, Any]) -> Deployment:
        """Return a root of another stage in the same account, with an operator's variables; layers are this one's."""
        shutil.copytree(self.root, target, symlinks=True, ignore=shutil.ignore_patterns(*_OWN))
        document = join.join(package.chalice_package(stage, arch, target), stage=stage, runtime=RUNTIME)
        (target / "chalice.tf.json").write_text(json.dumps(document))
        layers = json.loads((self.root / "declared.auto.tfvars.json").read_text("utf-8"))["layers"]
        archives = {name: package.Layer(self.root / "layers" / f"{name}.zip", layers[name], 0) for name in layers}
        declared = package.variables(stage, arch, document, archives)
        (target / "declared.auto.tfvars.json").write_text(json.dumps(declared))
        (target / "my.auto.tfvars.json").write_text(json.dumps(variables))
        other = Deployment(target, self.endpoint, self.edge, self.weights)
        other.give_keys(stage)
        terraform.talk_to(target, self.endpoint, self.edge)
        return other

    def give_keys(self, stage: str) -> None:
        """Do what `make keys` does."""
        public = keys.public_pem(keys.ensure(self.client("secretsmanager"), stage)["cdn-key"])
        (self.root / "keys.auto.tfvars.json").write_text(json.dumps({"cdn_public_key": public}))


@contextmanager
def emulated(stage: str, root: Path) -> Iterator[Deployment]:
    """Package a stage into `root`, make its keys and init, with moto for as long as the context lasts."""
    weights = package.make(stage, "x86_64", root)
    with terraform.Moto() as moto, EdgePolicies(moto.endpoint) as edge:
        made = Deployment(root, moto.endpoint, edge.endpoint, weights)
        terraform.talk_to(root, moto.endpoint, edge.endpoint)
        made.give_keys(stage)
        terraform.init(root)
        yield made
