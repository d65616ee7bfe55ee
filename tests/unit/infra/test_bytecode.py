"""What is packed comes compiled for Lambda's Python, with the same bytes each time."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from importlib.util import cache_from_source
from typing import TYPE_CHECKING

import pytest

from infra import archives, bytecode, package

if TYPE_CHECKING:
    from pathlib import Path

HERE = bytecode.Compiler((sys.executable,), "of this test")
"""Bytecode is made the same way for any Python; this one can also run it."""


@pytest.fixture
def sources(tmp_path: Path) -> Path:
    """A package of two modules, one below the other, with what compilers like to order by chance."""
    folder = tmp_path / "sources"
    (folder / "one/two").mkdir(parents=True)
    (folder / "one/__init__.py").write_text("NAMES = {'a', 'b', 'c', 'd'}\nKNOWN = 'x' in {'x', 'y', 'z', 'w'}\n")
    (folder / "one/two/__init__.py").write_text("def where():\n    raise LookupError\n")
    (folder / "one/data.json").write_text("{}")
    return folder


def made(folder: Path) -> dict[str, bytes]:
    """Content of every file, by its name."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_every_source_is_compiled_beside_itself(sources: Path, tmp_path: Path) -> None:
    """Under the name that Python looks for; nothing else is written, and nothing into the sources."""
    HERE.compile(sources, tmp_path / "out", "/opt/python")
    assert set(made(tmp_path / "out")) == {cache_from_source(name) for name in made(sources) if name.endswith(".py")}
    assert not list(sources.rglob("*.pyc"))


def test_the_same_sources_make_the_same_bytes(sources: Path, tmp_path: Path) -> None:
    """Wherever they lie, whenever they were written, whatever was compiled by others."""
    HERE.compile(sources, tmp_path / "out", "/opt/python")
    shutil.copytree(sources, tmp_path / "elsewhere", copy_function=shutil.copyfile)
    (tmp_path / "elsewhere/one/__pycache__").mkdir()
    (tmp_path / "elsewhere/one/__pycache__/old.py").write_text("not python")
    HERE.compile(tmp_path / "elsewhere", tmp_path / "again", "/opt/python")
    assert made(tmp_path / "out") == made(tmp_path / "again")


def test_a_package_runs_from_its_bytecode(sources: Path, tmp_path: Path) -> None:
    """Python takes it without a look at the source, whose date an archive does not keep."""
    archive, lambda_ = tmp_path / "package.zip", tmp_path / "lambda"
    size = package.pack_compiled(sources, archive, "/var/task", HERE)
    assert size == archives.unpacked(archive)
    with zipfile.ZipFile(archive) as opened:
        opened.extractall(lambda_)
    (lambda_ / "one/two/__init__.py").write_text("raise SystemExit('compiled again')\n")
    script = "import one.two; print(one.two.where.__name__)"
    done = subprocess.run(
        [sys.executable, "-B", "-c", script], cwd=lambda_, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.strip() == "where"


def test_packing_twice_makes_one_archive(sources: Path, tmp_path: Path) -> None:
    """Bytecode included: a layer whose bytes change is deployed again."""
    for name in ("one.zip", "two.zip"):
        package.pack_compiled(sources, tmp_path / name, "/opt", HERE)
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_another_python_packs_a_layer_anew(sources: Path, tmp_path: Path) -> None:
    """What is known of an archive includes who compiled it."""
    archive = tmp_path / "cache/layer.zip"
    package.packed(sources, archive, HERE)
    first = json.loads(archive.with_suffix(".json").read_text("utf-8"))["content"]
    package.packed(sources, archive, bytecode.Compiler(HERE.command, "another"))
    assert json.loads(archive.with_suffix(".json").read_text("utf-8"))["content"] != first
    package.packed(sources, archive)
    with zipfile.ZipFile(archive) as opened:
        assert sorted(opened.namelist()) == sorted(made(sources))


def test_what_is_no_python_is_refused(sources: Path, tmp_path: Path) -> None:
    """A sentence names the file's fault; Lambda would find it at the first call."""
    (sources / "one/broken.py").write_text("def (:\n")
    with pytest.raises(bytecode.BytecodeError, match=r"could not compile sources: .*[Ss]yntax"):
        HERE.compile(sources, tmp_path / "out", "/opt/python")


def test_pythons_of_another_version_are_passed_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Their bytecode would lie there unread; nor is a program taken that only has the name."""
    shim = tmp_path / "python3.13"
    shim.write_text("#!/bin/sh\necho 'no such version' >&2; exit 1\n")
    shim.chmod(0o755)
    old = tmp_path / "old"
    old.write_text("#!/bin/sh\necho 3.12.9\n")
    old.chmod(0o755)
    right = tmp_path / "right"
    right.write_text("#!/bin/sh\necho 3.13.99\n")
    right.chmod(0o755)
    monkeypatch.setattr(bytecode, "_candidates", lambda: ["/nowhere/python", str(shim), str(old), str(right)])
    found = bytecode.compiler.__wrapped__()
    assert found == bytecode.Compiler((str(right),), "3.13.99")
