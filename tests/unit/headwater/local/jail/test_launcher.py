"""What a cell is made of, and what a function in it is told."""

from __future__ import annotations

import json
import platform
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from headwater.local.declarations import Declarations, DeclarationsError, FunctionSpec
from headwater.local.jail.launcher import Jail, Runtime, Unpacked, check_machine, read_runtime, unpack
from headwater.local.packaged import Package

if TYPE_CHECKING:
    from pathlib import Path

LAYERS = ("python", "probe")
SPEC = FunctionSpec("api", "app.app", 512, 29, {"HEADWATER_STAGE": "proof", "HEADWATER_MEDIA_BUCKET": "m"}, LAYERS)
ENV = {
    "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
    "AWS_REGION": "eu-central-1",
    "AWS_ACCESS_KEY_ID": "ours",
    "HEADWATER_PUBLIC_URL": "http://127.0.0.1:8787",
    "HEADWATER_MEDIA_BUCKET": "headwater-proof-media",
    "HEADWATER_WEBHOOK_LOCAL_TARGETS": "true",
}


def package(root: Path, *, architecture: str = "x86_64") -> Package:
    """A package of one function."""
    declared = Declarations({"api": SPEC}, (), (), (), ())
    told = frozenset({"HEADWATER_PUBLIC_URL", "HEADWATER_MEDIA_BUCKET"})
    return Package(root, "proof", "python3.13", architecture, declared, {"api": "headwater-proof"}, told, {"api": 512})


def plan(root: Path, env: dict[str, str]) -> dict[str, Any]:
    """The plan of its cell."""
    runtime = Runtime(root / "lambda", "/usr/bin/python3.13", (("/usr", "/usr"),))
    jail = Jail(package(root), Unpacked(root / "task", {LAYERS: root / "opt"}), runtime)
    return jail.plan(SPEC, env, "api-1", "127.0.0.1:50000")


def test_a_cell_s_places_ports_and_program(tmp_path: Path) -> None:
    """Code, layers and Lambda's own part where Lambda has them; the ways out are the runtime API, AWS and the site."""
    made = plan(tmp_path, ENV)
    assert made["root"] == str(tmp_path / "lambda/root")
    assert {target: source for source, target in made["binds"]} == {
        "/usr": "/usr",
        "/var/runtime": str(tmp_path / "lambda/runtime"),
        "/var/task": str(tmp_path / "task"),
        "/opt": str(tmp_path / "opt"),
    }
    assert sorted(made["ports"]) == [[4566, 4566], [8787, 8787], [9001, 50000]]
    assert (made["tmp_mb"], made["command"]) == (512, ["/usr/bin/python3.13", "/var/runtime/bootstrap.py"])


def test_a_function_hears_what_its_deployment_says(tmp_path: Path) -> None:
    """Terraform's values over the packaged ones; of the local stack only where AWS is and who it is."""
    env = plan(tmp_path, ENV)["env"]
    assert {name: value for name, value in env.items() if name.startswith("HEADWATER_")} == {
        "HEADWATER_STAGE": "proof",
        "HEADWATER_PUBLIC_URL": "http://127.0.0.1:8787",
        "HEADWATER_MEDIA_BUCKET": "headwater-proof-media",
    }
    assert (env["AWS_ENDPOINT_URL"], env["AWS_ACCESS_KEY_ID"]) == ("http://127.0.0.1:4566", "ours")
    assert (env["AWS_LAMBDA_FUNCTION_NAME"], env["AWS_EXECUTION_ENV"]) == ("headwater-proof", "AWS_Lambda_python3.13")


def test_a_setting_that_nothing_gives_is_named(tmp_path: Path) -> None:
    """A new one in Terraform must not silently be missing here."""
    with pytest.raises(DeclarationsError, match="HEADWATER_MEDIA_BUCKET, which nothing here gives"):
        plan(tmp_path, {name: value for name, value in ENV.items() if name != "HEADWATER_MEDIA_BUCKET"})


def test_only_a_package_of_this_machine_s_kind_runs(tmp_path: Path) -> None:
    """The sentence names both."""
    here = {"x86_64": "x86_64", "aarch64": "arm64"}[platform.machine()]
    check_machine(package(tmp_path, architecture=here))
    with pytest.raises(DeclarationsError, match="the package is for riscv, and this machine is"):
        check_machine(package(tmp_path, architecture="riscv"))


def test_lambda_s_own_part_has_to_be_made(tmp_path: Path) -> None:
    """It is read where it was, and asked for where it was not."""
    with pytest.raises(DeclarationsError, match="run `make lambda` first"):
        read_runtime(tmp_path)
    (tmp_path / "runtime.json").write_text(json.dumps({"program": "/p", "binds": [["/usr", "/usr"]]}))
    assert read_runtime(tmp_path) == Runtime(tmp_path, "/p", (("/usr", "/usr"),))


def _zip(archive: Path, files: dict[str, tuple[str, int]]) -> None:
    archive.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(archive, "w") as opened:
        for name, (text, mode) in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = mode << 16
            opened.writestr(entry, text)


def test_layers_lie_one_over_the_other(tmp_path: Path) -> None:
    """In their order, with their modes; what is unpacked already is left alone."""
    root = tmp_path / "root"
    _zip(root / "deployment.zip", {"app.py": ("code", 0o600)})
    _zip(root / "layers/python.zip", {"python/a.py": ("first", 0o644), "python/b.py": ("first", 0o644)})
    _zip(root / "layers/probe.zip", {"python/b.py": ("second", 0o644), "bin/tool": ("run", 0o755)})
    found = unpack(package(root), tmp_path / "store")
    assert (found.task / "app.py").stat().st_mode & 0o777 == 0o600
    opt = found.opt[LAYERS]
    texts = {str(path.relative_to(opt)): path.read_text() for path in opt.rglob("*") if path.is_file()}
    assert texts == {"python/a.py": "first", "python/b.py": "second", "bin/tool": "run"}
    assert (opt / "bin/tool").stat().st_mode & 0o777 == 0o755
    (opt / "mark").touch()
    assert (unpack(package(root), tmp_path / "store").opt[LAYERS] / "mark").exists()
