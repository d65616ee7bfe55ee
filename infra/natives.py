"""Native code in layers and package, held to where it will run: its machine, its C library, its Python.

A wheel's name promises all three (layers/python/build.py reads those); this looks at what is in the files.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from elftools.common.exceptions import ELFError
from elftools.elf.dynamic import DynamicSection
from elftools.elf.elffile import ELFFile
from elftools.elf.gnuversions import GNUVerNeedSection

from layers.python.build import GLIBC, PYTHON

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path
    from typing import BinaryIO

_MAGIC = b"\x7fELF"
_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64"}
_BITS = 64
_VERSION = re.compile(r"GLIBC_(\d+)\.(\d+)(?:\.\d+)?")
_EXTENSION = re.compile(r"\.cpython-(\d+)-")
_THERE = re.compile(
    r"(?:libc|libm|libmvec|libpthread|libdl|librt|libutil|libresolv|libgcc_s|libstdc\+\+|libz)\.so(?:\.\d+)*|ld-linux-.*"
)
"""What Amazon Linux 2023 has in Lambda's image; everything else comes along, or is missing."""


class NativeError(Exception):
    """Something would not load on Lambda; the message names each file and says why."""


def check(folder: Path, machine: str) -> int:
    """Return how many native files are in `folder`; raises NativeError when one does not fit Lambda on `machine`."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file() and _is_native(path)]
    names = {path.name for path in files}
    found = [f"{path.relative_to(folder)} {why}" for path in files if (why := _look(path, machine, names))]
    if found:
        raise NativeError(f"{folder.name} does not fit Lambda: {'; '.join(found)}.")
    return len(files)


def _is_native(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_MAGIC)) == _MAGIC


def _look(path: Path, machine: str, beside: Iterable[str]) -> str | None:
    tag = _EXTENSION.search(path.name)
    if tag and tag[1] != PYTHON.replace(".", ""):
        return f"is for another Python than {PYTHON}"
    with path.open("rb") as file:
        try:
            return unfit(file, machine, beside)
        except ELFError as error:
            return f"cannot be read ({error})"


def unfit(file: BinaryIO, machine: str, beside: Iterable[str] = ()) -> str | None:
    """Say why a native file does not load on Lambda's `machine`, with the files `beside` it; None when it does."""
    elf = ELFFile(file)
    kind = _MACHINES.get(elf["e_machine"])
    if kind != machine or elf.elfclass != _BITS:
        return f"is for {kind or elf['e_machine']} ({elf.elfclass} bits), not for {machine}"
    newest = max(_versions(elf), default=(0, 0))
    if newest > GLIBC:
        return f"needs glibc {newest[0]}.{newest[1]}, and Lambda has {GLIBC[0]}.{GLIBC[1]}"
    missing = sorted(name for name in _needed(elf) if name not in beside and not _THERE.fullmatch(name))
    return f"needs {', '.join(missing)}, which nothing brings" if missing else None


def _versions(elf: Any) -> Iterable[tuple[int, int]]:
    """Yield the versions of the C library that a file asks for."""
    for section in elf.iter_sections():
        if isinstance(section, GNUVerNeedSection):
            for _, wanted in section.iter_versions():
                for one in wanted:
                    if found := _VERSION.fullmatch(one.name):
                        yield int(found[1]), int(found[2])


def _needed(elf: Any) -> Iterable[str]:
    """Yield the libraries that a file is linked with."""
    for section in elf.iter_sections():
        if isinstance(section, DynamicSection):
            for tag in section.iter_tags("DT_NEEDED"):
                yield str(getattr(tag, "needed"))  # noqa: B009  the library adds it to tags of this kind
