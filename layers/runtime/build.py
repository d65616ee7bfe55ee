"""Make what Lambda itself brings, for `headwater local up --packaged`: `python -m layers.runtime.build [--out DIR]`.

That is a small root with the Python of the functions' runtime, and AWS's runtime client. The Python is Debian's, taken
out of its packages with the C library it was built for: nothing is installed, and nothing of this machine is in it.
Where apt cannot fetch them, a Python of that version that this machine has stands in, with the machine's libraries.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layers import locks
from layers.python import build as python
from layers.wheels import ROOT, LayerError, host_arch

if TYPE_CHECKING:
    from collections.abc import Sequence

HERE = Path(__file__).resolve().parent
TARGET = ROOT / "build" / "lambda"
CLIENT = ("awslambdaric", "simplejson", "snapshot-restore-py")
RELEASE = "trixie"
"""The Debian that has the functions' Python."""
_PACKAGES = (
    *(f"python{python.PYTHON}-minimal", f"libpython{python.PYTHON}-minimal", f"libpython{python.PYTHON}-stdlib"),
    *("libc6", "libgcc-s1", "libstdc++6", "zlib1g", "libexpat1", "libffi8", "libbz2-1.0", "liblzma5", "libsqlite3-0"),
    *("libssl3t64", "libuuid1", "libzstd1"),
)
_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
_SOURCE = f"deb [signed-by={_KEYRING}] http://deb.debian.org/debian {RELEASE} main\n"
_FETCH_S = 180
_FOLDERS = ("dev", "etc", "opt", "proc", "tmp", "usr", "var/lang/bin", "var/runtime", "var/task")
_USER = "sbx_user1051"
_VERSION = "import sys; print('.'.join(map(str, sys.version_info[:3])), sys.prefix)"


def build(target: Path = TARGET) -> bool:
    """Make `target`; returns False when it was there already. Appears whole or not at all; raises LayerError."""
    stamp = hashlib.sha256(Path(__file__).read_bytes() + (HERE / "bootstrap.py").read_bytes()).hexdigest()
    note = target / "runtime.json"
    if note.is_file() and json.loads(note.read_text())["stamp"] == stamp:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".lambda-", dir=target.parent) as scratch:
        made = Path(scratch) / "made"
        root = made / "root"
        for folder in _FOLDERS:
            (root / folder).mkdir(parents=True)
        facts = _debian(Path(scratch), root) or _machine(root)
        _etc(root / "etc")
        _client(Path(scratch), made / "runtime")
        (made / "runtime.json").write_text(json.dumps({**facts, "stamp": stamp}, indent=1) + "\n")
        if target.exists():
            target.rename(Path(scratch) / "old")
        made.chmod(0o755)
        made.rename(target)
    return True


def _debian(scratch: Path, root: Path) -> dict[str, Any] | None:
    """Unpack Debian's packages into `root`; None where they cannot be had."""
    if not (shutil.which("apt-get") and shutil.which("dpkg-deb") and Path(_KEYRING).is_file()):
        return None
    debs, lists = scratch / "debs", scratch / "lists"
    for folder in (debs, lists / "partial", scratch / "cache/archives/partial"):
        folder.mkdir(parents=True)
    sources = scratch / "sources.list"
    sources.write_text(_SOURCE)
    settings = {
        "Dir::Etc::sourcelist": sources,
        "Dir::Etc::sourceparts": "-",
        "Dir::State::lists": lists,
        "Dir::Cache": scratch / "cache",
        "APT::Sandbox::User": "root",
        "Acquire::Languages": "none",
        "Acquire::Retries": 2,
        "Acquire::http::Timeout": 20,
    }
    options = [f"-o{name}={value}" for name, value in settings.items()]
    for command in (("update", "-qq"), ("download", "-qq", *_PACKAGES)):
        if not _ran("apt-get", *options, *command, cwd=debs):
            return None
    if any(not _ran("dpkg-deb", "-x", str(deb), str(root)) for deb in sorted(debs.glob("*.deb"))):
        return None
    for name in ("bin", "sbin", "lib", "lib64"):
        (root / name).symlink_to("usr/bin" if name == "sbin" else f"usr/{name}")
    program = f"/usr/bin/python{python.PYTHON}"
    (root / f"var/lang/bin/python{python.PYTHON}").symlink_to(program)
    return {"python": f"Debian {RELEASE}", "program": program, "binds": []}


def _ran(*command: str, cwd: Path | None = None) -> bool:
    try:
        done = subprocess.run(command, cwd=cwd, capture_output=True, check=False, timeout=_FETCH_S)  # noqa: S603  system tools
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0


def _machine(root: Path) -> dict[str, Any]:
    """Let `root` be this machine's system folders and a Python of the right version."""
    prefix = next(filter(None, map(_prefix, _candidates())), None)
    if prefix is None:
        raise LayerError(
            f"Python {python.PYTHON}, which the functions run on, can neither be fetched (apt-get, Debian {RELEASE}) "
            f"nor found on the path. Install it, or name it in HEADWATER_LAMBDA_PYTHON."
        )
    binds = [["/usr", "/usr"], [prefix, "/var/lang"]]
    for name in ("bin", "sbin", "lib", "lib64"):
        system = Path("/", name)
        if system.is_symlink():
            (root / name).symlink_to(str(system.readlink()).lstrip("/"))
        elif system.is_dir():
            (root / name).mkdir()
            binds.append([str(system), str(system)])
    return {"python": prefix, "program": f"/var/lang/bin/python{python.PYTHON}", "binds": binds}


def _candidates() -> list[str]:
    """Name what may be the Python: a version manager's are found by their folders, its shims may only print errors."""
    name = f"python{python.PYTHON}"
    managed = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser() / "versions"
    kept = sorted(str(path) for path in managed.glob(f"{python.PYTHON}.*/bin/{name}"))
    return [os.environ.get("HEADWATER_LAMBDA_PYTHON", ""), shutil.which(name) or "", *kept]


def _prefix(program: str) -> str | None:
    """Return where a Python is at home, if it is one and of the right version."""
    try:
        done = subprocess.run([program, "-c", _VERSION], capture_output=True, text=True, check=False, timeout=60)  # noqa: S603  a candidate
    except (OSError, subprocess.TimeoutExpired):
        return None
    found, _, prefix = done.stdout.strip().partition(" ")
    return prefix if done.returncode == 0 and found.startswith(f"{python.PYTHON}.") else None


def _etc(etc: Path) -> None:
    etc.mkdir(exist_ok=True)
    (etc / "passwd").write_text(f"root:x:0:0::/:/sbin/nologin\n{_USER}:x:1051:1051::/tmp:/sbin/nologin\n")
    (etc / "group").write_text(f"root:x:0:\n{_USER}:x:1051:\n")
    (etc / "hosts").write_text("127.0.0.1 localhost\n")
    (etc / "nsswitch.conf").write_text("passwd: files\nhosts: files\n")


def _client(scratch: Path, runtime: Path) -> None:
    """Lay AWS's client, in the version that the local stack runs, and what starts it."""
    wheels = scratch / "wheels"
    wanted = scratch / "client.txt"
    run = locks.read(python.RUN)
    wanted.write_text(locks.requirements(run[name] for name in CLIENT))
    python._pip(host_arch(), wheels, "--no-deps", "--require-hashes", "-r", str(wanted))  # noqa: SLF001  ours
    for wheel in sorted(wheels.glob("*.whl")):
        with zipfile.ZipFile(wheel) as opened:
            opened.extractall(runtime)
    shutil.copyfile(HERE / "bootstrap.py", runtime / "bootstrap.py")


def main(argv: Sequence[str] | None = None) -> int:
    """Build as a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m layers.runtime.build", description="Make Lambda's own Python.")
    parser.add_argument("--out", type=Path, default=TARGET, help="folder to make; build/lambda when left out")
    options = parser.parse_args(argv)
    try:
        built = build(options.out)
    except LayerError as error:
        print(f"layers/runtime: {error}", file=sys.stderr)  # noqa: T201  a command
        return 1
    print(f"layers/runtime: {'built' if built else 'is up to date'}")  # noqa: T201  a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
