"""Starts workers in cells: the package's code at /var/task, its layers at /opt, Lambda's Python, nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import json
import platform
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from headwater.local import worker
from headwater.local.declarations import DeclarationsError
from headwater.local.jail import cell

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Mapping

    from headwater.local.declarations import FunctionSpec
    from headwater.local.packaged import Package

_USER = 1051
"""A number like that of Lambda's own user, which owns nothing."""
_RUNTIME_API = 9001
_AWS = ("AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")
_ENDPOINT = "AWS_ENDPOINT_URL"
"""The one thing that a function is told here and not on AWS."""
_REACHED = (_ENDPOINT, "HEADWATER_PUBLIC_URL")
_LIBRARIES = "/var/lang/lib:/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:/var/task:/var/task/lib:/opt/lib"
_MACHINES = {"x86_64": "x86_64", "arm64": "aarch64"}


@dataclass(frozen=True, slots=True)
class Runtime:
    """What `python -m layers.runtime.build` made: a root for cells, Lambda's Python in it, and AWS's client."""

    folder: Path
    program: str
    binds: tuple[tuple[str, str], ...]


def read_runtime(folder: Path) -> Runtime:
    """Read it; raises DeclarationsError, saying what to do, where it was not made."""
    try:
        facts = json.loads((folder / "runtime.json").read_text("utf-8"))
    except OSError as error:
        raise DeclarationsError(f"{folder} is missing: run `make lambda` first.") from error
    return Runtime(folder, facts["program"], tuple((source, target) for source, target in facts["binds"]))


def check_machine(package: Package) -> None:
    """Raise DeclarationsError for a package that is for machines of another kind than this one."""
    if _MACHINES.get(package.architecture) != platform.machine():
        raise DeclarationsError(f"the package is for {package.architecture}, and this machine is {platform.machine()}")


@dataclass(frozen=True, slots=True)
class Unpacked:
    """Where a package lies, unpacked: its code, and what each combination of layers makes of /opt."""

    task: Path
    opt: Mapping[tuple[str, ...], Path]


def unpack(package: Package, store: Path) -> Unpacked:
    """Unpack what is not in `store` yet, where it stays under its digest: layers are large and change seldom."""
    digests = {name: _digest(package.root / f"layers/{name}.zip") for layers in package.layers for name in layers}
    code = package.root / "deployment.zip"
    task = _kept(store / f"task-{_digest(code)}", [code])
    opt = {}
    for layers in sorted(package.layers):
        archives = [package.root / f"layers/{name}.zip" for name in layers]
        name = "-".join(["opt", *(digests[name] for name in layers)])
        opt[layers] = _kept(store / name, archives)
    return Unpacked(task, opt)


def _digest(archive: Path) -> str:
    with archive.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


def _kept(folder: Path, archives: list[Path]) -> Path:
    """Return `folder` with the archives in it, one over the other; it appears whole or not at all."""
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".unpacking-", dir=folder.parent) as scratch:
            draft = Path(scratch) / "draft"
            draft.mkdir()
            for archive in archives:
                _extract(archive, draft)
            # Another stack may have been as quick
            with contextlib.suppress(OSError):
                draft.rename(folder)
    return folder


def _extract(archive: Path, to: Path) -> None:
    with zipfile.ZipFile(archive) as opened:
        for entry in opened.infolist():
            path = Path(opened.extract(entry, to))
            if not entry.is_dir():
                path.chmod((entry.external_attr >> 16) & 0o777 or 0o644)


class Jail:
    """Launches the functions of an unpacked package."""

    def __init__(self, package: Package, unpacked: Unpacked, runtime: Runtime) -> None:
        self._package = package
        self._unpacked = unpacked
        self._runtime = runtime

    async def launch(
        self, spec: FunctionSpec, env: Mapping[str, str], *, scratch: Path, runtime_api: str, lifeline: int
    ) -> Process:
        """Start one; `env` holds the stack's values, of which a function hears what its deployment would tell it."""
        plan = self.plan(spec, env, scratch.name, runtime_api)
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", str(Path(cell.__file__)), str(lifeline)),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            pass_fds=(lifeline,),
            start_new_session=True,
        )
        if process.stdin is not None:
            process.stdin.write(json.dumps(plan).encode())
            process.stdin.close()
        return process

    def rss_bytes(self, pid: int) -> int:
        """Return the resident memory of the worker and its descendants; the cell's own three processes do not count."""
        builder = next(iter(worker.children(pid)), None)
        first = next(iter(worker.children(builder)), None) if builder is not None else None
        return sum(map(worker.rss_bytes, worker.children(first))) if first is not None else 0

    def plan(self, spec: FunctionSpec, env: Mapping[str, str], stream: str, runtime_api: str) -> dict[str, Any]:
        """Return what `cell` makes."""
        runtime = self._runtime
        reached = {urlsplit(env[name]).port for name in _REACHED if name in env}
        return {
            "root": str(runtime.folder / "root"),
            "binds": [
                *runtime.binds,
                (str(runtime.folder / "runtime"), "/var/runtime"),
                (str(self._unpacked.task), "/var/task"),
                (str(self._unpacked.opt[spec.layers]), "/opt"),
            ],
            "tmp_mb": self._package.scratch_mb[spec.name],
            "ports": [[_RUNTIME_API, int(runtime_api.rpartition(":")[2])], *([port, port] for port in reached if port)],
            "user": _USER,
            "folder": "/var/task",
            "command": [runtime.program, "/var/runtime/bootstrap.py"],
            "env": {**self._told(spec, env), **self._lambda(spec, env, stream)},
        }

    def _told(self, spec: FunctionSpec, env: Mapping[str, str]) -> dict[str, str]:
        """The settings of the deployment: the packaged ones, and those whose values Terraform would know."""
        missing = sorted(name for name in self._package.told if name not in env)
        if missing:
            raise DeclarationsError(f"the package tells functions {', '.join(missing)}, which nothing here gives")
        return {**spec.environment, **{name: env[name] for name in self._package.told}}

    def _lambda(self, spec: FunctionSpec, env: Mapping[str, str], stream: str) -> dict[str, str]:
        """What Lambda itself says, and where AWS is."""
        name = self._package.names[spec.name]
        given = {name: env[name] for name in (*_AWS, _ENDPOINT) if name in env}
        return given | {
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{_RUNTIME_API}",
            "AWS_LAMBDA_FUNCTION_NAME": name,
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(spec.memory_mb),
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": stream,
            "AWS_EXECUTION_ENV": f"AWS_Lambda_{self._package.runtime}",
            "LAMBDA_TASK_ROOT": "/var/task",
            "LAMBDA_RUNTIME_DIR": "/var/runtime",
            "_HANDLER": spec.handler,
            "PATH": "/var/lang/bin:/usr/local/bin:/usr/bin/:/bin:/opt/bin",
            "LD_LIBRARY_PATH": _LIBRARIES,
            "PYTHONPATH": "/var/runtime",
            "LANG": "en_US.UTF-8",
            "TZ": ":UTC",
        }
