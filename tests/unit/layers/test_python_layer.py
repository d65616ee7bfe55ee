"""The Python layer: locked to what the rest of the project runs, on wheels that Lambda's system can load."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from infra.package import ARCHITECTURES
from layers import wheels
from layers.python import build

ROOT = Path(wheels.__file__).resolve().parents[1]
_CLIENT = re.compile(r"""\bclient\(\s*["']([a-z0-9-]+)["']""")
_PIN = re.compile(r"^([\w.-]+)==([\w.]+)", re.MULTILINE)


def pins(path: Path) -> dict[str, str]:
    """Package to version, by normalised name."""
    return {name.replace("_", "-").lower(): version for name, version in _PIN.findall(path.read_text("utf-8"))}


def test_the_lock_is_what_the_project_runs() -> None:
    """Each requirement but Chalice, which packs itself; every version is the one that is tested."""
    locked = pins(build.LOCK)
    wanted = pins(ROOT / "requirements.txt")
    assert set(wanted) - set(locked) == {"chalice"}
    tested = pins(ROOT / "locks/run.txt")
    assert {name: version for name, version in locked.items() if tested.get(name) != version} == {}


def test_every_pin_has_its_hashes() -> None:
    """One for a wheel that runs everywhere, one for each architecture otherwise."""
    entries = re.split(r"\n(?=\w)", build.LOCK.read_text("utf-8").split("\n", 2)[2].strip())
    counts = {entry.partition("==")[0]: entry.count("--hash=sha256:") for entry in entries}
    assert set(counts.values()) <= {1, len(ARCHITECTURES)}
    assert {name for name, count in counts.items() if count == 2} == {"cffi", "cryptography", "pydantic-core"}


def test_botocore_keeps_what_functions_call(tmp_path: Path) -> None:
    """Of its models only ours stay, with what belongs to no service; one that is gone from botocore stops the build."""
    models = tmp_path / "data"
    for name in (*build.SERVICES, "braket", "iotwireless"):
        (models / name / "2020-01-01").mkdir(parents=True)
    (models / "partitions.json").write_text("{}")
    build._keep_services(models)
    assert {path.name for path in models.iterdir()} == {*build.SERVICES, "partitions.json"}
    (models / "sqs/2020-01-01").rmdir()
    (models / "sqs").rmdir()
    with pytest.raises(wheels.LayerError, match=r"no models of sqs\."):
        build._keep_services(models)


def test_every_service_that_is_called_has_its_model() -> None:
    """Clients are made by name in one place or another: no other names are in our code."""
    sources = (ROOT / "chalicelib").rglob("*.py")
    called = {name for path in sources for name in _CLIENT.findall(path.read_text("utf-8"))}
    assert {"dynamodb", "s3", "sqs"} <= called
    assert called <= set(build.SERVICES)


@pytest.mark.parametrize(
    ("wheel", "arch", "fits"),
    [
        ("m3u8-6.0.0-py3-none-any.whl", "aarch64", True),
        ("cffi-2.1.1-cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "x86_64", True),
        ("cffi-2.1.1-cp313-cp313-manylinux2014_x86_64.manylinux_2_17_x86_64.whl", "aarch64", False),
        ("cryptography-50.0.2-cp311-abi3-manylinux_2_34_aarch64.whl", "aarch64", True),
        ("new-1.0-cp313-cp313-manylinux_2_39_x86_64.whl", "x86_64", False),
        ("mac-1.0-cp313-cp313-macosx_11_0_arm64.whl", "aarch64", False),
        ("musl-1.0-cp313-cp313-musllinux_1_2_x86_64.whl", "x86_64", False),
        ("no-wheel.tar.gz", "x86_64", False),
    ],
)
def test_wheels_that_lambda_cannot_load_are_refused(wheel: str, arch: str, *, fits: bool) -> None:
    """Amazon Linux 2023 has glibc 2.34: what asks for more, or for another machine, would fail at the first call."""
    assert (build.unfit(wheel, arch) is None) == fits


@pytest.mark.parametrize("layer", ["ffmpeg", "probe"])
@pytest.mark.parametrize("arch", wheels.ARCHITECTURES)
def test_the_other_layers_fit_too(layer: str, arch: str) -> None:
    """Their wheels are pinned for platforms no newer than Lambda's."""
    pin = wheels.read_pin(ROOT / "layers" / layer / "lock.toml", arch)
    assert (
        build.unfit(f"{pin.package}-{pin.version}-py3-none-{pin.platform}.whl".replace("imageio-", "imageio_"), arch)
        is None
    )
