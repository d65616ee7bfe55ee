"""What locks/ and the layers' own lock say: each package, its version, and the SHA-256 of each of its files. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_ENTRY = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)(?: ; (?P<marker>[^\\\n]+?))?(?: \\)?")
_HASH = re.compile(r"--hash=sha256:(?P<digest>[0-9a-f]{64})(?: \\)?")


@dataclass(frozen=True, slots=True)
class Locked:
    """One package: its normalised name, its version, its files' digests (hex), and where it is wanted at all."""

    name: str
    version: str
    hashes: frozenset[str]
    marker: str = ""

    @property
    def requirement(self) -> str:
        """As pip takes it in a requirements file; without the marker, for who asks wants it."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash=sha256:{one}" for one in sorted(self.hashes))])


def normal(name: str) -> str:
    """Return a package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def read(lock: Path) -> dict[str, Locked]:
    """Return what a lock names, by normalised name; raises ValueError on a line that is neither package nor hash."""
    found: dict[str, Locked] = {}
    for line in map(str.strip, lock.read_text("utf-8").splitlines()):
        if not line or line.startswith("#"):
            continue
        if entry := _ENTRY.fullmatch(line):
            name = normal(entry["name"])
            if name in found:
                raise ValueError(f"{lock.name} names {name} twice")
            found[name] = Locked(name, entry["version"], frozenset(), entry["marker"] or "")
        elif found and (digest := _HASH.fullmatch(line)):
            last = found[next(reversed(found))]
            found[last.name] = Locked(last.name, last.version, last.hashes | {digest["digest"]}, last.marker)
        else:
            raise ValueError(f"{lock.name} has a line that is neither a package nor a hash: {line}")
    return found


def requirements(locked: Iterable[Locked]) -> str:
    """Return a requirements file of these packages, with their hashes."""
    return "".join(f"{one.requirement}\n" for one in locked)
