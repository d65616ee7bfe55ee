"""Which holes are known in what the locks name: `python -m infra.supply.audit [--service pypi|osv]`.

pip-audit and `npm audit` ask. pip-audit ends with 0 also for packages that it could not ask about, which an audit may
not. So there are three ends: 0 when every package was asked about and none has a hole that is known, 1 when one has,
and 3 when a service did not answer for some: then nothing is known of them, and nothing is said to be well.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from infra.supply import licences
from layers import locks, wheels

if TYPE_CHECKING:
    from collections.abc import Sequence

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = ROOT / "build/tools/bin/pip-audit"
WELL, HOLES, UNKNOWN = 0, 1, 3
_TIMEOUT_S = 900


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back: holes by package, which packages nobody could say anything about, and why."""

    asked: int
    holes: dict[str, list[str]]
    unanswered: dict[str, str]

    @property
    def code(self) -> int:
        """The exit code."""
        if self.holes:
            return HOLES
        return UNKNOWN if self.unanswered or not self.asked else WELL


def wanted() -> list[str]:
    """Return every package and version that is locked anywhere, the layers' own included."""
    found = [one for lock in sorted((ROOT / "locks").glob("*.txt")) for one in locks.read(lock).values()]
    pins = [wheels.read_pin(ROOT / "layers" / name / "lock.toml", "x86_64") for name in ("ffmpeg", "probe")]
    both = {(one.name, one.version) for one in found} | {(locks.normal(pin.package), pin.version) for pin in pins}
    return [f"{name}=={version}" for name, version in sorted(both)]


def ask(program: str, service: str, packages: Sequence[str]) -> Answer:
    """Let pip-audit ask about `packages`, in lists that name each once: two locks may hold two versions of one."""
    holes: dict[str, list[str]] = {}
    unanswered: dict[str, str] = {}
    for part in _apart(packages):
        with tempfile.TemporaryDirectory(prefix="headwater-audit-") as folder:
            listed = Path(folder) / "listed.txt"
            listed.write_text("\n".join(part) + "\n")
            command = [program, "--no-deps", "--disable-pip", "--progress-spinner=off", "--format=json"]
            command += [f"--vulnerability-service={service}", "-r", str(listed)]
            done = _run(command, folder)
        _read(done, part, holes, unanswered)
    return Answer(len(packages), holes, unanswered)


def ask_npm(program: str, packages: Sequence[str]) -> Answer:
    """Let npm ask about `packages`, in a lock that is made for it: the pages' libraries are in no other."""
    holes: dict[str, list[str]] = {}
    unanswered: dict[str, str] = {}
    for part in _apart(packages):
        named = dict(one.split("==") for one in part)
        entries = {f"node_modules/{name}": {"version": version} for name, version in named.items()}
        head = {"name": "audited", "version": "0.0.0"}
        with tempfile.TemporaryDirectory(prefix="headwater-audit-") as folder:
            lock = {**head, "lockfileVersion": 3, "packages": {"": {**head, "dependencies": named}, **entries}}
            Path(folder, "package-lock.json").write_text(json.dumps(lock))
            Path(folder, "package.json").write_text(json.dumps({**head, "dependencies": named}))
            command = [program, "audit", "--json", "--package-lock-only"]
            done = _run(command, folder)
        try:
            answer = json.loads(done.stdout)
        except ValueError:
            answer = {"message": next(reversed(done.stderr.strip().splitlines()), "npm said nothing")}
        if "vulnerabilities" not in answer:
            unanswered |= dict.fromkeys(part, str(answer.get("message", "npm gave no reason")))
            continue
        found = answer["vulnerabilities"]
        holes |= {one: [_advice(found[name])] for one, name in zip(part, named, strict=True) if name in found}
    return Answer(len(packages), holes, unanswered)


def _advice(found: dict[str, Any]) -> str:
    titles = [one["title"] if isinstance(one, dict) else f"through {one}" for one in found["via"]]
    return f"{found['severity']}: {'; '.join(titles)}"


def _run(command: list[str], folder: str) -> subprocess.CompletedProcess[str]:
    env = os.environ | {"PYTHONWARNINGS": "ignore"}
    return subprocess.run(  # noqa: S603  pip-audit as it is pinned, or npm
        command, cwd=folder, env=env, capture_output=True, text=True, check=False, timeout=_TIMEOUT_S
    )


def _apart(packages: Sequence[str]) -> list[list[str]]:
    parts: list[dict[str, str]] = []
    for package in packages:
        name = package.partition("==")[0]
        part = next((one for one in parts if name not in one), None)
        if part is None:
            parts.append(part := {})
        part[name] = package
    return [list(part.values()) for part in parts]


def _read(
    done: subprocess.CompletedProcess[str], part: list[str], holes: dict[str, list[str]], unanswered: dict[str, str]
) -> None:
    try:
        answers = {one["name"]: one for one in json.loads(done.stdout)["dependencies"]}
    except (ValueError, KeyError, TypeError):
        why = next(reversed(done.stderr.strip().splitlines()), "pip-audit said nothing")
        answers = {}
    else:
        why = "pip-audit left it out"
    by_name = {locks.normal(name): one for name, one in answers.items()}
    for package in part:
        answer = by_name.get(package.partition("==")[0])
        if answer is None or "skip_reason" in answer:
            unanswered[package] = why if answer is None else answer["skip_reason"]
        elif answer["vulns"]:
            holes[package] = [_hole(one) for one in answer["vulns"]]


def _hole(found: dict[str, list[str] | str]) -> str:
    fixed = ", ".join(found.get("fix_versions") or []) or "no version yet"
    return f"{found['id']} (mended in {fixed})"


def main(argv: Sequence[str] | None = None) -> int:
    """Ask as a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m infra.supply.audit", description="Ask which holes are known.")
    parser.add_argument("--service", default="pypi", choices=("pypi", "osv"), help="whom pip-audit asks")
    options = parser.parse_args(argv)
    of_npm = [one for folder in licences.NPM for one in licences.npm(folder)] + licences.vendored()
    packages = sorted({f"{one.name}=={one.version}" for one in of_npm})
    answers = {options.service: ask(str(PROGRAM), options.service, wanted()), "npm": ask_npm("npm", packages)}
    for service, answer in answers.items():
        _tell(service, answer)
    return max((answer.code for answer in answers.values()), key=(WELL, UNKNOWN, HOLES).index)


def _tell(service: str, answer: Answer) -> None:
    for package, found in answer.holes.items():
        print(f"audit: {package}: {'; '.join(found)}", file=sys.stderr)  # noqa: T201  a command
    if answer.unanswered:
        first, why = next(iter(answer.unanswered.items()))
        print(  # noqa: T201  a command
            f"audit: NOT AUDITED: {service} did not answer for {len(answer.unanswered)} of {answer.asked} packages, so "
            f"nothing is known about them. The first, {first}: {why[:300]}",
            file=sys.stderr,
        )
    if answer.code == WELL:
        print(f"audit: {answer.asked} packages, no hole that {service} knows of")  # noqa: T201  a command


if __name__ == "__main__":
    sys.exit(main())
