"""The bill of materials of a package: CycloneDX 1.6 in JSON, the same bytes for the same package."""

from __future__ import annotations

import json
import uuid
from typing import TYPE_CHECKING, Any

from cyclonedx.contrib.license.factories import LicenseFactory
from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom
from cyclonedx.model.component import Component, ComponentScope, ComponentType, Pedigree
from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence
from cyclonedx.output.json import JsonV1Dot6
from packageurl import PackageURL

from infra.supply import inventory

if TYPE_CHECKING:
    from pathlib import Path

    from infra.supply.parts import Part

NAME = "sbom.cdx.json"
ARTEFACT = "headwater:artefact"
"""Property: which file the component's digest is of."""
_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:headwater:sbom")


def write(root: Path, machine: str) -> None:
    """Write the bill of the package in `root` beside it."""
    (root / NAME).write_text(document(*inventory.take(root, machine)), "utf-8")


def document(us: Part, others: list[Part]) -> str:
    """Return the bill as text."""
    bom = Bom()
    bom.metadata.component = _component(us, "")
    components = [_component(part, "") for part in others]
    bom.components.update(components)
    bom.register_dependency(bom.metadata.component, components)
    found: dict[str, Any] = json.loads(JsonV1Dot6(bom).output_as_string())
    # What the library takes from the clock and from chance: two bills of one package would differ
    del found["metadata"]["timestamp"], found["serialNumber"]
    for component in (found["metadata"]["component"], *found["components"]):
        component.get("evidence", {}).get("occurrences", []).sort(key=lambda one: one["location"])
    found["serialNumber"] = uuid.uuid5(_NAMESPACE, json.dumps(found, sort_keys=True)).urn
    return json.dumps(found, indent=1, sort_keys=True) + "\n"


def _component(part: Part, above: str) -> Component:
    reference = f"{above}{part.name}{'@' if part.version else ''}{part.version}"
    return Component(
        type=ComponentType(part.kind),
        name=part.name,
        version=part.version or None,
        bom_ref=reference,
        scope=ComponentScope.EXCLUDED if part.outside else None,
        licenses=[LicenseFactory().make_from_string(part.licence)] if part.licence else None,
        purl=_purl(part),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=part.sha256)] if part.sha256 else None,
        properties=[Property(name=ARTEFACT, value=part.artefact)] if part.artefact else None,
        evidence=ComponentEvidence(occurrences=[Occurrence(location=place) for place in part.places])
        if part.places
        else None,
        pedigree=Pedigree(notes=part.notes) if part.notes else None,
        components=[_component(one, f"{reference}/") for one in part.parts],
    )


def _purl(part: Part) -> PackageURL | None:
    if isinstance(part.purl, str):
        return PackageURL.from_string(part.purl) if part.purl else None
    kind, name = part.purl
    namespace, _, last = name.rpartition("/")
    return PackageURL(kind, namespace or None, last, part.version)
