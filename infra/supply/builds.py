"""What an FFmpeg says of its own build, read from its bytes: another architecture's cannot be run."""

from __future__ import annotations

import mmap
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_CONFIGURATION = re.compile(rb"--prefix=[\x20-\x7e]+")
_VERSION = re.compile(rb"FFmpeg version ([nN]?\d[\x21-\x7e]*)")
_SWITCHES = {"gpl", "version3", "nonfree", "debug", "shared", "static", "pic", "runtime-cpudetect"}
"""Ways of building; every other --enable is something that was built in."""
_GPL_PARTS = {
    "libx264",
    "libx265",
    "libxvid",
    "libvidstab",
    "librubberband",
    "frei0r",
    "libcdio",
    "libdavs2",
    "libxavs2",
}


class BuildError(Exception):
    """It does not say how it was built, or in a way that nobody may pass on; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Build:
    """One FFmpeg: its version, and the switches it was configured with."""

    version: str
    switches: frozenset[str]
    """Names behind --enable-."""

    @property
    def linked(self) -> list[str]:
        """What was built in, by the names of its switches; they carry no versions."""
        return sorted(self.switches - _SWITCHES)

    @property
    def licence(self) -> str:
        """What the whole is under, by FFmpeg's own rules; raises BuildError when it may not be passed on at all."""
        if "nonfree" in self.switches:
            raise BuildError("FFmpeg was built with --enable-nonfree: nobody may pass that on.")
        gpl = bool(self.switches & ({"gpl"} | _GPL_PARTS))
        return f"{'GPL' if gpl else 'LGPL'}-{self._number(gpl=gpl)}-or-later"

    def _number(self, *, gpl: bool) -> str:
        if "version3" in self.switches:
            return "3.0"
        return "2.0" if gpl else "2.1"


def read(program: Path) -> Build:
    """Read a program or a library of FFmpeg's; raises BuildError when it says nothing of its build."""
    with program.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        version, configuration = _VERSION.search(content), _CONFIGURATION.search(content)
        if version is None or configuration is None:
            raise BuildError(f"{program.name} does not say how it was built.")
        switches = re.findall(rb"--enable-([\w-]+)", configuration[0])
        return Build(version[1].decode(), frozenset(one.decode() for one in switches))
