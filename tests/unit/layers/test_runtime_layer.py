"""Lambda's own Python where Debian's cannot be had: this machine's, if it is the right one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from layers.python.build import PYTHON
from layers.runtime import build
from layers.wheels import LayerError

if TYPE_CHECKING:
    from pathlib import Path


def program(folder: Path, version: str) -> str:
    """Make something that says it is a Python of that version, at home in `folder`."""
    path = folder / f"python-{version}"
    path.write_text(f"#!/bin/sh\necho {version} {folder}\n")
    path.chmod(0o755)
    return str(path)


def test_another_version_and_a_shim_do_not_count(tmp_path: Path) -> None:
    """A version manager's shim is there and only prints an error."""
    shim = tmp_path / "shim"
    shim.write_text("#!/bin/sh\nexit 127\n")
    shim.chmod(0o755)
    other = program(tmp_path, "3.1.4")
    assert [build._prefix(one) for one in ("", str(tmp_path / "none"), str(shim), other)] == [None] * 4
    assert build._prefix(program(tmp_path, f"{PYTHON}.9")) == str(tmp_path)


def test_the_machine_s_python_is_shown_as_lambda_s(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the system's libraries, at the place where Lambda has its own."""
    monkeypatch.setenv("HEADWATER_LAMBDA_PYTHON", program(tmp_path, f"{PYTHON}.9"))
    root = tmp_path / "root"
    root.mkdir()
    facts = build._machine(root)
    assert facts["program"] == f"/var/lang/bin/python{PYTHON}"
    assert [["/usr", "/usr"], [str(tmp_path), "/var/lang"]] == facts["binds"][:2]


def test_without_any_the_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Install it, or name it."""
    monkeypatch.setattr(build, "_candidates", lambda: ["", str(tmp_path / "none")])
    with pytest.raises(LayerError, match=rf"Python {PYTHON}.*HEADWATER_LAMBDA_PYTHON"):
        build._machine(tmp_path)
