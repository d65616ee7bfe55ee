"""Make a Terraform root of everything: `python -m infra.package --stage prod [--arch arm64] [--state-bucket NAME]`.

The root lies in build/terraform/STAGE. What Terraform itself keeps there stays when it is made anew.
"""

from __future__ import annotations

import argparse
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import chalicelib
from infra import archives, bytecode, declared, join, natives, sizes, stages
from infra.supply import builds, licences, parts, sbom
from layers import wheels
from layers.ffmpeg import build as ffmpeg
from layers.probe import build as probe
from layers.python import build as python

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

ROOT = Path(__file__).resolve().parents[1]
HERE = Path(__file__).resolve().parent
ARCHITECTURES = {"x86_64": "x86_64", "arm64": "aarch64"}
"""Lambda's words for them, and the wheels'."""
_OURS = ("*.tf", "*.tf.json", "declared.auto.tfvars.json", "deployment.zip", "modules", "site", "layers", sbom.NAME)
_PROVIDERS = ".terraform.lock.hcl"
_CHALICE = "import sys; from chalice.cli import main; sys.exit(main())"


class PackageError(Exception):
    """The package cannot be made; the message is a sentence for a person."""


_REASONS = (
    *(PackageError, bytecode.BytecodeError, natives.NativeError),
    *(stages.StageError, join.JoinError, wheels.LayerError),
    *(builds.BuildError, licences.LicenceError, parts.InventoryError),
)


@dataclass(frozen=True, slots=True)
class Layer:
    """One built layer, packed."""

    archive: Path
    digest: str
    size: int


def build_layers(arch: str, cache: Path) -> dict[str, Layer]:
    """Build and pack the three layers for `arch` (in Lambda's words); what is there already is kept."""
    with _alone():
        return _build_layers(arch, cache)


@contextmanager
def _alone() -> Iterator[None]:
    """Let nobody else build: two that package at once would take each other's folders away."""
    lock = ROOT / "build/.packaging"
    lock.parent.mkdir(exist_ok=True)
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _build_layers(arch: str, cache: Path) -> dict[str, Layer]:
    machine = ARCHITECTURES[arch]
    targets = {name: wheels.default_target(name, machine) for name in ("python", "ffmpeg", "probe")}
    python.build(machine, targets["python"])
    for name, module in (("ffmpeg", ffmpeg), ("probe", probe)):
        pin = wheels.read_pin(ROOT / "layers" / name / "lock.toml", machine)
        wheels.build(pin, targets[name], lay=module.lay, fetch=wheels.pip_download)
    for target in targets.values():
        natives.check(target, machine)
    with_python = bytecode.compiler()
    return {name: packed(target, cache / arch / f"{name}.zip", with_python) for name, target in targets.items()}


def packed(folder: Path, archive: Path, compiler: bytecode.Compiler | None = None) -> Layer:
    """Pack a layer with its bytecode, unless the archive was made of the same files by the same Python."""
    note = archive.with_suffix(".json")
    content = archives.fingerprint(folder)
    if compiler is not None:
        content += f" {bytecode.marker()} {compiler.version}"
    known = json.loads(note.read_text()) if note.is_file() and archive.is_file() else {}
    if known.get("content") != content:
        size = pack_compiled(folder, archive, "/opt", compiler)
        known = {"content": content, "digest": archives.digest(archive), "size": size}
        note.write_text(json.dumps(known))
    return Layer(archive, known["digest"], known["size"])


def pack_compiled(folder: Path, archive: Path, home: str, compiler: bytecode.Compiler | None) -> int:
    """Pack what will lie at `home` in Lambda, with its bytecode if there is a compiler; returns the bytes unpacked."""
    if compiler is None:
        return archives.pack(folder, archive)
    with tempfile.TemporaryDirectory(prefix="headwater-bytecode-") as made:
        compiler.compile(folder, Path(made), home)
        return archives.pack(folder, archive, Path(made))


def chalice_package(stage: str, arch: str, target: Path) -> dict[str, Any]:
    """Let Chalice package the code for `stage` into `target`, packed anew there; returns its Terraform."""
    with tempfile.TemporaryDirectory(prefix="headwater-package-") as scratch:
        source, out = Path(scratch) / "source", Path(scratch) / "out"
        _lay_out(stage, arch, source)
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("HEADWATER_", "AWS_"))}
        env = kept | {"HEADWATER_STAGE": stage, "AWS_DEFAULT_REGION": "eu-central-1", "PYTHONDONTWRITEBYTECODE": "1"}
        command = [sys.executable, "-c", _CHALICE, "package", "--stage", stage, "--pkg-format", "terraform", str(out)]
        done = subprocess.run(command, cwd=source, env=env, capture_output=True, text=True, check=False)  # noqa: S603  our own
        if done.returncode != 0:
            raise PackageError(f"Chalice could not package the application: {done.stderr.strip()[-2000:]}")
        with zipfile.ZipFile(out / "deployment.zip") as opened:
            opened.extractall(Path(scratch) / "code")
        natives.check(Path(scratch) / "code", ARCHITECTURES[arch])
        pack_compiled(Path(scratch) / "code", target / "deployment.zip", "/var/task", bytecode.compiler())
        found: dict[str, Any] = json.loads((out / "chalice.tf.json").read_text("utf-8"))
        return found


def _lay_out(stage: str, arch: str, source: Path) -> None:
    """Copy what belongs into functions. No requirements: they are in the layer, and Chalice would resolve them anew."""
    archives.copy_tree(ROOT / "chalicelib", source / "chalicelib")
    (source / "app.py").write_bytes((ROOT / "app.py").read_bytes())
    (source / "requirements.txt").write_text("")
    config = json.loads((ROOT / ".chalice/config.json").read_text("utf-8"))
    own = stage in config["stages"]
    config = stages.configured(config, stage) | {"lambda_architecture": arch}
    policies = source / ".chalice/policies" / stage
    policies.mkdir(parents=True)
    (source / ".chalice/config.json").write_text(json.dumps(config))
    for policy in (ROOT / ".chalice/policies" / (stage if own else stages.PATTERN)).glob("*.json"):
        text = policy.read_text("utf-8")
        (policies / policy.name).write_text(text if own else stages.renamed(text, stage))


def lay_root(target: Path) -> None:
    """Put the Terraform and the site into `target`; of what was there only Terraform's own stays."""
    for pattern in _OURS:
        for path in target.glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    archives.copy_tree(HERE, target, [*(path.name for path in HERE.glob("*.tf*")), _PROVIDERS])
    archives.copy_tree(HERE / "modules", target / "modules")
    files = declared.site_files(ROOT / "web")
    for name in files:
        to = target / "site" / name
        to.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(declared.source_of(name, ROOT / "web"), to)


def variables(stage: str, arch: str, document: dict[str, Any], layers: dict[str, Layer]) -> dict[str, Any]:
    """Return what infra/declared.tf declares."""
    return {
        "stage": stage,
        "architecture": arch,
        "runtime": python.RUNTIME,
        "app_version": chalicelib.__version__,
        "layers": {name: layer.digest for name, layer in layers.items()},
        "functions": join.functions(document),
        "tables": declared.tables(),
        "queues": declared.queues(stage),
        "pages": declared.pages(),
        "page_headers": declared.page_headers(),
        "site_files": declared.site_files(ROOT / "web"),
    }


def backend(stage: str, bucket: str, region: str) -> dict[str, Any]:
    """Return the Terraform that keeps the state in a bucket, one object for each stage, locked while it is in use."""
    s3 = {
        "bucket": bucket,
        "key": f"headwater/{stage}/terraform.tfstate",
        "region": region,
        "encrypt": True,
        "use_lockfile": True,
    }
    return {"terraform": {"backend": {"s3": s3}}}


def make(stage: str, arch: str, target: Path, state: dict[str, Any] | None = None) -> list[sizes.Weight]:
    """Make the root in `target`; returns what each function weighs."""
    target.mkdir(parents=True, exist_ok=True)
    lay_root(target)
    layers = build_layers(arch, ROOT / "build/package")
    document = join.join(chalice_package(stage, arch, target), stage=stage, runtime=python.RUNTIME)
    for name, layer in layers.items():
        (target / "layers").mkdir(exist_ok=True)
        shutil.copyfile(layer.archive, target / "layers" / f"{name}.zip")
    _write(target / "chalice.tf.json", document)
    _write(target / "declared.auto.tfvars.json", variables(stage, arch, document, layers))
    if state is not None:
        _write(target / "backend.tf.json", state)
    sbom.write(target, ARCHITECTURES[arch])
    code = archives.unpacked(target / "deployment.zip")
    return sizes.weigh(join.layers(document), code, {name: layer.size for name, layer in layers.items()})


def _write(path: Path, document: dict[str, Any]) -> None:
    path.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n")


def main(argv: Sequence[str] | None = None) -> int:
    """Make the package as a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.package", description="Make a Terraform root to deploy.")
    parser.add_argument("--stage", default=stages.PATTERN, help="name of the installation")
    parser.add_argument("--arch", default="x86_64", choices=sorted(ARCHITECTURES), help="of the functions")
    parser.add_argument("--out", type=Path, help="folder to make; build/terraform/STAGE when left out")
    parser.add_argument("--state-bucket", default="", help="bucket that keeps Terraform's state")
    parser.add_argument("--state-region", default="eu-central-1", help="its region")
    options = parser.parse_args(argv)
    try:
        stage = stages.check(options.stage)
        target = options.out or ROOT / "build/terraform" / stage
        state = backend(stage, options.state_bucket, options.state_region) if options.state_bucket else None
        weights = make(stage, options.arch, target, state)
    except _REASONS as error:
        print(f"package: {error}", file=sys.stderr)  # noqa: T201  a command
        return 1
    print(sizes.table(weights))  # noqa: T201  a command
    if bytecode.compiler() is None:
        print(f"package: {bytecode.MISSING}")  # noqa: T201  a command
    if heavy := sizes.too_heavy(weights):
        print("\n".join(f"package: {sentence}" for sentence in heavy), file=sys.stderr)  # noqa: T201  a command
        return 1
    print(f"package: {target}; what is in it: {sbom.NAME}")  # noqa: T201  a command
    return 0


if __name__ == "__main__":
    sys.exit(main())
