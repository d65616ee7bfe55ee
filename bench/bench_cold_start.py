"""What each function imports before its first event, and what a compiled package spares it.

Run by `make bench`. Every function's handler is imported as Lambda imports it, each time in a new process, with the
environment that tells it which function it is: once from bytecode, as it lies in our package, once without any of our
own code's and libraries', which Lambda would compile at every cold start. Rounds go over all functions in turn, and the
best of each counts: what else the machine does can only add. Beside them a process that does nothing but import boto3
and make one client. Prints a table and writes build/bench/cold-start.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT)]

from headwater.local import declarations  # noqa: E402

STAGE = "local"
API_MS, WORKER_MS = 450, 300
"""Goals, from bytecode."""
PLAIN = "import boto3, one client"
_TIMED = """
import sys, time
cpu, wall = time.process_time(), time.perf_counter()
{what}
print((time.process_time() - cpu) * 1000, (time.perf_counter() - wall) * 1000, len(sys.modules))
"""
_CLIENT = "import boto3; boto3.client('dynamodb', region_name='eu-central-1')"


@dataclass
class Seen:
    """The best of one function's rounds, in ms, and how many modules it had loaded."""

    cpu_ms: list[float] = field(default_factory=list)
    wall_ms: list[float] = field(default_factory=list)
    source_cpu_ms: list[float] = field(default_factory=list)
    modules: int = 0

    def row(self, plain_ms: float) -> dict[str, float]:
        """Return what the table shows; `plain_ms` is the CPU time of a bare client."""
        return {
            "modules": self.modules,
            "cpu_ms": min(self.cpu_ms),
            "wall_ms": min(self.wall_ms),
            "ratio": min(self.cpu_ms) / plain_ms,
            "source_cpu_ms": min(self.source_cpu_ms),
        }


def forget(cache: Path) -> None:
    """Take our own and the libraries' bytecode out of a cache: Lambda has the standard library's."""
    for home in (ROOT, Path(sysconfig.get_path("purelib"))):
        shutil.rmtree(cache / home.relative_to("/"), ignore_errors=True)


def once(function: str, what: str, caches: Path, *, compiled: bool) -> tuple[float, float, int]:
    """Import in a new process; returns CPU ms, wall ms and the number of modules."""
    env = {
        "PATH": os.environ["PATH"],
        "HEADWATER_STAGE": STAGE,
        "AWS_LAMBDA_FUNCTION_NAME": f"headwater-{STAGE}-{function}",
        "AWS_DEFAULT_REGION": "eu-central-1",
        "PYTHONPYCACHEPREFIX": str(caches / ("compiled" if compiled else "source")),
    }
    if not compiled:
        env["PYTHONDONTWRITEBYTECODE"] = "1"
    script = _TIMED.format(what=what)
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    cpu, wall, modules = done.stdout.split()
    return float(cpu), float(wall), int(modules)


def measure(rounds: int, source_rounds: int) -> dict[str, dict[str, float]]:
    """Go round all functions; returns a row for each, by name."""
    found = declarations.load(ROOT, STAGE).functions
    scripts = {name: f"import {spec.handler.rpartition('.')[0]}" for name, spec in found.items()} | {PLAIN: _CLIENT}
    seen = {name: Seen() for name in scripts}
    with tempfile.TemporaryDirectory(prefix="headwater-cold-") as folder:
        caches = Path(folder)
        for name, script in scripts.items():
            once(name, script, caches, compiled=True)
        shutil.copytree(caches / "compiled", caches / "source")
        forget(caches / "source")
        for _ in range(rounds):
            for name, script in scripts.items():
                cpu, wall, seen[name].modules = once(name, script, caches, compiled=True)
                seen[name].cpu_ms.append(cpu)
                seen[name].wall_ms.append(wall)
        for _ in range(source_rounds):
            for name, script in scripts.items():
                seen[name].source_cpu_ms.append(once(name, script, caches, compiled=False)[0])
    plain = min(seen[PLAIN].cpu_ms)
    return {name: one.row(plain) for name, one in seen.items()}


def table(rows: dict[str, dict[str, float]]) -> str:
    """Return the rows as Markdown, the slowest first, with the goals."""
    lines = [
        "| function | modules | CPU, ms | by the clock, ms | goal, ms | of a bare client | without bytecode, CPU ms |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, row in sorted(rows.items(), key=lambda item: -item[1]["cpu_ms"]):
        goal = "" if name == PLAIN else str(API_MS if name == declarations.API else WORKER_MS)
        lines.append(
            f"| {name} | {row['modules']:.0f} | {row['cpu_ms']:.0f} | {row['wall_ms']:.0f} | {goal} "
            f"| {row['ratio']:.2f} | {row['source_cpu_ms']:.0f} |"
        )
    return "\n".join(lines)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=10, help="imports of each function from bytecode")
    parser.add_argument("--source-rounds", type=int, default=3, help="imports of each function from source")
    options = parser.parse_args()
    rows = measure(options.rounds, options.source_rounds)
    print(table(rows))
    target = ROOT / "build/bench/cold-start.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
