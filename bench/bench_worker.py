"""What a worker takes beside FFmpeg: CPU, memory and scratch space, on the real embedded cloud.

Run by `make bench`. Uploads a source, waits until it is ready and reads /proc: the processor time of the encoding
workers themselves against that of the FFmpeg processes they started, the most memory that one worker held with its
FFmpeg, and the most it had in its scratch folder. Prints a table and writes build/bench/worker.json.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import tempfile
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]

from support.processes import ancestors  # noqa: E402
from support.stack import Stack, settled  # noqa: E402

MEDIA = ROOT.parent / "shared/media"
LECTURE, COMMITTED = "lecture-180s-1080p30.mp4", ROOT / "tests/media/demo-1080p30.mp4"
TICK = os.sysconf("SC_CLK_TCK")
PAGE_MB = os.sysconf("SC_PAGE_SIZE") / 1024**2
LOOK_EVERY_S = 0.2
GIVE_UP_S = 1800.0


@dataclass
class Seen:
    """The most that was seen of one worker: own and children's CPU seconds, memory and scratch in MB."""

    own_s: float = 0.0
    ffmpeg_s: float = 0.0
    memory_mb: float = 0.0
    scratch_mb: float = 0.0


@dataclass
class Watch:
    """Looks at the workers of one stack until told to stop."""

    stack: Stack
    workers: dict[int, Seen] = field(default_factory=dict)
    over: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Look, again and again."""
        while not self.over.wait(LOOK_EVERY_S):
            self.look()

    def look(self) -> None:
        """Note what every encoding worker holds now."""
        above = self.stack.process.pid if self.stack.process else 0
        for pid in [int(folder.name) for folder in Path("/proc").iterdir() if folder.name.isdigit()]:
            try:
                environment = Path(f"/proc/{pid}/environ").read_bytes()
                if b"FUNCTION_NAME=headwater-local-on_encode" in environment and above in ancestors(pid):
                    self.note(pid, scratch_of(environment))
            except OSError:
                continue  # it has just ended, or is not ours to read

    def note(self, pid: int, scratch: Path) -> None:
        """Keep the most of each."""
        seen = self.workers.setdefault(pid, Seen())
        fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
        user, system, of_children, system_of_children = (int(text) / TICK for text in fields[11:15])
        seen.own_s = max(seen.own_s, user + system)
        seen.ffmpeg_s = max(seen.ffmpeg_s, of_children + system_of_children)
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        held = sum(memory_mb(each) for each in [str(pid), *children])
        seen.memory_mb = max(seen.memory_mb, held)
        size = sum(path.stat().st_size for path in scratch.rglob("*") if path.is_file())
        seen.scratch_mb = max(seen.scratch_mb, size / 1024**2)


def scratch_of(environment: bytes) -> Path:
    """The folder that stands for Lambda's /tmp."""
    (line,) = [line for line in environment.split(b"\0") if line.startswith(b"HEADWATER_SCRATCH_DIR=")]
    return Path(line.split(b"=", 1)[1].decode())


def memory_mb(pid: str) -> float:
    """Resident memory."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * PAGE_MB


def measure(source: Path) -> dict[str, float]:
    """Encode a source; returns the sums, and the most of one worker."""
    folder = Path(tempfile.mkdtemp(prefix="headwater-bench-"))
    stack = Stack(folder / "data")
    try:
        stack.start()
        watch = Watch(stack)
        watch.look()
        before = sum(seen.own_s for seen in watch.workers.values())
        thread = threading.Thread(target=watch.run)
        thread.start()
        begun = time.monotonic()
        recording = stack.upload(source)
        end = stack.wait_for(recording["id"], settled, within_s=GIVE_UP_S)
        lasted = time.monotonic() - begun
        time.sleep(2)
        watch.over.set()
        thread.join()
    finally:
        stack.stop()
        shutil.rmtree(folder, ignore_errors=True)
    if end["recording_status"] != "ready":
        raise RuntimeError(f"{source.name} ended {end['recording_status']}: {end['error']}")
    seen = list(watch.workers.values())
    return {
        "wall_s": lasted,
        "ffmpeg_s": sum(one.ffmpeg_s for one in seen),
        "own_s": sum(one.own_s for one in seen) - before,
        "memory_mb": max(one.memory_mb for one in seen),
        "scratch_mb": max(one.scratch_mb for one in seen),
        "tasks": float(sum(rendition["chunks_total"] for rendition in end["renditions"])),
    }


def main() -> None:
    """Measure, print, write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--media", type=Path, default=MEDIA, help="folder with the three-minute lecture")
    media = parser.parse_args().media
    source = media / LECTURE if (media / LECTURE).exists() else COMMITTED
    found = measure(source)
    print("| source | tasks | FFmpeg, CPU s | workers beside it, CPU s | ratio | peak memory, MB | peak scratch, MB |")
    print("|---|---|---|---|---|---|---|")
    ratio = found["own_s"] / found["ffmpeg_s"]
    print(f"| {source.name} | {found['tasks']:.0f} | {found['ffmpeg_s']:.0f} | {found['own_s']:.1f} |", end="")
    print(f" {ratio:.1%} | {found['memory_mb']:.0f} | {found['scratch_mb']:.0f} |")
    output = ROOT / "build/bench/worker.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(found))


if __name__ == "__main__":
    main()
