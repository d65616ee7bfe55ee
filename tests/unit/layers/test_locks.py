"""The locks: whole, in agreement with what was asked for, and really in force when pip installs."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement

from layers import locks
from layers.python import build as python
from layers.runtime import build as runtime

ROOT = Path(locks.__file__).resolve().parents[1]
LOCKS = ROOT / "locks"
ASKED = {
    "requirements.txt": ("run",),
    "requirements-local.txt": ("run",),
    "requirements-dev.txt": ("run", "dev"),
    "requirements-checkov.txt": ("checkov",),
    "requirements-tools.txt": ("tools",),
}
INSTALLS = (".venv/.installed-run", ".venv/.installed-dev", "build/checkov/bin/checkov", "build/tools/.installed")


def asked(name: str) -> list[Requirement]:
    """What a requirements file asks for."""
    lines = (ROOT / name).read_text("utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_each_lock_belongs_to_a_requirements_file() -> None:
    """No file of either kind without the other."""
    assert {path.name for path in ROOT.glob("requirements*.txt")} == set(ASKED)
    assert {path.stem for path in LOCKS.glob("*.txt")} == {lock for wanted in ASKED.values() for lock in wanted}


@pytest.mark.parametrize(
    "lock", [*sorted(LOCKS.glob("*.txt")), python.LOCK], ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_every_package_has_its_hashes(lock: Path) -> None:
    """Not one goes without; pip, which is Python's own, is not among them."""
    found = locks.read(lock)
    assert len(found) > 10
    assert [one.name for one in found.values() if not one.hashes] == []
    assert "pip" not in found


@pytest.mark.parametrize("name", ASKED)
def test_requirements_are_locked_as_they_are_written(name: str) -> None:
    """Each is exact, and its lock has that version: a file that was edited without `make locks` fails here."""
    found = {key: one for lock in ASKED[name] for key, one in locks.read(LOCKS / f"{lock}.txt").items()}
    wanted = {locks.normal(one.name): str(one.specifier) for one in asked(name)}
    assert {key: f"=={found[key].version}" if key in found else None for key in wanted} == wanted


def test_nothing_is_locked_twice() -> None:
    """The gates' lock names what they add: two versions of one package cannot meet in an environment."""
    assert set(locks.read(LOCKS / "run.txt")) & set(locks.read(LOCKS / "dev.txt")) == set()


def test_what_runs_here_is_what_is_locked() -> None:
    """In this very environment, version for version, with everything that the packages in it ask for."""
    both = {**locks.read(LOCKS / "run.txt"), **locks.read(LOCKS / "dev.txt")}
    here = {name: one for name, one in both.items() if not one.marker or Marker(one.marker).evaluate()}
    assert {name: distribution(name).version for name in here} == {name: one.version for name, one in here.items()}
    checked = subprocess.run([sys.executable, "-m", "pip", "check"], capture_output=True, text=True, check=False)
    assert (checked.returncode, checked.stdout) == (0, "No broken requirements found.\n")


def test_the_layer_s_wheels_are_among_the_tested_ones() -> None:
    """The layer's lock is narrower, never another one; Lambda's own client is there for `--packaged`."""
    run, layer = locks.read(LOCKS / "run.txt"), locks.read(python.LOCK)
    assert set(runtime.CLIENT) <= set(run)
    assert {name: one.version for name, one in layer.items()} == {name: run[name].version for name in layer}
    assert {name: one.hashes - run[name].hashes for name, one in layer.items()} == dict.fromkeys(layer, frozenset())


def test_every_install_of_make_is_held_to_a_lock() -> None:
    """What make would run, printed: each pip takes hashes and wheels alone, or installs nothing but this folder."""
    command = ["make", "-n", "-B", "--no-print-directory", *INSTALLS]
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MAKE", "MFLAGS"))}
    printed = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout
    installs = [line for line in printed.splitlines() if "pip install" in line and "echo" not in line]
    assert len(installs) == 5
    held = [line for line in installs if {"--require-hashes", "--only-binary=:all:", "--no-deps"} <= set(line.split())]
    assert [re.sub(r".* (locks/\w+\.txt)$", r"\1", line) for line in held] == [
        *("locks/run.txt", "locks/dev.txt", "locks/checkov.txt", "locks/tools.txt"),
    ]
    assert [line.split()[-4:] for line in set(installs) - set(held)] == [
        ["--no-deps", "--no-build-isolation", "-e", "."],
    ]


def test_a_line_that_is_neither_is_refused(tmp_path: Path) -> None:
    """A package without a version, an address, an option: nothing slips by as a comment would."""
    lock = tmp_path / "lock.txt"
    for line in ("tiny", "tiny>=1", "--index-url=x", "tiny @ https://example.org/tiny.whl", "--hash=sha256:00"):
        lock.write_text(f"{line}\n")
        with pytest.raises(ValueError, match="neither a package nor a hash"):
            locks.read(lock)
    lock.write_text("Tiny_One==1\ntiny-one==2\n")
    with pytest.raises(ValueError, match="names tiny-one twice"):
        locks.read(lock)


def wheel(folder: Path, body: str) -> Path:
    """Make a wheel of one module."""
    path = folder / "tiny-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as out:
        out.writestr("tiny.py", body)
        out.writestr("tiny-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n")
        out.writestr("tiny-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        out.writestr("tiny-1.0.dist-info/RECORD", "")
    return path


def install(lock: Path, index: Path, target: Path) -> subprocess.CompletedProcess[str]:
    """Install a lock with make's own options, from a folder alone."""
    options = re.search(r"^LOCKED := \$\(INSTALL\) (.*)$", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    assert options is not None
    command = [sys.executable, "-m", "pip", "install", "--no-deps", *options[1].split(), f"--target={target}"]
    env = os.environ | {"PIP_CONFIG_FILE": os.devnull, "PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index)}
    return subprocess.run([*command, "-r", str(lock)], env=env, capture_output=True, text=True, check=False)


def test_pip_refuses_a_wheel_whose_bytes_were_changed(tmp_path: Path) -> None:
    """The real pip, make's options: what was locked is installed, other bytes are not, nor is what has no hash."""
    good = python.sha256(wheel(tmp_path, "VERSION = 1\n"))
    lock = tmp_path / "lock.txt"
    lock.write_text(locks.requirements([locks.Locked("tiny", "1.0", frozenset({good}))]))
    assert install(lock, tmp_path, tmp_path / "first").returncode == 0
    assert (tmp_path / "first/tiny.py").read_text() == "VERSION = 1\n"
    wheel(tmp_path, "VERSION = 2\n")
    refused = install(lock, tmp_path, tmp_path / "second")
    assert (refused.returncode, "DO NOT MATCH THE HASHES" in refused.stderr) == (1, True)
    assert not (tmp_path / "second").exists()
    lock.write_text("tiny==1.0\n")
    assert "Hashes are required" in install(lock, tmp_path, tmp_path / "third").stderr
