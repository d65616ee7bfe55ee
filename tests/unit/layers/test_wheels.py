"""A layer is built from exactly the pinned bytes, once, and says plainly why it cannot be."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from layers import wheels
from layers.ffmpeg import build as ffmpeg
from layers.probe import build as probe

if TYPE_CHECKING:
    from conftest import Shelf

LOCKS = Path(wheels.__file__).parent


def test_builds_once_and_then_knows_it(shelf: Shelf, tmp_path: Path) -> None:
    """The second run fetches nothing and says so."""
    target = tmp_path / "build" / "tiny"
    runs = [wheels.build(shelf.pin, target, lay=probe.lay, fetch=shelf.fetch) for _ in range(2)]
    assert (runs, shelf.fetched) == ([True, False], 1)


def test_a_damaged_file_is_built_again(shelf: Shelf, tmp_path: Path) -> None:
    """One changed byte in the built layer makes it stale, and the rebuild repairs it."""
    target = tmp_path / "tiny"
    wheels.build(shelf.pin, target, lay=probe.lay, fetch=shelf.fetch)
    module = target / "python" / "tiny" / "__init__.py"
    module.write_text("VERSION = '6.6'\n")
    assert wheels.build(shelf.pin, target, lay=probe.lay, fetch=shelf.fetch) is True
    assert module.read_text() == "VERSION = '1.0'\n"


def test_files_that_python_adds_do_not_make_it_stale(shelf: Shelf, tmp_path: Path) -> None:
    """Importing the package leaves bytecode behind; that is no reason to build again."""
    target = tmp_path / "tiny"
    wheels.build(shelf.pin, target, lay=probe.lay, fetch=shelf.fetch)
    cache = target / "python" / "tiny" / "__pycache__"
    cache.mkdir()
    (cache / "x.pyc").write_bytes(b"x")
    assert wheels.build(shelf.pin, target, lay=probe.lay, fetch=shelf.fetch) is False


def test_another_pin_is_built_again(shelf: Shelf, tmp_path: Path) -> None:
    """A new pin replaces what an old one built, and nothing else is left in the folder above."""
    target = tmp_path / "out" / "tiny"
    old = dataclasses.replace(shelf.pin, sha256="0" * 64)
    target.mkdir(parents=True)
    (target / wheels.MANIFEST).write_text(json.dumps({"wheel_sha256": old.sha256, "files": {}}))
    assert wheels.build(shelf.pin, target, lay=probe.lay, fetch=shelf.fetch) is True
    assert [path.name for path in target.parent.iterdir()] == ["tiny"]


def test_a_wheel_with_other_bytes_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    """The checksum is checked by us too, and a refusal leaves nothing behind."""
    target = tmp_path / "out" / "tiny"
    wrong = dataclasses.replace(shelf.pin, sha256="0" * 64)
    with pytest.raises(wheels.LayerError, match="not the pinned file"):
        wheels.build(wrong, target, lay=probe.lay, fetch=shelf.fetch)
    assert list(target.parent.iterdir()) == []


def test_a_refusal_keeps_the_layer_that_was_there(shelf: Shelf, tmp_path: Path) -> None:
    """A failed rebuild does not take the working layer away."""
    target = tmp_path / "tiny"
    wheels.build(shelf.pin, target, lay=probe.lay, fetch=shelf.fetch)
    wrong = dataclasses.replace(shelf.pin, sha256="0" * 64)
    with pytest.raises(wheels.LayerError):
        wheels.build(wrong, target, lay=probe.lay, fetch=shelf.fetch)
    assert wheels.intact(target, shelf.pin) is True


def test_a_program_with_other_bytes_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    """The right wheel with an unexpected program in it is refused all the same."""
    wrong = dataclasses.replace(shelf.pin, binary_sha256="0" * 64)
    with pytest.raises(wheels.LayerError, match="FFmpeg in the wheel is not the pinned one"):
        wheels.build(wrong, tmp_path / "out", lay=ffmpeg.lay, fetch=shelf.fetch)


def test_the_program_can_be_run_and_its_licence_lies_beside_it(shelf: Shelf, tmp_path: Path) -> None:
    """The program is executable at bin/ffmpeg, with the GPL's text and our notes."""
    target = tmp_path / "out"
    wheels.build(shelf.pin, target, lay=ffmpeg.lay, fetch=shelf.fetch)
    said = subprocess.run([target / "bin" / "ffmpeg"], capture_output=True, text=True, check=True).stdout
    licences = sorted(path.name for path in (target / "share" / "licenses" / "ffmpeg").iterdir())
    assert (said, licences) == ("tiny 1.0\n", ["GPL-3.0.txt", "LICENCE-NOTES.txt"])


def test_a_program_that_does_not_run_here_is_refused(shelf: Shelf, tmp_path: Path) -> None:
    """A binary for another machine fails at build time, with a sentence."""
    text = hashlib.sha256(b"VERSION = '1.0'\n").hexdigest()
    pin = dataclasses.replace(shelf.pin, binary="tiny/__init__.py", binary_sha256=text)
    with pytest.raises(wheels.LayerError, match="does not start here"):
        wheels.build(pin, tmp_path / "out", lay=ffmpeg.lay, fetch=shelf.fetch)


@pytest.mark.parametrize("layer", ["ffmpeg", "probe"])
@pytest.mark.parametrize("arch", wheels.ARCHITECTURES)
def test_each_layer_is_pinned_for_each_architecture(layer: str, arch: str) -> None:
    """Both lock files name one wheel of the right machine by a full hash."""
    pin = wheels.read_pin(LOCKS / layer / "lock.toml", arch)
    assert (pin.platform, len(bytes.fromhex(pin.sha256))) == (f"manylinux_2_28_{arch}", 32)


def test_an_architecture_without_a_wheel_is_named() -> None:
    """The sentence names what was asked for and what there is."""
    with pytest.raises(wheels.LayerError, match=r"no wheel for riscv64; there is one for x86_64 and aarch64"):
        wheels.read_pin(LOCKS / "ffmpeg" / "lock.toml", "riscv64")


@pytest.fixture
def pip_offline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Let pip know one folder and no index; return the folder."""
    index = tmp_path / "index"
    index.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    return index


def test_pip_fetches_the_pinned_wheel(shelf: Shelf, pip_offline: Path, tmp_path: Path) -> None:
    """The real pip takes the wheel whose hash is pinned."""
    (pip_offline / shelf.wheel.name).write_bytes(shelf.wheel.read_bytes())
    folder = tmp_path / "fetched"
    folder.mkdir()
    assert wheels.sha256(wheels.pip_download(shelf.pin, folder)) == shelf.pin.sha256


def test_pip_refuses_another_hash(shelf: Shelf, pip_offline: Path, tmp_path: Path) -> None:
    """A wheel of the right name with other bytes is refused by pip itself, and the sentence says why."""
    (pip_offline / shelf.wheel.name).write_bytes(shelf.wheel.read_bytes())
    wrong = dataclasses.replace(shelf.pin, sha256="0" * 64)
    with pytest.raises(wheels.LayerError, match="SHA-256 differs"):
        wheels.pip_download(wrong, tmp_path)


@pytest.mark.usefixtures("pip_offline")
def test_no_network_is_a_sentence(shelf: Shelf, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without an index the command ends with 1 and asks about the network; nothing is made."""
    del shelf
    target = tmp_path / "out"
    code = wheels.main("probe", probe.lay, argv=["--arch", "x86_64", "--out", str(target)])
    said = capsys.readouterr().err
    assert (code, "Is there a way to a Python package index?" in said, target.exists()) == (1, True, False)


def test_another_architecture_gets_its_own_folder() -> None:
    """Building for a foreign machine never replaces the layer this machine runs."""
    other = next(arch for arch in wheels.ARCHITECTURES if arch != wheels.host_arch())
    assert wheels.default_target("ffmpeg", other) == wheels.ROOT / "build" / f"layers-{other}" / "ffmpeg"
