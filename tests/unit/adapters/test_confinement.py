"""Limits that hold in a child, and nowhere else."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.pipeline import FFMPEG

from chalicelib.adapters import confinement
from chalicelib.adapters.confinement import MIB, Confinement, of_encoder, of_probe
from chalicelib.adapters.ffmpeg import FfmpegEncoder
from chalicelib.errors import Permanent, Transient

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

KINDS = ("RLIMIT_DATA", "RLIMIT_AS", "RLIMIT_FSIZE", "RLIMIT_CPU", "RLIMIT_NOFILE", "RLIMIT_NPROC", "RLIMIT_CORE")
ASK = f"import resource; print([resource.getrlimit(getattr(resource, kind)) for kind in {KINDS}])"


def run(limits: Confinement, code: str) -> subprocess.CompletedProcess[str]:
    """Run Python code in a confined child."""
    command = [sys.executable, "-I", "-c", code]
    return subprocess.run(command, preexec_fn=limits.enter, capture_output=True, text=True, check=False, timeout=60)


def test_a_child_has_all_limits_and_we_have_none_of_them() -> None:
    """Soft and hard alike, so that it cannot raise them again."""
    before = [resource.getrlimit(getattr(resource, kind)) for kind in KINDS]
    values = [700 * MIB, 800 * MIB, 5 * MIB, 30, 60, 0, 0]
    done = run(Confinement(700 * MIB, 800 * MIB, 5 * MIB, 30, 60, 0), ASK)
    assert done.stdout.strip() == str([(value, value) for value in values])
    assert [resource.getrlimit(getattr(resource, kind)) for kind in KINDS] == before


def test_limits_are_never_raised() -> None:
    """Whoever runs the machine may have set lower ones."""
    low = Confinement(700 * MIB, 800 * MIB, 5 * MIB, 30, 60, None)
    high = Confinement(900 * MIB, 900 * MIB, 50 * MIB, 60, 600, None)

    def both() -> None:
        low.enter()
        high.enter()

    done = subprocess.run([sys.executable, "-I", "-c", ASK], preexec_fn=both, capture_output=True, check=False)
    assert done.stdout.startswith(str([(700 * MIB, 700 * MIB), (800 * MIB, 800 * MIB)])[:-1].encode())


@pytest.mark.parametrize(
    ("code", "sign"),
    [
        ("b = bytearray(800 << 20)", "MemoryError"),
        ("open('big', 'wb').write(bytes(6 << 20))", "File too large"),
        ("[open('/dev/null') for _ in range(100)]", "Too many open files"),
    ],
)
def test_the_kernel_refuses_what_is_too_much(
    code: str, sign: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory, file and descriptors."""
    monkeypatch.chdir(tmp_path)
    assert sign in run(Confinement(700 * MIB, 800 * MIB, 5 * MIB, 30, 60, None), code).stderr


def test_processor_time_ends() -> None:
    """By a signal that nothing in the child can outlive."""
    done = run(Confinement(700 * MIB, 800 * MIB, 5 * MIB, 1, 60, None), "while True: pass")
    assert done.returncode < 0


def test_an_encoder_may_use_its_functions_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """Less what the interpreter around it needs; time as its deadline on all cores allows."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "1769")
    limits = of_encoder(100, 8)
    assert limits.data == (1769 - 256) * MIB
    assert limits.addresses > limits.data
    assert limits.cpu_s == 100 * (os.cpu_count() or 1) + 10
    assert limits.file == 8


@pytest.mark.parametrize(("user", "tasks"), [(0, None), (99_999, 512)])
def test_threads_are_counted_for_everybody_but_root(
    user: int, tasks: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The kernel counts the user's: so many more than there are now. The probe makes none."""
    monkeypatch.setattr(confinement.os, "geteuid", lambda: user)
    assert of_encoder(1, 1).tasks == tasks
    assert of_probe().tasks == 0


def test_an_encoder_without_memory_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another attempt would fare no better, so the recording ends with a code of its own."""
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "420")
    picture = ["-v", "error", "-nostdin", "-filter_threads", "1", "-f", "lavfi", "-i", "color=s=8192x4320:r=1:d=5"]
    slow = ["-c:v", "ffv1", "-threads", "1", "-pix_fmt", "gbrp16le", "-f", "matroska", str(tmp_path / "o.mkv")]
    with pytest.raises(Permanent) as end:
        FfmpegEncoder(FFMPEG).run_to_file([*picture, *slow], timeout_s=60, beat=lambda _frames, _fps: True)
    assert end.value.code == "source_too_demanding"


def test_a_process_that_is_killed_is_not_taken_for_one_without_memory(tmp_path: Path) -> None:
    """It gets its next attempt."""
    binary = tmp_path / "binary"
    binary.write_text("#!/bin/sh\nkill -KILL $$\n")
    binary.chmod(0o755)
    run_to_file: Callable[..., float] = FfmpegEncoder(str(binary)).run_to_file
    with pytest.raises(Transient):
        run_to_file([], timeout_s=60, beat=lambda _frames, _fps: True)
