"""How long a deployment takes, step by step, with moto in place of AWS: `python bench/bench_deployment.py`.

Terraform's processor time is given beside the time that passed: the rest is moto, and waiting for it.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

sys.path[:0] = [str(Path(__file__).resolve().parents[1] / name) for name in ("tests", ".")]

from support.deployment import emulated  # noqa: E402  the path above

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Package, plan, apply, plan again and destroy; print a row for each."""
    print("| step | s | of it CPU of Terraform, s |\n|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="headwater-bench-") as folder:
        began = time.monotonic()
        with emulated("bench", Path(folder) / "root") as deployment:
            row("package, keys, init", time.monotonic() - began, None)
            timed("plan", deployment.plan)
            timed("apply", deployment.apply)
            timed("second plan", lambda: deployment.plan("again"))
            deployment.unprotect()
            timed("destroy", deployment.destroy)


def timed(step: str, act: Callable[[], object]) -> None:
    """Do a step and print its row."""
    began, cpu = time.monotonic(), spent()
    act()
    row(step, time.monotonic() - began, spent() - cpu)


def spent() -> float:
    """Return the processor time of children that have ended; moto goes on."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def row(step: str, seconds: float, cpu: float | None) -> None:
    """Print one."""
    print(f"| {step} | {seconds:.0f} | {'' if cpu is None else f'{cpu:.0f}'} |", flush=True)


if __name__ == "__main__":
    main()
