"""What a package holds beside its sources. Collected by test_deployment.py, which has the package."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

from infra import bytecode
from layers.python.build import PYTHON, SERVICES

if TYPE_CHECKING:
    from conftest import Planned

MAGIC = {"3.13": b"\xf3\r\r\n"}
"""What bytecode begins with, by Python: another Python passes it over."""
UNCHECKED = b"\x01\0\0\0"
"""PEP 552: found by a hash of the source, which is never looked at."""


def test_every_source_comes_with_lambda_s_bytecode(planned: Planned) -> None:
    """Code and Python layer; where no such Python can be had neither has any, and packaging says so."""
    assert MAGIC.keys() == {PYTHON}
    for name in ("deployment.zip", "layers/python.zip"):
        with zipfile.ZipFile(planned.root / name) as opened:
            sources = {entry for entry in opened.namelist() if entry.endswith(".py")}
            compiled = {entry for entry in opened.namelist() if entry.endswith(".pyc")}
            heads = {opened.read(entry)[:8] for entry in compiled}
        tag = f".cpython-{PYTHON.replace('.', '')}.pyc"
        folder = {entry: entry.rpartition("/") for entry in sources}
        wanted = {f"{home}{cut}__pycache__/{file.removesuffix('.py')}{tag}" for home, cut, file in folder.values()}
        assert len(sources) > 100
        assert compiled == (wanted if bytecode.compiler() else set())
        assert heads <= {MAGIC[PYTHON] + UNCHECKED}


def test_the_layer_describes_no_service_that_nobody_calls(planned: Planned) -> None:
    """Botocore's other 440 would be half of it."""
    with zipfile.ZipFile(planned.root / "layers/python.zip") as opened:
        found = {entry.split("/")[3] for entry in opened.namelist() if entry.startswith("python/botocore/data/")}
    assert {name for name in found if "." not in name} == set(SERVICES)
