"""Compiles what is packed for the Python that runs in Lambda.

Nothing can be written beside the code there: what comes as source alone is compiled again at every cold start, which
takes longer than all the rest of it.
Bytecode is for one Python. It is made by one of that version that this machine has, or by Debian's, unpacked beside the
system; where neither can be had the package says so and works as it is.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from layers.python.build import PYTHON
from layers.runtime import build as runtime
from layers.wheels import LayerError

_COMPILE_S = 900
_VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])))"
# Without the source's date and never held against the source, which does not change in a package. The name in it is the
# one that tracebacks show.
_COMPILE = """
import importlib.util, os, py_compile, sys
folder, out, home = sys.argv[1:]
for here, folders, files in os.walk(folder):
    folders[:] = sorted(name for name in folders if name != "__pycache__")
    for name in sorted(file for file in files if file.endswith(".py")):
        source = os.path.join(here, name)
        inside = os.path.relpath(source, folder)
        target = os.path.join(out, importlib.util.cache_from_source(inside))
        mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
        py_compile.compile(source, target, home + "/" + inside, doraise=True, invalidation_mode=mode)
"""


MISSING = (
    f"there is no Python {PYTHON} here and Debian's could not be fetched: functions will compile their code at each "
    "cold start, which takes seconds. Install one and package again, or name it in HEADWATER_LAMBDA_PYTHON."
)


class BytecodeError(Exception):
    """The sources cannot be compiled; the message is a sentence for a person."""


@dataclass(frozen=True, slots=True)
class Compiler:
    """A Python of the functions' version, and how to start it."""

    command: tuple[str, ...]
    version: str
    env: dict[str, str] = field(default_factory=dict)

    def compile(self, folder: Path, out: Path, home: str) -> None:
        """Write into `out` the bytecode of all sources below `folder`, which lies at `home` in Lambda.

        The same sources make the same bytes. Raises BytecodeError for what is no Python.
        """
        command = [*self.command, "-s", "-S", "-P", "-c", _COMPILE, str(folder), str(out), home]
        env = {"PATH": os.defpath, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"} | self.env
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=False, timeout=_COMPILE_S)  # noqa: S603  ours
        if done.returncode != 0:
            last = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            raise BytecodeError(f"Python {self.version} could not compile {folder.name}: {last}")


def marker() -> str:
    """Return what changes when this module does."""
    return hashlib.sha256(Path(__file__).read_bytes()).hexdigest()


@cache
def compiler() -> Compiler | None:
    """Return a Python of the functions' version; None where none can be had."""
    for program in _candidates():
        found = _as_compiler((program,), {})
        if found is not None:
            return found
    return _debians()


def _candidates() -> list[str]:
    name = f"python{PYTHON}"
    managed = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    kept = sorted(str(path) for path in managed.glob(f"{PYTHON}.*/bin/{name}"))
    named = os.environ.get("HEADWATER_LAMBDA_PYTHON", ""), shutil.which(name) or ""
    return [program for program in (sys.executable, *named, *kept) if program]


def _debians() -> Compiler | None:
    """Return the Python that packages are run with here: its own loader starts it, outside its root too."""
    try:
        runtime.build()
    except LayerError:
        return None
    root = runtime.TARGET / "root"
    facts = json.loads((runtime.TARGET / "runtime.json").read_text("utf-8"))
    loader = next(iter(sorted((root / "usr/lib64").glob("ld-linux-*"))), None)
    if facts["binds"] or loader is None:
        return None
    libraries = ":".join(str(path) for path in sorted((root / "usr/lib").glob("*-linux-gnu")))
    command = str(loader), "--library-path", libraries, str(root) + facts["program"]
    return _as_compiler(command, {"PYTHONHOME": str(root / "usr")})


def _as_compiler(command: tuple[str, ...], env: dict[str, str]) -> Compiler | None:
    try:
        whole = {"PATH": os.defpath} | env
        done = subprocess.run(  # noqa: S603  a candidate
            [*command, "-c", _VERSION], env=whole, capture_output=True, text=True, check=False, timeout=60
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    version = done.stdout.strip()
    return Compiler(command, version, env) if done.returncode == 0 and version.startswith(f"{PYTHON}.") else None
