"""Native files that would not load on Lambda are found before anything is deployed."""

from __future__ import annotations

import platform
import re
import shutil
from pathlib import Path

import _cffi_backend
import pytest

from infra import natives, package
from layers.python.build import GLIBC

SAMPLE = Path(_cffi_backend.__file__)
"""Native code of this machine's kind, made for an old C library."""
MACHINE = platform.machine()
OTHER = "aarch64" if MACHINE == "x86_64" else "x86_64"


@pytest.fixture
def layer(tmp_path: Path) -> Path:
    """A layer with one good native file among others."""
    folder = tmp_path / "layer"
    (folder / "python").mkdir(parents=True)
    shutil.copyfile(SAMPLE, folder / "python/good.abi3.so")
    (folder / "python/notes.txt").write_text("no code")
    (folder / "python/empty.so").touch()
    # What the sample is linked with comes along, as in a wheel
    for name in re.findall(rb"libffi[\w.-]*\.so[\d.]*", SAMPLE.read_bytes()):
        shutil.copyfile(SAMPLE, folder / "python" / name.decode())
    return folder


def _planted(layer: Path, old: bytes, new: bytes) -> None:
    content = SAMPLE.read_bytes()
    assert old in content
    (layer / "python/bad.abi3.so").write_bytes(content.replace(old, new))


def test_what_fits_is_counted(layer: Path) -> None:
    """Only native files are looked at, by what is in them."""
    assert natives.check(layer, MACHINE) >= 1


def test_another_machine_s_code_is_named(layer: Path) -> None:
    """A layer for the other architecture never reaches AWS."""
    with pytest.raises(natives.NativeError, match=rf"python/good\.abi3\.so is for {MACHINE} .* not for {OTHER}"):
        natives.check(layer, OTHER)


def test_a_newer_c_library_is_refused(layer: Path) -> None:
    """The symbol version decides, whatever the wheel's name said."""
    version = max(re.findall(rb"GLIBC_2\.\d\d\0", SAMPLE.read_bytes()))
    _planted(layer, version, b"GLIBC_2.99\0")
    with pytest.raises(natives.NativeError, match=rf"bad\.abi3\.so needs glibc 2\.99, and Lambda has 2\.{GLIBC[1]}"):
        natives.check(layer, MACHINE)


def test_a_library_that_nothing_brings_is_named(layer: Path) -> None:
    """Loading would fail on the first call."""
    _planted(layer, b"libc.so.6\0", b"libq.so.6\0")
    with pytest.raises(natives.NativeError, match=r"needs libq\.so\.6, which nothing brings"):
        natives.check(layer, MACHINE)


def test_another_python_s_extension_is_refused(layer: Path) -> None:
    """Its name says which Python it is for."""
    shutil.copyfile(SAMPLE, layer / "python/one.cpython-311-x86_64-linux-gnu.so")
    with pytest.raises(natives.NativeError, match=r"one\.cpython-311-.*is for another Python than 3\.13"):
        natives.check(layer, MACHINE)


def test_nothing_is_packed_of_a_layer_that_does_not_fit(
    layer: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`make package` stops there, before an archive is made."""
    arch = {"x86_64": "x86_64", "aarch64": "arm64"}[MACHINE]
    _planted(layer, b"libc.so.6\0", b"libq.so.6\0")
    monkeypatch.setattr(package.wheels, "default_target", lambda *_: layer)
    monkeypatch.setattr(package.python, "build", lambda *_: False)
    monkeypatch.setattr(package.wheels, "build", lambda *_, **__: False)
    with pytest.raises(natives.NativeError, match=r"bad\.abi3\.so"):
        package.build_layers(arch, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_cut_file_is_refused(layer: Path) -> None:
    """What cannot be read cannot be loaded."""
    (layer / "python/cut.so").write_bytes(SAMPLE.read_bytes()[:40])
    with pytest.raises(natives.NativeError, match=r"cut\.so cannot be read"):
        natives.check(layer, MACHINE)
