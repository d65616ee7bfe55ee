"""One part of a package, as the inventory finds it and the bill of materials tells it. Pure but for reading a file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class InventoryError(Exception):
    """A package holds something that nobody can name; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Part:
    """Something with a name. Digests are hex SHA-256; empty is unknown or does not apply."""

    name: str
    version: str
    licence: str = ""
    """SPDX expression."""
    kind: str = "library"
    """A word of CycloneDX's: library, application, file, platform."""
    purl: tuple[str, str] | str = ""
    """Type and name, or a whole one that somebody else wrote."""
    sha256: str = ""
    artefact: str = ""
    """File that the digest is of, when that is not the part itself."""
    places: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
    notes: str = ""
    outside: bool = False
    """True for what is needed and not in the package."""

    def noted(self, notes: str) -> Part:
        """Return it with notes."""
        return replace(self, notes=notes)


def digest(path: Path) -> str:
    """Return a file's SHA-256, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
